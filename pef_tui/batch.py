"""The run without a screen: progress in words, records as JSON lines, signals, exit code."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from pef_tui import report
from pef_tui.clock import Measured
from pef_tui.console import Console, Data, data_out
from pef_tui.display import safe
from pef_tui.errors import DestHeld, ExifToolMissing, RunError, UsageError
from pef_tui.model import Outcome, Record
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.watch import Watch

if TYPE_CHECKING:
    from pef_tui.report_page import RunReport

Run = Callable[[Settings, PluginHost, Progress], Iterator[Record]]

DONE, FAILED, USAGE, SOME_FAILED, NO_EXIFTOOL, HELD = 0, 1, 2, 3, 4, 75
CODES: dict[type[RunError], int] = {UsageError: USAGE, ExifToolMissing: NO_EXIFTOOL, DestHeld: HELD}

TERMINAL_TICK = 0.25
"""Seconds between two progress lines on a terminal."""
FLUSH_EVERY = 0.1
"""Seconds data may wait for more of it."""

log = logging.getLogger("pef_tui.batch")


def code_of(error: RunError) -> int:
    """The exit code of a run that ended with this."""
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), FAILED)


def batch(settings: Settings, host: PluginHost, run: Run) -> int:
    """Carry out a run and tell of it; the exit code."""
    with data_out() as data:
        return Front(settings, host, data if settings.json else None).carry_out(run)


class Front:
    """One run as it is told."""

    def __init__(self, settings: Settings, host: PluginHost, data: Data | None) -> None:
        self._settings = settings
        self._host = host
        self._data = data
        self._console = Console(settings.quiet)
        self._progress = Progress()
        single = data is not None or settings.verbose or settings.report or log.isEnabledFor(logging.DEBUG)
        self._progress.by_count = not single
        self._progress.notes += host.notes
        self._progress.sources, self._progress.output = settings.sources, settings.output
        self._noted = 0
        self._started = False
        self._flushed = 0.0
        self._error = ""
        self._report: RunReport | None = None
        ticks = TERMINAL_TICK if self._console.terminal and not settings.quiet else settings.progress
        self._watch = Watch(self._stop, self._show_now, self._tick, ticks)

    def carry_out(self, run: Run) -> int:
        """The run from its first to its last word."""
        progress, measured = self._progress, Measured()
        with self._watch:
            status = self._guarded(run)
            if self._report is not None and (wrong := self._report.finish(progress, self._error)):
                self._error, status = self._error or wrong, status or FAILED
        measured.tell("preview" if self._settings.dry_run else "run", progress.found)
        progress.notes += [note for note in self._host.notes if note not in progress.notes]
        self._console.clear()
        self._tell_notes()
        trace = tuple(self._host.trace())
        for line in trace:
            self._console.say(f"trace: {line}", always=True)
        if self._data is not None:
            self._start()
            self._data.write(report.summary_line(progress, status, self._error, trace))
            self._data.flush()
        if progress.found or not self._error:
            for line in report.summary(progress, self._settings.dry_run):
                self._console.say(line)
                log.info("%s", line)
        if self._error:
            self._console.error(self._error)
            log.error("%s", self._error)
        elif self._settings.quiet and progress.failed:
            self._console.error(f"{progress.failed:,} files failed; --json or --log names them")
        log.info("ExifTool %s, stopped by signal %d", progress.exiftool or "none", self._watch.stopped_by)
        log.info("ended with exit code %d", status)
        return status

    def _guarded(self, run: Run) -> int:
        try:
            self._consume(run)
        except RunError as error:
            self._error = safe(str(error))
            return code_of(error)
        except Exception as error:  # whatever it is: one line, everything recorded stays
            from pef_tui.guard import reason

            log.exception("unexpected")
            self._error = f"unexpected: {reason(error)}; --log FILE keeps the details"
            return FAILED
        if self._watch.stopped_by:
            return 128 + self._watch.stopped_by
        if self._error:
            return FAILED
        return SOME_FAILED if self._progress.failed or self._progress.incomplete else DONE

    def _consume(self, run: Run) -> None:
        log.info("sources %s, output %s", safe(repr(self._settings.sources)), safe(self._settings.output))
        limit = self._settings.max_errors
        if self._settings.report:
            self._begun_report().check()
        records = run(self._settings, self._host, self._progress)
        with closing(records):  # type: ignore[type-var]
            for record in records:
                self._progress.add(record)
                self._begun_report().add(record)
                self._tell(record)
                if limit and self._progress.failed >= limit and not self._progress.stop.is_set():
                    self._end(f"stopped after {limit:,} failed files (--max-errors); the next run goes on")

    def _begun_report(self) -> RunReport:
        """The report of this run; one that only counts has none."""
        if self._report is None:
            from pef_tui.report_page import RunReport

            self._report = RunReport(self._settings)
        return self._report

    def _end(self, why: str) -> None:
        """Let the run end after the batch in hand, as failed."""
        self._error = why
        self._progress.stop.set()

    # -- telling

    def _tell(self, record: Record) -> None:
        if len(self._progress.notes) > self._noted:
            self._tell_notes()
        if isinstance(record, Outcome):
            self._tell_outcome(record)
        if self._data is None:
            return
        self._start()
        self._data.write(report.record_line(record))
        now = time.monotonic()
        if now - self._flushed >= FLUSH_EVERY:
            self._flushed = now
            self._data.flush()
        if self._data.closed and not self._progress.stop.is_set():
            self._end("nobody reads standard output any more: stopped; the next run goes on")

    def _tell_outcome(self, outcome: Outcome) -> None:
        if self._settings.verbose:
            self._console.say(report.outcome_words(outcome))
        if outcome.word == "failed":
            log.error("%s", report.outcome_words(outcome))
        elif log.isEnabledFor(logging.DEBUG):
            log.debug("%s", report.outcome_words(outcome))

    def _tell_notes(self) -> None:
        for note in self._progress.notes[self._noted :]:  # the run's thread may add one in the meantime
            self._noted += 1
            self._console.say(safe(note))
            log.warning("%s", safe(note))

    def _start(self) -> None:
        if self._data is not None and not self._started:
            self._started = True
            self._data.write(report.start_line(self._progress, self._settings.dry_run))

    # -- called by the watching thread

    def _tick(self) -> None:
        if self._console.terminal:
            self._console.show(report.counts(self._progress))
        else:
            self._console.say(report.counts(self._progress))

    def _show_now(self) -> None:
        self._console.say(report.counts(self._progress), always=True)

    def _stop(self, number: int, first: bool) -> None:
        if first:
            self._progress.stop.set()
            self._console.say("Stopping after the batch in hand; once more to leave at once.")
            return
        self._console.clear()
        self._console.say("Left at once; the next run goes on.")
        os._exit(128 + number)
