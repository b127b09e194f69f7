"""Fills a store with synthetic records and prints what it costs: name, tab, number. Run by test_scale."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence

from planned_cases import hour, outcome

from pef_tui.planned import Filter, Planned, ordered, select

FILTERS = {
    "all": Filter(),
    "outcome": Filter(words=("written",)),
    "conflicts": Filter(flag="conflict"),
    "kind": Filter(group=("date", "differs by 1 h")),
    "folder": Filter(folder="Photos from 2001"),
    "format": Filter(format="jpeg"),
    "text in all": Filter(text="img_"),
    "text in some": Filter(text="123"),
    "text in few": Filter(text="0123456"),
    "path": Filter(text="2001/img_"),
}


def main(files: int, scratch: str) -> None:
    rows = Planned(scratch)
    for number in range(files):
        conflicts = (hour(),) if number % 30 == 0 else ()
        name, folder = f"IMG_{number:08}.jpg", f"Photos from {2000 + number // 5000}"
        rows.add(
            outcome(
                name,
                folder,
                taken=1_500_000_000 + number,
                conflicts=conflicts,
                place=(48 + number % 999 / 99, 2),
            )
        )
    rows.finish()
    print(f"opening ms\t{best(lambda: opening(rows)):.1f}")
    for name, wanted in FILTERS.items():
        print(f"filter {name}\t{best(lambda wanted=wanted: select(rows, wanted)):.1f}")  # type: ignore[misc]
    print(f"sort\t{best(lambda: ordered(rows, 'taken'), 1):.1f}")
    print(f"one file\t{best(lambda: rows.outcome(files // 2)):.2f}")
    print(f"MB\t{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


def opening(rows: Planned) -> Sequence[object]:
    """What the screen asks for first."""
    return [select(rows, Filter()), rows.words.counts(), rows.groups.sorted(), rows.outcome(0)]


def best(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of some tries, in milliseconds."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took) * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
