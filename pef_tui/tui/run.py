"""Run: how far, how fast, how long still, what is in hand, what went wrong last. Only counters are read."""

from __future__ import annotations

import time
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from pef_tui.tui.bar import StageBar
from pef_tui.tui.flow import Flow
from pef_tui.tui.keys_bar import KeysBar
from pef_tui.tui.pace import Pace
from pef_tui.tui.run_words import done_so_far, hands, headline, problems, speed
from pef_tui.tui.ticking import interval
from pef_tui.tui.work import Work

NARROW = 76
SPARK_EVERY = 1.0
"""Seconds between two drawings of speeds and of the time left: figures that flicker are not read."""


class Pane(Static):
    """Text that is drawn only when it changed: over a slow line every character counts."""

    def show(self, text: Content) -> None:
        """Show this, unless it is shown already."""
        if text != getattr(self, "_shown", None):
            self._shown = text
            self.update(text)


class RunScreen(Screen[None]):
    """The run, watched."""

    HELP = (
        "The run goes on whether this screen is looked at or not. Pause holds it before the next batch. Stop ends it "
        "after the batch in hand: nothing is lost, a later run goes on from there. When the terminal goes away, "
        "the setting on_hangup says whether the run goes on."
    )
    BINDINGS = [
        Binding("p,space", "pause", "Pause / go on", id="run.pause"),
        Binding("s", "stop", "Stop ...", id="run.stop"),
        Binding("f5,n", "next", "Result", id="run.next", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-normal")]
    DEFAULT_CSS = """
    RunScreen #head { height: auto; padding: 1 1; }
    RunScreen #middle { height: auto; min-height: 9; }
    RunScreen #counts { width: 1fr; height: auto; min-height: 9; margin-right: 1; }
    RunScreen #at-right { width: 1fr; height: auto; }
    RunScreen #speed { height: 4; }
    RunScreen #hands { height: 7; }
    RunScreen #problems { height: 1fr; min-height: 2; }
    RunScreen .box { border-top: solid $foreground-muted; border-title-color: $text-primary; border-title-style: bold;
                     padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    RunScreen.-narrow #head { padding: 0 1; }
    RunScreen.-narrow #middle { layout: vertical; }
    RunScreen.-narrow #counts { width: 100%; min-height: 3; margin: 0; }
    RunScreen.-narrow #at-right { width: 100%; }
    RunScreen.-narrow #hands { height: 3; }
    """

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow
        self._pace = Pace()
        self._drawn = 0.0

    @property
    def _run(self) -> Work:
        run = self._flow.run
        assert run is not None, "this screen is for a run"
        return run

    def compose(self) -> ComposeResult:
        """From what matters most down."""
        yield StageBar("run")
        yield Pane(id="head")
        with Horizontal(id="middle"):
            yield Pane(id="counts", classes="box")
            with Vertical(id="at-right"):
                yield Pane(id="speed", classes="box")
                yield Pane(id="hands", classes="box")
        yield Pane(id="problems", classes="box")
        yield KeysBar()

    def on_mount(self) -> None:
        """Titles, and the clock that reads counters."""
        for name, title in (
            ("counts", "Done so far"),
            ("speed", "Speed"),
            ("hands", "In hand"),
            ("problems", "Last problems"),
        ):
            self.query_one(f"#{name}").border_title = f" {title} "
        self.set_interval(interval(self._flow.environ), self._tick)
        self.call_after_refresh(self._tick)

    def _tick(self) -> None:
        """One look at the counters."""
        if not self.query("#counts"):  # the screen is being taken down
            return
        run, now = self._run, time.monotonic()
        progress = run.progress
        paused = progress.pause.is_set()
        self._pace.sample(now, progress.media_count, progress.bytes, self._flow.done_part(run), paused)
        self.query_one("#counts", Pane).show(done_so_far(run, self._flow.expected))
        if now - self._drawn >= SPARK_EVERY or run.over:
            self._drawn = now
            width = self.query_one("#head").content_size.width
            self.query_one("#head", Pane).show(headline(self._flow, run, self._pace, width))
            self.query_one("#speed", Pane).show(
                speed(run, self._pace, self.query_one("#speed").content_size.width)
            )
            self.query_one("#hands", Pane).show(hands(run, self.query_one("#hands").content_size))
            self.query_one("#problems", Pane).show(
                problems(run, self.query_one("#problems").content_size.height)
            )
        if run.over and self.app.screen is self:  # not merely seen behind one that is being put up
            self.action_next()

    def action_pause(self) -> None:
        """Hold the run, or let it go on."""
        pause = self._run.progress.pause
        if pause.is_set():
            pause.clear()
        else:
            pause.set()
        self._drawn = 0.0
        self._tick()

    def action_stop(self) -> None:
        """Ask how it is to stop."""
        app: Any = self.app
        if self._flow.running:
            app.ask_to_stop()

    def action_next(self) -> None:
        """To the result, once there is one."""
        app: Any = self.app
        if self._run.over:
            app.go("done")
        else:
            self.notify("The run is still on.", markup=False)
