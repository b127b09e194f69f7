"""Run in a remote worker: produce the staged copies of a batch, with writers and readers of its own.

A worker gets the original settings, and loads the plugins that write. So only Plans must be sent. The loaded plugins
and open sessions are kept for the next batch of the same run.
"""

from __future__ import annotations

import atexit
import os
import pickle
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from msgspec import Struct

from pef_tui import __version__
from pef_tui.errors import DiskGone, RunError
from pef_tui.execution.batch_archives import BatchArchives
from pef_tui.execution.sessions import SessionPool
from pef_tui.execution.tag_readback import missing_edits
from pef_tui.exiftool.locate import locate
from pef_tui.filesystem.dest_check import DestCheck
from pef_tui.filesystem.disk_watch import SourceWatch
from pef_tui.hooks import OpenMedia
from pef_tui.model import FileId, MediaFile, Plan, Source
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.produce import WorkerTools, clear_staged, produce
from pef_tui.output.queues import OutputQueues
from pef_tui.output.staged_outputs import StagedOutput, StagedResult
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Notes
from pef_tui.settings import Settings
from pef_tui.sources.directory import DirectoryReader
from pef_tui.sources.member_location import MemberLocation
from pef_tui.timing import Key, RunningTimer, StageTime, StageTimer

IDLE_SECONDS = 60.0
"""Seconds without a batch after which a worker closes its writer sessions (and thereby its ExifTool)."""
ATTEMPTS_PER_BATCH = 10**6
NUMBERS_PER_ATTEMPT = 10**6
"""Size of a block of numbers for staged copies.

Each attempt at a batch takes one of ATTEMPTS_PER_BATCH blocks, at random. Example: a worker is believed dead but still
runs. The copies of this worker then have other names than the copies of the worker that repeats the batch.
"""


class WorkerSetup(Struct, frozen=True):
    """The data about a run that each of its workers needs."""

    run: int
    """A random number that identifies the run."""
    version: str
    settings: Settings
    """The original settings of the run, except that `output` is an absolute path."""
    needed_plugins: str
    """Names of the installed plugins that the worker needs, separated by commas."""
    writers: tuple[str, ...]
    """Names of the run's writers, in order of preference."""
    exiftool: str
    """Version of ExifTool; "" if there is none."""
    mode: int
    """Permission bits of outputs."""
    sources: tuple[Source, ...]
    """The sources that are folders. Archives are opened for each batch that reads their members."""
    lock: bytes
    """The content of the lock file in DEST, which proves that a worker sees the same folder."""


class RemoteBatch(Struct, frozen=True):
    """A batch to send to a worker."""

    setup: WorkerSetup
    number: int
    """Number of the batch in the run. A batch that is sent again gets a new number."""
    plans: tuple[Plan, ...]
    members: dict[FileId, MemberLocation] = {}
    """The location of each file of the Plans that is in an archive."""


class BatchResult(Struct, frozen=True):
    """The result of a batch, which the worker sends back."""

    results: tuple[StagedResult | None, ...] = ()
    """One result for each Plan, in the same order; empty if the batch failed.

    The result is None for a Plan with a file in an archive that this worker cannot use.
    """
    notes: tuple[str, ...] = ()
    """New notes of plugins, for the user."""
    warnings: frozenset[str] = frozenset()
    """Those of `notes` that report an error of a plugin."""
    rejection: str = ""
    """Reason why this worker cannot be used for the run; "" if it can."""
    error: str = ""
    """Reason why the run must stop; "" if it need not."""
    errno: int = 0
    """Error number, if an error of the disk stops the run; else 0."""
    is_disk_gone: bool = False
    """Whether the batch failed (`error`) because this worker does not see the run's DEST or a source any more. Other
    workers may still see it.
    """
    spent: dict[Key, StageTime] = {}
    """Durations of the stages, for `--profile`; empty without this option."""
    refused: dict[int, str] = {}
    """Why an archive cannot be used by this worker, by the number of the archive (`Source.root`)."""


class WorkerRejected(Exception):
    """Raised if a worker cannot be used for the run. The text is the reason."""


def run_batch(data: bytes) -> bytes:
    """Produce the staged copies of a pickled RemoteBatch, and return the pickled BatchResult.

    On return, the copies are on the disk. Executors call this function. Argument and result are bytes, which every
    executor can transport.
    """
    return pickle.dumps(_produce_batch(pickle.loads(data)), pickle.HIGHEST_PROTOCOL)


def _produce_batch(batch: RemoteBatch) -> BatchResult:
    archives = BatchArchives(batch.members)
    usable = [archives.has_usable_sources(plan) for plan in batch.plans]
    copies = [StagedOutput(plan) for plan in batch.plans]
    producible = [copy for copy, is_usable in zip(copies, usable, strict=True) if is_usable]
    timer = RunningTimer() if batch.setup.settings.profile else StageTimer()
    try:
        with _RUNTIMES.borrow(batch.setup) as runtime:
            first = first_number(batch.setup, batch.number)
            output_dir = OutputDir(
                batch.setup.settings.output, first, runtime.dest_check, queues=runtime.queues
            )
            output_dir.mode = batch.setup.mode
            try:
                produce(producible, output_dir, runtime.tools(timer, archives))
                output_dir.check_disk()
                results = tuple(
                    copy.to_result() if is_usable else None
                    for copy, is_usable in zip(copies, usable, strict=True)
                )
                refused = {
                    root: f"{socket.gethostname()}: {reason}" for root, reason in archives.refused.items()
                }
                notes, warnings = runtime.new_notes()
                return BatchResult(results, notes, warnings, spent=timer.times, refused=refused)
            except BaseException:
                clear_staged(output_dir, producible)
                raise
            finally:
                output_dir.close()
    except WorkerRejected as rejection:
        return BatchResult(rejection=f"{socket.gethostname()}: {rejection}")
    except RunError as error:
        return BatchResult(error=str(error), is_disk_gone=isinstance(error, DiskGone))
    except OSError as error:
        return BatchResult(error=error.strerror or str(error), errno=error.errno or 0)


def first_number(setup: WorkerSetup, batch: int) -> int:
    """Return the first number for the staged copies of one attempt at a batch. It is drawn at random."""
    return (
        (setup.run + batch) * ATTEMPTS_PER_BATCH + secrets.randbelow(ATTEMPTS_PER_BATCH)
    ) * NUMBERS_PER_ATTEMPT


def batch_number(setup: WorkerSetup, path: str) -> int:
    """Return the number of the batch that produced the file at `path` in the staging folder.

    Negative if no batch of this run produced it.
    """
    stem = path.rpartition("/")[2].partition(".")[0]
    return int(stem) // (ATTEMPTS_PER_BATCH * NUMBERS_PER_ATTEMPT) - setup.run if stem.isdecimal() else -1


class WorkerRuntime:
    """The writers and open sources of one run in this worker process."""

    def __init__(self, setup: WorkerSetup) -> None:
        """Load the plugins and open the sources. Raises WorkerRejected if this worker cannot be used for the run."""
        if setup.version != __version__:
            raise WorkerRejected(f"it has pef-tui {__version__}, the run {setup.version}")
        self.dest_check = _open_dest(setup)
        """Checks that DEST is still the folder that this worker saw first, with the lock file of the run."""
        try:
            self._open(setup)
        except BaseException:
            self.dest_check.close()
            raise

    def _open(self, setup: WorkerSetup) -> None:
        for source in setup.sources:
            if not os.path.isdir(source.path):
                raise WorkerRejected(f"there is no folder {source.path}")
        self.users = 0
        self.timer: threading.Timer | None = None
        self._notes = Notes()
        host = _host(setup)
        self._writers = host.registered("pef_writers", self._notes)
        names = tuple(writer.name for writer in self._writers)
        if names != setup.writers:
            notes = "; ".join((*host.notes, *self._notes))
            raise WorkerRejected(
                f"its writers are {', '.join(names)}, the run's {', '.join(setup.writers)}. {notes}".strip()
            )
        if "exiftool" in names and (version := locate(setup.settings.exiftool).version) != setup.exiftool:
            raise WorkerRejected(f"it has ExifTool {version}, the run {setup.exiftool}")
        self._sessions = SessionPool(self._writers)
        self._readers = {source.root: _reader(source) for source in setup.sources}
        self.queues = OutputQueues(setup.settings.output, [source.path for source in setup.sources])
        """Queues that all batches share, because later batches use their measurements."""

    def tools(self, timer: StageTimer, archives: BatchArchives) -> WorkerTools:
        """Return the tools with which the calling thread produces copies, such as its own writer sessions.

        `timer`: measures the stages of the work. `archives`: the open archives of the batch.
        """
        open_media = self._opener(archives)
        return WorkerTools(self._sessions.sessions(), open_media, self._writers, timer, missing_edits)

    def _opener(self, archives: BatchArchives) -> OpenMedia:
        """Return a function that opens the files of a batch."""

        def open_media(media: MediaFile) -> BinaryIO:
            member = archives.open(media)
            return member if member is not None else self._readers[media.root].open(media.path)

        return open_media

    def new_notes(self) -> tuple[tuple[str, ...], frozenset[str]]:
        """Return the notes of plugins that were added since the last call, and those of them that are warnings."""
        notes, self._notes[:] = tuple(self._notes), ()
        return notes, frozenset(self._notes.warnings.intersection(notes))

    def close(self) -> None:
        """Close the sessions of the writers, and DEST."""
        self._sessions.close()
        self.dest_check.close()


def _reader(source: Source) -> DirectoryReader:
    """Return a reader of a source that is a folder. It repeats calls that failed, as in the process of the run."""
    reader = DirectoryReader(source)
    reader.watch = SourceWatch(source.path)
    return reader


def _host(setup: WorkerSetup) -> PluginHost:
    try:
        return PluginHost(setup.settings, only=setup.needed_plugins)
    except Exception as error:
        raise WorkerRejected(str(error)) from error


def _open_dest(setup: WorkerSetup) -> DestCheck:
    """Open DEST and return its check. Raises WorkerRejected if this worker does not see the DEST of the run.

    The content of the lock file identifies DEST, because device and inode numbers differ between machines.
    """
    dest = setup.settings.output
    try:
        dest_check = DestCheck(dest)
    except OSError:
        raise WorkerRejected(f"DEST {dest} is not the run's there") from None
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open("lock", flags, dir_fd=dest_check.folder), "rb") as file:
            lock_text = file.read(len(setup.lock) + 1)
    except OSError:
        lock_text = b""
    if lock_text != setup.lock:
        dest_check.close()
        raise WorkerRejected(f"DEST {dest} is not the run's there")
    return dest_check


class RuntimePool:
    """The runtimes of this process, one for each run. A runtime is closed after IDLE_SECONDS without a batch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runtimes: dict[int, WorkerRuntime] = {}

    @contextmanager
    def borrow(self, setup: WorkerSetup) -> Iterator[WorkerRuntime]:
        """Yield the runtime of a run for one batch. Create it if there is none. Raises WorkerRejected."""
        with self._lock:
            if (runtime := self._runtimes.get(setup.run)) is None:
                runtime = self._runtimes[setup.run] = WorkerRuntime(setup)
            if runtime.timer is not None:
                runtime.timer.cancel()
            runtime.users += 1
        try:
            yield runtime
        finally:
            with self._lock:
                runtime.users -= 1
                runtime.timer = threading.Timer(IDLE_SECONDS, self._close_idle, (setup.run, runtime))
                runtime.timer.daemon = True
                runtime.timer.start()

    def _close_idle(self, run: int, runtime: WorkerRuntime) -> None:
        with self._lock:
            if runtime.users or self._runtimes.get(run) is not runtime:
                return
            del self._runtimes[run]
        runtime.close()

    def close(self) -> None:
        """Close all runtimes. No runtime may be in use."""
        for runtime in self._runtimes.values():
            runtime.close()
        self._runtimes.clear()


_RUNTIMES = RuntimePool()
atexit.register(_RUNTIMES.close)
