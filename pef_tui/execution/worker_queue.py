"""Collect Plans into batches, and carry out several batches at once in threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from pef_tui.model import Outcome, Plan

BATCH_FILES = 200
BATCH_BYTES = 512 << 20
BATCH_SECONDS = 2.0
"""Limits of a batch: number of files, bytes of their sources, estimated seconds of writing. The first one ends it."""
SMALL_BATCH, SMALL_SECONDS, NO_SMALL_BATCH = 16, 0.2, 64
"""Limits from which an incomplete batch is given to an idle worker.

It needs SMALL_BATCH Plans that take SMALL_SECONDS together, or NO_SMALL_BATCH Plans of any duration. Smaller batches
would cost time: a commit waits for the disk three times. That takes as long as writing one file with ExifTool, or some
20 small JPEGs natively.
"""
FOLDER_BATCH = 50
"""Number of Plans from which a batch ends with its Folder, because a commit syncs each folder that it writes into."""
WAITING_BATCHES = 2
"""Number of extra batches at once if a disk is slow, in addition to one for each worker.

One batch can be staged while others wait for a sync or for their final names.
"""
EXIFTOOL_SECONDS = 0.025
"""Estimated seconds to write one file of any size with ExifTool. (Measured: 12–22 ms of processor time.)"""
BYTES_A_SECOND = 200e6
"""Estimated speed of copying, in bytes per second."""
SLOW_BYTES_A_SECOND, MIN_MEASURED_BYTES = 50e6, 4 << 20
"""Speed in bytes per second. If a remote worker is slower, its measured speed replaces the estimate.

With the estimate, a batch on a slow connection would take minutes. At the end of a run, most workers would wait for a
few. Only batches of at least MIN_MEASURED_BYTES are measured, because small ones spend most time on syncs.
"""


class _Threads:
    """Threads with their own queue of batches."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._futures: set[Future[list[Outcome]]] = set()

    @property
    def load(self) -> float:
        """Number of unfinished batches per thread."""
        self._futures = {future for future in self._futures if not future.done()}
        return len(self._futures) / self._count

    def submit(
        self, carry_out: Callable[[list[Plan]], list[Outcome]], batch: list[Plan]
    ) -> Future[list[Outcome]]:
        """Return a Future of the Outcomes of `carry_out(batch)`. One of the threads makes the call."""
        future = self._pool.submit(carry_out, batch)
        self._futures.add(future)
        return future

    def shutdown(self) -> None:
        """Wait for the batches and end the threads."""
        self._pool.shutdown()


class WorkerQueue:
    """A queue of batches, the threads that carry them out, and the next batch, to which Plans are added."""

    def __init__(
        self,
        workers: int,
        name: str,
        carry_out: Callable[[list[Plan]], list[Outcome]],
        is_slow: Callable[[], bool] | None = None,
        batches_per_worker: int = 0,
    ) -> None:
        """`workers`: number of batches at once. `name`: beginning of the names of the threads.

        `is_slow`: returns whether a disk is slow; WAITING_BATCHES more batches are then carried out at once.
        `batches_per_worker`: number of batches that one remote worker has at once, 0 for local threads. The speed of
        remote workers is measured.
        """
        self._workers = workers
        self._carry_out = carry_out
        self._is_slow = is_slow or (lambda: False)
        self._threads = _Threads(workers, name)
        self._extra_threads = _Threads(WAITING_BATCHES, f"{name}-extra")
        """Threads for a slow disk. They are started, and get writer sessions, when a disk is slow for the first
        time.
        """
        self.pending: set[Future[list[Outcome]]] = set()
        self.finished: deque[Future[list[Outcome]]] = deque()
        """Finished batches, added by the threads. Checking it after each Plan costs almost no time."""
        self._batch: list[Plan] = []
        self._seconds = 0.0
        self._bytes = 0
        self._batches_per_worker = batches_per_worker
        self._speed = BYTES_A_SECOND
        """Bytes per second of one worker: the measured speed if it is low, else the estimate."""

    def add(self, plan: Plan) -> None:
        """Add a Plan to the next batch, and submit the batch if it is complete.

        A batch of at least `FOLDER_BATCH` Plans is complete at the end of its Folder. If a disk is slow, the batch
        continues, because the folders of a batch are then synced at the same time.
        """
        if (
            len(self._batch) >= FOLDER_BATCH
            and not self._is_slow()
            and plan.match.folder != self._batch[-1].match.folder
        ):
            self.submit()
        self._batch.append(plan)
        size = plan.match.media.size
        self._bytes += size
        self._seconds += EXIFTOOL_SECONDS * (plan.writer == "exiftool") + size / BYTES_A_SECOND
        if self._full():
            self.submit()

    def _full(self) -> bool:
        count = len(self._batch)
        if count >= BATCH_FILES or self._bytes >= BATCH_BYTES or self._seconds >= BATCH_SECONDS:
            return True
        if count >= SMALL_BATCH and self._bytes / self._speed >= BATCH_SECONDS:
            return True
        # A small batch is worth its commit only if a thread is idle.
        is_worth_it = count >= NO_SMALL_BATCH or (count >= SMALL_BATCH and self._seconds >= SMALL_SECONDS)
        return is_worth_it and self.has_idle_worker

    def submit(self) -> None:
        """Give the next batch to a thread, whatever its size. Start an empty batch."""
        if self._batch:
            threads = self._threads
            if self._is_slow() and self._extra_threads.load < threads.load:
                threads = self._extra_threads
            future = threads.submit(self._measure_batch, self._batch)
            self.pending.add(future)
            future.add_done_callback(self.finished.append)
            self.reset_batch()

    def _measure_batch(self, batch: list[Plan]) -> list[Outcome]:
        """Carry out a batch, and measure the speed of the remote worker."""
        began = time.monotonic()
        outcomes = self._carry_out(batch)
        self._measure(batch, time.monotonic() - began)
        return outcomes

    def _measure(self, batch: list[Plan], seconds: float) -> None:
        """Store the speed of the remote worker that carried out `batch` in `seconds`."""
        size = sum(plan.match.media.size for plan in batch)
        if not self._batches_per_worker or size < MIN_MEASURED_BYTES:
            return
        by_exiftool = EXIFTOOL_SECONDS * sum(plan.writer == "exiftool" for plan in batch)
        speed = size * self._batches_per_worker / max(seconds - by_exiftool, 0.001)
        self._speed = speed if speed < SLOW_BYTES_A_SECOND else BYTES_A_SECOND

    def reset_batch(self) -> None:
        """Start an empty batch. Plans that were added and not submitted are dropped."""
        self._batch, self._seconds, self._bytes = [], 0.0, 0

    @property
    def has_idle_worker(self) -> bool:
        """Whether there are fewer unfinished batches than workers."""
        return len(self.pending) < self._workers

    @property
    def is_full(self) -> bool:
        """Whether each worker has a second batch waiting."""
        return len(self.pending) >= 2 * self._workers + (WAITING_BATCHES if self._is_slow() else 0)

    def take_done(self, *, wait_for_one: bool) -> set[Future[list[Outcome]]]:
        """Remove and return the finished batches. If `wait_for_one` is set, wait until at least one is finished."""
        if wait_for_one and self.pending and not self.finished:
            wait(self.pending, return_when=FIRST_COMPLETED)
        finished = {self.finished.popleft() for _ in range(len(self.finished))} & self.pending
        self.pending -= finished
        return finished

    def cancel_waiting(self) -> None:
        """Drop the next batch, and the batches that no thread has started. No batch may be added after this."""
        self.reset_batch()
        self.pending = {future for future in self.pending if not future.cancel()}

    def close(self) -> None:
        """Drop the waiting batches and wait for the running batches."""
        self.cancel_waiting()
        self._threads.shutdown()
        self._extra_threads.shutdown()
