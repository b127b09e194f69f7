"""A bar chart of the pictures and videos of each year."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from pef_tui.reporting.charts import Bar, bars
from pef_tui.tui.text.charts import chart_text

MAX_ROWS = 9
"""Maximum number of rows of a chart whose height depends on its rows."""


class YearsChart(Widget):
    """Shows the latest years first. It has the class `-known` if it has a year to show."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.border_title = " Pictures and videos by year "
        self._years: dict[int, int] = {}

    def show_years(self, years: Mapping[int, int]) -> None:
        """Show the number of pictures and videos of each year, unless they are shown already."""
        counts = dict(years)
        if counts != self._years:
            self._years = counts
            self.set_class(bool(counts), "-known")
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of rows: one for each year, at most `MAX_ROWS`."""
        return min(len(self._years), MAX_ROWS)

    def render(self) -> Content:
        """Return the bars, as many as the height allows."""
        size = self.content_size
        rows = [
            Bar(f"{year}", count, f"{count:,}") for year, count in sorted(self._years.items(), reverse=True)
        ]
        return chart_text(bars(rows, size.width, max(size.height, 1)))
