"""Handle signals and make periodic calls during a run without screens, in a separate thread.

The interpreter writes the number of each signal into a pipe at once, even if the run is busy, and the thread reads it.
So the second Ctrl-C works even while the run waits for a disk. While the main thread waits for a server that does not
answer, the system does not deliver signals to it, so the thread also takes signals that were not delivered.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that stop the run."""
TAKE_SECONDS = 0.5
"""Seconds between two times at which signals that were not delivered are taken."""
_END = b"\0"  # no signal has this number


class SignalMonitor:
    """Context that makes calls in its thread: on signals and periodically.

    For a signal in `STOPPING`, it calls `on_stop(number, first)`; `first` is True for the first such signal, and False
    for all later ones. For SIGUSR1, it calls `on_show()`. Whenever no signal came for `interval` seconds, it calls
    `on_tick()`. A signal that was already ignored (`nohup`, background jobs) stays ignored.
    """

    def __init__(
        self,
        on_stop: Callable[[int, bool], None],
        on_show: Callable[[], None],
        on_tick: Callable[[], None],
        interval: float,
    ) -> None:
        """`interval`: seconds between calls of `on_tick`; 0 for no such calls."""
        self._on_stop, self._on_show, self._on_tick = on_stop, on_show, on_tick
        self._interval = interval
        self._previous_handlers: dict[int, Any] = {}
        self.stopped_by = 0
        """Number of the first signal in `STOPPING` that came; 0 if none came."""

    def __enter__(self) -> SignalMonitor:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._thread.start()
        if threading.current_thread() is threading.main_thread():
            self._previous_fd = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
            for number in (*STOPPING, signal.SIGUSR1):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous_handlers[number] = signal.signal(number, _ignore)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(self._previous_fd)
        os.write(self._writing, _END)
        self._thread.join()
        os.close(self._writing)
        os.close(self._reading)

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        next_tick = time.monotonic() + self._interval
        while True:
            remaining = next_tick - time.monotonic() if self._interval else TAKE_SECONDS
            if not poll.poll(max(0.0, min(remaining, TAKE_SECONDS)) * 1000):
                self._take_undelivered()
                if self._interval and time.monotonic() >= next_tick:
                    self._on_tick()
                    next_tick = time.monotonic() + self._interval
                continue
            next_tick = time.monotonic() + self._interval
            for number in os.read(self._reading, 64):
                if number == 0:
                    return
                self._handle_signal(number)

    def _take_undelivered(self) -> None:
        """Handle a signal that waits because the main thread cannot take it (only on systems with `sigtimedwait`)."""
        if self._previous_handlers and hasattr(signal, "sigtimedwait"):
            taken = signal.sigtimedwait(tuple(self._previous_handlers), 0)
            if taken is not None:
                self._handle_signal(taken.si_signo)

    def _handle_signal(self, number: int) -> None:
        if number in STOPPING:
            first = not self.stopped_by
            self.stopped_by = self.stopped_by or number
            self._on_stop(number, first)
        elif number == signal.SIGUSR1:
            self._on_show()


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing, because the thread of `SignalMonitor` handles the signal."""
