"""Small windows in front of a screen: a question with answers, a value to type, words to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.tui.content import lines, said
from pef_tui.tui.line import Line

WINDOW = """
#window { width: 64; max-width: 96%; height: auto; max-height: 90%; padding: 1 2; background: $surface;
          border: solid $primary; border-title-style: bold; }
"""
"""Style of a window, of which the box is called `window`."""


class Ask(ModalScreen[str]):
    """A question; gives the name of the answer, "" for none (Escape)."""

    BINDINGS = [Binding("escape", "dismiss('')", "Back", id="ask.back")]
    CSS = "Ask { align: center middle; } #answers { height: auto; margin-top: 1; }" + WINDOW

    def __init__(self, title: str, text: str, answers: Sequence[tuple[str, str]]) -> None:
        """`answers`: name and words of each."""
        super().__init__()
        self._title, self._text, self._answers = title, text, answers

    def compose(self) -> ComposeResult:
        """The words, then the answers, the first in focus."""
        with Vertical(id="window") as window:
            window.border_title = said(self._title)
            yield Static(lines([said(row) for row in self._text.split("\n")]))
            yield OptionList(
                *(Option(said(words), id=name) for name, words in self._answers), id="answers", compact=True
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The answer."""
        event.stop()
        self.dismiss(event.option_id or "")


class AskText(ModalScreen[str | None]):
    """A value to type; gives the text once `problem` finds none, None for no answer."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Back", id="ask_text.back")]
    CSS = (
        "AskText { align: center middle; } #typed { margin-top: 1; } #wrong { color: $text-error; }" + WINDOW
    )

    def __init__(self, title: str, text: str, value: str, problem: Callable[[str], str]) -> None:
        """`problem`: what is wrong with a text, "" for nothing."""
        super().__init__()
        self._title, self._text, self._value, self._problem = title, text, value, problem

    def compose(self) -> ComposeResult:
        """The words, the field, and what is wrong with what is in it."""
        with Vertical(id="window") as window:
            window.border_title = said(self._title)
            yield Static(lines([said(row) for row in self._text.split("\n")]))
            field = Line(said(self._value).plain, id="typed")
            yield field
            yield Static("", id="wrong")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the text, or say what is wrong."""
        event.stop()
        if wrong := self._problem(event.value):
            self.query_one("#wrong", Static).update(said(wrong))
        else:
            self.dismiss(event.value)


class Words(ModalScreen[None]):
    """Something to read."""

    BINDINGS = [Binding("escape,q,enter,question_mark,f1", "dismiss(None)", "Back", id="words.back")]
    CSS = "Words { align: center middle; } #text { height: auto; max-height: 100%; }" + WINDOW

    def __init__(self, title: str, text: Content) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """The words, to be scrolled where they are many."""
        with Vertical(id="window") as window:
            window.border_title = said(self._title)
            window.border_subtitle = "Escape: back"
            with VerticalScroll(id="text"):
                yield Static(self._text)
