"""Estimate minutes and room for an export, from the measured figures in docs/performance.md.

    python bench/estimate.py [PICTURES] [GIGABYTES]     default: 30000 100

Prints the table in that page and in README.md. A figure that is not measured is a constant below.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/performance.md"
LINE = 100
"""MB/s of the line in the measurement on slow lines. A gigabit line carries about 110."""
LARGE = 2
"""MB: the size of the large pictures in the measurements."""
LINE_PICTURES = 600
"""Number of pictures in the measurement on slow lines."""
USB_DISK = 100
"""MB/s that a USB hard disk reads or writes: assumed, not measured."""


@dataclass(frozen=True)
class Estimate:
    """Estimated seconds and room for one kind of disk; None if there is no measured figure."""

    where: str
    seconds: float
    again: float | None
    preview: float | None
    gigabytes: float
    measured: bool


def figure(first: str, row: str, column: str) -> float:
    """Return the lowest number in a cell of a table in docs/performance.md. Raises KeyError if there is none.

    `first` is the title of the first column of the table, or its beginning. `row` is the first cell of the row.
    `column` is in the title of the column.
    """
    titles: list[str] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            titles = []
        elif not titles:
            titles = cells
        elif titles[0].startswith(first) and cells[0] == row:
            place = next((index for index, title in enumerate(titles) if column in title), None)
            numbers = re.findall(r"[\d,.]*\d", cells[place]) if place is not None else []
            if numbers:
                return min(float(number.replace(",", "")) for number in numbers)
    raise KeyError(f"{first}: {row}: {column}")


def estimates(pictures: int, gigabytes: float) -> list[Estimate]:
    """Return the estimates for an export of so many pictures, each with a sidecar, and so many gigabytes."""
    megabytes = gigabytes * 1000
    again = pictures / figure("files/s", "pef-tui again, nothing to do", "20,000 JPEGs of 40 kB")
    preview = 2 * pictures / figure("date", "2026-11-23", "files/s")
    shared = figure("files/s on a disk that shares blocks", "pef-tui", "Btrfs")
    large = figure("files/s", "pef-tui", "2,000 JPEGs of 2 MB") * LARGE
    line_again, line_preview = (
        figure("seconds", "2 ms", column) * pictures / LINE_PICTURES
        for column in ("pef-tui again", "preview")
    )
    to_line, to_disk = (
        figure("share of the line", "now", column) * LINE for column in ("pef-tui", "to a local disk")
    )
    room = gigabytes * 20 / 3500  # "an export of 3.5 GB took 20 MB"
    return [
        Estimate("SSD that shares blocks (Btrfs, XFS)", pictures / shared, again, preview, room, True),
        Estimate("SSD, other file systems", megabytes / large, again, preview, gigabytes, True),
        Estimate(
            "NAS over gigabit, result on the SSD of the computer",
            megabytes / to_disk, line_again, line_preview, gigabytes, True,
        ),
        Estimate(
            "NAS over gigabit, result on the NAS",
            megabytes / to_line, line_again, line_preview, gigabytes, True,
        ),
        Estimate("USB hard disk, result on the SSD", megabytes / USB_DISK, None, None, gigabytes, False),
        Estimate("USB hard disk, result on the same disk", 2 * megabytes / USB_DISK, None, None, gigabytes, False),
    ]  # fmt: skip


def table(pictures: int, gigabytes: float) -> str:
    """Return the estimates as a table in Markdown."""
    lines = [
        f"| {pictures:,} pictures, {gigabytes:g} GB | first run | run again | preview | room for the result | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in estimates(pictures, gigabytes):
        times = (duration(seconds) for seconds in (each.seconds, each.again, each.preview))
        room = f"{each.gigabytes:.1f} GB" if each.gigabytes < 10 else f"{each.gigabytes:.0f} GB"
        basis = "from measured rates" if each.measured else "computed only: at least"
        lines.append(f"| {' | '.join((each.where, *times, room, basis))} |")
    return "\n".join(lines)


def duration(seconds: float | None) -> str:
    """Return a duration in words, rounded up: `45 s`, `4 min`, `3 h`; `not measured` for None."""
    if seconds is None:
        return "not measured"
    if seconds <= 90:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60)} min" if seconds <= 5400 else f"{math.ceil(seconds / 3600)} h"


if __name__ == "__main__":
    numbers = [float(word) for word in sys.argv[1:]] or [30_000, 100]
    print(table(int(numbers[0]), numbers[1]))
