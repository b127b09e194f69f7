"""The search field of the Review screen. It recalls earlier searches, also those of earlier starts of the app."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from textual.binding import BindingType

from pef_tui.tui.keys import bindings
from pef_tui.tui.session import searches
from pef_tui.tui.widgets.line_input import LineInput


class SearchInput(LineInput):
    """A field whose keys Up and Down recall earlier searches."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("search_field")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._position = 0
        """Number of the recalled search, counted from the last one; 0 for the text that the user types."""

    @property
    def _environ(self) -> Mapping[str, str]:
        session = getattr(self.app, "session", None)
        environ: Mapping[str, str] = session.environ if session is not None else os.environ
        return environ

    def remember(self) -> None:
        """Store the text of the field as the last search."""
        self._position = 0
        searches.remember(self._environ, self.value)

    def action_recall(self, direction: int) -> None:
        """Show an earlier search (-1) or a later one (1)."""
        stored = searches.load(self._environ)
        position = min(max(self._position - direction, 0), len(stored))
        if position != self._position:
            self._position = position
            self.value = stored[-position] if position else ""
            self.cursor_position = len(self.value)
