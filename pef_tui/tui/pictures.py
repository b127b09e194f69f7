"""Charts and map of a run, on a screen of their own; the way to its report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Static

from pef_tui.figures import Figures
from pef_tui.planned.overview import overview
from pef_tui.tui.bar import StageBar
from pef_tui.tui.chips import Chips
from pef_tui.tui.content import lines, said
from pef_tui.tui.keys_bar import KeysBar
from pef_tui.tui.world_map import WorldMap

ASIDE = 4
"""Cells beside the charts: padding and the scrollbar."""
VIEWS = (("charts", "1 Charts"), ("world", "2 Map"))


class PicturesScreen(Screen[None]):
    """Pictures instead of numbers."""

    HELP = "1 shows charts, 2 the map: + and - zoom, arrows move, 0 shows all places, 9 the whole world."
    DEFAULT_CSS = """
    PicturesScreen ContentSwitcher { height: 1fr; }
    PicturesScreen #drawn { padding: 0 1; height: auto; }
    """
    BINDINGS = [
        Binding("1", "view('charts')", "Charts", id="pictures.charts"),
        Binding("2", "view('world')", "Map", id="pictures.map"),
        Binding("escape", "dismiss", "Back", id="pictures.back"),
    ]

    def __init__(self, figures: Figures) -> None:
        super().__init__()
        self._figures = figures

    def compose(self) -> ComposeResult:
        """The two views."""
        yield StageBar("Pictures")
        yield Chips(id="views")
        with ContentSwitcher(initial="charts"):
            with VerticalScroll(id="charts"):
                yield Static(id="drawn")
            yield WorldMap(id="world")
        yield KeysBar()

    def on_mount(self) -> None:
        """Charts first."""
        self.query_one(WorldMap).show(self._figures.places)
        self.action_view("charts")

    def action_view(self, name: str) -> None:
        """Charts or map."""
        self.query_one(ContentSwitcher).current = name
        self.query_one(f"#{name}").focus()
        self.query_one(Chips).show(VIEWS, name)

    def on_chips_picked(self, message: Chips.Picked) -> None:
        """A view was clicked."""
        self.action_view(message.key)

    def on_resize(self) -> None:
        """Drawn for the width there is."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        rows = overview(self._figures, self.size.width - ASIDE)
        self.query_one("#drawn", Static).update(Content("\n".join(rows) or "Nothing to draw."))


def shown_in_browser(app: App[Any], path: str, environ: Mapping[str, str]) -> bool:
    """Have the report opened, where there is a desktop to open it on: over SSH a browser would take the terminal."""
    if environ.get("SSH_CONNECTION") or not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return False
    app.open_url(Path(os.path.abspath(path)).as_uri())
    return True


def report_words(path: str, opened: bool) -> Content:
    """Where the report lies and what to do with it."""
    if not path:
        return said("There is no report: this run wrote nothing.")
    what = "It is being opened in a browser." if opened else "Open it in a browser; it needs no network."
    return lines([said((path, "bold")), said(""), said(what)])
