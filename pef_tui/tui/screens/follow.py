"""A window that shows the progress of a run of another process, read from its manifest and lock."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from pef_tui.errors import RunError
from pef_tui.manifest.run_follower import RunFollower
from pef_tui.tui.keys import bindings, keymap_of, with_keys
from pef_tui.tui.screens.dialogs import WINDOW
from pef_tui.tui.text.history import followed_run
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.widgets.pane import Pane

POLL_SECONDS = 1.0
"""Seconds between two readings of the manifest."""


class FollowScreen(ModalScreen[None]):
    """Progress of a run that another process carries out, until it ends."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("words")
    CSS = "FollowScreen { align: center middle; }" + WINDOW

    def __init__(self, dest: str) -> None:
        super().__init__()
        self._follower = RunFollower(dest)

    def compose(self) -> ComposeResult:
        """Create the text."""
        with Vertical(id="window") as window:
            window.border_title = "The run in this folder"
            window.border_subtitle = self._hint("{words.back}: back; the run continues")
            yield Pane("far", grows=True)

    def _hint(self, text: str) -> str:
        return with_keys(text, keymap_of(self.app))

    def on_mount(self) -> None:
        """Read the manifest now, and then every second."""
        self.run_worker(self._follow(), exclusive=True)

    async def _follow(self) -> None:
        while True:
            try:
                run = await asyncio.to_thread(self._follower.poll)
            except (OSError, RunError) as error:
                self.query_one("#far", Pane).show(safe_content((str(error), "$text-error")))
                return
            self.query_one("#far", Pane).show(followed_run(run))
            if run.state in ("ended", "none"):
                self.query_one("#window", Vertical).border_subtitle = self._hint("{words.back}: back")
                return
            await asyncio.sleep(POLL_SECONDS)
