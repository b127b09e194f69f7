"""Workers elsewhere, as a run uses them: in processes of this machine, or wherever a plugin's executor has them.

They make private copies (`shard.work`); intents, final names and records stay here. A worker that is lost costs its
batch another try elsewhere, and then one in the run's own threads.
"""

from __future__ import annotations

import os
import pickle
import secrets
from collections.abc import Sequence
from concurrent import futures
from contextlib import suppress
from itertools import count
from threading import Lock

from msgspec.structs import replace

from pef_tui import __version__
from pef_tui.display import safe
from pef_tui.errors import RunError, UsageError
from pef_tui.guard import FAILURES, reason
from pef_tui.hooks import Executor, SourceReader, Writer
from pef_tui.model import Match, Plan, Source
from pef_tui.plugins import BUILT_IN, PluginHost
from pef_tui.progress import Progress
from pef_tui.run.shard import Answer, Kit, Shard, batch_of, work
from pef_tui.settings import Settings
from pef_tui.takeout.scan import DirectoryReader
from pef_tui.write.copies import Copy
from pef_tui.write.dest import OWN, Dest

THREADS, AUTO = "threads", "auto"
BY_ITSELF = "processes"
"""What `auto` takes."""
AUTO_FROM = 1000
"""Plans from which on `auto` takes processes. They start in half a second, which threads write some 300 files in."""
TRIES = 2
"""Times a batch is given to a worker before it is made here."""
OPENINGS = 3
"""Times an executor that is broken is begun anew."""
MOST_LOST = 20
"""Batches lost from which on nothing more is sent."""
PROBE = 60.0
"""Seconds the first worker has to answer."""


class Elsewhere:
    """The workers of one run; `takes` is asked by one thread, `expect` by another, `send` by several."""

    def __init__(self, executor: Executor, kit: Kit, dest: Dest, progress: Progress, *, whole: bool) -> None:
        """`whole`: writers other than our own want Plans with all that is known of the picture."""
        self._chosen = executor
        self._kit = kit
        self._dest = dest
        self._progress = progress
        self._whole = whole
        self._roots = frozenset(source.root for source in kit.sources)
        self._lock = Lock()
        self._numbers = count(1)
        self._executor: futures.Executor | None = None
        self._openings = 0
        self._lost = 0
        self._waiting = 0
        self._many = False
        self._ready = False
        self._given_up = False
        self.workers = kit.settings.worker_count
        """Batches that are worked on at once."""

    def start(self) -> None:
        """Begin now. Raises UsageError where it cannot be used; what is of this machine is done without then."""
        try:
            executor = self._begun()
            if self._chosen.workers is not None:
                self.workers = max(1, int(self._chosen.workers(executor)))
            answer = _answer(executor, self._packed(()), 0)
        except FAILURES as error:
            told = str(error) if isinstance(error, RunError) else reason(error)
            raise self._unusable(told or f"no worker answered within {PROBE:.0f} s") from None
        if answer.unfit and not self._chosen.here:
            raise self._unusable(answer.unfit)
        if answer.unfit:
            self._give_up(answer.unfit)
        self._ready = not answer.unfit

    def _unusable(self, why: str) -> UsageError:
        self.close()
        return UsageError(f"--executor {self._chosen.name}: {why}; --executor threads does without")

    def start_after(self, plans: int) -> None:
        """Begin when so many Plans were seen or are expected; those that come until workers are ready are not taken."""
        self._waiting = plans

    def expect(self, matches: Sequence[Match], done: int) -> None:
        """Plans of these are about to come, but for so many of them: the first may be enough to begin."""
        if not 0 < self._waiting <= len(matches) - done:
            return
        plans = sum(match.media.root in self._roots for match in matches) - done
        self._many = self._many or plans >= self._waiting

    def takes(self, plan: Plan) -> bool:
        """Is a Plan to be sent? Links are made here, and archives are read here."""
        if plan.match.media.root not in self._roots or plan.link:
            return False
        if self._waiting:
            self._waiting = 0 if self._many else self._waiting - 1
            if not self._waiting:
                self._begin_meanwhile()
        return self._ready

    def _begin_meanwhile(self) -> None:
        try:
            executor = self._begun()
            data = self._packed(())
            for _ in range(self.workers):
                executor.submit(work, data).add_done_callback(self._has_begun)
        except FAILURES as error:
            self._give_up(reason(error))

    def _has_begun(self, future: futures.Future[bytes]) -> None:
        if future.cancelled():
            return
        if (error := future.exception()) is not None:
            self._give_up(reason(error))
        elif unfit := pickle.loads(future.result()).unfit:
            self._give_up(unfit)
        elif self._executor is not None:
            self._ready = True

    def send(self, copies: Sequence[Copy]) -> bool:
        """A `commit.Send`."""
        plans = tuple(copy.plan if self._whole else light(copy.plan) for copy in copies)
        for _ in range(TRIES):
            if (executor := self._executor) is None:
                return False
            try:
                data = self._packed(plans)
            except FAILURES as error:
                self._give_up(f"what is to be written cannot be sent there: {reason(error)}")
                return False
            try:
                answer = _answer(executor, data, len(plans))
            except FAILURES as error:
                self._was_lost(executor, error)
                continue
            if answer.unfit:
                self._give_up(answer.unfit)
                return False
            self._progress.notes += [note for note in answer.notes if note not in self._progress.notes]
            for stage, spent in answer.spent.items():
                self._progress.clock.add(stage, spent)
            _raise(answer)
            for copy, told in zip(copies, answer.told, strict=True):
                copy.take(told)
            return True
        return False

    def _packed(self, plans: tuple[Plan, ...]) -> bytes:
        """A batch as it is sent. Raises whatever pickle does."""
        return pickle.dumps(Shard(self._kit, next(self._numbers), plans), pickle.HIGHEST_PROTOCOL)

    def _begun(self) -> futures.Executor:
        self._openings += 1
        self._executor = self._chosen.open()
        return self._executor

    def _was_lost(self, executor: futures.Executor, error: BaseException) -> None:
        """Take note; an executor that takes no more calls is begun anew."""
        with self._lock:
            self._lost += 1
            if self._lost == 1:
                name = self._chosen.name
                self._progress.notes.append(
                    f"a worker of {name} was lost ({reason(error)}); what it had in hand is done again"
                )
            if executor is not self._executor:
                return
            if self._lost < MOST_LOST and not isinstance(error, futures.BrokenExecutor):
                return
            _shut(executor, wait=False)
            self._executor = None
            if self._openings < OPENINGS and self._lost < MOST_LOST:
                with suppress(*FAILURES):
                    self._begun()
                    return
        self._give_up(reason(error))

    def _give_up(self, why: str) -> None:
        """Nothing more is sent; told once."""
        with self._lock:
            executor, self._executor = self._executor, None
            told, self._given_up, self._ready = self._given_up, True, False
        if executor is not None:
            _shut(executor, wait=False)
        if not told:
            self._progress.notes.append(
                f"the workers of {self._chosen.name} cannot be used, files are written in threads: {why}"
            )

    def close(self) -> None:
        """Let the workers go; nothing may be in hand. What lost ones left behind is removed.

        An executor may have given a batch of a lost worker to another without a word.
        """
        self._ready, executor, self._executor = False, self._executor, None
        if executor is not None:
            _shut(executor)
        for name in self._dest.staged() if self._openings else ():
            if batch_of(self._kit, name) >= 0:
                with suppress(OSError):
                    os.unlink(name, dir_fd=self._dest.staging_fd)


def _answer(executor: futures.Executor, data: bytes, plans: int) -> Answer:
    """What a worker made of a batch; of an empty one within PROBE seconds. Raises whatever went wrong."""
    answer = pickle.loads(executor.submit(work, data).result(None if plans else PROBE))
    if type(answer) is not Answer:
        raise RuntimeError(f"answers {type(answer).__name__}")
    if len(answer.told) != plans and not (answer.unfit or answer.error or answer.errno):
        raise RuntimeError(f"tells of {len(answer.told)} files, not of {plans}")
    return answer


def chosen(name: str, executors: Sequence[Executor]) -> Executor | None:
    """The executor of this name, None for threads. Raises UsageError where there is none."""
    if name == THREADS:
        return None
    wanted = BY_ITSELF if name == AUTO else name
    found = next((each for each in executors if each.name == wanted), None)
    if found is None and name != AUTO:
        known = ", ".join(safe(each, 60) for each in (AUTO, THREADS, *(each.name for each in executors)))
        raise UsageError(f"--executor {safe(name, 60)}: there is none of that name, only {known}")
    return found


def must_stay(settings: Settings) -> str:
    """Why everything has to be written in threads of the run; "" where it has not."""
    if settings.in_place:
        return "in place, what undoing needs is kept here"
    return "--trace-plugins watches plugins here" if settings.trace_plugins else ""


def light(plan: Plan) -> Plan:
    """The Plan without what our own writers do not look at."""
    match = plan.match
    xmp = replace(match.xmp, tags={}) if match.xmp is not None else None
    bare = Match(match.media, "", state=match.state, xmp=xmp)
    return replace(plan, match=bare, conflicts=(), warnings=(), reason="", key=b"")


def _raise(answer: Answer) -> None:
    """Raise what ended the batch, as `making.make` does."""
    if answer.errno:
        raise OSError(answer.errno, answer.error)
    if answer.error:
        raise RunError(answer.error)


def _shut(executor: futures.Executor, *, wait: bool = True) -> None:
    with suppress(*FAILURES):
        executor.shutdown(wait=wait)


def kit_of(
    host: PluginHost, sources: Sequence[Source], readers: Sequence[SourceReader], writers: Sequence[Writer], *,
    dest: Dest, exiftool: str,
) -> tuple[Kit, bool]:  # fmt: skip
    """What workers need for this run, and whether writers other than our own are among them."""
    theirs = [
        plugin.name
        for plugin in host.plugins
        if plugin.state == "loaded" and plugin.origin != "built-in" and "pef_writers" in plugin.hooks
    ]
    given = host.given
    needless = tuple(f"no:{name}" for name in BUILT_IN if name != "write")
    tables = (
        given.plugins if theirs else {key: given.plugins[key] for key in given.plugins if key == "disable"}
    )
    named = given.plugin if theirs else tuple(name for name in given.plugin if name.startswith("no:"))
    settings = replace(
        given, output=dest.path, plugins=tables, plugin=(*named, *needless), trace_plugins=False
    )
    folders = tuple(
        replace(source, path=os.path.abspath(source.path))
        for source, reader in zip(sources, readers, strict=True)
        if isinstance(reader, DirectoryReader)
    )
    with open(os.path.join(dest.path, OWN, "lock"), "rb") as file:  # noqa: PTH123
        lock = file.read()
    names = tuple(writer.name for writer in writers)
    run = secrets.randbits(32) * 10**6
    kit = Kit(run, __version__, settings, ",".join(theirs), names, exiftool, dest.mode, folders, lock)
    return kit, bool(theirs)
