"""The door to the screens: signals, log, what goes on in the terminal once the screen is closed, the exit code."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

from pef_tui.console import Console
from pef_tui.report import counts, summary
from pef_tui.tui.flow import Flow
from pef_tui.tui.status import exit_code
from pef_tui.tui.work import Work
from pef_tui.watch import Watch

if TYPE_CHECKING:
    from pef_tui.tui.app import PefApp

RESTARTS = 2
"""How often a screen that failed is begun anew."""


class Signals:
    """HUP, TERM and INT for whatever app is on, from the first to the last moment.

    Handlers of the event loop would be gone between the end of the screen and the end of the run, and a hang-up often
    comes twice.
    """

    def __init__(self) -> None:
        self.app: PefApp | None = None
        self.stopped_by = 0
        """Number of the first that came."""
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._came)

    def _came(self, number: int, frame: FrameType | None) -> None:
        self.stopped_by = self.stopped_by or number
        app = self.app
        if app is not None and app._loop is not None:
            app._loop.call_soon_threadsafe(app.signalled, number)


def screens(flow: Flow) -> int:
    """The app from its first to its last screen; the exit code."""
    from pef_tui.tui.app import AT_ONCE, PefApp

    for name in ("COLUMNS", "LINES"):  # they would overrule the size that the terminal really has
        os.environ.pop(name, None)
    signals = Signals()
    trouble = ""
    for _ in range(1 + RESTARTS):
        app = signals.app = PefApp(flow, trouble)
        try:
            result = app.run()
        except OSError:  # the terminal went away while it was put in order again
            result = 0
        trouble = app.failed
        if not trouble or app.hung_up or signals.stopped_by:
            break
    signals.app = None
    _let_go_of_dead_terminal()
    console = Console(flow.settings.quiet)
    if result == AT_ONCE:
        console.say("Left at once; the next run goes on.")
        os._exit(128 + signal.SIGINT)
    if trouble and not app.hung_up:
        where = f"; the details are in {flow.log}" if flow.log else ""
        console.error(f"the screen failed: {trouble}{where}")
    flow.close()
    stopped_by = signals.stopped_by
    if flow.run is not None:
        stopped_by = _finish(flow.run, console) or (stopped_by if flow.run.ending == "stopped" else 0)
    return 128 + stopped_by if stopped_by else exit_code(flow.run, bool(trouble))


def _let_go_of_dead_terminal() -> None:
    """What cannot be written any more is not tried again at the end of the program."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _finish(run: Work, console: Console) -> int:
    """Wait for the run, telling how far it is; number of the signal that stopped it here."""
    if not run.over:
        console.say("The screen is closed, the run goes on; Ctrl-C stops it after the batch in hand.")

    def stop(number: int, first: bool) -> None:
        if number == signal.SIGHUP and run.settings.on_hangup == "finish":
            return
        if not first and number != signal.SIGHUP:
            console.clear()
            console.say("Left at once; the next run goes on.")
            os._exit(128 + number)
        run.stop()
        console.say("Stopping after the batch in hand; once more to leave at once.")

    def tell() -> None:
        if console.terminal and not run.over:
            console.show(counts(run.progress))

    with Watch(stop, lambda: console.say(counts(run.progress), always=True), tell, 0.25) as watch:
        run.join()
    console.clear()
    for line in summary(run.progress, run.settings.dry_run):
        console.say(line)
    if run.error:
        console.error(run.error)
    return watch.stopped_by if run.ending == "stopped" else 0
