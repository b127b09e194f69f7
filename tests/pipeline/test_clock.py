from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from pef_tui.clock import Clock, RunningClock, Spent


class Time:
    """A time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr("pef_tui.clock.time.perf_counter", lambda: made.now)
    monkeypatch.setattr("pef_tui.clock.time.thread_time", lambda: made.now / 2)
    return made


def test_each_stage_has_its_own_share(passing: Time) -> None:
    clock = RunningClock()

    def first() -> Iterator[int]:
        for number in range(3):
            passing.passes(5)
            yield number

    def second(items: Iterator[int]) -> Iterator[int]:
        for item in items:
            passing.passes(2)
            yield item

    for _ in clock.over("second", second(clock.over("first", first()))):
        passing.passes(100)  # who takes them is nobody's stage
    assert clock.spent["first",] == Spent(15, 7.5, 4)  # the end is asked for too
    assert clock.spent["second",] == Spent(6, 3, 4)


def test_a_call_inside_is_not_counted_twice(passing: Time) -> None:
    clock = RunningClock()
    with clock.on("outer"):
        passing.passes(1)
        with clock.on("inner", "a"):
            passing.passes(5)
    assert clock.spent == {("outer",): Spent(1, 0.5, 1), ("inner", "a"): Spent(5, 2.5, 1)}


def test_threads_add_up_and_do_not_nest_in_each_other() -> None:
    clock = RunningClock()

    def work() -> None:
        with clock.on("work"):
            time.sleep(0.03)

    with clock.on("wait"):
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert clock.spent["work",].times == 3
    assert clock.spent["work",].seconds >= 0.09
    assert clock.spent["wait",].seconds >= 0.03


def test_closing_reaches_what_is_gone_over() -> None:
    ended: list[bool] = []

    def items() -> Iterator[int]:
        try:
            yield from range(5)
        finally:
            ended.append(True)

    chain = RunningClock().over("a", items())
    assert next(chain) == 0
    chain.close()  # type: ignore[attr-defined]
    assert ended == [True]


def test_what_fails_is_counted_and_raised() -> None:
    clock = RunningClock()

    def fails(item: int) -> None:
        raise OSError(item)

    try:
        clock.around("put", fails)(3)
    except OSError as error:
        assert error.args == (3,)
    assert clock.spent["put",].times == 1
    clock.add(("put",), Spent(2.0, 1.0, 4))
    assert clock.spent["put",].times == 5 and clock.spent["put",].seconds >= 2.0


def test_without_a_profile_nothing_is_between() -> None:
    clock, put = Clock(), [].append
    assert clock.around("a", put) is put
    assert list(clock.over("a", [1, 2])) == [1, 2]
    with clock.on("a"):
        pass
