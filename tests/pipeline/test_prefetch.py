from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from pef_tui.pipeline.prefetch import Channel, prefetch


def flat(size: int, produce: Callable[[Channel[int]], None]) -> list[int]:
    return [item for items in prefetch(produce, size) for item in items]


def test_keeps_order_and_loses_nothing() -> None:
    def produce(channel: Channel[int]) -> None:
        for number in range(10_000):
            channel.put(number)

    assert flat(7, produce) == list(range(10_000))


def test_stays_at_most_the_bound_ahead() -> None:
    samples = []

    def produce(channel: Channel[int]) -> None:
        for number in range(1000):
            samples.append(number)
            channel.put(number)

    items = prefetch(produce, 10)
    next(items)
    time.sleep(0.1)
    assert len(samples) <= 10 + 10 + 1
    items.close()


def test_raises_the_producers_error_behind_what_came_before() -> None:
    def produce(channel: Channel[int]) -> None:
        channel.put(1)
        raise ValueError("broken")

    calls: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        for items in prefetch(produce, 10):
            calls += items
    assert calls == [1]


def test_closing_ends_the_producer_and_its_generators() -> None:
    ended = threading.Event()

    def produce(channel: Channel[int]) -> None:
        try:
            while True:
                channel.put(1)
        finally:
            ended.set()

    items = prefetch(produce, 4)
    assert next(items)
    items.close()
    assert ended.is_set()


def test_gives_a_sign_of_life_while_nothing_comes() -> None:
    go = threading.Event()

    def produce(channel: Channel[int]) -> None:
        go.wait()
        channel.put(1)

    items = prefetch(produce, 4)
    assert next(items) == []
    go.set()
    assert [item for chunk in items for item in chunk] == [1]
