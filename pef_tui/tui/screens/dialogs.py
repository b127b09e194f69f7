"""Windows in front of a screen: a question with answers, a field for a value, a text to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.tui.keys import bindings, keymap_of, with_keys
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.widgets.line_input import LineInput
from pef_tui.tui.widgets.rows import RowList, TextScroll

WINDOW = """
#window { width: 64; max-width: 96%; height: auto; max-height: 90%; padding: 1 2; background: $surface;
          border: round $primary; border-title-style: bold; }
"""
"""Style of the box of a window, which has the id `window`."""


_BESIDE_TEXT = 8
"""Cells of a window beside its text: the border, the padding and the scrollbar, at both sides."""


def text_width(screen_width: int) -> int:
    """Return the width of the text in a window on a screen of this width, in cells."""
    return max(min(64, screen_width * 96 // 100) - _BESIDE_TEXT, 20)


def remove_notices(app: App[Any]) -> None:
    """Remove all notices, also those on the screens behind the current one, because they cover a window."""
    app.clear_notifications()
    for screen in app.screen_stack:
        screen.query("Toast").remove()


class ChoiceDialog(ModalScreen[str]):
    """A window with a question. Its result is the name of the chosen answer; "" after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("ask")
    CSS = (
        "ChoiceDialog { align: center middle; } #answers { height: auto; margin-top: 1; }"
        "#question { height: auto; max-height: 50vh; }" + WINDOW
    )

    def __init__(
        self, title: str, text: str, answers: Sequence[tuple[str, str | Content]], highlighted: int = 0
    ) -> None:
        """`answers`: name and text of each answer. `highlighted`: index of the answer under the cursor at first."""
        super().__init__()
        self._title, self._text, self._answers, self._highlighted = title, text, answers, highlighted

    def compose(self) -> ComposeResult:
        """Create the text and the list of answers."""
        with Vertical(id="window") as window:
            window.border_title = safe_content(self._title)
            with VerticalScroll(id="question", can_focus=False):
                yield Static(lines([safe_content(row) for row in self._text.split("\n")]))
            yield RowList(
                *(
                    Option(words if isinstance(words, Content) else safe_content(words), id=name)
                    for name, words in self._answers
                ),
                id="answers",
                compact=True,
            )

    def on_mount(self) -> None:
        """Remove notices, which would cover the answers, and move the cursor to the first answer."""
        remove_notices(self.app)
        self.query_one("#answers", OptionList).highlighted = self._highlighted

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close the window with the answer."""
        event.stop()
        self.dismiss(event.option_id or "")


class TextDialog(ModalScreen[str | None]):
    """A window with a field for a value. Its result is the typed text; None after Escape."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("ask_text")
    CSS = (
        "TextDialog { align: center middle; } #typed { margin-top: 1; } #wrong { color: $text-error; }"
        + WINDOW
    )

    def __init__(self, title: str, text: str, value: str, problem: Callable[[str], str]) -> None:
        """`value`: text in the field at first. `problem`: returns what is wrong with a typed text; "" to accept it."""
        super().__init__()
        self._title, self._text, self._value, self._problem = title, text, value, problem

    def compose(self) -> ComposeResult:
        """Create the text, the field, and the line for a problem."""
        with Vertical(id="window") as window:
            window.border_title = safe_content(self._title)
            yield Static(lines([safe_content(row) for row in self._text.split("\n")]))
            field = LineInput(safe_content(self._value).plain, id="typed")
            yield field
            yield Static("", id="wrong")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close the window with the text, or show what is wrong with it."""
        event.stop()
        if problem := self._problem(event.value):
            self.query_one("#wrong", Static).update(safe_content(problem))
        else:
            self.dismiss(event.value)


class TextWindow(ModalScreen[None]):
    """A window with a text to read."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("words")
    CSS = "TextWindow { align: center middle; } #text { height: auto; max-height: 100%; }" + WINDOW

    def __init__(self, title: str, text: Content) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Create the text; it scrolls if it is long."""
        with Vertical(id="window") as window:
            window.border_title = safe_content(self._title)
            window.border_subtitle = with_keys("{words.back}: back", keymap_of(self.app))
            with TextScroll(id="text"):
                yield Static(self._text)
