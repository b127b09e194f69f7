"""What a worker elsewhere does: a batch of Plans made into private copies, with tools of its own.

It gets the settings as they were given and loads the plugins that write, so that nothing but Plans has to travel. What
a worker has made ready stays for the next batch of the same run.
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
from pef_tui.clock import Clock, Key, RunningClock, Spent
from pef_tui.errors import RunError
from pef_tui.exiftool.locate import locate
from pef_tui.model import MediaFile, Plan, Source
from pef_tui.plugins import PluginHost
from pef_tui.run.bench import Bench
from pef_tui.run.readback import missing
from pef_tui.settings import Settings
from pef_tui.takeout.scan import DirectoryReader
from pef_tui.write.copies import Copy, Told
from pef_tui.write.dest import OWN, Dest
from pef_tui.write.making import Tools, clear, make

IDLE = 60.0
"""Seconds without a batch after which a worker lets its ExifTool go."""
ATTEMPTS = 10**6
A_BATCH = 10**6
"""Numbers of private copies: one of so many blocks, drawn by lot, of so many numbers each. So a worker that is believed
to be dead, and is not, meets nobody else's copies."""


class Kit(Struct, frozen=True):
    """What every worker of a run has to have, and know."""

    run: int
    """A number of the run, drawn by lot."""
    version: str
    settings: Settings
    """As they were given, but for `output`, which is absolute."""
    only: str
    """Names of installed plugins that are needed, split by commas."""
    writers: tuple[str, ...]
    """Their names, in their order."""
    exiftool: str
    """Version of the ExifTool used; "" where there is none."""
    mode: int
    """Permission bits of outputs."""
    sources: tuple[Source, ...]
    """Those that are folders."""
    lock: bytes
    """What the run has put into the lock of DEST."""


class Shard(Struct, frozen=True):
    """One batch on its way to a worker."""

    kit: Kit
    number: int
    """Of the batch in its run, for each time it is sent another."""
    plans: tuple[Plan, ...]


class Answer(Struct, frozen=True):
    """What became of it."""

    told: tuple[Told, ...] = ()
    """For each Plan; nothing where the batch could not be made."""
    notes: tuple[str, ...] = ()
    """What is to be told of plugins."""
    unfit: str = ""
    """Why this worker cannot work for the run."""
    error: str = ""
    """Why the run cannot go on."""
    errno: int = 0
    """What the disk said, where that is why."""
    spent: dict[Key, Spent] = {}
    """Where the time went, where a profile is asked for."""


class Unfit(Exception):
    """A worker that cannot work for the run; the text says why."""


def work(data: bytes) -> bytes:
    """Make a pickled Shard; its private copies are on the disk then, and wait for their names. A pickled Answer.

    Run by executors; bytes are what every one of them moves as they are.
    """
    return pickle.dumps(_work(pickle.loads(data)), pickle.HIGHEST_PROTOCOL)


def _work(shard: Shard) -> Answer:
    copies = [Copy(plan) for plan in shard.plans]
    clock = RunningClock() if shard.kit.settings.profile else Clock()
    try:
        with _OUTFITS.lent(shard.kit) as outfit:
            place = Dest(shard.kit.settings.output, first_number(shard.kit, shard.number))
            place.mode = shard.kit.mode
            try:
                make(copies, place, outfit.tools(clock))
                told = tuple(copy.told() for copy in copies)
                return Answer(told, outfit.new_notes(), spent=clock.spent)
            except BaseException:
                clear(place, copies)
                raise
            finally:
                place.close()
    except Unfit as unfit:
        return Answer(unfit=f"{socket.gethostname()}: {unfit}")
    except RunError as error:
        return Answer(error=str(error))
    except OSError as error:
        return Answer(error=error.strerror or str(error), errno=error.errno or 0)


def first_number(kit: Kit, batch: int) -> int:
    """Of the private copies of one attempt at a batch."""
    return ((kit.run + batch) * ATTEMPTS + secrets.randbelow(ATTEMPTS)) * A_BATCH


def batch_of(kit: Kit, name: str) -> int:
    """The number of the batch that a file in the staging folder belongs to; what is of no batch has a negative one."""
    stem = name.partition(".")[0]
    return int(stem) // (ATTEMPTS * A_BATCH) - kit.run if stem.isdecimal() else -1


class Outfit:
    """Writers and opened sources of one run, as a worker has them."""

    def __init__(self, kit: Kit) -> None:
        """Get ready. Raises Unfit."""
        if kit.version != __version__:
            raise Unfit(f"it has pef-tui {__version__}, the run {kit.version}")
        _check_folders(kit)
        self.users = 0
        self.timer: threading.Timer | None = None
        self._notes: list[str] = []
        host = _host(kit)
        self._writers = host.registered("pef_writers", self._notes)
        names = tuple(writer.name for writer in self._writers)
        if names != kit.writers:
            what = "; ".join((*host.notes, *self._notes))
            raise Unfit(
                f"its writers are {', '.join(names)}, the run's {', '.join(kit.writers)}. {what}".strip()
            )
        if "exiftool" in names and (version := locate(kit.settings.exiftool).version) != kit.exiftool:
            raise Unfit(f"it has ExifTool {version}, the run {kit.exiftool}")
        self._bench = Bench(self._writers)
        self._readers = {source.root: DirectoryReader(source) for source in kit.sources}

    def tools(self, clock: Clock) -> Tools:
        """For the calling thread."""
        return Tools(self._bench.sessions(), self._open_media, self._writers, clock, missing)

    def _open_media(self, media: MediaFile) -> BinaryIO:
        return self._readers[media.root].open(media.path)

    def new_notes(self) -> tuple[str, ...]:
        """What is to be told and was not yet."""
        notes, self._notes[:] = tuple(self._notes), ()
        return notes

    def close(self) -> None:
        """Let the writers go."""
        self._bench.close()


def _host(kit: Kit) -> PluginHost:
    try:
        return PluginHost(kit.settings, only=kit.only)
    except Exception as error:
        raise Unfit(str(error)) from error


def _check_folders(kit: Kit) -> None:
    """Raises Unfit where DEST or a source is not the one of the run."""
    try:
        with open(os.path.join(kit.settings.output, OWN, "lock"), "rb") as file:  # noqa: PTH123
            found = file.read(len(kit.lock) + 1)
    except OSError:
        found = b""
    if found != kit.lock:
        raise Unfit(f"DEST {kit.settings.output} is not the run's there")
    for source in kit.sources:
        if not os.path.isdir(source.path):
            raise Unfit(f"there is no folder {source.path}")


class Outfits:
    """The outfits of this process, one for each run; those that nobody uses are let go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[int, Outfit] = {}

    @contextmanager
    def lent(self, kit: Kit) -> Iterator[Outfit]:
        """The outfit for a run while a batch is made. Raises Unfit."""
        with self._lock:
            if (outfit := self._held.get(kit.run)) is None:
                outfit = self._held[kit.run] = Outfit(kit)
            if outfit.timer is not None:
                outfit.timer.cancel()
            outfit.users += 1
        try:
            yield outfit
        finally:
            with self._lock:
                outfit.users -= 1
                outfit.timer = threading.Timer(IDLE, self._let_go, (kit.run, outfit))
                outfit.timer.daemon = True
                outfit.timer.start()

    def _let_go(self, run: int, outfit: Outfit) -> None:
        with self._lock:
            if outfit.users or self._held.get(run) is not outfit:
                return
            del self._held[run]
        outfit.close()

    def close(self) -> None:
        """Let all go; nobody may be using them."""
        for outfit in self._held.values():
            outfit.close()
        self._held.clear()


_OUTFITS = Outfits()
atexit.register(_OUTFITS.close)
