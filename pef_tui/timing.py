"""Measure the time of each stage of a run, without the time that the stage waits for the stage before it."""

from __future__ import annotations

import logging
import resource
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TypeVar

from msgspec import Struct

Item = TypeVar("Item")
Key = tuple[str, ...]
"""A stage, or a part of a stage: `("read tags",)`, `("write", "native", "jpeg")`."""


class StageTime(Struct):
    """Time of one stage, added up over all threads."""

    seconds: float = 0.0
    """Elapsed seconds, including waiting for disks and child processes."""
    cpu_seconds: float = 0.0
    """Seconds of processor time, without child processes."""
    calls: int = 0
    """How many times the stage was measured."""


log = logging.getLogger("pef_tui")


class CpuUse:
    """Measures, from its creation on, the elapsed time and the processor time of this process and its child processes.

    The processor time of a child process is included when the child has ended.
    """

    def __init__(self) -> None:
        self._began, self._self_seconds, self._child_seconds = time.monotonic(), *_cpu_seconds()

    def log_usage(self, activity: str, files: int) -> None:
        """Write the elapsed and processor time since the creation of this object to the log.

        `activity`: what was done. `files`: number of files.
        """
        self_seconds, child_seconds = _cpu_seconds()
        self_seconds, child_seconds = self_seconds - self._self_seconds, child_seconds - self._child_seconds
        seconds = time.monotonic() - self._began
        message = "%s: %d files in %.2f s, %.2f s of processor time, %.2f s of it in other processes"
        log.info(message, activity, files, seconds, self_seconds + child_seconds, child_seconds)


def _cpu_seconds() -> Iterator[float]:
    """Yield two numbers: the processor time in seconds of this process, and of its finished child processes."""
    for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(whose)
        yield usage.ru_utime + usage.ru_stime


COPY, WRITE, CHECK, SYNC, PLACE, RECORD = "copy", "write", "check", "sync", "put in place", "record"
"""Names of the steps of writing a batch, as used in a `Key`. The key of WRITE also has the writer and the format."""


class StageTimer:
    """A timer that measures nothing, for runs without `--profile`."""

    @property
    def times(self) -> dict[Key, StageTime]:
        """Time of each stage so far; here empty."""
        return {}

    def time_block(self, *stage: str) -> AbstractContextManager[None]:
        """Return a context whose time counts for `stage`. A nested context counts only for its own stage."""
        return nullcontext()

    def add(self, stage: Key, time: StageTime) -> None:
        """Add time to `stage` that was measured elsewhere, for instance in another process."""

    def time_items(self, stage: str, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items. The time that it takes to get each item counts for `stage`."""
        return iter(items)

    def time_calls(self, stage: str, function: Callable[[Item], None]) -> Callable[[Item], None]:
        """Return a function that calls `function`. The time of its calls counts for `stage`."""
        return function


class RunningTimer(StageTimer):
    """A timer that measures, for runs with `--profile`. Thread-safe."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._times: dict[Key, StageTime] = {}
        self._lock = threading.Lock()
        self._nested = threading.local()

    @property
    def times(self) -> dict[Key, StageTime]:
        """Time of each stage so far."""
        return self._times

    @property
    def seconds(self) -> float:
        """Seconds since the creation of the timer."""
        return time.monotonic() - self.began

    @contextmanager
    def time_block(self, *stage: str) -> Iterator[None]:
        """Return a context whose time counts for `stage`. See `StageTimer.time_block`."""
        outer = self._nested.__dict__.setdefault("stack", [])
        inner = [0.0, 0.0]
        outer.append(inner)
        began, cpu_start = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            took, cpu_start = time.perf_counter() - began, time.thread_time() - cpu_start
            outer.pop()
            if outer:
                outer[-1][0] += took
                outer[-1][1] += cpu_start
            self.add(stage, StageTime(took - inner[0], cpu_start - inner[1], 1))

    def add(self, stage: Key, time: StageTime) -> None:
        """Add time to `stage` that was measured elsewhere."""
        with self._lock:
            spent = self._times.setdefault(stage, StageTime())
            spent.seconds += time.seconds
            spent.cpu_seconds += time.cpu_seconds
            spent.calls += time.calls

    def time_items(self, stage: str, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items. The time that it takes to get each item counts for `stage`.

        Closing the iterator closes `items`.
        """
        pulled = iter(items)
        try:
            while True:
                with self.time_block(stage):
                    try:
                        item = next(pulled)
                    except StopIteration:
                        return
                yield item
        finally:
            with suppress(AttributeError):
                pulled.close()  # type: ignore[attr-defined]

    def time_calls(self, stage: str, function: Callable[[Item], None]) -> Callable[[Item], None]:
        """Return a function that calls `function`, and counts the time of the calls for `stage`."""

        def timed(item: Item) -> None:
            with self.time_block(stage):
                function(item)

        return timed
