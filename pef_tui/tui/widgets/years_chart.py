"""A bar chart of the pictures and videos of each year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.widgets import Static

from pef_tui.reporting.charts import Bar, bars
from pef_tui.tui.text.charts import chart_text

MAX_ROWS = 9
"""Maximum number of rows of a chart whose height depends on its rows."""


class YearsChart(Static):
    """Shows the latest years first. It has the class `-known` if it has a year to show."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._years: dict[int, int] = {}

    def show_years(self, years: Mapping[int, int]) -> None:
        """Show the number of pictures and videos of each year, unless they are shown already."""
        counts = dict(years)
        if counts != self._years:
            self._years = counts
            self.set_class(bool(counts), "-known")
            self._draw()

    def on_resize(self) -> None:
        """Draw the bars for the new size."""
        self._draw()

    def _draw(self) -> None:
        size, height = self.content_size, self.styles.height
        max_rows = MAX_ROWS if height is None or height.is_auto else max(size.height, 1)
        rows = [
            Bar(f"{year}", count, f"{count:,}") for year, count in sorted(self._years.items(), reverse=True)
        ]
        self.update(chart_text(bars(rows, size.width, max_rows)))
