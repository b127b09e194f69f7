"""The charts of the report page as SVG. The page defines their colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import log10

from pef_tui.reporting.charts import Bar
from pef_tui.reporting.charts.coast import coastlines
from pef_tui.reporting.charts.months import LETTERS, shown_years
from pef_tui.reporting.html.escape import text

LINE = 18
"""Height of a line of a chart, in SVG units. Charts are 420 units wide, the map is 360 by 142 units."""


def months(counts: Mapping[int, int]) -> str:
    """Return a chart with a line for each year: twelve cells coloured by their count, and the total of the year.

    Return "" if there are no pictures.
    """
    nonzero = {month: count for month, count in counts.items() if count > 0}
    if not nonzero:
        return ""
    by_year: dict[int, int] = {}
    for month, count in nonzero.items():
        by_year[month // 12] = by_year.get(month // 12, 0) + count
    top, fullest = max(nonzero.values()), max(by_year.values())
    parts = [f'<text class=m x="{48 + 14 * n}" y="12">{letter}</text>' for n, letter in enumerate(LETTERS)]
    years = shown_years(by_year)
    for line, year in enumerate(years, 1):
        y = line * LINE
        if year is None:
            parts.append(f'<text x="10" y="{y + 12}">⋮</text>')
            continue
        parts.append(f'<text x="0" y="{y + 12}">{year}</text>')
        parts += [_month(nonzero.get(year * 12 + n, 0), top, year, n, y) for n in range(12)]
        width = 125 * by_year.get(year, 0) / fullest
        parts.append(f'<rect class=bar x="215" y="{y + 2}" width="{width:.1f}" height="12"/>')
        parts.append(f'<text class=n x="419" y="{y + 12}">{by_year.get(year, 0):,}</text>')
    return _svg(420, (len(years) + 1) * LINE, parts, f"Pictures by month: {sum(nonzero.values()):,}")


def _month(count: int, top: int, year: int, number: int, y: int) -> str:
    place = f'x="{42 + 14 * number}" y="{y + 1}" width="12" height="14" rx="2"'
    if not count:
        return f'<rect class=none {place} fill-opacity=".35"/>'
    words = f"<title>{year}-{number + 1:02}: {count:,}</title>"
    return f'<rect class=bar {place} fill-opacity="{0.25 + 0.75 * count / top:.2f}">{words}</rect>'


def bars(rows: Iterable[Bar], max_rows: int = 15) -> str:
    """Return a chart with a bar for each of the first `max_rows` rows; "" if there are no rows."""
    all_rows = list(rows)
    visible = all_rows[:max_rows]
    top = max((row.amount for row in visible), default=0)
    if not top:
        return ""
    parts = []
    for line, row in enumerate(visible):
        y = line * LINE
        parts.append(f'<text x="0" y="{y + 12}">{text(row.name, 22)}</text>')
        width = max(1.0, 150 * row.amount / top)
        parts.append(f'<rect class=bar x="150" y="{y + 2}" width="{width:.1f}" height="12"/>')
        parts.append(f'<text class=n x="419" y="{y + 12}">{text(row.words)}</text>')
    if len(all_rows) > max_rows:
        parts.append(
            f'<text class=s x="0" y="{len(visible) * LINE + 12}">and {len(all_rows) - max_rows:,} more</text>'
        )
    return _svg(420, (len(visible) + (len(all_rows) > max_rows)) * LINE + 4, parts, f"{len(all_rows):,} bars")


def world(points: Iterable[tuple[float, float, int]]) -> str:
    """Return the map with the points; "" if there are no points.

    The map shows the latitudes from 80 to -62 degrees, which contain nearly all land.
    """
    places = list(points)
    if not places:
        return ""
    lines = []
    for coast in coastlines():
        steps = " ".join(f"{east + 180:.1f} {80 - north:.1f}" for east, north in coast)
        lines.append(f"M{steps}")
    parts = [f'<path class=coast d="{"".join(lines)}"/>']
    for latitude, longitude, count in places:
        radius = 0.7 + 0.55 * log10(count)
        label = f"{latitude:.2f}, {longitude:.2f}: {count:,}"
        spot = f'<circle class=spot cx="{longitude + 180:.2f}" cy="{80 - latitude:.2f}" r="{radius:.2f}">'
        parts.append(f"{spot}<title>{label}</title></circle>")
    return _svg(360, 142, parts, f"Map of the world with {len(places):,} places")


def _svg(width: int, height: int, parts: list[str], label: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role=img aria-label="{text(label)}">{"".join(parts)}</svg>'
