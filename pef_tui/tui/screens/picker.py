"""A window with a list to pick from, which a typed text filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from pef_tui.tui.keys import bindings, keymap_of, with_keys
from pef_tui.tui.screens.dialogs import remove_notices
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.widgets.line_input import LineInput
from pef_tui.tui.widgets.option import Option
from pef_tui.tui.widgets.virtual_list import Cell, VirtualList

HINT = "{pick.filter} filters; Enter picks, {pick.back} goes back"


class PickScreen(ModalScreen[str | None]):
    """A window with a list to pick from. Its result is the key of the picked option; None after Escape."""

    DEFAULT_CSS = """
    PickScreen { align: center middle; }
    PickScreen > Vertical {
        width: 90%; max-width: 100; height: auto; max-height: 80%; border: round $primary; padding: 0 1;
        background: $surface;
    }
    PickScreen VirtualList { height: auto; max-height: 24; }
    PickScreen Input { background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("picker")

    def __init__(self, title: str, options: Sequence[Option], empty: str = "nothing") -> None:
        super().__init__()
        self._title = title
        self._options = list(options)
        self._visible = self._options
        self._empty = empty

    def compose(self) -> ComposeResult:
        """Create the title, the field and the list."""
        with Vertical():
            yield Label(safe_content((self._title, "bold")))
            yield LineInput(placeholder=with_keys(HINT, keymap_of(self.app)), id="filter")
            choices = VirtualList(self._draw, empty=self._empty, can_search=False)
            choices.add_class("one-click")
            yield choices

    def on_mount(self) -> None:
        """Remove notices, which would cover the list, and show all options, with the focus on the list."""
        remove_notices(self.app)
        self._show(self._options)
        self.query_one(VirtualList).focus()

    def _show(self, options: list[Option]) -> None:
        self._visible = options
        choices = self.query_one(VirtualList)
        choices.styles.height = max(1, min(len(options), 24))
        choices.show(len(options))

    def _draw(self, index: int, width: int) -> Sequence[Cell]:
        option = self._visible[index]
        if not option.note:
            return [(option.text, 0, "")]
        note_width = max(12, min(len(option.note), width // 3))
        return [(option.text, 0, ""), (option.note.rjust(note_width), note_width, "dim")]

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the options that contain every typed word."""
        words = event.value.casefold().split()
        matches = [
            option
            for option in self._options
            if all(word in f"{option.text} {option.note}".casefold() for word in words)
        ]
        self._show(matches)

    def on_input_submitted(self) -> None:
        """Close the window with the option under the cursor."""
        if self._visible:
            self.dismiss(self._visible[self.query_one(VirtualList).cursor].key)

    def on_virtual_list_row_chosen(self, message: VirtualList.RowChosen) -> None:
        """Close the window with the clicked option."""
        self.dismiss(self._visible[message.index].key)

    def action_filter(self) -> None:
        """Focus the field that filters the list."""
        self.query_one("#filter").focus()

    def action_cancel(self) -> None:
        """Close the window without a result."""
        self.dismiss(None)

    def action_move(self, rows: int) -> None:
        """Move the cursor down by `rows` rows; up if `rows` is negative."""
        self.query_one(VirtualList).action_move(rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by a number of pages; up if `pages` is negative. A page is the height of the list."""
        self.query_one(VirtualList).action_page(pages)
