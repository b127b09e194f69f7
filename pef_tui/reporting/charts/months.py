"""Chart of pictures by month: a line for each year, a block for each month."""

from __future__ import annotations

from collections.abc import Mapping

from pef_tui.reporting.charts.bars import bar

BLOCKS = "▁▂▃▄▅▆▇█"
EMPTY = "·"
LETTERS = "JFMAMJJASOND"


def months(counts: Mapping[int, int], width: int, years: tuple[int, int] | None = None) -> list[str]:
    """Return a heading, and a line for each year: a block for each month, the number of pictures, and a bar.

    Keys of `counts` are year * 12 + month - 1. `years`: first and last year to show; None for the first and last year
    with pictures. Years without pictures in between are shown; more than four such years in sequence share one line.
    """
    nonzero = {month: count for month, count in counts.items() if count > 0}
    if not nonzero:
        return []
    by_year: dict[int, int] = {}
    for month, count in nonzero.items():
        by_year[month // 12] = by_year.get(month // 12, 0) + count
    top, fullest = max(nonzero.values()), max(by_year.values())
    step = 2 if width >= 46 else 1
    digits = len(f"{fullest:,}")
    room = width - 5 - 12 * step - digits - 2
    lines = ["     " + "".join(letter.ljust(step) for letter in LETTERS).rstrip()]
    for year in shown_years(by_year, years):
        if year is None:
            lines.append("   ⋮")
            continue
        cells = "".join(_block(nonzero.get(year * 12 + month, 0), top).ljust(step) for month in range(12))
        line = f"{year:4d} {cells} {by_year.get(year, 0):>{digits},}"
        lines.append((line + " " + bar(by_year.get(year, 0) / fullest, room)).rstrip() if room >= 4 else line)
    return lines


def _block(count: int, top: int) -> str:
    if not count:
        return EMPTY
    return BLOCKS[min(int(count / top * len(BLOCKS)), len(BLOCKS) - 1)]


def shown_years(by_year: Mapping[int, int], limits: tuple[int, int] | None = None) -> list[int | None]:
    """Return the years to show, ascending. None stands for more than four years in sequence without pictures.

    `by_year`: number of pictures of each year. `limits`: first and last year to show; None for the first and last year
    with pictures.
    """
    first, last = limits or (min(by_year), max(by_year))
    visible: list[int | None] = []
    years = sorted({first, last, *(year for year in by_year if first <= year <= last)})
    for year, following in zip(years, [*years[1:], None], strict=True):
        visible.append(year)
        if following is None:
            continue
        gap = range(year + 1, following)
        visible += list(gap) if len(gap) <= 4 else [None]
    return visible
