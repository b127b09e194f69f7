"""A list over the screen to pick one from; typing narrows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from pef_tui.tui.biglist import BigList, Cell
from pef_tui.tui.content import said
from pef_tui.tui.line import Line
from pef_tui.tui.option import Option


class PickScreen(ModalScreen[str | None]):
    """Gives the key of what was picked, None for nothing."""

    DEFAULT_CSS = """
    PickScreen { align: center middle; }
    PickScreen > Vertical {
        width: 90%; max-width: 100; height: auto; max-height: 80%; border: round $primary; padding: 0 1;
        background: $surface;
    }
    PickScreen BigList { height: auto; max-height: 24; }
    PickScreen Input { background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", id="pick.back"),
        Binding("up", "move(-1)", show=False, id="pick.up"),
        Binding("down", "move(1)", show=False, id="pick.down"),
        Binding("pageup", "page(-1)", show=False, id="pick.page-up"),
        Binding("pagedown", "page(1)", show=False, id="pick.page-down"),
    ]

    def __init__(self, title: str, options: Sequence[Option], empty: str = "nothing") -> None:
        super().__init__()
        self._title = title
        self._options = list(options)
        self._shown = self._options
        self._empty = empty

    def compose(self) -> ComposeResult:
        """A title, a line to type in, the list."""
        with Vertical():
            yield Label(said((self._title, "bold")))
            yield Line(placeholder="type to narrow, Enter picks, Esc goes back")
            choices = BigList(self._draw, empty=self._empty)
            choices.add_class("one-click")
            choices.can_focus = False
            yield choices

    def on_mount(self) -> None:
        """Everything first."""
        self._show(self._options)

    def _show(self, options: list[Option]) -> None:
        self._shown = options
        choices = self.query_one(BigList)
        choices.styles.height = max(1, min(len(options), 24))
        choices.show(len(options))

    def _draw(self, place: int, width: int) -> Sequence[Cell]:
        option = self._shown[place]
        if not option.note:
            return [(option.text, 0, "")]
        room = max(12, min(len(option.note), width // 3))
        return [(option.text, 0, ""), (option.note.rjust(room), room, "dim")]

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        words = event.value.casefold().split()
        fitting = [
            each
            for each in self._options
            if all(word in f"{each.text} {each.note}".casefold() for word in words)
        ]
        self._show(fitting)

    def on_input_submitted(self) -> None:
        """Pick what the cursor is on."""
        if self._shown:
            self.dismiss(self._shown[self.query_one(BigList).cursor].key)

    def on_big_list_chosen(self, message: BigList.Chosen) -> None:
        """Pick what was clicked."""
        self.dismiss(self._shown[message.place].key)

    def action_cancel(self) -> None:
        """Pick nothing."""
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.query_one(BigList).action_move(by)

    def action_page(self, by: int) -> None:
        """Move it by a page."""
        self.query_one(BigList).action_page(by)
