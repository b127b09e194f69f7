"""Start the app, handle signals, and restart the app after a failure.

When the app has ended, wait for a run that is still in progress, and return the exit code.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

from pef_tui.reporting.console import Console
from pef_tui.reporting.json_lines import summary_lines
from pef_tui.reporting.progress_report import ProgressReport
from pef_tui.signals import SignalMonitor
from pef_tui.tui.session.run_thread import RunThread, exit_code
from pef_tui.tui.session.session import Session

if TYPE_CHECKING:
    from pef_tui.tui.app import PefApp

RESTARTS = 2
"""Maximum number of restarts of the app after failures."""


class AppSignals:
    """Passes the signals HUP, TERM and INT on to the current app, until the program ends.

    Handlers of the event loop are not used, because they are removed when the loop ends. A signal after the end of the
    app would then kill the program while a run continues, and a hang-up often comes twice.
    """

    def __init__(self) -> None:
        self.app: PefApp | None = None
        self.stopped_by = 0
        """Number of the first signal; 0 if none came."""
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.stopped_by = self.stopped_by or number
        app = self.app
        if app is not None and app.event_loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the app has ended
                app.event_loop.call_soon_threadsafe(app.handle_signal, number)


def screens(session: Session) -> int:
    """Run the app, then wait for a run that is still in progress. Return the exit code."""
    from pef_tui.tui.app import ABANDON_RUN, PefApp

    for name in ("COLUMNS", "LINES"):  # Textual prefers them to the real size of the terminal
        os.environ.pop(name, None)
    signals = AppSignals()
    failure = ""
    for _ in range(1 + RESTARTS):
        app = signals.app = PefApp(session, failure)
        try:
            result = app.run()
        except OSError:  # the terminal disappeared while its modes were restored
            result = 0
        finally:
            _end_input(app)
        failure = app.failure_text
        if not failure or app.hung_up or signals.stopped_by:
            break
    signals.app = None
    _restore_job_control()
    _replace_dead_streams()
    console = Console(session.settings.quiet)
    if result == ABANDON_RUN:
        console.say("Stopped immediately; the next run continues.")
        os._exit(128 + signal.SIGINT)
    if failure and not app.hung_up:
        details = f"; the details are in {session.log}" if session.log else ""
        console.error(f"the screen failed: {failure}{details}")
    session.close()
    stopped_by = signals.stopped_by
    if session.run is not None:
        stopped_by = _wait_for_run(session.run, console) or (
            stopped_by if session.run.ending == "stopped" else 0
        )
    return 128 + stopped_by if stopped_by else exit_code(session.run, bool(failure))


def _end_input(app: PefApp) -> None:
    """Let the thread of Textual that reads the keyboard end.

    If the terminal is closed while the program is suspended, SIGCONT makes Textual start a second such thread while it
    stops. Without this, that thread reads the closed terminal without a pause, and the program never ends.
    """
    driver = getattr(app, "_driver", None)
    if (exit_event := getattr(driver, "exit_event", None)) is not None:
        exit_event.set()


def _restore_job_control() -> None:
    """Let the system handle the signals that stop and continue the program, as before the app.

    Textual leaves its own handlers behind. They need the event loop, which has ended, so `fg` would end the run.
    """
    for number in (signal.SIGTSTP, signal.SIGCONT, signal.SIGTTOU, signal.SIGTTIN):
        signal.signal(number, signal.SIG_DFL)


def _replace_dead_streams() -> None:
    """Redirect each standard stream that has become unwritable to /dev/null.

    Otherwise Python would fail when it flushes these streams at exit.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _wait_for_run(run: RunThread, console: Console) -> int:
    """Wait for the run and show its progress. Return the number of the signal that stopped it; 0 if none did."""
    if not run.is_over:
        console.say("The screen is closed; the run continues. Ctrl-C stops it after the current batch.")

    def stop(number: int, first: bool) -> None:
        if number == signal.SIGHUP and run.settings.on_hangup == "finish":
            return
        if not first and number != signal.SIGHUP:
            console.clear()
            console.say("Stopped immediately; the next run continues.")
            os._exit(128 + number)
        run.stop(signal.Signals(number).name, 128 + number)
        console.say("Stopping after the current batch; press Ctrl-C again to stop immediately.")

    progress_report = ProgressReport(run.progress)

    def show_progress() -> None:
        if console.terminal and not run.is_over:
            console.show(progress_report.text())

    with SignalMonitor(
        stop, lambda: console.say(progress_report.text(), always=True), show_progress, 0.25
    ) as monitor:
        run.join()
    console.clear()
    for line in summary_lines(run.progress, run.settings.dry_run):
        console.say(line)
    if run.error:
        console.error(run.error)
    return monitor.stopped_by if run.ending == "stopped" else 0
