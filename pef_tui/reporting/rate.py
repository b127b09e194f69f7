"""Speed of a run and its remaining time, from counters read a few times a second."""

from __future__ import annotations

from collections import deque

WINDOW = 20.0
"""Number of seconds over which the speed is averaged."""
HISTORY = 240
"""Number of speeds that are stored for the charts, one for each second."""
MIN_SECONDS = 3.0
"""Seconds of work that are needed before a remaining time is estimated."""
SPARKS = "▁▂▃▄▅▆▇█"


class RateMeter:
    """Computes speed and remaining time from samples of one run. Paused time is not counted."""

    def __init__(self) -> None:
        self.files: deque[float] = deque(maxlen=HISTORY)
        """Files per second, one value for each of the last `HISTORY` seconds."""
        self.bytes: deque[float] = deque(maxlen=HISTORY)
        """Bytes per second, one value for each of the last `HISTORY` seconds."""
        self._samples: deque[tuple[float, int, int, float]] = deque()
        self._second: tuple[float, int, int] | None = None
        self._last = 0.0
        self._worked = 0.0

    def sample(self, time: float, files: int, size: int, work: float, paused: bool) -> None:
        """Add a sample of the counters of the run at `time` (in seconds).

        `files`, `size`: number and bytes of the files so far. `work`: completed work in any unit. `paused`: whether the
        run is paused; the time since the sample before then does not count.
        """
        if self._last and not paused:
            self._worked += time - self._last
        self._last = time
        worked = self._worked
        self._samples.append((worked, files, size, work))
        while len(self._samples) > 2 and worked - self._samples[0][0] > WINDOW:
            self._samples.popleft()
        if self._second is None:
            self._second = worked, files, size
        elif worked - self._second[0] >= 1.0:
            start, start_files, start_bytes = self._second
            self.files.append((files - start_files) / (worked - start))
            self.bytes.append((size - start_bytes) / (worked - start))
            self._second = worked, files, size

    def speed(self) -> tuple[float, float]:
        """Return files and bytes per second, averaged over `WINDOW`."""
        if len(self._samples) < 2:
            return 0.0, 0.0
        start, start_files, start_bytes, _ = self._samples[0]
        worked, files, size, _ = self._samples[-1]
        seconds = worked - start
        return (
            ((files - start_files) / seconds, (size - start_bytes) / seconds) if seconds > 0 else (0.0, 0.0)
        )

    def remaining(self, total: float) -> float | None:
        """Return the estimated seconds until the work of the run is complete; None if there are too few samples.

        `total`: all work of the run, in the unit of the `work` of `sample`. The estimate uses the mean of two speeds:
        the speed over `WINDOW`, and the speed of the whole run.
        """
        if self._worked < MIN_SECONDS or len(self._samples) < 2:
            return None
        start, _, _, start_work = self._samples[0]
        worked, _, _, work = self._samples[-1]
        if work <= start_work or worked <= start:
            return None
        recent_speed = (work - start_work) / (worked - start)
        overall_speed = work / worked
        return max(0.0, total - work) / ((recent_speed + overall_speed) / 2)


def sparkline(values: deque[float], width: int) -> str:
    """Return the last `width` values as a line of blocks; the highest value is a full block."""
    recent = list(values)[-width:]
    top = max(recent, default=0.0)
    if top <= 0:
        return ""
    return "".join(SPARKS[min(len(SPARKS) - 1, int(value / top * len(SPARKS)))] for value in recent)


def rough_duration(seconds: float) -> str:
    """Return a remaining time in words, rounded because it is an estimate."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    hours, minutes = divmod(round(seconds / 300) * 5, 60)
    return f"about {hours} h {minutes:02} min" if hours < 10 else f"about {hours} h"
