"""Slow remote workers get smaller batches, so all of them have work until the end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import pytest

from pef_tui.execution import worker_queue
from pef_tui.execution.worker_queue import BATCH_FILES, SMALL_BATCH, WAITING_BATCHES, WorkerQueue
from pef_tui.model import Match, MediaFile, Outcome, Plan

MB = 1_000_000


class Clock:
    """A clock that advances only while a batch is carried out."""

    def __init__(self, bytes_a_second: float) -> None:
        self.seconds = 0.0
        self.batches: list[int] = []
        self._speed = bytes_a_second

    def carry_out(self, batch: list[Plan]) -> list[Outcome]:
        self.batches.append(len(batch))
        self.seconds += sum(plan.match.media.size for plan in batch) / self._speed
        return []

    def monotonic(self) -> float:
        return self.seconds


def plans(count: int, size: int) -> list[Plan]:
    return [
        Plan(Match(MediaFile(0, f"{n}.jpg", size, 1), ""), "written", output=f"{n}") for n in range(count)
    ]


def finish(queue: WorkerQueue) -> None:
    queue.submit()
    while queue.pending:
        queue.take_done(wait_for_one=True)


@pytest.mark.parametrize(
    ("speed", "batches_per_worker", "size", "expected"),
    [
        (10 * MB, 1, 2 * MB, SMALL_BATCH),
        (10 * MB, 2, 1 * MB, 40),  # each of two batches has half of the speed
        (40 * MB, 1, 1 * MB, 80),
        (60 * MB, 1, 1 * MB, BATCH_FILES),
        (300 * MB, 1, 1 * MB, BATCH_FILES),
        (10 * MB, 0, 1 * MB, BATCH_FILES),  # local threads
        (1 * MB, 1, 10_000, BATCH_FILES),  # too few bytes to measure
        (1 * MB, 1, 100 * MB, 4),  # two seconds by the estimate
    ],
)
def test_a_batch_takes_two_seconds_of_the_measured_speed(
    speed: float, batches_per_worker: int, size: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(speed)
    monkeypatch.setattr(worker_queue, "time", clock)
    queue = WorkerQueue(1, "test", clock.carry_out, batches_per_worker=batches_per_worker)
    for plan in plans(64, size):
        queue.add(plan)
    finish(queue)
    clock.batches.clear()
    running: Future[list[Outcome]] = Future()
    queue.pending.add(running)  # no worker is idle, so only complete batches are submitted
    for plan in plans(BATCH_FILES, size):
        queue.add(plan)
    queue.pending.discard(running)
    finish(queue)
    queue.close()
    assert clock.batches[0] == expected


@pytest.mark.parametrize(("is_slow", "expected"), [(False, 2), (True, 2 + WAITING_BATCHES)])
def test_only_a_slow_disk_gets_threads_beyond_the_workers(is_slow: bool, expected: int) -> None:
    """A thread that carries out a batch opens writers, such as ExifTool processes, and keeps them open."""
    names: list[str] = []
    running, most = 0, 0
    lock = threading.Lock()

    def carry_out(batch: list[Plan]) -> list[Outcome]:
        nonlocal running, most
        with lock:
            names.append(threading.current_thread().name)
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return []

    queue = WorkerQueue(2, "test", carry_out, lambda: is_slow)
    for plan in plans(12 * BATCH_FILES, 1):
        queue.add(plan)
        while queue.is_full:
            queue.take_done(wait_for_one=True)
    finish(queue)
    queue.close()
    assert len(set(names)) == most == expected
