"""The back of the chain: Plans in batches to workers, Outcomes back as they are done."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from pef_tui.hooks import Writer, WriterSession
from pef_tui.model import Outcome, Plan, Record
from pef_tui.run.bench import Bench
from pef_tui.write.commit import Send
from pef_tui.write.copies import Copy

BATCH_FILES = 200
BATCH_BYTES = 512 << 20
BATCH_SECONDS = 2.0
SMALL_BATCH, SMALL_SECONDS, NO_SMALL_BATCH = 16, 0.2, 64
"""Enough for a worker that has nothing to do: so many Plans that take so long, or so many however quick they are. A
commit waits for the disk three times, as long as writing one file by ExifTool or some 20 small JPEGs natively."""
OWN_BATCH = 50
"""Plans from which on a batch ends with its Folder: a commit syncs every folder that it puts files into."""
HANDS_EACH = 2
"""Threads that serve one worker elsewhere: it makes one batch while that before gets its names."""
MOST_HANDS = 256
EXIFTOOL_SECONDS = 0.025
"""One file through ExifTool, whatever its size (12-22 ms of processor time; measured)."""
BYTES_A_SECOND = 200e6

Planned = Iterator[list[Record | Plan]]
CarryOut = Callable[[Sequence[Plan], Mapping[str, WriterSession], Send | None], list[Outcome]]
"""Carries out one batch with the sessions of the calling thread, or with workers elsewhere."""


def outcome_of(plan: Plan) -> Outcome:
    """What a Plan says will become of its file."""
    return Outcome(plan, plan.outcome, plan.output, plan.writer, plan.reason)


def preview(
    planned: Planned, stop: threading.Event, foresee: Callable[[Plan], Outcome | None] = lambda plan: None
) -> Iterator[Record]:
    """The outcome of every Plan, none carried out; nothing more after `stop`.

    `foresee` says where what is in DEST makes another outcome of it.
    """
    for items in planned:
        if stop.is_set():
            return
        for item in items:
            yield (foresee(item) or outcome_of(item)) if isinstance(item, Plan) else item


class Elsewhere(Protocol):
    """Workers in other processes, as `elsewhere` has them."""

    workers: int
    """Batches that they work on at once."""

    def takes(self, plan: Plan) -> bool:
        """Can they have this Plan?"""

    def send(self, copies: Sequence[Copy]) -> bool:
        """A `commit.Send`."""


class Lane:
    """Threads that carry out batches, and the batch that is being filled for them."""

    def __init__(self, workers: int, name: str, carry_out: Callable[[list[Plan]], list[Outcome]]) -> None:
        self._workers = workers
        self._carry_out = carry_out
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self.pending: set[Future[list[Outcome]]] = set()
        self.ended: deque[Future[list[Outcome]]] = deque()
        """Filled by the threads, so that who asks after every Plan need not ask every batch."""
        self._batch: list[Plan] = []
        self._seconds = 0.0
        self._bytes = 0

    def add(self, plan: Plan) -> None:
        """Take a Plan into the next batch, which keeps to one Folder where that is large enough."""
        if len(self._batch) >= OWN_BATCH and plan.match.folder != self._batch[-1].match.folder:
            self.hand_out()
        self._batch.append(plan)
        size = plan.match.media.size
        self._bytes += size
        self._seconds += EXIFTOOL_SECONDS * (plan.writer == "exiftool") + size / BYTES_A_SECOND
        if self._full():
            self.hand_out()

    def _full(self) -> bool:
        count = len(self._batch)
        if count >= BATCH_FILES or self._bytes >= BATCH_BYTES or self._seconds >= BATCH_SECONDS:
            return True
        worth_it = count >= NO_SMALL_BATCH or (count >= SMALL_BATCH and self._seconds >= SMALL_SECONDS)
        return worth_it and self.idle

    def hand_out(self) -> None:
        """Give the batch, whatever its size, to a thread."""
        if self._batch:
            future = self._pool.submit(self._carry_out, self._batch)
            self.pending.add(future)
            future.add_done_callback(self.ended.append)
            self.forget()

    def forget(self) -> None:
        """Begin another batch."""
        self._batch, self._seconds, self._bytes = [], 0.0, 0

    @property
    def idle(self) -> bool:
        """Is a thread without work?"""
        return len(self.pending) < self._workers

    @property
    def crowded(self) -> bool:
        """Has every thread a batch waiting behind its own?"""
        return len(self.pending) >= 2 * self._workers

    def done(self, *, wait_for_one: bool) -> set[Future[list[Outcome]]]:
        """Take the batches that are done."""
        if wait_for_one and self.pending and not self.ended:
            wait(self.pending, return_when=FIRST_COMPLETED)
        done = {self.ended.popleft() for _ in range(len(self.ended))} & self.pending
        self.pending -= done
        return done

    def leave(self) -> None:
        """Forget what no thread has begun."""
        self.forget()
        self.pending = {future for future in self.pending if not future.cancel()}

    def close(self) -> None:
        """Wait for what is in hand."""
        self.leave()
        self._pool.shutdown()


class Workshop:
    """Batches in the hands of workers, here and elsewhere; used from one thread."""

    def __init__(
        self,
        writers: Sequence[Writer],
        workers: int,
        carry_out: CarryOut,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._bench = Bench(writers)
        self._elsewhere = elsewhere
        self._here = Lane(workers, "write", lambda batch: carry_out(batch, self._bench.sessions(), None))
        self._lanes = [self._here]
        if elsewhere is not None:
            send = elsewhere.send
            there = Lane(
                min(HANDS_EACH * elsewhere.workers, MOST_HANDS),
                "send",
                lambda batch: carry_out(batch, self._bench.sessions(), send),
            )
            self._lanes.append(there)
        self.unfinished: set[str] = set()
        """Outputs that are not in place yet."""

    def add(self, plan: Plan) -> None:
        """Take a Plan into the next batch."""
        if plan.output is not None:
            self.unfinished.add(plan.output)
        there = self._elsewhere is not None and self._elsewhere.takes(plan)
        self._lanes[1 if there else 0].add(plan)

    def hand_out(self) -> None:
        """Give what there is, however little, to workers."""
        for lane in self._lanes:
            lane.hand_out()

    @property
    def idle(self) -> bool:
        """Is a worker without work?"""
        return any(lane.idle for lane in self._lanes)

    def finished(self) -> Iterator[Outcome]:
        """Outcomes of batches that are done; waits only where every worker has a batch waiting behind its own.

        Raises what a batch raised, after the outcomes of those done before.
        """
        for lane in self._lanes:
            if lane.ended or lane.crowded:
                yield from self._told(lane.done(wait_for_one=lane.crowded))

    def rest(self) -> Iterator[Outcome]:
        """Hand out what is left and wait for everything."""
        self.hand_out()
        for lane in self._lanes:
            while lane.pending:
                yield from self._told(lane.done(wait_for_one=True))

    def _told(self, done: set[Future[list[Outcome]]]) -> Iterator[Outcome]:
        error: BaseException | None = None
        for future in done:
            if (failure := future.exception()) is not None:
                error = error or failure
            else:
                for outcome in future.result():
                    self.unfinished.discard(outcome.plan.output or "")
                    yield outcome
        if error is not None:
            for lane in self._lanes:
                lane.forget()
            raise error

    def leave(self) -> Iterator[Outcome]:
        """Forget what no worker has begun; wait for what is in hand."""
        for lane in self._lanes:
            lane.leave()
        yield from self.rest()

    def close(self) -> None:
        """Wait for what is in hand and let the writers go."""
        for lane in self._lanes:
            lane.leave()
        for lane in self._lanes:
            lane.close()
        self._bench.close()


class Duplicates:
    """Judges duplicates that get no output of their own, once the outcome of what stands for them is known."""

    def __init__(self, stands: Callable[[str], bool] = lambda output: True) -> None:
        """`stands`: is an output in place, as the manifest says?"""
        self._stands = stands
        self.left: list[Plan] = []
        """Those whose bytes are nowhere in DEST."""

    def count(self, plan: Plan) -> bool:
        """Does this Plan count as a duplicate? If not, it is left for later."""
        if plan.outcome != "duplicate" or plan.output is not None or self._stands(plan.link):
            return True
        self.left.append(plan)
        return False


def work(
    planned: Planned, shop: Workshop, stop: threading.Event, duplicates: Duplicates | None = None
) -> Iterator[Record]:
    """Carry out every Plan; after `stop` only what workers have in hand is finished.

    A Plan that has failed already passes through a batch too, because batches are what is recorded. Of `duplicates`
    only those are reported that count.
    """
    duplicates = duplicates if duplicates is not None else Duplicates()
    for items in planned:
        if stop.is_set():
            yield from shop.leave()
            return
        for item in items:
            if not isinstance(item, Plan):
                yield item
            elif item.output is None and not (item.link or item.withdraws) and item.outcome != "failed":
                yield outcome_of(item)
            else:
                if item.link in shop.unfinished:  # a link comes behind what it leads to
                    yield from shop.rest()
                if duplicates.count(item):
                    shop.add(item)
                yield from shop.finished()
        if not items and shop.idle:
            shop.hand_out()
        yield from shop.finished()
    yield from shop.rest()
