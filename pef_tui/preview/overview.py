"""The charts of a run or preview, in one or two columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from pef_tui.formats import FORMATS
from pef_tui.preview.details import ZONE_ORIGINS
from pef_tui.reporting.charts import Bar, bars, months, size_text
from pef_tui.reporting.charts.bars import largest
from pef_tui.reporting.stats import RunStats
from pef_tui.sanitize import cells

SIDE_BY_SIDE = 96
"""Minimum width of the screen, in cells, for charts in two columns."""
GAP = 4
"""Width of the space between the two columns, in cells."""
ROWS = 12
"""Maximum number of rows of a bar chart."""


def overview(figures: RunStats, width: int) -> list[str]:
    """Return the lines of all charts, with headings, for a screen of `width` cells. Empty charts are left out."""
    lines: list[str] = []
    half = (width - GAP) // 2 if width >= SIDE_BY_SIDE else width
    charts = [chart for chart in _charts(figures, half) if len(chart) > 1]
    if half == width:
        for chart in charts:
            lines += [*chart, ""]
        return lines[:-1]
    none: list[str] = []
    for left, neighbour in zip_longest(charts[::2], charts[1::2], fillvalue=none):
        lines += [*_side_by_side(left, neighbour, half), ""]
    return lines[:-1]


def _charts(figures: RunStats, width: int) -> Iterator[list[str]]:
    dated_count = figures.capture_months.total()
    yield ["Dates of the files in the export", *months(figures.file_months, width)]
    yield [f"Dates taken ({dated_count:,} known)", *months(figures.capture_months, width)]
    yield ["Size by format", *bars(_formats(figures), width, ROWS)]
    yield [f"People ({len(figures.people):,})", *bars(_counted(figures.people), width, ROWS)]
    zones = {ZONE_ORIGINS.get(zone, zone): count for zone, count in figures.zones.items()}
    yield ["Origin of the time zone", *bars(_counted(zones), width, ROWS)]
    yield ["Rule that matched the sidecar", *bars(_counted(figures.rules), width, ROWS)]


def _formats(figures: RunStats) -> list[Bar]:
    rows = []
    for name, size in largest(figures.bytes):
        words = FORMATS[name].words if name in FORMATS else "unknown"
        rows.append(Bar(words, size, f"{size_text(size)} in {figures.formats[name]:,}"))
    return rows


def _counted(counts: dict[str, int]) -> list[Bar]:
    return [Bar(name, count, f"{count:,.0f}") for name, count in largest(counts)]


def _side_by_side(left_lines: Sequence[str], right_lines: Sequence[str], half: int) -> list[str]:
    rows = zip_longest(left_lines, right_lines, fillvalue="")
    return [f"{first}{' ' * (half + GAP - cells(first))}{second}".rstrip() for first, second in rows]
