"""Run screen: progress, speed, remaining time, current batches and last problems, all read from counters."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from pef_tui.model import Outcome
from pef_tui.reporting.rate import RateMeter
from pef_tui.tui.keys import bindings
from pef_tui.tui.panels import PanelScreen
from pef_tui.tui.refresh_rate import RUN_INTERVAL
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.session.session import Session
from pef_tui.tui.session.time_use import TimeUse
from pef_tui.tui.text.run import current_batches, done_so_far, formats, headline, problems, speed, time_use
from pef_tui.tui.widgets.keys_bar import KeysBar
from pef_tui.tui.widgets.last_pictures import HEIGHT, WIDTH, LastPictures, Tile
from pef_tui.tui.widgets.pane import Pane
from pef_tui.tui.widgets.steps_bar import StepsBar
from pef_tui.tui.widgets.thumbnail import SmallImage, missing_requirement, thumbnail_of

SLOW_INTERVAL = 1.0
"""Seconds between two updates of speeds and remaining time, long enough to read the numbers."""
PICTURE_INTERVAL = 2.0
"""Seconds between two thumbnails. Each takes up to 40 ms of processor time from the run."""
TITLES = {
    "counts": "Done so far",
    "speed": "Speed",
    "formats": "By format",
    "time": "Where the time goes",
    "batches": "Current batches",
    "problems": "Last problems",
    "pictures": "Last pictures",
}


class RunScreen(PanelScreen):
    """Progress of the run."""

    HELP = (
        "The run continues whether this screen is open or not. Pause holds it before the next batch. Stop ends it "
        "after the current batch: nothing is lost, a later run continues. If the terminal is closed, the setting "
        "on_hangup decides whether the run continues."
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("run")
    DEFAULT_CSS = """
    RunScreen .box { text-wrap: nowrap; text-overflow: ellipsis; }
    RunScreen .box, RunScreen #head { padding: 0 1; }
    RunScreen #head, RunScreen #middle, RunScreen #counts { height: auto; }
    RunScreen #speed { height: 4; }
    RunScreen #middle { min-height: 8; }
    RunScreen #counts { width: 1fr; min-height: 8; }
    RunScreen #formats, RunScreen #time, RunScreen #pictures { display: none; }
    RunScreen #at-right { width: 1fr; height: auto; margin-left: 1; }
    RunScreen #batches { height: 8; }
    RunScreen #bottom, RunScreen #problems { height: 1fr; min-height: 2; }
    RunScreen #problems, RunScreen #pictures { width: 1fr; }

    RunScreen.-narrow #middle { layout: vertical; min-height: 3; }
    RunScreen.-narrow #counts { width: 100%; min-height: 3; }
    RunScreen.-narrow #at-right { width: 100%; margin: 0; }
    RunScreen.-narrow #batches { height: 3; }

    RunScreen.-middle #head, RunScreen.-high #head { padding: 1 1; }
    RunScreen.-wide.-middle #speed, RunScreen.-vast.-middle #speed { height: 8; }
    RunScreen.-wide.-high #speed, RunScreen.-vast.-high #speed { height: 14; }
    RunScreen.-wide #formats, RunScreen.-wide #time, RunScreen.-wide #pictures,
    RunScreen.-vast #formats, RunScreen.-vast #time, RunScreen.-vast #pictures { display: block; }
    RunScreen.-wide #middle, RunScreen.-vast #middle { height: 12; }
    RunScreen.-wide #counts, RunScreen.-vast #counts { height: 100%; }
    RunScreen.-wide #formats, RunScreen.-vast #formats { width: 40; height: 100%; margin-left: 1; }
    RunScreen.-wide #at-right, RunScreen.-vast #at-right { height: 100%; }
    RunScreen.-wide #time { height: 7; }
    RunScreen.-wide #batches { height: 5; }
    RunScreen.-vast #at-right { layout: horizontal; width: 2fr; }
    RunScreen.-vast #formats { width: 2fr; }
    RunScreen.-vast #time, RunScreen.-vast #batches { width: 1fr; height: 100%; }
    RunScreen.-vast #batches { margin-left: 1; }
    RunScreen.-low #formats, RunScreen.-low #time, RunScreen.-low #pictures { display: none; }
    RunScreen.-wide #pictures, RunScreen.-vast #pictures { height: 1fr; margin-left: 1; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rate = RateMeter()
        self._time_use = TimeUse()
        self._last_slow_update = 0.0
        self._head, self._counts = Pane("head", grows=True), Pane("counts", "box", grows=True)
        self._speed, self._formats, self._time, self._batches, self._problems = (
            Pane(name, "box") for name in ("speed", "formats", "time", "batches", "problems")
        )
        self._pictures = LastPictures(id="last-pictures")
        self._last_drawn: Outcome | None = None
        """The last output that was read for a thumbnail."""

    @property
    def _run(self) -> RunThread:
        run = self._session.run
        assert run is not None, "only a run has this screen"
        return run

    def compose(self) -> ComposeResult:
        """Create the panes, the most important first."""
        yield StepsBar("run")
        yield self._head
        yield self._speed
        with Horizontal(id="middle"):
            yield self._counts
            yield self._formats
            with Vertical(id="at-right"):
                yield self._time
                yield self._batches
        with Horizontal(id="bottom"):
            yield self._problems
            with Vertical(id="pictures", classes="box"):
                yield self._pictures
        yield KeysBar()

    def on_mount(self) -> None:
        """Set the titles, and start the timers that read the counters of the run and make thumbnails."""
        for name, title in TITLES.items():
            self.query_one(f"#{name}").border_title = f" {title} "
        self.set_interval(RUN_INTERVAL, self._tick)
        if not self._session.environ.get("SSH_CONNECTION") and not missing_requirement(self.app):
            self.set_interval(PICTURE_INTERVAL, self._add_thumbnail)
        self.call_after_refresh(self._tick)

    def _tick(self) -> None:
        """Read the counters and update the panes."""
        if not self._counts.is_attached:  # the screen is being removed
            return
        run, now = self._run, time.monotonic()
        progress = run.progress
        paused = progress.pause.is_set()
        self._rate.sample(now, progress.media_count, progress.bytes, self._session.done_fraction(run), paused)
        if not paused:
            self._time_use.sample()
        if not self.is_current:  # under another screen or window nothing is drawn
            return
        self._counts.show(done_so_far(run, self._session.expected_files))
        if now - self._last_slow_update >= SLOW_INTERVAL or run.is_over:
            self._last_slow_update = now
            self._head.show(headline(self._session, run, self._rate, self._head.content_size.width))
            self._speed.show(speed(run, self._rate, self._speed.content_size))
            self._batches.show(current_batches(run, self._batches.content_size))
            self._problems.show(problems(run, self._problems.content_size.height))
            self._show_more(run)
        if run.is_over:
            self.action_next()

    def _show_more(self, run: RunThread) -> None:
        """Update the panes that only a wide screen has."""
        if self._formats.display and self._session.stats is not None:
            self._formats.show(formats(self._session.stats, self._formats.content_size))
            self._time.show(time_use(self._time_use, self._time.content_size))
            outputs = list(run.recent_outputs)[::-1]
            self._pictures.show_names([outcome.output or "" for outcome in outputs])

    def _add_thumbnail(self) -> None:
        """Make a thumbnail of the last picture, if there is a pane for it."""
        outputs = list(self._run.recent_outputs)
        if (
            outputs
            and outputs[-1] is not self._last_drawn
            and self.is_current
            and all(self._pictures.capacity)
        ):
            self._last_drawn = outputs[-1]
            self.run_worker(self._draw_thumbnail(outputs[-1]), group="thumbnail", exclusive=True)

    async def _draw_thumbnail(self, outcome: Outcome) -> None:
        path = os.path.join(self._run.progress.output, outcome.output or "")
        image = await asyncio.to_thread(thumbnail_of, path, WIDTH, HEIGHT)
        if isinstance(image, SmallImage):
            self._pictures.add(Tile(os.path.basename(path), image))

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
