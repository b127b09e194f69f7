"""Where the time of a run goes: each stage's own share, without what it waited for from the stage before it."""

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
"""A stage, or a part of one: `("read tags",)`, `("write", "native", "jpeg")`."""


class Spent(Struct):
    """What one stage took, in all threads together."""

    seconds: float = 0.0
    """Of the wall clock, waiting for disks and other programs included."""
    processor: float = 0.0
    """Seconds of the processor; what other programs used is not in it."""
    times: int = 0


log = logging.getLogger("pef_tui")


class Measured:
    """Seconds and processor time from its making on: of this program, and of those it waited for meanwhile."""

    def __init__(self) -> None:
        self._began, self._own, self._others = time.monotonic(), *_processor()

    def tell(self, what: str, files: int) -> None:
        """Write to the log what so many files took."""
        own, others = _processor()
        own, others = own - self._own, others - self._others
        took = time.monotonic() - self._began
        told = "%s: %d files in %.2f s, %.2f s of processor time, %.2f s of it in other processes"
        log.info(told, what, files, took, own + others, others)


def _processor() -> Iterator[float]:
    """Seconds of this process, and of those it has waited for."""
    for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(whose)
        yield usage.ru_utime + usage.ru_stime


COPY, WRITE, CHECK, SYNC, PLACE, RECORD = "copy", "write", "check", "sync", "put in place", "record"
"""What carrying out a batch consists of; of WRITE, the writer and the format are told as well."""


class Clock:
    """Counts nothing: what a run has unless it is asked for a profile."""

    @property
    def spent(self) -> dict[Key, Spent]:
        """What every stage took so far."""
        return {}

    def on(self, *stage: str) -> AbstractContextManager[None]:
        """Around the work of a stage; may be nested, then the inner one's time is not the outer one's."""
        return nullcontext()

    def add(self, stage: Key, more: Spent) -> None:
        """Count what was measured elsewhere."""

    def over(self, stage: str, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; the time that each took to come is that stage's."""
        return iter(items)

    def around(self, stage: str, put: Callable[[Item], None]) -> Callable[[Item], None]:
        """The same call; the time in it is that stage's."""
        return put


class RunningClock(Clock):
    """Counts; any thread may."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._spent: dict[Key, Spent] = {}
        self._lock = threading.Lock()
        self._nested = threading.local()

    @property
    def spent(self) -> dict[Key, Spent]:
        """A Clock's `spent`."""
        return self._spent

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.began

    @contextmanager
    def on(self, *stage: str) -> Iterator[None]:
        """A Clock's `on`."""
        outer = self._nested.__dict__.setdefault("stack", [])
        inner = [0.0, 0.0]
        outer.append(inner)
        began, used = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            took, used = time.perf_counter() - began, time.thread_time() - used
            outer.pop()
            if outer:
                outer[-1][0] += took
                outer[-1][1] += used
            self.add(stage, Spent(took - inner[0], used - inner[1], 1))

    def add(self, stage: Key, more: Spent) -> None:
        """A Clock's `add`."""
        with self._lock:
            spent = self._spent.setdefault(stage, Spent())
            spent.seconds += more.seconds
            spent.processor += more.processor
            spent.times += more.times

    def over(self, stage: str, items: Iterable[Item]) -> Iterator[Item]:
        """A Clock's `over`; closing it closes what it goes over."""
        pulled = iter(items)
        try:
            while True:
                with self.on(stage):
                    try:
                        item = next(pulled)
                    except StopIteration:
                        return
                yield item
        finally:
            with suppress(AttributeError):
                pulled.close()  # type: ignore[attr-defined]

    def around(self, stage: str, put: Callable[[Item], None]) -> Callable[[Item], None]:
        """A Clock's `around`."""

        def timed(item: Item) -> None:
            with self.on(stage):
                put(item)

        return timed
