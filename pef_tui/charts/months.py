"""Pictures per month over the years: a line a year, a block a month, as high as the month is full."""

from __future__ import annotations

from collections.abc import Mapping

from pef_tui.charts.bars import bar

BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = "·"
LETTERS = "JFMAMJJASOND"


def months(counts: Mapping[int, int], width: int, years: tuple[int, int] | None = None) -> list[str]:
    """A heading and a line a year, first to last: months, how many, and a bar of the year.

    Keys are year * 12 + month - 1. `years`: the first and the last to show, by default those that have any. Years
    without pictures between two that have some are shown; a gap of more than four is one line.
    """
    kept = {month: count for month, count in counts.items() if count > 0}
    if not kept:
        return []
    by_year: dict[int, int] = {}
    for month, count in kept.items():
        by_year[month // 12] = by_year.get(month // 12, 0) + count
    top, fullest = max(kept.values()), max(by_year.values())
    step = 2 if width >= 46 else 1
    digits = len(f"{fullest:,}")
    room = width - 5 - 12 * step - digits - 2
    lines = ["     " + "".join(letter.ljust(step) for letter in LETTERS).rstrip()]
    for year in shown_years(by_year, years):
        if year is None:
            lines.append("   ⋮")
            continue
        cells = "".join(_block(kept.get(year * 12 + month, 0), top).ljust(step) for month in range(12))
        line = f"{year:4d} {cells} {by_year.get(year, 0):>{digits},}"
        lines.append((line + " " + bar(by_year.get(year, 0) / fullest, room)).rstrip() if room >= 4 else line)
    return lines


def _block(count: int, top: int) -> str:
    if not count:
        return NOTHING
    return BLOCKS[min(int(count / top * len(BLOCKS)), len(BLOCKS) - 1)]


def shown_years(by_year: Mapping[int, int], wanted: tuple[int, int] | None = None) -> list[int | None]:
    """The years to show, first to last; None for a gap of more than four."""
    first, last = wanted or (min(by_year), max(by_year))
    shown: list[int | None] = []
    years = sorted({first, last, *(year for year in by_year if first <= year <= last)})
    for year, following in zip(years, [*years[1:], None], strict=True):
        shown.append(year)
        if following is None:
            continue
        gap = range(year + 1, following)
        shown += list(gap) if len(gap) <= 4 else [None]
    return shown
