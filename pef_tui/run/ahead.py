"""Work in a thread of its own that stays a bounded number of items ahead of who consumes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from threading import Condition, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Closed(BaseException):
    """Raised in the producer when nobody wants more."""


class Channel(Generic[Item]):
    """A bounded queue from one thread to another that hands over whatever is there at once.

    `queue.Queue` costs a lock and a wake-up an item; here a writer takes the lock only while a reader waits or the
    channel is full, and a reader takes all that is there in one go.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: deque[Item] = deque()
        self._changed = Condition()
        self._awaited = False
        """Set before the reader looks whether there is something, so that no item goes unseen."""
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None

    def put(self, item: Item) -> None:
        """Add one item; waits while the channel is full. Raises Closed when nobody wants more."""
        if len(self._items) >= self._size or self._closed:
            self._wait()
        self._items.append(item)
        if self._awaited:
            with self._changed:
                self._awaited = False
                self._changed.notify_all()

    def _wait(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._size or self._closed)
            if self._closed:
                raise Closed

    def end(self, error: BaseException | None = None) -> None:
        """Nothing more comes; `error` is raised in the reader after what came before it."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def take(self, timeout: float | None = None) -> list[Item] | None:
        """All that waits, at least one item; [] when `timeout` seconds passed; None when nothing more comes."""
        items = self._items
        if not items:
            with self._changed:
                self._awaited = True
                self._changed.wait_for(lambda: bool(items) or self._ended, timeout)
                self._awaited = False
        taken = [items.popleft() for _ in range(len(items))]
        with self._changed:
            self._changed.notify_all()
            if taken or not self._ended or items:
                return taken
            if self._error is not None:
                raise self._error
            return None

    def close(self) -> None:
        """The reader wants no more."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()


def ahead(produce: Callable[[Callable[[Item], None]], None], size: int) -> Generator[list[Item], None, None]:
    """Run `produce(put)` in a thread; yield what it puts, in order, in lists of whatever is ready (maybe []).

    An empty list comes every tenth of a second while there is nothing, so that a reader can look after its own.
    Closing this generator ends the producer before it returns.
    """
    channel: Channel[Item] = Channel(size)

    def work() -> None:
        try:
            produce(channel.put)
        except Closed:
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
