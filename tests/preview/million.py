"""Fill a store with made records, and print its cost: name, tab, number. `test_scale` runs this program."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from preview_cases import hour, outcome

from pef_tui.preview import PlannedFiles, RowFilter, select_rows, sort_rows

FILTERS = {
    "all": RowFilter(),
    "outcome": RowFilter(outcomes=("written",)),
    "conflicts": RowFilter(flag="conflict"),
    "kind": RowFilter(group=("date", "differs by 1 h")),
    "folder": RowFilter(folder="Photos from 2001"),
    "format": RowFilter(format="jpeg"),
    "text in all": RowFilter(text="img_"),
    "text in some": RowFilter(text="123"),
    "text in few": RowFilter(text="0123456"),
    "path": RowFilter(text="2001/img_"),
}


def main(files: int, scratch: str) -> None:
    rows = PlannedFiles(scratch)
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
    for name, expected in FILTERS.items():
        print(f"filter {name}\t{best(lambda wanted=expected: select_rows(rows, wanted)):.1f}")  # type: ignore[misc]
    print(f"sort\t{best(lambda: sort_rows(rows, 'taken'), 1):.1f}")
    print(f"one file\t{best(lambda: rows.outcome(files // 2)):.2f}")
    print(f"MB\t{peak_megabytes():.0f}")


def peak_megabytes() -> float:
    """Return the peak memory of this process.

    On Linux, use `VmHWM`: `ru_maxrss` of a new process begins with the memory of the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def opening(rows: PlannedFiles) -> Sequence[object]:
    """Make the first queries of the screen."""
    return [select_rows(rows, RowFilter()), rows.outcomes.counts(), rows.groups.sorted(), rows.outcome(0)]


def best(work: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of several times, in milliseconds."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took) * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
