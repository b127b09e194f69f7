"""Run screen: progress, speed, remaining time, current batches and last problems, all read from counters."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from pef_tui.reporting.rate import RateMeter
from pef_tui.tui.keys import bindings
from pef_tui.tui.refresh_rate import RUN_INTERVAL
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.session.session import Session
from pef_tui.tui.text.run import current_batches, done_so_far, headline, problems, speed
from pef_tui.tui.widgets.keys_bar import KeysBar
from pef_tui.tui.widgets.pane import Pane
from pef_tui.tui.widgets.steps_bar import StepsBar

NARROW = 76
SLOW_INTERVAL = 1.0
"""Seconds between two updates of speeds and remaining time, long enough to read the numbers."""


class RunScreen(Screen[None]):
    """Progress of the run."""

    HELP = (
        "The run continues whether this screen is open or not. Pause holds it before the next batch. Stop ends it "
        "after the current batch: nothing is lost, a later run continues. If the terminal is closed, the setting "
        "on_hangup decides whether the run continues."
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("run")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-normal")]
    DEFAULT_CSS = """
    RunScreen #head { height: auto; padding: 1 1; }
    RunScreen #middle { height: auto; min-height: 9; }
    RunScreen #counts { width: 1fr; height: auto; min-height: 9; margin-right: 1; }
    RunScreen #at-right { width: 1fr; height: auto; }
    RunScreen #speed { height: 4; }
    RunScreen #batches { height: 7; }
    RunScreen #problems { height: 1fr; min-height: 2; }
    RunScreen .box { border-top: solid $foreground-muted; border-title-color: $text-primary; border-title-style: bold;
                     padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    RunScreen.-narrow #head { padding: 0 1; }
    RunScreen.-narrow #middle { layout: vertical; }
    RunScreen.-narrow #counts { width: 100%; min-height: 3; margin: 0; }
    RunScreen.-narrow #at-right { width: 100%; }
    RunScreen.-narrow #batches { height: 3; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rate = RateMeter()
        self._last_slow_update = 0.0
        self._head, self._counts = Pane("head", grows=True), Pane("counts", "box", grows=True)
        self._speed, self._batches, self._problems = (
            Pane(name, "box") for name in ("speed", "batches", "problems")
        )

    @property
    def _run(self) -> RunThread:
        run = self._session.run
        assert run is not None, "only a run has this screen"
        return run

    def compose(self) -> ComposeResult:
        """Create the panes, the most important first."""
        yield StepsBar("run")
        yield self._head
        with Horizontal(id="middle"):
            yield self._counts
            with Vertical(id="at-right"):
                yield self._speed
                yield self._batches
        yield self._problems
        yield KeysBar()

    def on_mount(self) -> None:
        """Set the titles, and start the timer that reads the counters of the run."""
        for pane, title in (
            (self._counts, "Done so far"),
            (self._speed, "Speed"),
            (self._batches, "Current batches"),
            (self._problems, "Last problems"),
        ):
            pane.border_title = f" {title} "
        self.set_interval(RUN_INTERVAL, self._tick)
        self.call_after_refresh(self._tick)

    def _tick(self) -> None:
        """Read the counters and update the panes."""
        if not self._counts.is_attached:  # the screen is being removed
            return
        run, now = self._run, time.monotonic()
        progress = run.progress
        paused = progress.pause.is_set()
        self._rate.sample(now, progress.media_count, progress.bytes, self._session.done_fraction(run), paused)
        if not self.is_current:  # under another screen or window nothing is drawn
            return
        self._counts.show(done_so_far(run, self._session.expected_files))
        if now - self._last_slow_update >= SLOW_INTERVAL or run.is_over:
            self._last_slow_update = now
            self._head.show(headline(self._session, run, self._rate, self._head.content_size.width))
            self._speed.show(speed(run, self._rate, self._speed.content_size.width))
            self._batches.show(current_batches(run, self._batches.content_size))
            self._problems.show(problems(run, self._problems.content_size.height))
        if run.is_over:
            self.action_next()

    def action_pause(self) -> None:
        """Pause or resume the run."""
        pause = self._run.progress.pause
        if pause.is_set():
            pause.clear()
        else:
            pause.set()
        self._last_slow_update = 0.0
        self._tick()

    def action_stop(self) -> None:
        """Ask how to stop the run."""
        app: Any = self.app
        if self._session.is_running:
            app.ask_to_stop()

    def action_next(self) -> None:
        """Show the result, if the run has ended."""
        app: Any = self.app
        if self._run.is_over:
            app.go("done")
        else:
            self.notify("The run is still in progress.", markup=False)
