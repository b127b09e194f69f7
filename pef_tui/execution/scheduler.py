"""Schedule the writing: collect Plans into batches, give the batches to workers, and yield the Outcomes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol

from pef_tui.execution.sessions import SessionPool
from pef_tui.execution.worker_queue import WorkerQueue
from pef_tui.filesystem.claimed_names import NameClaims
from pef_tui.hooks import Writer, WriterSession
from pef_tui.model import Outcome, Plan, Record
from pef_tui.output.commit import Send
from pef_tui.output.staged_outputs import USER_CHANGED, StagedOutput

SENDERS_PER_WORKER = 2
"""Threads for each remote worker. The worker produces one batch while a thread publishes the previous one."""
MAX_SENDERS = 256
"""Largest number of threads that serve remote workers."""
PlannedBatches = Iterator[list[Record | Plan]]
CarryOut = Callable[[Sequence[Plan], Mapping[str, WriterSession], Send | None], list[Outcome]]
"""A function that carries out one batch and returns its Outcomes.

Arguments: the Plans, the writer sessions of the calling thread, and a function that sends copies to remote workers
(None: send nothing).
"""


def outcome_of(plan: Plan) -> Outcome:
    """Return the Outcome that the Plan expects for its file."""
    return Outcome(plan, plan.outcome, plan.output, plan.writer, plan.reason)


class RemoteWorkers(Protocol):
    """Workers in other processes or on other machines (implemented by `remote.RemoteExecutor`)."""

    workers: int
    """Number of batches that the workers produce at the same time."""

    def accepts(self, plan: Plan) -> bool:
        """Return whether this Plan can be sent to the workers."""

    def send(self, copies: Sequence[StagedOutput]) -> Sequence[StagedOutput]:
        """Produce the copies in a worker (see `commit.Send`). Return the copies that no worker can produce."""


class WriteScheduler:
    """Distributes Plans over local threads and remote workers. Only one thread may use it.

    The caller alternates between adding Plans and taking finished Outcomes. When each worker has a second batch waiting
    (`WorkerQueue.is_full`), `finished` waits until a batch is done. This limits the queues and their memory.
    """

    def __init__(
        self,
        writers: Sequence[Writer],
        workers: int,
        carry_out: CarryOut,
        remote: RemoteWorkers | None = None,
        is_slow: Callable[[], bool] | None = None,
    ) -> None:
        """`workers`: number of local batches at once. `is_slow`: returns whether DEST or a source is slow."""
        self._sessions = SessionPool(writers)
        self._remote = remote
        self._local_queue = WorkerQueue(
            workers, "write", lambda batch: carry_out(batch, self._sessions.sessions(), None), is_slow
        )
        self._queues = [self._local_queue]
        if remote is not None:
            send_copies = remote.send
            remote_queue = WorkerQueue(
                min(SENDERS_PER_WORKER * remote.workers, MAX_SENDERS),
                "send",
                lambda batch: carry_out(batch, self._sessions.sessions(), send_copies),
                batches_per_worker=SENDERS_PER_WORKER,
            )
            self._queues.append(remote_queue)
        self.unfinished: set[str] = set()
        """Outputs of added Plans that are not published yet."""

    def add(self, plan: Plan) -> None:
        """Add a Plan to the next batch: of the remote workers if they accept it, else of the local threads."""
        if plan.output is not None:
            self.unfinished.add(plan.output)
        is_remote = self._remote is not None and self._remote.accepts(plan)
        self._queues[1 if is_remote else 0].add(plan)

    def submit_all(self) -> None:
        """Give all incomplete batches to workers."""
        for queue in self._queues:
            queue.submit()

    @property
    def has_idle_worker(self) -> bool:
        """Whether a local thread or a remote worker has no batch."""
        return any(queue.has_idle_worker for queue in self._queues)

    def finished(self) -> Iterator[Outcome]:
        """Yield the Outcomes of finished batches. Wait only if a queue is full.

        If a batch raised an error, yield the Outcomes of the other finished batches first, then raise the error.
        """
        for queue in self._queues:
            if queue.finished or queue.is_full:
                yield from self._outcomes(queue.take_done(wait_for_one=queue.is_full))

    def drain(self) -> Iterator[Outcome]:
        """Submit the incomplete batches, wait for all batches, and yield their Outcomes. Raises the errors of
        batches.
        """
        self.submit_all()
        for queue in self._queues:
            while queue.pending:
                yield from self._outcomes(queue.take_done(wait_for_one=True))

    def _outcomes(self, finished: set[Future[list[Outcome]]]) -> Iterator[Outcome]:
        error: BaseException | None = None
        for future in finished:
            if (failure := future.exception()) is not None:
                error = error or failure
            else:
                for outcome in future.result():
                    self.unfinished.discard(outcome.plan.output or "")
                    yield outcome
        if error is not None:
            # The run ends with this error, so drop the incomplete batches.
            for queue in self._queues:
                queue.reset_batch()
            raise error

    def cancel_waiting(self) -> Iterator[Outcome]:
        """Drop the batches that no worker has started. Wait for the running batches, and yield their Outcomes."""
        for queue in self._queues:
            queue.cancel_waiting()
        yield from self.drain()

    def close(self) -> None:
        """Drop the waiting batches, wait for the running batches, and close the writer sessions."""
        for queue in self._queues:
            queue.cancel_waiting()
        for queue in self._queues:
            queue.close()
        self._sessions.close()


class Duplicates:
    """Decides whether a duplicate needs no output, because the output of its original is in DEST.

    This is known only after the Outcome of the original, which may fail or be changed by a user. A run and a preview
    use the same checks, so both give the same counts.
    """

    def __init__(self, is_in_place: Callable[[str], bool] | None, *, predicts: bool = False) -> None:
        """`is_in_place`: returns whether DEST has an output at this path. None: no duplicate needs an output.

        `predicts`: True for a preview. Its Outcomes count as if their outputs were in DEST.
        """
        self._is_in_place = is_in_place
        self._predicted = NameClaims() if predicts and is_in_place is not None else None
        self._absent: set[str] = set()
        """Outputs that this run cannot write, or keeps because a user changed them."""
        self.uncounted: list[Plan] = []
        """Duplicates whose bytes are not in DEST. They must be planned again with an output of their own."""

    def note(self, record: Record) -> Record:
        """Store the Outcome of a file that may be an original of duplicates. Return `record` unchanged."""
        if self._is_in_place is None or not isinstance(record, Outcome) or not (output := record.plan.output):
            return record
        if record.outcome == "failed" or (record.outcome == "unchanged" and USER_CHANGED in record.warnings):
            self._absent.add(output)
        elif self._predicted is not None and record.outcome != "unchanged":
            self._predicted.add(output)
        return record

    def count(self, plan: Plan) -> bool:
        """Return whether the Plan may be carried out unchanged.

        False for a duplicate whose original has no output in DEST. Its Plan is added to `uncounted`.
        """
        if plan.outcome != "duplicate" or plan.output is not None or not plan.link or self._has(plan.link):
            return True
        self.uncounted.append(plan)
        return False

    def _has(self, output: str) -> bool:
        if self._is_in_place is None:
            return True
        if output in self._absent:
            return False
        return (self._predicted is not None and output in self._predicted) or self._is_in_place(output)


CarryOutAll = Callable[[PlannedBatches, Duplicates], Iterator[Record]]
"""A function that carries out or previews Plans, and yields the records.

It adds duplicates whose original has no output in DEST to its second argument.
"""


def with_duplicates(
    batches: PlannedBatches,
    duplicates: Duplicates,
    carry_out: CarryOutAll,
    plan_alone: Callable[[Sequence[Plan]], Iterator[Record | Plan]],
    stop: threading.Event,
) -> Iterator[Record]:
    """Carry out the Plans, and yield the records. Then do the duplicates whose original has no output in DEST.

    `plan_alone`: plans these duplicates again, each with an output of its own.
    """
    yield from carry_out(batches, duplicates)
    while duplicates.uncounted and not stop.is_set():
        uncounted_plans, duplicates.uncounted = duplicates.uncounted, []
        yield from carry_out(iter([list(plan_alone(uncounted_plans))]), duplicates)


def preview(
    batches: PlannedBatches,
    stop: threading.Event,
    predict: Callable[[Plan], Outcome | None] = lambda plan: None,
    duplicates: Duplicates | None = None,
) -> Iterator[Record]:
    """Yield the expected Outcome of each Plan without carrying it out. If `stop` is set, end early.

    `predict`: returns the Outcome that existing files in DEST cause; None if they cause none. A duplicate whose
    original has no output in DEST is added to `duplicates.uncounted`, and not yielded.
    """
    duplicates = duplicates if duplicates is not None else Duplicates(None)
    for items in batches:
        if stop.is_set():
            return
        for item in items:
            if not isinstance(item, Plan):
                yield duplicates.note(item)
            elif duplicates.count(item):
                yield duplicates.note(predict(item) or outcome_of(item))


def execute_plans(
    batches: PlannedBatches,
    scheduler: WriteScheduler,
    stop: threading.Event,
    duplicates: Duplicates | None = None,
) -> Iterator[Record]:
    """Carry out every Plan and yield the Outcomes. After `stop` is set, only finish the running batches.

    A Plan that already failed is added to a batch too, because only batches are recorded. A duplicate whose original
    has no output in DEST is added to `duplicates.uncounted`, and not carried out.
    """
    duplicates = duplicates if duplicates is not None else Duplicates(None)
    for record in _schedule(batches, scheduler, stop, duplicates):
        yield duplicates.note(record)


def _schedule(
    batches: PlannedBatches, scheduler: WriteScheduler, stop: threading.Event, duplicates: Duplicates
) -> Iterator[Record]:
    for items in batches:
        if stop.is_set():
            yield from scheduler.cancel_waiting()
            return
        for item in items:
            if not isinstance(item, Plan):
                yield item
            elif item.output is None and not (item.link or item.withdraws) and item.outcome != "failed":
                yield outcome_of(item)
            else:
                if (
                    item.link in scheduler.unfinished
                ):  # the target of a link must be published before the link
                    yield from scheduler.drain()
                if duplicates.count(item):
                    scheduler.add(item)
                yield from scheduler.finished()
        if not items and scheduler.has_idle_worker:
            scheduler.submit_all()
        yield from scheduler.finished()
    yield from scheduler.drain()
