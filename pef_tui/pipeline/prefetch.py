"""Let planning run ahead of writing: a producer in its own thread, ahead by a limited number of items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from threading import Condition, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ChannelClosed(BaseException):
    """Raised by `Channel.put`, in the thread of the producer, after the consumer closed the channel."""


class Channel(Generic[Item]):
    """A bounded queue from one producer thread to one consumer thread. The consumer takes all waiting items at once.

    It is faster than `queue.Queue`, which takes a lock and wakes a thread for each item. Here the producer takes the
    lock only if the consumer waits, or if the channel is full.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: deque[Item] = deque()
        self._changed = Condition()
        self._awaited = False
        """True while the consumer waits. It is set before the consumer checks for items; so no item is missed."""
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None

    def put(self, item: Item) -> None:
        """Add one item; wait while the channel is full. Raises ChannelClosed after `close`."""
        if len(self._items) >= self._size or self._closed:
            self._wait()
        self._items.append(item)
        if self._awaited:
            with self._changed:
                self._awaited = False
                self._changed.notify_all()

    def _wait(self) -> None:
        """Wait until the channel has room. Raises ChannelClosed after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._size or self._closed)
            if self._closed:
                raise ChannelClosed

    def end(self, error: BaseException | None = None) -> None:
        """Mark the channel as complete: no items follow. `error`: raised by `take` after the last item, if given."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def take(self, timeout: float | None = None) -> list[Item] | None:
        """Return all waiting items. Wait for the first one at most `timeout` seconds; then return [].

        After the last item, raise the error given to `end`, or return None.
        """
        items = self._items
        if not items:
            with self._changed:
                self._awaited = True
                self._changed.wait_for(lambda: bool(items) or self._ended, timeout)
                self._awaited = False
        ready = [items.popleft() for _ in range(len(items))]
        with self._changed:
            self._changed.notify_all()
            if ready or not self._ended or items:
                return ready
            if self._error is not None:
                raise self._error
            return None

    def close(self) -> None:
        """Drop all items: the consumer needs no more. The next `put` of the producer raises ChannelClosed."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()


def prefetch(produce: Callable[[Channel[Item]], None], size: int) -> Generator[list[Item], None, None]:
    """Run `produce` in a thread. Yield the items that it puts into the channel, in order, as lists.

    While no item is ready, yield an empty list every 0.1 s, which allows the caller to do other work. `size`: number of
    items that may wait. Closing this generator stops `produce` at its next `put`, and waits until the thread ends.
    """
    channel: Channel[Item] = Channel(size)

    def work() -> None:
        try:
            produce(channel)
        except ChannelClosed:
            channel.end()
        except BaseException as error:
            channel.end(error)
        else:
            channel.end()

    producer = Thread(target=work, name="plan", daemon=True)
    producer.start()
    try:
        while (items := channel.take(0.1)) is not None:
            yield items
    finally:
        channel.close()
        producer.join()
