"""The upper part of the Choose screen: what to do, the field for a path, and the exports that the search found."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from pef_tui.tui.keys import keymap_of, with_keys
from pef_tui.tui.session import recent
from pef_tui.tui.session.export_search import ExportSearch, search_places
from pef_tui.tui.session.session import Session
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.text.start import start_words
from pef_tui.tui.widgets.found_list import FoundList
from pef_tui.tui.widgets.path_input import PathInput


class StartBox(Vertical):
    """Shows the field always, the rest only as long as no source is chosen."""

    DEFAULT_CSS = """
    StartBox { height: auto; }
    StartBox #hints { height: auto; padding: 0 1; color: $text-muted; }
    """

    def __init__(self, session: Session, **widget_options: Any) -> None:
        super().__init__(**widget_options)
        self._session = session
        self._search: ExportSearch | None = None
        """The search for exports; None if sources were chosen since the start."""
        self._words: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """Create the lines, the field and the list."""
        yield Static(id="hints")
        yield PathInput(archives=True, id="add", placeholder="type a path, Enter adds it")
        yield FoundList(id="found")

    def update(self) -> None:
        """Show what to do and the exports found so far, or hide both if a source is chosen. Start the search once."""
        hints, found = self.query_one("#hints", Static), self.query_one(FoundList)
        if self._session.settings.sources:
            hints.display = found.display = False
            return
        if self._search is None:
            earlier = [path for run in recent.load(self._session.environ) for path in run.sources]
            self._search = ExportSearch(search_places(earlier))
            self._search.start()
        is_over = self._search.is_over
        found.show(self._search.found)
        found.display = bool(found.exports)
        hints.display = True
        words = start_words(bool(found.exports), is_over, self._session.settings.in_place)
        if words != self._words:
            self._words = words
            keymap = keymap_of(self.app)
            hints.update(lines([safe_content(with_keys(row, keymap)) for row in words]))
