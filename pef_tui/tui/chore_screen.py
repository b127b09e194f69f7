"""A window that shows something done to the result of a run, from its first file to what came of it."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from pef_tui.tui.asking import WINDOW
from pef_tui.tui.chore import Chore
from pef_tui.tui.chore_words import chore_words, files_words
from pef_tui.tui.flow import Flow
from pef_tui.tui.ticking import interval

TITLES = {"verify": "Read back what was written", "undo": "Undo the run"}


class ChoreScreen(ModalScreen[None]):
    """Shows a chore under way, then its result; gives nothing."""

    BINDINGS = [Binding("escape,enter,q", "stop_or_back", "Stop / back", id="chore.back")]
    CSS = (
        "ChoreScreen { align: center middle; } ChoreScreen #files { height: auto; max-height: 14; }" + WINDOW
    )

    def __init__(self, flow: Flow, chore: Chore) -> None:
        super().__init__()
        self._flow, self._chore = flow, chore
        self._shown: tuple[Any, ...] = ()

    def compose(self) -> ComposeResult:
        """How far it is, and under it what is wrong."""
        with Vertical(id="window") as window:
            window.border_title = TITLES[self._chore.name]
            yield Static(id="far")
            with VerticalScroll(id="files"):
                yield Static(id="wrong")

    def on_mount(self) -> None:
        """The clock that reads the counters."""
        self.set_interval(interval(self._flow.environ), self._tick)
        self._tick()

    def _tick(self) -> None:
        chore = self._chore
        now = (chore.done, chore.wrong, chore.over, chore.stopping.is_set())
        if now == self._shown or not self.query("#far"):
            return
        self._shown = now
        self.query_one("#far", Static).update(chore_words(chore))
        self.query_one("#wrong", Static).update(files_words(chore))
        self.query_one("#files").display = bool(chore.files)
        stop = "Escape: back" if chore.over else "Escape: stop"
        self.query_one("#window", Vertical).border_subtitle = stop

    def action_stop_or_back(self) -> None:
        """Stop it after what is in hand; once it is over, go back."""
        if self._chore.over:
            self.dismiss(None)
        else:
            self._chore.stopping.set()
            self._tick()
