"""The app: which screen follows which, themes, signals."""

from __future__ import annotations

from textual.app import App

from pef_tui.tui.flow import Flow


class PefApp(App[int]):
    """From choosing sources to a finished run. `flow` is what all screens share."""

    TITLE = "pef-tui"

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow

    def on_mount(self) -> None:
        """Begin with Choose."""
        self.show("choose")

    def show(self, stage: str) -> None:
        """Push the screen of a stage: choose, review, run, done."""
        from pef_tui.tui import stages

        self.push_screen(stages.screen(stage, self.flow))
