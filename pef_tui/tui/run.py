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
from pef_tui.tui.ticking import WATCHING
from pef_tui.tui.work import Work

NARROW = 76
SPARK_EVERY = 1.0
"""Seconds between two drawings of speeds and of the time left: figures that flicker are not read."""


class Pane(Static):
    """Text that is drawn only when it changed: over a slow line every character counts.

    The screen is laid out anew only where the text may need another height: that takes longer than to draw it.
    """

    def __init__(self, id: str, classes: str = "", grows: bool = False) -> None:
        """`grows`: it is as high as its text, of which the first line alone may need more than one row."""
        super().__init__(id=id, classes=classes)
        self._grows = grows
        self._shown: Content | None = None
        self._shape = 0, 0

    def show(self, text: Content) -> None:
        """Show this, unless it is shown already."""
        if self._shown is None or not text.is_same(self._shown):
            shape = text.plain.count("\n"), text.plain.find("\n")
            self.update(text, layout=self._grows and shape != self._shape)
            self._shown, self._shape = text, shape


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
        self._head, self._counts = Pane("head", grows=True), Pane("counts", "box", grows=True)
        self._speed, self._hands, self._problems = (
            Pane(name, "box") for name in ("speed", "hands", "problems")
        )

    @property
    def _run(self) -> Work:
        run = self._flow.run
        assert run is not None, "this screen is for a run"
        return run

    def compose(self) -> ComposeResult:
        """From what matters most down."""
        yield StageBar("run")
        yield self._head
        with Horizontal(id="middle"):
            yield self._counts
            with Vertical(id="at-right"):
                yield self._speed
                yield self._hands
        yield self._problems
        yield KeysBar()

    def on_mount(self) -> None:
        """Titles, and the clock that reads counters."""
        for pane, title in (
            (self._counts, "Done so far"),
            (self._speed, "Speed"),
            (self._hands, "In hand"),
            (self._problems, "Last problems"),
        ):
            pane.border_title = f" {title} "
        self.set_interval(WATCHING, self._tick)
        self.call_after_refresh(self._tick)

    def _tick(self) -> None:
        """One look at the counters."""
        if not self._counts.is_attached:  # the screen is being taken down
            return
        run, now = self._run, time.monotonic()
        progress = run.progress
        paused = progress.pause.is_set()
        self._pace.sample(now, progress.media_count, progress.bytes, self._flow.done_part(run), paused)
        if not self.is_current:  # something lies over it; it may be seen behind that, but nobody looks
            return
        self._counts.show(done_so_far(run, self._flow.expected))
        if now - self._drawn >= SPARK_EVERY or run.over:
            self._drawn = now
            self._head.show(headline(self._flow, run, self._pace, self._head.content_size.width))
            self._speed.show(speed(run, self._pace, self._speed.content_size.width))
            self._hands.show(hands(run, self._hands.content_size))
            self._problems.show(problems(run, self._problems.content_size.height))
        if run.over:
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
