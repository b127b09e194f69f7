"""The back of the chain: Plans in batches to workers, Outcomes back as they are done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from pef_tui.hooks import Writer, WriterSession
from pef_tui.model import Outcome, Plan, Record

BATCH_FILES = 200
BATCH_BYTES = 512 << 20
BATCH_SECONDS = 2.0
SMALL_BATCH = 16
"""Enough for a worker that has nothing to do: a commit costs about as much as writing one file."""
EXIFTOOL_SECONDS = 0.025
"""One file through ExifTool, whatever its size (12-22 ms of processor time; measured)."""
BYTES_A_SECOND = 200e6

Planned = Iterator[list[Record | Plan]]
CarryOut = Callable[[Sequence[Plan], Mapping[str, WriterSession]], list[Outcome]]
"""Carries out one batch with the sessions of the calling thread."""


def outcome_of(plan: Plan) -> Outcome:
    """What a Plan says will become of its file."""
    return Outcome(plan, plan.outcome, plan.output, plan.writer, plan.reason)


def preview(planned: Planned, stop: threading.Event) -> Iterator[Record]:
    """Every Plan told, none carried out; nothing more after `stop`."""
    for items in planned:
        if stop.is_set():
            return
        for item in items:
            yield outcome_of(item) if isinstance(item, Plan) else item


class Bench:
    """The writer sessions of the workers: one of each writer for each thread, opened when first needed."""

    def __init__(self, writers: Sequence[Writer]) -> None:
        self._writers = {writer.name: writer for writer in writers}
        self._mine = threading.local()
        self._all: list[WriterSession] = []

    def sessions(self) -> Sessions:
        """The sessions of the calling thread."""
        mine: Sessions | None = self._mine.__dict__.get("sessions")
        if mine is None:
            mine = self._mine.sessions = Sessions(self._open)
        return mine

    def _open(self, name: str) -> WriterSession:
        session = self._writers[name].open()
        self._all.append(session)
        return session

    def close(self) -> None:
        """Close every session; the workers must have nothing in hand."""
        for session in self._all:
            session.close()
        self._all.clear()


class Sessions(dict[str, WriterSession]):
    """Sessions by the name of their writer; one that is not there yet is opened when it is asked for."""

    def __init__(self, open: Callable[[str], WriterSession]) -> None:
        super().__init__()
        self._open = open

    def __missing__(self, name: str) -> WriterSession:
        session = self[name] = self._open(name)
        return session


class Workshop:
    """Batches in the hands of workers; used from one thread."""

    def __init__(self, writers: Sequence[Writer], workers: int, carry_out: CarryOut) -> None:
        self._bench = Bench(writers)
        self._workers = workers
        self._carry_out = carry_out
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="write")
        self._pending: set[Future[list[Outcome]]] = set()
        self._batch: list[Plan] = []
        self.unfinished: set[str] = set()
        """Outputs that are not in place yet."""
        self._seconds = 0.0
        self._bytes = 0

    def add(self, plan: Plan) -> None:
        """Take a Plan into the next batch."""
        self._batch.append(plan)
        if plan.output is not None:
            self.unfinished.add(plan.output)
        self._bytes += plan.match.media.size
        self._seconds += (
            EXIFTOOL_SECONDS * (plan.writer == "exiftool") + plan.match.media.size / BYTES_A_SECOND
        )
        if self._full():
            self.hand_out()

    def _full(self) -> bool:
        count = len(self._batch)
        if count >= BATCH_FILES or self._bytes >= BATCH_BYTES or self._seconds >= BATCH_SECONDS:
            return True
        return count >= SMALL_BATCH and len(self._pending) < self._workers

    def hand_out(self) -> None:
        """Give the batch, whatever its size, to a worker."""
        if self._batch:
            self._pending.add(self._pool.submit(self._work, self._batch))
            self._batch, self._seconds, self._bytes = [], 0.0, 0

    def _work(self, batch: Sequence[Plan]) -> list[Outcome]:
        return self._carry_out(batch, self._bench.sessions())

    @property
    def idle(self) -> bool:
        """Is a worker without work?"""
        return len(self._pending) < self._workers

    def finished(self) -> Iterator[Outcome]:
        """Outcomes of batches that are done; waits only while every worker has a batch waiting behind its own.

        Raises what a batch raised, after the outcomes of those done before.
        """
        crowded = len(self._pending) >= 2 * self._workers
        if not self._pending:
            return
        done, _ = wait(self._pending, None if crowded else 0, FIRST_COMPLETED)
        yield from self._told(done)

    def rest(self) -> Iterator[Outcome]:
        """Hand out what is left and wait for everything."""
        self.hand_out()
        while self._pending:
            done, _ = wait(self._pending, None, FIRST_COMPLETED)
            yield from self._told(done)

    def _told(self, done: set[Future[list[Outcome]]]) -> Iterator[Outcome]:
        self._pending -= done
        error: BaseException | None = None
        for future in done:
            if (failure := future.exception()) is not None:
                error = error or failure
            else:
                for outcome in future.result():
                    self.unfinished.discard(outcome.plan.output or "")
                    yield outcome
        if error is not None:
            self._batch.clear()
            raise error

    def leave(self) -> Iterator[Outcome]:
        """Forget what no worker has begun; wait for what is in hand."""
        self._batch.clear()
        self._pending = {future for future in self._pending if not future.cancel()}
        yield from self.rest()

    def close(self) -> None:
        """Wait for what is in hand and let the writers go."""
        for future in self._pending:
            future.cancel()
        self._pool.shutdown()
        self._bench.close()


def work(planned: Planned, shop: Workshop, stop: threading.Event) -> Iterator[Record]:
    """Carry out every Plan; after `stop` only what workers have in hand is finished."""
    for items in planned:
        if stop.is_set():
            yield from shop.leave()
            return
        for item in items:
            if not isinstance(item, Plan):
                yield item
            elif item.output is None and not item.link:
                yield outcome_of(item)
            else:
                if item.link in shop.unfinished:  # a link comes behind what it leads to
                    yield from shop.rest()
                shop.add(item)
                yield from shop.finished()
        if not items and shop.idle:
            shop.hand_out()
        yield from shop.finished()
    yield from shop.rest()
