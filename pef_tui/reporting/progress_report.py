"""The progress of a run as text and as a JSON line, with the percentage and the estimated time left."""

from __future__ import annotations

import time
from collections.abc import Callable

from pef_tui.progress import Progress
from pef_tui.reporting.json_lines import ProgressLine, duration_text, encode_line
from pef_tui.reporting.rate import RateMeter, rough_duration
from pef_tui.sanitize import safe

_PHASES = {"setup": "checking the sources", "wait": "waiting for another run"}
"""Texts for phases in which no file is processed."""


class ProgressReport:
    """Describes the progress of one run. Each call is a sample of its speed. Only one thread may call it."""

    def __init__(self, progress: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: returns the time in seconds, as `time.monotonic`."""
        self._progress = progress
        self._clock = clock
        self._rate: RateMeter | None = None
        """The samples; None until planning begins."""

    def text(self) -> str:
        """Return the progress as one line: counts, percentage, time left, speed and the present folder."""
        progress = self._progress
        seconds, media = max(progress.seconds, 0.001), progress.media_count
        remaining = self._seconds_left()
        if not progress.file_count and progress.phase in _PHASES:
            return f"{_PHASES[progress.phase]} | {duration_text(seconds)}"
        failed = f", {progress.failed:,} failed" if progress.failed else ""
        part = f" | {_percent(progress.file_count, total)}" if (total := progress.total) else ""
        left = f", {rough_duration(remaining)} left" if part and remaining is not None else ""
        rate = (
            f"{media / seconds:,.0f}/s, {progress.bytes / seconds / 1e6:,.1f} MB/s, {duration_text(seconds)}"
        )
        return f"{media:,} pictures and videos{failed}{part}{left} | {rate} | {safe(progress.folder)}"

    def line(self) -> bytes:
        """Return the progress as a JSON line. It is for the time after planning began (`Progress.begin_work`)."""
        progress, left = self._progress, self._seconds_left()
        return encode_line(
            ProgressLine(
                1,
                "progress",
                "plan" if progress.phase == "plan" else "write",
                progress.file_count,
                progress.total,
                progress.bytes,
                round(progress.seconds, 3),
                None if left is None else round(left, 1),
            )
        )

    def _seconds_left(self) -> float | None:
        """Take a sample, and return the estimated seconds until the end; None if there is no estimate."""
        progress, now = self._progress, self._clock()
        if not progress.work_started:
            return None
        if self._rate is None:
            self._rate = RateMeter()
            self._rate.sample(progress.work_started, 0, 0, 0.0, False)
        files, is_paused = progress.file_count, progress.pause.is_set()
        self._rate.sample(now, files, progress.bytes, float(files), is_paused)
        total = progress.total
        return None if total is None else self._rate.remaining(float(total))


def _percent(done: int, total: int) -> str:
    """Return the part of the files that is done: `21 % of 5,678 files`. It is 100 only if all are done."""
    return f"{100 * done // total} % of {total:,} files"
