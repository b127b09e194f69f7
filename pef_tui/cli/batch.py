"""`--batch`: a run without screens, with progress messages, JSON lines, handling of signals, and an exit code."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pef_tui.errors import DestLocked, RunError
from pef_tui.model import Outcome, Record
from pef_tui.pipeline.exit_codes import FAILED, progress_code
from pef_tui.pipeline.run_to_end import run_to_end
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.reporting import json_lines as report
from pef_tui.reporting.console import Console, Data, Level, data_out
from pef_tui.reporting.progress_report import ProgressReport
from pef_tui.sanitize import safe
from pef_tui.settings import Settings
from pef_tui.signals import SignalMonitor
from pef_tui.timing import CpuUse

if TYPE_CHECKING:
    from pef_tui.reporting.html import RunReport

Run = Callable[[Settings, PluginHost, Progress], Iterator[Record]]
"""Function that carries out a run and yields its records: `pipeline.run.run`."""

TERMINAL_TICK = 0.25
"""Seconds between two updates of the progress line on a terminal."""
FLUSH_EVERY = 0.1
"""Maximum number of seconds that JSON lines stay in the buffer of standard output while records arrive."""

log = logging.getLogger("pef_tui.cli.batch")


def batch(settings: Settings, host: PluginHost, run: Run) -> int:
    """Carry out a run and report its progress and results. Return the exit code."""
    with data_out() as data:
        return BatchRun(settings, host, data if settings.json else None).carry_out(run)


class BatchRun:
    """Carries out one run: receives its records, writes messages and JSON lines, and handles signals."""

    def __init__(self, settings: Settings, host: PluginHost, data: Data | None) -> None:
        self._settings = settings
        self._host = host
        self._data = data
        self._console = Console(settings.quiet)
        self._progress = Progress()
        single = data is not None or settings.verbose or settings.report or log.isEnabledFor(logging.DEBUG)
        self._progress.accepts_counts_only = not single
        self._progress.notes.add_missing(host.notes)
        self._progress.sources, self._progress.output = settings.sources, settings.output
        self._progress_report = ProgressReport(self._progress)
        self._progress.wants_total = bool(settings.progress) or (
            self._console.terminal and not settings.quiet
        )
        self._next_progress_line = self._progress.started + settings.progress
        self._progress.show_notes = self._report_notes
        self._notes_reported = 0
        self._start_written = False
        self._start_lock = threading.Lock()
        self._flushed_at = 0.0
        self._error = ""
        self._report: RunReport | None = None
        self._is_metrics_refused = False
        """Whether the file of `--metrics` cannot be written."""
        ticks = TERMINAL_TICK if self._console.terminal and not settings.quiet else settings.progress
        self._signals = SignalMonitor(self._stop, self._show_now, self._tick, ticks)

    def carry_out(self, run: Run) -> int:
        """Carry out the run, and write all messages and JSON lines. Return the exit code."""
        progress, cpu_use = self._progress, CpuUse()
        with self._signals:
            status = self._run_to_end(run)
            if self._report is not None and (problem := self._report.finish(progress, self._error)):
                self._error, status = self._error or problem, status or FAILED
            status = self._write_metrics(status)
        cpu_use.log_usage("preview" if self._settings.dry_run else "run", progress.file_count)
        self._console.clear()
        self._report_notes()
        trace = tuple(self._host.trace())
        for line in trace:
            self._console.say(f"trace: {line}", always=True)
        if self._data is not None:
            self._write_start_line()
            self._write_progress_line(is_last=True)
            self._data.write(report.summary_line(progress, status, self._error, trace))
            self._data.flush()
        if progress.found_count or not self._error:
            for line in report.summary_lines(progress, self._settings.dry_run):
                self._console.say(line)
                log.info("%s", line)
            for line in report.problem_lines(progress) if self._settings.quiet else ():
                self._console.say(line, always=True, level="warning")
        if self._error:
            self._console.error(self._error)
            log.error("%s", self._error)
        log.info("ExifTool %s", progress.exiftool or "none")
        if self._signals.stopped_by:
            log.info("stopped by signal %d", self._signals.stopped_by)
        log.info("ended with exit code %d", status)
        return status

    def _write_metrics(self, status: int) -> int:
        """Write the file of `--metrics`, if there is one. Return the exit code, which is `status` if that succeeded."""
        if not self._settings.metrics or self._is_metrics_refused:
            return status
        if self._settings.dry_run:
            self._progress.notes.append("--metrics: a dry run writes no metrics")
            return status
        from pef_tui.cli import metrics

        problem = metrics.write(self._settings, self._progress, status)
        self._error = self._error or problem
        return (status or FAILED) if problem else status

    def _run_to_end(self, run: Run) -> int:
        """Carry out the run, but do not print its summary. Return the exit code.

        If the run as a whole failed, `_error` is set to the message for the user.
        """
        failure = run_to_end(lambda: self._begin(run), self._settings, self._progress, self._receive)
        self._progress.notes.add_missing(self._host.notes)
        if failure is not None:
            has_details = failure.error is not None and not isinstance(failure.error, RunError)
            self._error = failure.text + ("; --log FILE keeps the details" if has_details else "")
            is_stopped_wait = self._signals.stopped_by and isinstance(failure.error, DestLocked)
            if failure.error is not None and not is_stopped_wait:
                return failure.exit_code
        if self._signals.stopped_by:
            return 128 + self._signals.stopped_by
        if self._error:
            return FAILED
        return progress_code(self._progress)

    def _begin(self, run: Run) -> Iterator[Record]:
        """Begin the run and return its records. Raises UsageError if the file of `--report` or `--metrics` cannot be
        written.
        """
        log.info("sources %s, output %s", safe(repr(self._settings.sources)), safe(self._settings.output))
        if self._settings.report:
            self._open_report().check()
        if self._settings.metrics:
            from pef_tui.cli import metrics

            self._is_metrics_refused = True
            metrics.check(self._settings)
            self._is_metrics_refused = False
        return run(self._settings, self._host, self._progress)

    def _receive(self, record: Record) -> None:
        self._open_report().add(record)
        self._report_record(record)

    def _open_report(self) -> RunReport:
        """Return the report of this run; the first call creates it. A run that yields no records has no report."""
        if self._report is None:
            from pef_tui.reporting.html import RunReport

            self._report = RunReport(self._settings)
        return self._report

    def _end(self, reason: str) -> None:
        """Let the run end as failed after the batches in progress. `reason`: message for the user."""
        self._error = reason
        self._progress.request_stop("output-closed", FAILED)

    # -- output

    def _report_record(self, record: Record) -> None:
        if len(self._progress.notes) > self._notes_reported:
            self._report_notes()
        if isinstance(record, Outcome):
            self._report_outcome(record)
        if self._data is None:
            return
        self._write_start_line()
        self._data.write(report.record_line(record))
        moment = time.monotonic()
        if moment - self._flushed_at >= FLUSH_EVERY:
            self._flushed_at = moment
            self._data.flush()
        if self._data.closed and not self._progress.stop.is_set():
            self._end("standard output was closed: stopped; the next run continues")

    def _report_outcome(self, outcome: Outcome) -> None:
        if self._settings.verbose:
            level: Level = "warning" if outcome.outcome == "failed" else "info"
            self._console.say(report.outcome_text(outcome), level=level)
        if outcome.outcome == "failed":
            log.error("%s", report.outcome_text(outcome))
        elif log.isEnabledFor(logging.DEBUG):
            log.debug("%s", report.outcome_text(outcome))

    def _report_notes(self) -> None:
        notes = self._progress.notes
        for note in notes[self._notes_reported :]:  # the thread of the run may add notes meanwhile
            self._notes_reported += 1
            is_warning = note in notes.warnings
            self._console.say(safe(note), always=is_warning, level="warning" if is_warning else "info")
            log.warning("%s", safe(note))

    def _write_start_line(self) -> None:
        if self._data is None:
            return
        # it is written by the first record, or in another thread by the first progress line
        with self._start_lock:
            if not self._start_written:
                self._start_written = True
                self._data.write(report.start_line(self._progress, self._settings.dry_run))

    # -- called in the thread of SignalMonitor

    def _tick(self) -> None:
        if self._console.terminal:
            self._console.show(self._progress_report.text())
        else:
            self._console.say(self._progress_report.text())
        self._write_progress_line()

    def _write_progress_line(self, *, is_last: bool = False) -> None:
        """Write a JSON line about the progress if one is due (`--json --progress SECONDS`), or if it is the last."""
        interval, now = self._settings.progress, time.monotonic()
        # on a terminal there are more ticks than lines; a tick may come a little before its time
        is_due = is_last or now >= self._next_progress_line - TERMINAL_TICK / 2
        if self._data is None or not interval or not is_due:
            return
        if self._progress.phase in ("plan", "write"):  # the line `start` is first, and complete only then
            self._next_progress_line = now + interval
            self._write_start_line()
            self._data.write(self._progress_report.line())
            self._data.flush()

    def _show_now(self) -> None:
        self._console.say(self._progress_report.text(), always=True)

    def _stop(self, number: int, first: bool) -> None:
        if first:
            self._progress.request_stop(signal.Signals(number).name, 128 + number)
            self._console.say("Stopping after the current batch. Interrupt again to stop immediately.")
            return
        self._console.clear()
        self._console.say("Stopped immediately. The next run continues.")
        os._exit(128 + number)
