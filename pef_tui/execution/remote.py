"""Remote workers of a run: processes of this machine, or the workers of a plugin's executor.

Workers only produce staged copies (`remote_worker.run_batch`). The run itself writes intents and records, and renames
the copies. If a worker is lost, its batch is sent to another worker. If that fails too, the run's own threads produce
it.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from concurrent import futures
from contextlib import suppress
from itertools import count
from threading import Lock

from msgspec.structs import replace

from pef_tui.errors import DiskGone, RunError, UsageError
from pef_tui.execution.batch_archives import SharedArchive, locate_members, source_files
from pef_tui.execution.remote_worker import BatchResult, RemoteBatch, WorkerSetup, batch_number, run_batch
from pef_tui.hooks import Executor
from pef_tui.model import FileId, Match, Plan
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.plugins.calls import FAILURES, describe_error
from pef_tui.progress import Progress
from pef_tui.sanitize import safe
from pef_tui.settings import Settings
from pef_tui.sources.member_location import MemberLocation
from pef_tui.suggestions import suggestion

THREADS, AUTO = "threads", "auto"
AUTO_EXECUTOR = "processes"
"""Name of the executor that `--executor auto` uses."""
AUTO_FROM = 1000
"""Number of Plans from which `--executor auto` uses processes.

Processes need half a second to start. In that time, threads write some 300 files.
"""
MAX_TRIES = 2
"""Number of times that a batch is sent to workers. After that, the run's own threads produce it."""
MAX_OPENINGS = 3
"""Largest number of times that the executor is opened. (It is opened again if it is broken.)"""
MAX_LOST = 20
"""Number of lost batches after which no more batches are sent."""
PROBE_SECONDS = 60.0
"""Time limit in seconds for the first answer of a worker."""


class RemoteExecutor:
    """The remote workers of one run.

    One thread calls `accepts`, another one calls `expect`, and several threads call `send`.
    """

    def __init__(
        self,
        executor: Executor,
        setup: WorkerSetup,
        output_dir: OutputDir,
        progress: Progress,
        *,
        full_plans: bool,
        archives: Mapping[int, SharedArchive],
    ) -> None:
        """`full_plans`: whether writers of plugins need complete Plans. If False, Plans are reduced before they are
        sent.

        `archives`: the archives that workers can open, by `Source.root`.
        """
        self._chosen = executor
        self._setup = setup
        self._output_dir = output_dir
        self._progress = progress
        self._full_plans = full_plans
        self._archives = archives
        self._roots = {source.root for source in setup.sources} | set(archives)
        """Numbers of the sources whose files workers can read."""
        self._lock = Lock()
        self._numbers = count(1)
        self._executor: futures.Executor | None = None
        self._opening_count = 0
        self._lost_count = 0
        self._plans_until_start = 0
        self._has_many_plans = False
        self._is_ready = False
        self._has_given_up = False
        self.workers = setup.settings.worker_count
        """Number of batches that the workers produce at the same time."""

    def start(self) -> None:
        """Open the executor and wait for its first worker. Raises UsageError if the executor cannot be used.

        If it runs processes of this machine and they reject the run, nothing is raised: the run's own threads write all
        files.
        """
        try:
            executor = self._open_executor()
            if self._chosen.workers is not None:
                self.workers = max(1, int(self._chosen.workers(executor)))
            result = _submit_batch(executor, self._pickled_batch(), 0)
        except FAILURES as error:
            message = str(error) if isinstance(error, RunError) else describe_error(error)
            raise self._unusable(message or f"no worker answered within {PROBE_SECONDS:.0f} s") from None
        if result.rejection and not self._chosen.here:
            raise self._unusable(result.rejection)
        if result.rejection:
            self._give_up(result.rejection)
        self._is_ready = not result.rejection

    def _unusable(self, reason: str) -> UsageError:
        self.close()
        return UsageError(f"--executor {self._chosen.name}: {reason}; --executor threads does without")

    def start_after(self, plans: int) -> None:
        """Open the executor later, when `plans` Plans were seen or are expected. Until then, accept no Plan."""
        self._plans_until_start = plans

    def expect(self, matches: Sequence[Match], ready_count: int) -> None:
        """Announce the matches of a Folder. `ready_count`: how many of them need no Plan.

        If enough others remain (the `plans` given to `start_after`), the next call of `accepts` opens the executor.
        """
        if not 0 < self._plans_until_start <= len(matches) - ready_count:
            return
        plans = sum(match.media.root in self._roots for match in matches) - ready_count
        self._has_many_plans = self._has_many_plans or plans >= self._plans_until_start

    def accepts(self, plan: Plan) -> bool:
        """Return whether this Plan can be sent to a worker. Open the executor if enough Plans were seen.

        Links, and files in sources that workers cannot read, are not sent: the run itself produces them. `start_after`
        sets how many Plans are enough.
        """
        if plan.link or not all(file.root in self._roots for file in source_files(plan)):
            return False
        if self._plans_until_start:
            self._plans_until_start = 0 if self._has_many_plans else self._plans_until_start - 1
            if not self._plans_until_start:
                self._start_in_background()
        return self._is_ready

    def _start_in_background(self) -> None:
        try:
            executor = self._open_executor()
            data = self._pickled_batch()
            for _ in range(self.workers):
                executor.submit(run_batch, data).add_done_callback(self._note_started)
        except FAILURES as error:
            self._give_up(describe_error(error))

    def _note_started(self, future: futures.Future[bytes]) -> None:
        if future.cancelled():
            return
        try:
            rejection = _decode_result(future.result(), 0).rejection
        except FAILURES as error:
            rejection = describe_error(error)
        if rejection:
            self._give_up(rejection)
        elif self._executor is not None:
            self._is_ready = True

    def send(self, copies: Sequence[StagedOutput]) -> Sequence[StagedOutput]:
        """Produce the copies in a remote worker, and store the results in them (see `commit.Send`).

        Return the copies that no worker can produce.
        """
        plans = tuple(copy.plan if self._full_plans else without_metadata(copy.plan) for copy in copies)
        try:
            members = locate_members(plans, self._archives)
        except OSError:
            members = None
        for _ in range(MAX_TRIES if members is not None else 0):
            if (executor := self._executor) is None:
                return copies
            try:
                data = self._pickled_batch(plans, members)
            except FAILURES as error:
                self._give_up(f"what is to be written cannot be sent there: {describe_error(error)}")
                return copies
            try:
                result = _submit_batch(executor, data, len(plans))
            except FAILURES as error:
                self._note_lost(executor, error)
                continue
            if result.rejection:
                self._give_up(result.rejection)
                return copies
            if result.is_disk_gone:
                self._output_dir.check_disk()  # raises DiskGone if this machine does not see DEST either
                self._note_lost(executor, DiskGone(result.error))
                continue
            self._note_result(result)
            _raise_error(result)
            return _apply_results(copies, result)
        return copies

    def _note_result(self, result: BatchResult) -> None:
        """Add the notes and times of a batch to the notes and times of the run.

        If the worker could not read an archive, send no more files of this archive to workers.
        """
        with self._lock:
            refused = {root: reason for root, reason in result.refused.items() if root in self._roots}
            self._roots.difference_update(refused)
        progress = self._progress
        progress.notes += [
            f"{self._archives[root].path}: workers of {self._chosen.name} cannot read it ({reason}), so its files are "
            "written in threads"
            for root, reason in refused.items()
        ]
        for note in result.notes:
            if note in progress.notes:
                continue
            if note in result.warnings:
                progress.notes.warn(note, is_loss=True)
            else:
                progress.notes.append(note)
        for stage, duration in result.spent.items():
            progress.timer.add(stage, duration)

    def _pickled_batch(
        self, plans: tuple[Plan, ...] = (), members: Mapping[FileId, MemberLocation] | None = None
    ) -> bytes:
        """Return a pickled batch with `plans`, under a new number. Raises the errors of pickle.

        `members`: the location of each file of the Plans that is in an archive.
        """
        batch = RemoteBatch(self._setup, next(self._numbers), plans, dict(members or {}))
        return pickle.dumps(batch, pickle.HIGHEST_PROTOCOL)

    def _open_executor(self) -> futures.Executor:
        self._opening_count += 1
        self._executor = self._chosen.open()
        return self._executor

    def _note_lost(self, executor: futures.Executor, error: BaseException) -> None:
        """Count a lost batch. If the executor takes no more calls, open it again; if that fails, stop sending."""
        with self._lock:
            self._lost_count += 1
            if self._lost_count == 1:
                name = self._chosen.name
                self._progress.notes.append(
                    f"a worker of {name} was lost ({describe_error(error)}); what it had in hand is done again"
                )
            if executor is not self._executor:
                return
            if self._lost_count < MAX_LOST and not isinstance(error, futures.BrokenExecutor):
                return
            _shut_down(executor, wait=False)
            self._executor = None
            if self._opening_count < MAX_OPENINGS and self._lost_count < MAX_LOST:
                with suppress(*FAILURES):
                    self._open_executor()
                    return
        self._give_up(describe_error(error))

    def _give_up(self, reason: str) -> None:
        """Stop sending batches, and add one note with the reason for the user."""
        with self._lock:
            executor, self._executor = self._executor, None
            had_given_up, self._has_given_up, self._is_ready = self._has_given_up, True, False
        if executor is not None:
            _shut_down(executor, wait=False)
        if not had_given_up:
            self._progress.notes.append(
                f"the workers of {self._chosen.name} cannot be used, files are written in threads: {reason}"
            )

    def close(self) -> None:
        """Close the executor, and remove the staged copies that lost workers left. No batch may be running.

        An executor may also have repeated the batch of a lost worker by itself, which leaves copies too.
        """
        self._is_ready, executor, self._executor = False, self._executor, None
        if executor is not None:
            _shut_down(executor)
        if not self._opening_count:
            return
        folders = ("", *self._output_dir.copy_folders())
        for path in (path for folder in folders for path in self._output_dir.staged_names(folder)):
            if batch_number(self._setup, path) >= 0:
                with suppress(OSError):
                    os.unlink(path, dir_fd=self._output_dir.staging_fd)


def _submit_batch(executor: futures.Executor, data: bytes, plans: int) -> BatchResult:
    """Send a batch to a worker, wait for its result and return it. Raises every error of the executor or the worker.

    `data`: the pickled batch. `plans`: number of Plans in the batch. A batch of 0 Plans only tests the worker, within
    PROBE_SECONDS.
    """
    answer = executor.submit(run_batch, data).result(None if plans else PROBE_SECONDS)
    return _decode_result(answer, plans)


def _decode_result(data: bytes, plans: int) -> BatchResult:
    """Unpickle the result of a batch and return it. `plans`: the number of Plans in the batch.

    Raises RuntimeError if `data` is not the result of such a batch, and the errors of pickle.
    """
    result = pickle.loads(data)
    if type(result) is not BatchResult:
        raise RuntimeError(f"answers {type(result).__name__}")
    if len(result.results) != plans and not (result.rejection or result.error or result.errno):
        raise RuntimeError(f"tells of {len(result.results)} files, not of {plans}")
    return result


def choose_executor(name: str, executors: Sequence[Executor]) -> Executor | None:
    """Return the executor with this name. Raises UsageError if there is none.

    None for `threads`. `auto` means `AUTO_EXECUTOR`; None if `executors` does not have it.
    """
    if name == THREADS:
        return None
    executor_name = AUTO_EXECUTOR if name == AUTO else name
    executor = next((candidate for candidate in executors if candidate.name == executor_name), None)
    if executor is None and name != AUTO:
        known = [safe(each, 60) for each in (AUTO, THREADS, *(candidate.name for candidate in executors))]
        text = f"there is none of that name, only {', '.join(known)}{suggestion(name, known)}"
        raise UsageError(f"--executor {safe(name, 60)}: {text}")
    return executor


def local_only_reason(settings: Settings) -> str:
    """Return why the run's own threads must write all files; "" if remote workers may be used."""
    if settings.in_place:
        return "in place, what undoing needs is kept here"
    return "--trace-plugins watches plugins here" if settings.trace_plugins else ""


def without_metadata(plan: Plan) -> Plan:
    """Return `plan` with only the data that the built-in writers use, because less data is faster to send.

    Of its Match, the media file, its metadata and its XMP file (without tags) remain. Conflicts, warnings, reason and
    key are left out.
    """
    match = plan.match
    xmp = replace(match.xmp, tags={}) if match.xmp is not None else None
    small_match = Match(match.media, "", metadata=match.metadata, xmp=xmp)
    return replace(plan, match=small_match, conflicts=(), warnings=(), reason="", key=b"")


def _apply_results(copies: Sequence[StagedOutput], result: BatchResult) -> list[StagedOutput]:
    """Store the results of a batch in `copies`. Return the copies that have no result."""
    remaining = []
    for copy, staged_result in zip(copies, result.results, strict=True):
        if staged_result is not None:
            copy.apply_result(staged_result)
        else:
            remaining.append(copy)
    return remaining


def _raise_error(result: BatchResult) -> None:
    """Raise the error that ended the batch, if there is one, as `produce` would raise it."""
    if result.errno:
        raise OSError(result.errno, result.error)
    if result.error:
        raise RunError(result.error)


def _shut_down(executor: futures.Executor, *, wait: bool = True) -> None:
    with suppress(*FAILURES):
        executor.shutdown(wait=wait)
