"""The charts and the map of a run, and functions that show and open its report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import ContentSwitcher, Static

from pef_tui.preview.overview import overview
from pef_tui.reporting.stats import RunStats
from pef_tui.tui.keys import bindings
from pef_tui.tui.panels import PanelScreen
from pef_tui.tui.text.charts import chart_text
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.widgets.chip_row import ChipRow
from pef_tui.tui.widgets.keys_bar import KeysBar
from pef_tui.tui.widgets.rows import TextScroll
from pef_tui.tui.widgets.steps_bar import StepsBar
from pef_tui.tui.widgets.world_map import WorldMap

CHART_MARGIN = 4
"""Number of terminal columns that the charts cannot use, because of padding and the scrollbar."""
VIEWS = (("charts", "1 Charts"), ("world", "2 Map"))


class PicturesScreen(PanelScreen):
    """Shows the charts or the map of a run."""

    HELP = (
        "{pictures.charts} shows charts, {pictures.map} the map: {map.nearer} and {map.farther} zoom, the arrow keys "
        "move, {map.fit} shows all pictures, {map.world} the whole world."
    )
    DEFAULT_CSS = """
    PicturesScreen ContentSwitcher { height: 1fr; }
    PicturesScreen #drawn { padding: 0 1; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("pictures")

    def __init__(self, stats: RunStats) -> None:
        super().__init__()
        self._stats = stats

    def compose(self) -> ComposeResult:
        """Create the views of the charts and of the map."""
        yield StepsBar("Charts")
        yield ChipRow(id="views")
        with ContentSwitcher(initial="charts"):
            with TextScroll(id="charts"):
                yield Static(id="drawn")
            yield WorldMap(id="world")
        yield KeysBar()

    def on_mount(self) -> None:
        """Show the charts."""
        self.query_one(WorldMap).show(self._stats.points)
        self.action_view("charts")

    def action_view(self, name: str) -> None:
        """Switch to the charts or the map."""
        self.query_one(ContentSwitcher).current = name
        self.query_one(f"#{name}").focus()
        self.query_one(ChipRow).show(VIEWS, name)

    def on_chip_row_picked(self, message: ChipRow.Picked) -> None:
        """Switch to the clicked view."""
        self.action_view(message.key)

    def on_resize(self) -> None:
        """Draw the charts again for the new width."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        rows = overview(self._stats, self.size.width - CHART_MARGIN)
        self.query_one("#drawn", Static).update(chart_text(rows, "No data to draw."))


def open_in_browser(app: App[Any], path: str, environ: Mapping[str, str]) -> bool:
    """Open the report at `path` in a browser. Return whether it was opened.

    Over SSH or without a desktop, return False: the browser could be a text browser, which would use the terminal.
    """
    if environ.get("SSH_CONNECTION") or not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return False
    app.open_url(Path(os.path.abspath(path)).as_uri())
    return True


def report_text(path: str, is_opening: bool) -> Content:
    """Return the text about the report for the user: its path, and how to read it.

    `path`: path of the report; "" if there is none. `is_opening`: whether a browser opens the report.
    """
    if not path:
        return safe_content("There is no report: this run wrote nothing.")
    hint = "It is opening in a browser." if is_opening else "Open it in a browser; it needs no network."
    return lines([safe_content((path, "bold")), safe_content(""), safe_content(hint)])
