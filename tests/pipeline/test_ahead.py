from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from pef_tui.run.ahead import ahead


def flat(size: int, produce: Callable[[Callable[[int], None]], None]) -> list[int]:
    return [item for items in ahead(produce, size) for item in items]


def test_keeps_order_and_loses_nothing() -> None:
    def produce(put: Callable[[int], None]) -> None:
        for number in range(10_000):
            put(number)

    assert flat(7, produce) == list(range(10_000))


def test_stays_at_most_the_bound_ahead() -> None:
    made = []

    def produce(put: Callable[[int], None]) -> None:
        for number in range(1000):
            made.append(number)
            put(number)

    items = ahead(produce, 10)
    next(items)
    time.sleep(0.1)
    assert len(made) <= 10 + 10 + 1
    items.close()


def test_raises_the_producers_error_behind_what_came_before() -> None:
    def produce(put: Callable[[int], None]) -> None:
        put(1)
        raise ValueError("broken")

    seen: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        for items in ahead(produce, 10):
            seen += items
    assert seen == [1]


def test_closing_ends_the_producer_and_its_generators() -> None:
    ended = threading.Event()

    def produce(put: Callable[[int], None]) -> None:
        try:
            while True:
                put(1)
        finally:
            ended.set()

    items = ahead(produce, 4)
    assert next(items)
    items.close()
    assert ended.is_set()


def test_gives_a_sign_of_life_while_nothing_comes() -> None:
    go = threading.Event()

    def produce(put: Callable[[int], None]) -> None:
        go.wait()
        put(1)

    items = ahead(produce, 4)
    assert next(items) == []
    go.set()
    assert [item for chunk in items for item in chunk] == [1]
