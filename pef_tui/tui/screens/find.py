"""The field that searches in the list in focus, in the last line of the screen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from pef_tui.tui.keys import bindings, keymap_of, with_keys
from pef_tui.tui.widgets.line_input import LineInput
from pef_tui.tui.widgets.rows import Rows


class FindScreen(ModalScreen[None]):
    """A line to type a text; the cursor of the list moves to the first row that contains it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("find")
    DEFAULT_CSS = """
    FindScreen { background: transparent; }
    FindScreen Input { dock: bottom; background: $panel; padding: 0 1; }
    """

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows, self._start = rows, rows.row_index()

    def compose(self) -> ComposeResult:
        """Create the field."""
        hint = (
            "search; Enter stays on the row, {find.back} goes back; "
            "then {list.next-match} and {list.previous-match}: next, previous"
        )
        yield LineInput(placeholder=with_keys(hint, keymap_of(self.app)))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Move the cursor to the first row from the start on that contains the text."""
        event.stop()
        is_match = not event.value or self._rows.find(event.value, max(self._start, 0))
        event.input.set_class(not is_match, "-invalid")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close the field; `n` and `N` continue with its text."""
        event.stop()
        if event.value:
            self._rows.search_text = event.value
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Close the field, and move the cursor back to its first row."""
        self._rows.go_to(self._start)
        self.dismiss(None)
