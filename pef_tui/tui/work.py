"""One run, or one preview, in a thread of its own; screens read its counters and touch nothing of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from threading import Thread
from typing import Literal

from pef_tui.clock import Measured
from pef_tui.display import safe
from pef_tui.errors import RunError
from pef_tui.guard import reason
from pef_tui.model import Outcome, Record
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings

Sink = Callable[[Record], None]
"""Takes every record, in the thread of the run."""
MakeHost = Callable[[], PluginHost]
Ending = Literal["", "done", "stopped", "failed"]

EXIFTOOL_SECONDS = 0.025
"""One file through ExifTool, whatever its size (as batches are measured out)."""
FILE_SECONDS = 0.001
"""Staging, renaming and recording one file."""
BYTES_A_SECOND = 200e6

log = logging.getLogger("pef_tui.tui")


def cost(record: Record) -> float:
    """About how long one worker has with it, in seconds; only the proportion of two costs matters."""
    if not isinstance(record, Outcome) or record.plan.output is None or record.word == "unchanged":
        return 0.0
    tool = EXIFTOOL_SECONDS if record.plan.writer == "exiftool" else 0.0
    return FILE_SECONDS + tool + record.plan.match.media.size / BYTES_A_SECOND


class Work:
    """A run of the pipeline. Its own thread writes the attributes, anyone may read them."""

    def __init__(
        self, settings: Settings, make_host: MakeHost, sink: Sink, finish: Callable[[], None] = lambda: None
    ) -> None:
        """`finish` is called in the thread of the run once the last record was told."""
        self.settings = settings
        self.progress = Progress()
        self.error = ""
        """Why it failed as a whole, in one line that is safe to show."""
        self.failure: Exception | None = None
        self.ending: Ending = ""
        """How it ended; "" while it goes on."""
        self.cost = 0.0
        """Of what is done so far, as `cost` counts it."""
        self.seconds = 0.0
        """How long it took, once it is over."""
        self._make_host = make_host
        self._sink = sink
        self._finish = finish
        self._thread = Thread(target=self._carry_out, name="run")

    @property
    def over(self) -> bool:
        """Has it come to its end, in whatever way?"""
        return bool(self.ending)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end after the batches in hand; `join` waits for that."""
        self.progress.stop.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end."""
        self._thread.join(timeout)

    # -- in the thread of the run

    def _carry_out(self) -> None:
        measured = Measured()
        try:
            self._consume()
        except RunError as error:
            self.failure, self.error = error, safe(str(error))
        except Exception as error:  # whatever it is: one line, everything recorded stays
            log.exception("unexpected")
            self.failure, self.error = error, f"unexpected: {reason(error)}"
        self._finish()
        measured.tell("preview" if self.settings.dry_run else "run", self.progress.found)
        self.seconds = self.progress.seconds
        stopped = self.progress.stop.is_set()
        self.ending = "failed" if self.error else "stopped" if stopped else "done"

    def _consume(self) -> None:
        from pef_tui.pipeline import run

        progress, sink = self.progress, self._sink
        host = self._make_host()
        progress.notes += host.notes
        limit = self.settings.max_errors
        with closing(run(host.settings, host, progress)) as records:  # type: ignore[type-var]
            for record in records:
                progress.add(record)
                self.cost += cost(record)
                sink(record)
                if limit and progress.failed >= limit and not progress.stop.is_set():
                    self.error = f"stopped after {limit:,} failed files (max_errors); the next run goes on"
                    progress.stop.set()
                if self.settings.dry_run and progress.stop.is_set():
                    break
        progress.notes += [note for note in host.notes if note not in progress.notes]


def waited(work: Work, until: float) -> bool:
    """Is the work over before the moment `until` of the monotonic clock?"""
    work.join(max(0.0, until - time.monotonic()))
    return work.over
