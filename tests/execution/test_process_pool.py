from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future
from pathlib import Path

import pytest

from pef_tui.execution.process_pool import ProcessPool, WorkerDied


@pytest.fixture
def pool() -> Iterator[ProcessPool]:
    sample = ProcessPool(2)
    yield sample
    sample.shutdown(cancel_futures=True)


def until(ready: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_calls_are_worked_on_in_other_processes(pool: ProcessPool) -> None:
    assert [future.result(20) for future in [pool.submit(pow, 2, number) for number in range(9)]] == [
        2**number for number in range(9)
    ]
    assert pool.submit(os.getpid).result(20) != os.getpid()
    assert pool.submit(int, "ff", base=16).result(20) == 255
    assert pool.submit(bytes, 20_000_000).result(20) == bytes(20_000_000)


@pytest.mark.parametrize(
    ("function", "arguments", "error", "words"),
    [
        (int, ("x",), ValueError, "invalid literal"),
        (os.stat, ("/nowhere/at/all",), FileNotFoundError, "No such file"),
        (sys.exit, (3,), RuntimeError, "SystemExit: 3"),
        (len, (threading.Lock(),), TypeError, "pickle"),
        (open, ("/dev/null",), TypeError, "pickle"),
        (lambda: 1, (), Exception, "lambda"),
    ],
    ids=["raises", "of the system", "leaves", "argument", "result", "function"],
)
def test_what_goes_wrong_is_the_call_s_own(
    pool: ProcessPool, function: Callable[..., object], arguments: tuple[object, ...], error: type, words: str
) -> None:
    with pytest.raises(error, match=words):
        pool.submit(function, *arguments).result(20)
    assert pool.submit(abs, -1).result(20) == 1


def test_a_process_that_is_killed_costs_the_call_in_its_hands(pool: ProcessPool) -> None:
    pids = [number.result(20) for number in [pool.submit(_pid_after, 0.3) for _ in range(2)]]
    assert len(set(pids)) == 2
    works: list[Future[int]] = [pool.submit(_pid_after, 1.0) for _ in range(2)]
    time.sleep(0.3)
    os.kill(pids[0], signal.SIGKILL)
    lost = [number for number in works if isinstance(number.exception(20), WorkerDied)]
    retained = [number.result() for number in works if number not in lost]
    assert len(lost) == 1 and retained == [pids[1]]
    os.kill(pids[1], signal.SIGKILL)  # an idle process is started again
    until(lambda: not alive(pids[1]))
    assert {pool.submit(abs, -1).result(20) for _ in range(4)} == {1}


def _pid_after(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def test_signals_to_stop_are_left_to_the_program(pool: ProcessPool) -> None:
    pid = pool.submit(os.getpid).result(20)
    work = pool.submit(time.sleep, 0.5)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    assert work.result(20) is None and alive(pid)


def test_shut_down_it_takes_nothing_more_and_leaves_nobody() -> None:
    pool = ProcessPool(1)
    pid = pool.submit(os.getpid).result(20)
    works = [pool.submit(time.sleep, 0.3) for _ in range(3)]
    until(works[0].running)
    pool.shutdown(cancel_futures=True)
    assert works[0].result(1) is None and not alive(pid)
    for work in works[1:]:
        with pytest.raises(CancelledError):
            work.result(1)
    with pytest.raises(BrokenExecutor):
        pool.submit(abs, 1)


PROGRAM = """
import os, sys, time
from pef_tui.execution.process_pool import ProcessPool
pool = ProcessPool(2)
print(*{pool.submit(os.getpid).result()}, flush=True)
pool.submit(print, "not an answer").result()
pool.submit(time.sleep, 100).result()
"""


def test_they_die_with_the_program_and_print_nothing_into_its_data() -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout is not None and program.stderr is not None
    pid = int(program.stdout.readline())
    assert program.stderr.readline() == b"not an answer\n"
    program.kill()
    program.wait()
    until(lambda: not alive(pid), 5)
    assert program.stdout.read() == b""
    program.stdout.close()
    program.stderr.close()
