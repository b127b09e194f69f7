"""How fast a run is and how long it still takes, from counters read a few times a second."""

from __future__ import annotations

from collections import deque

WINDOW = 20.0
"""Seconds over which speed is averaged."""
HISTORY = 60
"""Speeds kept for the sparkline, one a second."""
FIRST_WORD = 3.0
"""Seconds of work before anything is said about the time left."""
SPARKS = "▁▂▃▄▅▆▇█"


class Pace:
    """Samples of one run. Time in which it was paused does not count."""

    def __init__(self) -> None:
        self.files: deque[float] = deque(maxlen=HISTORY)
        """Files a second, of each of the last seconds."""
        self.bytes: deque[float] = deque(maxlen=HISTORY)
        self._samples: deque[tuple[float, int, int, float]] = deque()
        self._second: tuple[float, int, int] | None = None
        self._last = 0.0
        self._worked = 0.0

    def sample(self, now: float, files: int, size: int, done: float, paused: bool) -> None:
        """How far it is at `now` (seconds): files, bytes, and work done in whatever unit."""
        if self._last and not paused:
            self._worked += now - self._last
        self._last = now
        worked = self._worked
        self._samples.append((worked, files, size, done))
        while len(self._samples) > 2 and worked - self._samples[0][0] > WINDOW:
            self._samples.popleft()
        if self._second is None:
            self._second = worked, files, size
        elif worked - self._second[0] >= 1.0:
            begun, files_before, bytes_before = self._second
            self.files.append((files - files_before) / (worked - begun))
            self.bytes.append((size - bytes_before) / (worked - begun))
            self._second = worked, files, size

    def speed(self) -> tuple[float, float]:
        """Files and bytes a second, over the last while."""
        if len(self._samples) < 2:
            return 0.0, 0.0
        begun, files, size, _ = self._samples[0]
        worked, files_now, bytes_now, _ = self._samples[-1]
        seconds = worked - begun
        return ((files_now - files) / seconds, (bytes_now - size) / seconds) if seconds > 0 else (0.0, 0.0)

    def left(self, total: float) -> float | None:
        """Seconds still needed for `total` work at the speed of the last while; None before that can be said."""
        if self._worked < FIRST_WORD or len(self._samples) < 2:
            return None
        begun, _, _, before = self._samples[0]
        worked, _, _, done = self._samples[-1]
        if done <= before or worked <= begun:
            return None
        recent = (done - before) / (worked - begun)
        whole = done / worked
        return max(0.0, total - done) / ((recent + whole) / 2)


def sparkline(values: deque[float], width: int) -> str:
    """The last values as a line of blocks, the highest of them full."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return ""
    return "".join(SPARKS[min(len(SPARKS) - 1, int(value / top * len(SPARKS)))] for value in shown)


def rough(seconds: float) -> str:
    """A time left for people: no more exact than it can be known."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min"
    hours, minutes = divmod(round(seconds / 300) * 5, 60)
    return f"about {hours} h {minutes:02} min" if hours < 10 else f"about {hours} h"
