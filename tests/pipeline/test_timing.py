from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from pef_tui.timing import RunningTimer, StageTime, StageTimer


class Time:
    """A clock that advances only when `passes` is called."""

    def __init__(self) -> None:
        self.now = 1000.0

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Time:
    sample = Time()
    monkeypatch.setattr("pef_tui.timing.time.perf_counter", lambda: sample.now)
    monkeypatch.setattr("pef_tui.timing.time.thread_time", lambda: sample.now / 2)
    return sample


def test_each_stage_has_its_own_share(passing: Time) -> None:
    clock = RunningTimer()

    def first() -> Iterator[int]:
        for number in range(3):
            passing.passes(5)
            yield number

    def second(items: Iterator[int]) -> Iterator[int]:
        for item in items:
            passing.passes(2)
            yield item

    for _ in clock.time_items("second", second(clock.time_items("first", first()))):
        passing.passes(100)  # the time of the caller counts for no stage
    assert clock.times["first",] == StageTime(15, 7.5, 4)  # the end of the iterator is measured too
    assert clock.times["second",] == StageTime(6, 3, 4)


def test_a_call_inside_is_not_counted_twice(passing: Time) -> None:
    clock = RunningTimer()
    with clock.time_block("outer"):
        passing.passes(1)
        with clock.time_block("inner", "a"):
            passing.passes(5)
    assert clock.times == {("outer",): StageTime(1, 0.5, 1), ("inner", "a"): StageTime(5, 2.5, 1)}


def test_threads_add_up_and_do_not_nest_in_each_other() -> None:
    clock = RunningTimer()

    def work() -> None:
        with clock.time_block("work"):
            time.sleep(0.03)

    with clock.time_block("wait"):
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert clock.times["work",].calls == 3
    assert clock.times["work",].seconds >= 0.09
    assert clock.times["wait",].seconds >= 0.03


def test_closing_reaches_what_is_gone_over() -> None:
    ended: list[bool] = []

    def items() -> Iterator[int]:
        try:
            yield from range(5)
        finally:
            ended.append(True)

    chain = RunningTimer().time_items("a", items())
    assert next(chain) == 0
    chain.close()  # type: ignore[attr-defined]
    assert ended == [True]


def test_what_fails_is_counted_and_raised() -> None:
    clock = RunningTimer()

    def fails(item: int) -> None:
        raise OSError(item)

    try:
        clock.time_calls("put", fails)(3)
    except OSError as error:
        assert error.args == (3,)
    assert clock.times["put",].calls == 1
    clock.add(("put",), StageTime(2.0, 1.0, 4))
    assert clock.times["put",].calls == 5 and clock.times["put",].seconds >= 2.0


def test_without_a_profile_nothing_is_between() -> None:
    values: list[int] = []
    clock, publish = StageTimer(), values.append
    assert clock.time_calls("a", publish) is publish
    assert list(clock.time_items("a", [1, 2])) == [1, 2]
    with clock.time_block("a"):
        pass
