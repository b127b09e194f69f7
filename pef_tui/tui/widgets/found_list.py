"""The list of the exports that the search found. Enter takes one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from pef_tui.sources.found_exports import FoundExport
from pef_tui.tui.text.found import found_text
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.widgets.rows import RowList

MAX_ROWS = 20
"""Maximum number of exports that are listed."""


class FoundList(RowList):
    """Exports, one in each row. The cursor is visible also while another part of the screen has the focus."""

    DEFAULT_CSS = """
    FoundList { height: auto; max-height: 6; padding: 0; border: none; background: transparent; }
    FoundList:focus { border: none; }
    """

    class ExportChosen(Message):
        """Posted when the user takes an export."""

        def __init__(self, export: FoundExport) -> None:
            super().__init__()
            self.export = export

    def __init__(self, **widget_options: Any) -> None:
        super().__init__(compact=True, **widget_options)
        self._exports: Sequence[FoundExport] = ()

    @property
    def exports(self) -> Sequence[FoundExport]:
        """Return the exports in the list."""
        return self._exports

    def show(self, exports: Sequence[FoundExport]) -> None:
        """Show `exports`. The cursor stays on its export, if the list still contains it."""
        if exports[:MAX_ROWS] == self._exports:
            return
        at_cursor = self._exports[self.highlighted] if self.highlighted is not None else None
        self._exports = exports[:MAX_ROWS]
        self.clear_options()
        self.add_options([Option(safe_content(found_text(export))) for export in self._exports])
        same = (
            number
            for number, export in enumerate(self._exports)
            if at_cursor is not None
            and (export.directory, export.stamp) == (at_cursor.directory, at_cursor.stamp)
        )
        self.highlighted = next(same, 0) if self._exports else None

    def take(self) -> None:
        """Take the export under the cursor."""
        if self.highlighted is not None:
            self.post_message(self.ExportChosen(self._exports[self.highlighted]))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the export that the user selected."""
        event.stop()
        self.take()
