"""Calls to slow devices run in threads, as many at once as make them faster. Other calls run in the calling thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pef_tui.filesystem import mounts, parallel_io
from pef_tui.filesystem.mounts import is_rotational
from pef_tui.filesystem.parallel_io import (
    DECISION_CALLS,
    HOLD_WINDOWS,
    MAX_DEPTH,
    SLOW_SECONDS,
    TRIAL_CALLS,
    IoQueue,
    ParallelIo,
    QueueDepth,
    Trial,
    io_queue,
)

pytestmark = pytest.mark.measures
SLEEP = 0.002


@pytest.fixture
def io() -> ParallelIo:
    return ParallelIo()


def slow_thread(_: object) -> str:
    """Wait as a call to a server does. Return the name of the thread."""
    time.sleep(SLEEP)
    return threading.current_thread().name


def fast_thread(_: object) -> str:
    return threading.current_thread().name


@pytest.mark.parametrize(
    ("answers_at_once", "smallest", "largest"),
    [(1, 1, 8), (8, 4, 16), (20, 16, 32), (1000, MAX_DEPTH, MAX_DEPTH)],
)
def test_depth_grows_while_the_device_completes_more_calls(
    answers_at_once: int, smallest: int, largest: int
) -> None:
    depth = QueueDepth()
    for _ in range(HOLD_WINDOWS):
        calls = 4 * depth.value
        depth.observe(calls, calls * SLEEP / min(depth.value, answers_at_once))
    assert smallest <= depth.value <= largest


def test_depth_follows_a_device_that_changes() -> None:
    depth = QueueDepth()
    for answers_at_once in (1000, 4):
        for _ in range(12 * HOLD_WINDOWS):
            calls = 4 * depth.value
            depth.observe(calls, calls * SLEEP / min(depth.value, answers_at_once))
        assert (depth.value >= MAX_DEPTH // 2) is (answers_at_once == 1000)


def test_depth_keeps_its_limit() -> None:
    depth = QueueDepth(2)
    for _ in range(100):
        depth.observe(100, 100 * SLEEP / depth.value)
        assert 1 <= depth.value <= 2


def test_fast_calls_stay_in_the_calling_thread(io: ParallelIo) -> None:
    assert set(io.queue().run(fast_thread, range(500))) == {threading.current_thread().name}


def test_slow_calls_run_in_threads(io: ParallelIo) -> None:
    names = io.queue().run(slow_thread, range(200))
    assert names[0] == threading.current_thread().name
    assert len(set(names[100:])) >= 4
    assert all(name.startswith("io") for name in names[100:])


def test_a_device_that_became_fast_is_used_from_the_calling_thread_again(
    io: ParallelIo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_io, "RECHECK_CALLS", 50)
    queue = io.queue()
    queue.run(slow_thread, range(40))
    names = queue.run(fast_thread, range(200))
    assert names[0].startswith("io")
    assert set(names[-50:]) == {threading.current_thread().name}


def test_queues_of_one_device_share_what_is_known_of_it(io: ParallelIo, tmp_path: Path) -> None:
    for _ in range(50):  # on a busy machine, some calls decide nothing
        io.queue(str(tmp_path)).run(slow_thread, range(64))
        if io.queue(str(tmp_path)).run(fast_thread, range(3))[0].startswith("io"):
            break
    else:
        pytest.fail("a new queue does not know that its device is slow")
    assert io.queue().run(fast_thread, range(3))[0] == threading.current_thread().name


def test_calls_that_compute_stay_in_the_calling_thread(io: ParallelIo) -> None:
    def compute(_: object) -> str:
        end = time.thread_time() + 2 * SLOW_SECONDS
        while time.thread_time() < end:
            pass
        return threading.current_thread().name

    assert set(io.queue().run(compute, range(64))) == {threading.current_thread().name}


def test_many_short_runs_measure_the_device_as_one_long_run(
    io: ParallelIo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_io, "RECHECK_CALLS", 50)
    queue = io.queue()
    for _ in range(DECISION_CALLS):
        queue.run(slow_thread, range(1))
    assert queue.is_slow
    names = [name for _ in range(30) for name in queue.run(fast_thread, range(2))]
    assert names[0].startswith("io")
    assert names[-1] == threading.current_thread().name
    assert not queue.is_slow


@pytest.mark.parametrize(
    ("times", "is_slow"),
    [
        ([1.0] * DECISION_CALLS, True),
        ([1.0] * (DECISION_CALLS - 1), False),
        ([0.0] * 100, False),
        ([0.0] * 2 + [1.0] * 98, True),
        ([0.0] * 30 + [1.0] * 70, False),
    ],
)
def test_a_caller_may_measure_the_calls_itself(io: ParallelIo, times: list[float], is_slow: bool) -> None:
    queue = io.queue()
    queue.add_times(times)
    assert queue.is_slow is is_slow


def test_one_slow_device_of_several_makes_a_queue_slow(
    io: ParallelIo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    devices = {str(tmp_path / "a"): 1001, str(tmp_path / "b"): 1002}
    monkeypatch.setattr(parallel_io, "_device", lambda path: devices.get(path, -1))
    io.queue(str(tmp_path / "b")).add_times([1.0] * DECISION_CALLS)
    assert not io.queue(str(tmp_path / "a")).is_slow
    assert not io.queue(str(tmp_path / "missing"), "").is_slow
    assert io.queue(*devices).is_slow


@pytest.mark.parametrize("wait", [0, SLEEP])
def test_results_keep_the_order_of_the_items(io: ParallelIo, wait: float) -> None:
    def work(item: int) -> int:
        time.sleep(wait * (item % 5))
        return item

    assert io.queue().run(work, range(150)) == list(range(150))


@pytest.mark.parametrize("wait", [0, SLEEP])
def test_an_error_is_raised_in_its_place_after_the_running_calls(io: ParallelIo, wait: float) -> None:
    running: set[int] = set()

    def work(item: int) -> int:
        running.add(item)
        time.sleep(wait)
        if item == 70:
            running.discard(item)
            raise OSError("no answer")
        time.sleep(wait)
        running.discard(item)
        return item

    results = []
    with pytest.raises(OSError, match="no answer"):
        for result in io.queue().map(work, range(150)):
            results.append(result)
    assert results == list(range(70))
    assert not running


def test_a_forked_process_gets_threads_of_its_own() -> None:
    assert len(set(io_queue().run(slow_thread, range(40)))) > 1
    child = os.fork()
    if not child:
        os._exit(0 if len(set(io_queue().run(slow_thread, range(40)))) > 1 else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_items_are_taken_only_shortly_before_their_results(io: ParallelIo) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while taken < 1000:
            taken += 1
            yield taken

    for number, _ in enumerate(io.queue().map(slow_thread, items()), 1):
        assert taken <= number + MAX_DEPTH
        if number == 300:
            break


def test_threads_share_the_depth_of_a_queue(io: ParallelIo) -> None:
    queue = IoQueue(io)
    queue.run(slow_thread, range(20))
    results: list[list[int]] = []

    def double(item: int) -> int:
        time.sleep(SLEEP)
        return 2 * item

    users = [threading.Thread(target=lambda: results.append(queue.run(double, range(100)))) for _ in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert results == [[2 * item for item in range(100)]] * 4


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("8:16/queue/rotational", "1\n", True),
        ("8:16/queue/rotational", "0\n", False),
        ("queue/rotational", "1\n", True),
        ("other", "1\n", False),
    ],
)
def test_the_system_says_whether_a_disk_rotates(
    file: str, content: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "SYS_BLOCK", str(tmp_path))
    (tmp_path / "8:16").mkdir()
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(content)
    assert is_rotational(os.makedev(8, 16)) is expected
    assert not is_rotational(os.makedev(9, 1))


def test_threads_that_save_no_time_are_not_used(io: ParallelIo) -> None:
    lock = threading.Lock()

    def one_at_a_time(_: object) -> str:
        with lock:
            time.sleep(SLEEP)
        return threading.current_thread().name

    names = io.queue().run(one_at_a_time, range(300))
    in_threads = [name for name in names if name.startswith("io")]
    assert 0 < len(in_threads) < 200


@pytest.mark.parametrize(
    ("seconds", "saves_time"), [(0.001, True), (0.0066, True), (0.007, False), (0.01, False)]
)
def test_a_trial_compares_the_time_of_the_caller(seconds: float, saves_time: bool) -> None:
    trial = Trial(0.01)
    assert [trial.saves_time(seconds) for _ in range(TRIAL_CALLS)] == [None] * (TRIAL_CALLS - 1) + [
        saves_time
    ]
