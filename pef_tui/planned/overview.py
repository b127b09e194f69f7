"""Pictures instead of numbers: the charts of a run or a preview, one under the other or side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from pef_tui.charts import Bar, bars, bytes_words, months
from pef_tui.charts.bars import largest
from pef_tui.display import cells
from pef_tui.figures import Figures
from pef_tui.formats import FORMATS
from pef_tui.planned.details import ZONES

SIDE_BY_SIDE = 96
"""Cells from which two charts stand beside one another."""
GAP = 4
ROWS = 12
"""Rows of a chart of bars."""


def overview(figures: Figures, width: int) -> list[str]:
    """Every chart that has something to show, with its heading."""
    lines: list[str] = []
    half = (width - GAP) // 2 if width >= SIDE_BY_SIDE else width
    charts = [chart for chart in _charts(figures, half) if len(chart) > 1]
    if half == width:
        for chart in charts:
            lines += [*chart, ""]
        return lines[:-1]
    none: list[str] = []
    for left, right in zip_longest(charts[::2], charts[1::2], fillvalue=none):
        lines += [*_beside(left, right, half), ""]
    return lines[:-1]


def _charts(figures: Figures, width: int) -> Iterator[list[str]]:
    known = figures.after.total()
    yield ["As the export dates the files", *months(figures.before, width)]
    yield [f"As they were taken ({known:,} known)", *months(figures.after, width)]
    yield ["Size by format", *bars(_formats(figures), width, ROWS)]
    yield [f"People ({len(figures.people):,})", *bars(_counted(figures.people), width, ROWS)]
    zones = {ZONES.get(zone, zone): count for zone, count in figures.zones.items()}
    yield ["What told the time zone", *bars(_counted(zones), width, ROWS)]
    yield ["Rule that found the sidecar", *bars(_counted(figures.rules), width, ROWS)]


def _formats(figures: Figures) -> list[Bar]:
    rows = []
    for name, size in largest(figures.bytes):
        words = FORMATS[name].words if name in FORMATS else "not known"
        rows.append(Bar(words, size, f"{bytes_words(size)} in {figures.formats[name]:,}"))
    return rows


def _counted(counts: dict[str, int]) -> list[Bar]:
    return [Bar(name, count, f"{count:,.0f}") for name, count in largest(counts)]


def _beside(left: Sequence[str], right: Sequence[str], half: int) -> list[str]:
    rows = zip_longest(left, right, fillvalue="")
    return [f"{one}{' ' * (half + GAP - cells(one))}{other}".rstrip() for one, other in rows]
