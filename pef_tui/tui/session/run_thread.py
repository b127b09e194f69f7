"""Carry out one run or preview in its own thread. Screens only read the counters of the run."""

from __future__ import annotations

import logging
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Literal

from pef_tui.errors import RunError
from pef_tui.model import Outcome, Record
from pef_tui.pipeline.exit_codes import FAILED, OK, error_code, progress_code
from pef_tui.pipeline.run_to_end import run_to_end
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import DATED, Progress
from pef_tui.settings import Settings
from pef_tui.timing import CpuUse

Sink = Callable[[Record], None]
"""Function that is called with every record of a run, in the thread of the run."""
MakeHost = Callable[[], PluginHost]
Ending = Literal["", "done", "stopped", "failed"]

EXIFTOOL_SECONDS = 0.025
"""Estimated seconds that ExifTool needs for one file of any size. The scheduler sizes batches with the same value."""
FILE_SECONDS = 0.001
"""Estimated seconds to stage, rename and record one file."""
BYTES_A_SECOND = 200e6
MAX_RECENT = 40
"""Maximum number of files in `RunThread.recent_outputs`."""

log = logging.getLogger("pef_tui.tui")


def cost(record: Record) -> float:
    """Return the estimated seconds that a worker thread needs for the file of a record; 0 if no file is written.

    Only ratios of costs are used, for the progress bar.
    """
    if not isinstance(record, Outcome) or record.plan.output is None or record.outcome == "unchanged":
        return 0.0
    tool = EXIFTOOL_SECONDS if record.plan.writer == "exiftool" else 0.0
    return FILE_SECONDS + tool + record.plan.match.media.size / BYTES_A_SECOND


class RunThread:
    """A run or preview in a thread. Only this thread changes the attributes; any thread may read them."""

    def __init__(
        self, settings: Settings, make_host: MakeHost, sink: Sink, finish: Callable[[], None] = lambda: None
    ) -> None:
        """`sink` gets every record, and `finish` is called after the last record, both in the thread of the run."""
        self.settings = settings
        self.progress = Progress()
        self.progress.has_exiftool_advice = True  # `preflight` has shown it
        self.error = ""
        """Why the run as a whole failed, as one line with control characters escaped; "" if it did not fail."""
        self.failure: Exception | None = None
        self.ending: Ending = ""
        """`done`, `stopped` or `failed` after the run has ended; "" before."""
        self.cost = 0.0
        """Sum of `cost` of all records so far, in seconds."""
        self.recent_outputs: deque[Outcome] = deque(maxlen=MAX_RECENT)
        """The last `MAX_RECENT` files that have an output, the most recent last."""
        self.seconds = 0.0
        """Duration of the run in seconds; 0 until it has ended."""
        self._make_host = make_host
        self._host: PluginHost | None = None
        self._sink = sink
        self._finish = finish
        self._thread = Thread(target=self._carry_out, name="run")

    @property
    def is_over(self) -> bool:
        """Whether the run is no longer in progress: it is complete, was stopped, or failed."""
        return bool(self.ending)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, reason: str = "user", code: int = 128 + signal.SIGINT) -> None:
        """Request that the run ends after the batches in progress. Return immediately; `join` waits for the end.

        `reason`, `code`: see `Progress.stop_reason` and `Progress.stop_code`.
        """
        self.progress.request_stop(reason, code)

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread ends, at most `timeout` seconds; None for no limit."""
        self._thread.join(timeout)

    # -- in the thread of the run

    def _carry_out(self) -> None:
        cpu_use = CpuUse()
        progress = self.progress
        failure = run_to_end(
            self._records,
            self.settings,
            progress,
            self._receive,
            limit_name="max_errors",
            end_previews_at_once=True,
        )
        if failure is not None:
            self.failure, self.error = failure.error, failure.text
        if self._host is not None and self.failure is None:
            progress.notes.add_missing(self._host.notes)
        self._finish()
        cpu_use.log_usage("preview" if self.settings.dry_run else "run", progress.file_count)
        progress.ended = time.monotonic()
        self.seconds = progress.seconds
        self.ending = "failed" if self.error else "stopped" if progress.stop.is_set() else "done"

    def _records(self) -> Iterator[Record]:
        """Load the plugins, and yield the records of the run. Raises what `pipeline.run` raises."""
        from pef_tui.pipeline.run import run

        host = self._host = self._make_host()
        self.progress.notes.add_missing(host.notes)
        yield from run(host.settings, host, self.progress)

    def _receive(self, record: Record) -> None:
        self.cost += cost(record)
        if isinstance(record, Outcome) and record.output and record.outcome in DATED:
            self.recent_outputs.append(record)
        self._sink(record)


def has_ended_by(run: RunThread, deadline: float) -> bool:
    """Wait for a run until `deadline` (seconds of the monotonic clock). Return whether the run has ended."""
    run.join(max(0.0, deadline - time.monotonic()))
    return run.is_over


def exit_code(run: RunThread | None, screen_failed: bool = False) -> int:
    """Return the exit code of the app: the exit code of its last run; without a run, 1 if the app failed, else 0."""
    if run is None:
        return FAILED if screen_failed else OK
    if run.ending == "failed":
        return error_code(run.failure) if isinstance(run.failure, RunError) else FAILED
    if run.ending == "stopped":
        return 128 + signal.SIGINT
    return progress_code(run.progress)
