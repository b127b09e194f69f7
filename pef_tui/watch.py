"""Signals and the clock of a run without a screen, in a thread of their own.

The interpreter writes the number of every signal into a pipe at once, whatever the run is doing; the thread reads
it there. So the second Ctrl-C works even while the run waits for a disk.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_END = b"\0"  # no signal has this number


class Watch:
    """While entered: calls `on_stop(number, first)` and `on_show()` on signals, `on_tick()` every `interval` seconds.

    A signal that was ignored before (`nohup`, background jobs) stays ignored.
    """

    def __init__(
        self,
        on_stop: Callable[[int, bool], None],
        on_show: Callable[[], None],
        on_tick: Callable[[], None],
        interval: float,
    ) -> None:
        """`interval` 0: no ticks."""
        self._on_stop, self._on_show, self._on_tick = on_stop, on_show, on_tick
        self._interval = interval
        self._before: dict[int, Any] = {}
        self.stopped_by = 0
        """Number of the first signal that asked to stop; 0 for none."""

    def __enter__(self) -> Watch:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._thread.start()
        if threading.current_thread() is threading.main_thread():
            self._fd_before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
            for number in (*STOPPING, signal.SIGUSR1):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, _noticed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if threading.current_thread() is threading.main_thread():
            signal.set_wakeup_fd(self._fd_before)
        os.write(self._writing, _END)
        self._thread.join()
        os.close(self._writing)
        os.close(self._reading)

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        timeout = int(self._interval * 1000) if self._interval else None
        while True:
            if not poll.poll(timeout):
                self._on_tick()
                continue
            for number in os.read(self._reading, 64):
                if number == 0:
                    return
                self._signalled(number)

    def _signalled(self, number: int) -> None:
        if number in STOPPING:
            first = not self.stopped_by
            self.stopped_by = self.stopped_by or number
            self._on_stop(number, first)
        elif number == signal.SIGUSR1:
            self._on_show()


def _noticed(number: int, frame: FrameType | None) -> None:
    """The work is done by the thread."""
