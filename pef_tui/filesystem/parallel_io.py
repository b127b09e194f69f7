"""Run calls that wait for a disk or a server in threads, as many at once as make the work faster.

A call that the system answers from memory takes some 25 µs. Threads make such calls slower, because the GIL changes its
owner at every call. A network server, or a disk that must seek, needs 1 to 10 ms for an answer. Most of them can answer
many calls at once. So calls run in the calling thread until measured times show that the device is slow. After that,
they run in threads. The number of threads is doubled as long as that makes the calls faster.
"""

from __future__ import annotations

import os
import resource
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from pef_tui.filesystem.mounts import is_rotational

Item = TypeVar("Item")
Result = TypeVar("Result")

SLOW_SECONDS = 0.0003
"""A device is slow if its calls wait at least this number of seconds. Threads then make the calls faster."""
FIRST_CHUNK, CHUNK, DECISION_CALLS = 16, 64, 8
"""Number of calls that the calling thread makes in one chunk: FIRST_CHUNK until the first decision whether the device
is slow (which needs DECISION_CALLS calls), then CHUNK. Measuring a chunk takes 40 µs.
"""
RECHECK_CALLS, RECHECK_CHUNK = 4096, 4
"""After RECHECK_CALLS calls in threads, the calling thread makes RECHECK_CHUNK calls. They show whether the device is
still slow.
"""
START_DEPTH, MAX_DEPTH, ROTATIONAL_DEPTH = 8, 64, 2
"""Number of calls at once: at first; at most; at most on a disk that rotates (more calls make it seek)."""
GAIN = 1.15
"""Factor by which a larger depth (number of calls at once) must complete more calls per second than the smaller one."""
WINDOW_CALLS = 32
"""Smallest number of calls of a measurement. With fewer, chance could decide."""
HOLD_WINDOWS = 32
"""Number of measurements for which a depth is kept. After that, depths are compared again, from half of this depth on,
or from the first depth.
"""

TRIAL_CALLS, TRIAL_GAIN, MAX_PAUSE = 32, 1.5, 256
"""Limits of the trial that is made after a queue has found the device slow.

TRIAL_CALLS calls in threads must cost the caller TRIAL_GAIN times less than calls in the calling thread. Otherwise the
next decisions, at most MAX_PAUSE, do not lead to threads.
"""
FILES_A_CALL, OTHER_FILES = 4, 128
"""Number of files that one call may have open, and number of files that the rest of the program may have open."""

GIL_PROBES = 5
"""Number of times that the GIL is released, to measure how long other threads hold it."""


class QueueDepth:
    """Measures how many calls at once (the depth) give the highest rate for a device. Not thread-safe."""

    def __init__(self, limit: int = MAX_DEPTH, start: int = START_DEPTH) -> None:
        """`limit`: the largest depth, at least 1. `start`: the first depth, unless `limit` is smaller."""
        self._start = self.value = min(start, limit)
        """The present depth: number of calls at once."""
        self._limit = limit
        self._calls, self._seconds = 0, 0.0
        self._best_depth, self._best_rate = self.value, 0.0
        self._held_windows = 0

    def observe(self, calls: int, seconds: float) -> None:
        """Add a measurement at the depth `value`: `calls` calls were completed in `seconds`. May change `value`."""
        self._calls += calls
        self._seconds += seconds
        if self._calls < max(4 * self.value, WINDOW_CALLS) or self._seconds <= 0:
            return
        rate = self._calls / self._seconds
        self._calls, self._seconds = 0, 0.0
        if self._held_windows:
            self._held_windows -= 1
            if not self._held_windows:  # the device may have changed: begin again with a smaller depth
                self._best_rate, self.value = 0.0, max(self._start, self.value // 2)
            return
        if rate >= GAIN * self._best_rate:
            self._best_depth, self._best_rate = self.value, rate
            self.value = min(2 * self.value, self._limit)
        else:
            self.value = self._best_depth
        if self.value == self._best_depth:
            self._held_windows = HOLD_WINDOWS


class ParallelIo:
    """Has the threads for calls that wait for a device, and knows which devices are slow. Thread-safe."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._slow_devices: set[int] = set()

    def queue(self, *paths: str) -> IoQueue:
        """Return a queue for calls of one kind to the devices of `paths` (see `io_queue`)."""
        devices = {device for path in paths if (device := _device(path)) != -1}
        return IoQueue(self, *devices, limit=_depth_of_descriptors())

    def is_slow(self, device: int) -> bool:
        """Return whether a queue found the device slow by measurement. `device`: a device number."""
        return device in self._slow_devices

    def note_slow(self, device: int) -> None:
        """Store that the device is slow. Later queues for it begin with threads."""
        self._slow_devices.add(device)

    def submit(self, function: Callable[[Item], Result], item: Item) -> Future[Result]:
        """Call `function(item)` in a thread, and return the Future of its result.

        `function` must not wait for another submitted call: all threads may be busy.
        """
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(MAX_DEPTH, thread_name_prefix="io")
            return self._pool.submit(function, item)


_PROCESS_IO = ParallelIo()
"""The object for the whole process: runs that follow each other use the same devices. Threads start on first use."""


def io_queue(*paths: str) -> IoQueue:
    """Return a queue for calls of one kind to the devices of `paths`. Missing paths and "" are ignored.

    Use different queues for different kinds of calls, such as renaming and copying, because their times differ.
    """
    return _PROCESS_IO.queue(*paths)


def _forget_threads() -> None:
    """Replace `_PROCESS_IO` in a forked child process: the child inherits the object, but not its threads."""
    global _PROCESS_IO
    _PROCESS_IO = ParallelIo()


os.register_at_fork(after_in_child=_forget_threads)


class Trial:
    """Compares what a call costs its caller: in threads, and in the calling thread."""

    def __init__(self, call_seconds: float) -> None:
        """`call_seconds`: mean time of a call in the calling thread."""
        self._call_seconds = call_seconds
        self._calls, self._seconds = 0, 0.0

    def saves_time(self, seconds: float) -> bool | None:
        """Add a call that cost its caller `seconds`. Return whether threads save time; None if more calls are
        needed.
        """
        self._calls += 1
        self._seconds += seconds
        if self._calls < TRIAL_CALLS:
            return None
        return self._seconds * TRIAL_GAIN < self._call_seconds * self._calls


class IoQueue:
    """A queue for calls of one kind to one or several devices. Several threads may use it.

    They share its depth: the number of calls at once.
    """

    def __init__(self, io: ParallelIo, *devices: int, limit: int = MAX_DEPTH) -> None:
        """`devices`: numbers of the devices; none if no device is known. `limit`: the largest depth."""
        self._io = io
        self._devices = devices
        self._limit = limit
        rotational = [is_rotational(device) for device in devices]
        # Of several devices, a different one may be slow. So begin with a low depth, and measure.
        self._depth = QueueDepth(
            min(limit, ROTATIONAL_DEPTH) if rotational and all(rotational) else limit,
            ROTATIONAL_DEPTH if any(rotational) else START_DEPTH,
        )
        self._is_slow = any(map(io.is_slow, devices))
        self._is_decided = False
        """Whether this queue has measured if the device is slow. Until then, the measurements of other queues count."""
        self._wait_times: list[float] = []
        """Seconds that calls in the calling thread waited, since the last decision whether the device is slow."""
        self._calls_in_threads = 0
        """Number of calls in threads since the last decision."""
        self._users = 0
        self._trial: Trial | None = None
        """The trial that runs after the decision that the device is slow."""
        self._pause, self._next_pause = 0, 1
        """Number of decisions that are made without a trial: now, and after the next trial that shows no gain."""
        self._lock = threading.Lock()

    def sibling(self) -> IoQueue:
        """Return a new queue for calls of another kind to the same devices."""
        return IoQueue(self._io, *self._devices, limit=self._limit)

    @property
    def is_slow(self) -> bool:
        """Whether calls run in threads, because the device is slow."""
        if not self._is_decided:
            self._is_slow = any(map(self._io.is_slow, self._devices))
        return self._is_slow

    def add_times(self, wait_times: Iterable[float]) -> None:
        """Add the waiting times (seconds) of calls that the caller made and measured itself, without `map`.

        After DECISION_CALLS times, the queue decides whether the device is slow.
        """
        with self._lock:
            if self._decide(wait_times):
                self._note_slow()

    def _decide(self, wait_times: Iterable[float]) -> bool:
        """Add times as `add_times` does, and return whether the device became slow. The caller must hold the lock."""
        self._wait_times += wait_times
        if len(self._wait_times) < (RECHECK_CHUNK if self._is_slow else DECISION_CALLS):
            return False
        # The lower quartile: some calls are answered from memory, and other threads may make calls longer.
        typical = sorted(self._wait_times)[len(self._wait_times) // 4]
        self._wait_times = []
        self._calls_in_threads = 0
        if typical < SLOW_SECONDS:
            self._is_slow, self._is_decided = False, True
        elif self._pause:
            self._pause -= 1
        elif not self._is_slow and not _is_gil_contended():
            self._is_slow = self._is_decided = True
            return True
        return False

    def _note_slow(self) -> None:
        if len(self._devices) == 1:  # of several devices, the slow one is not known
            self._io.note_slow(*self._devices)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result, None, None]:
        """Yield `function(item)` for each item, in the order of the items.

        Items are taken from `items` in the calling thread, at most MAX_DEPTH ahead of the yielded results. If a call
        raises an exception, all running calls end first. Then the exception is raised in the place of the result.
        Closing this generator also waits for running calls.
        """
        stream = iter(items)
        with self._lock:
            self._users += 1
        try:
            while True:
                if self.is_slow and self._calls_in_threads < RECHECK_CALLS:
                    remaining = RECHECK_CALLS - self._calls_in_threads
                    yield from self._run_in_threads(function, islice(stream, remaining))
                chunk = list(islice(stream, self._next_chunk))
                if not chunk:
                    return
                yield from self._run_here(function, chunk)
        finally:
            with self._lock:
                self._users -= 1

    @property
    def _next_chunk(self) -> int:
        """Number of calls of the next chunk in the calling thread."""
        if self._is_slow:
            return RECHECK_CHUNK
        return CHUNK if self._is_decided else FIRST_CHUNK

    def run(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the list of `function(item)` for all items, as `map` yields them."""
        return list(self.map(function, items))

    def _run_here(self, function: Callable[[Item], Result], chunk: list[Item]) -> Iterator[Result]:
        results, times = [], []
        error: Exception | None = None
        busy = time.thread_time() + _run_delay()
        for item in chunk:
            start = time.perf_counter()
            try:
                results.append(function(item))
            except Exception as call_error:  # raised after the results of earlier calls
                error = call_error
                break
            finally:
                times.append(time.perf_counter() - start)
        # A call may also compute (such as decode what it has read), or wait for a processor. Threads do not make that
        # faster.
        busy = (time.thread_time() + _run_delay() - busy) / len(times)
        with self._lock:
            if self._decide([seconds - busy for seconds in times]):
                self._trial = Trial(sum(times) / len(times))
        yield from results
        if error is not None:
            raise error

    def _run_in_threads(self, function: Callable[[Item], Result], items: Iterator[Item]) -> Iterator[Result]:
        pending: deque[Future[Result]] = deque()
        start, waited, completed = time.perf_counter(), 0.0, 0
        began = start
        try:
            while True:
                least = 2 if self._trial is not None else 1
                depth = max(least, self._depth.value // max(1, self._users)) if self._is_slow else 0
                for item in islice(items, max(0, depth - len(pending))):
                    pending.append(self._io.submit(function, item))
                    self._calls_in_threads += 1
                if not pending:
                    return
                before = time.perf_counter()
                result = pending.popleft().result()
                now = time.perf_counter()
                waited += now - before
                completed += 1
                self._try_threads(now - began)
                if completed >= depth:
                    # If the caller takes results more slowly than the device returns them, another depth does not help.
                    if 2 * waited > now - start:
                        self._observe(completed, now - start)
                    start, waited, completed = now, 0.0, 0
                yield result
                began = time.perf_counter()
        finally:
            for future in pending:
                future.cancel()
            wait(pending)

    def _try_threads(self, seconds: float) -> None:
        """Add a call in threads to the trial, if there is one. `seconds`: how long the call took the caller.

        The end of the trial decides whether threads save time. If not, calls run in the calling thread again, and the
        next trial is made later than this one.
        """
        if self._trial is None:
            return
        with self._lock:
            if self._trial is None or (saves_time := self._trial.saves_time(seconds)) is None:
                return
            self._trial = None
            if saves_time:
                self._note_slow()
                self._next_pause = 1
            else:
                self._is_slow = False
                self._pause = self._next_pause
                self._next_pause = min(2 * self._next_pause, MAX_PAUSE)

    def _observe(self, calls: int, seconds: float) -> None:
        with self._lock:
            self._depth.observe(calls * max(1, self._users), seconds)


def _depth_of_descriptors() -> int:
    """Return how many calls may run at once within the limit of open files of the process."""
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft_limit == resource.RLIM_INFINITY:
        return MAX_DEPTH
    return max(1, min(MAX_DEPTH, (soft_limit - OTHER_FILES) // FILES_A_CALL))


def _device(path: str) -> int:
    """Return the number of the device of `path`; -1 if it is missing or ""."""
    try:
        return os.stat(path).st_dev if path else -1
    except OSError:
        return -1


def _run_delay() -> float:
    """Return the seconds that the calling thread has waited for a processor; 0 if not on Linux.

    It is the second number in `schedstat` (Documentation/scheduler/sched-stats.rst).
    """
    try:
        with open("/proc/thread-self/schedstat", "rb", buffering=0) as file:  # noqa: PTH123
            return int(file.read(64).split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def _is_gil_contended() -> bool:
    """Return whether a thread that releases the GIL must wait for it. If so, measured times of calls are too long."""
    times = []
    for _ in range(GIL_PROBES):
        start = time.perf_counter()
        os.stat(os.sep)  # 1 µs without other threads; `time.sleep(0)` takes 70 µs
        times.append(time.perf_counter() - start)
    return sorted(times)[GIL_PROBES // 2] > SLOW_SECONDS / 4
