"""What is known of every file of every run in one DEST: the journal, read and kept up to date."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import RLock

from msgspec.structs import replace

from pef_tui.manifest.columns import pack, unpack
from pef_tui.manifest.folder import OWN, open_folder
from pef_tui.manifest.format import (
    Done,
    Entry,
    Forgotten,
    Impossible,
    Intended,
    Intent,
    Listed,
    Payload,
    RunClosed,
    RunOpened,
    decode,
    encode,
)
from pef_tui.manifest.index import Index
from pef_tui.manifest.journal import Journal
from pef_tui.manifest.succession import succeeding

COMPACT_FROM = 10_000
"""Entries added since the last compaction that make another worth while, if they are more than it left."""
FRAME_ENTRIES = 2_000
"""Entries in one frame at most."""
AS_IT_IS = 100
"""Entries in a frame that compaction need not join with others."""
RUNS_KEPT = 200
"""Runs remembered."""

Left = tuple[bytes, Intended | None]
"""Output that a run came to no end with, and what it is, where that was recorded."""


class Ledger:
    """What earlier runs did, by key, and the recording of what this one does. Safe for several threads.

    Whoever writes holds `DestLock`. Methods that record raise OSError; after a failed sync they always do.
    """

    def __init__(self, folder: int | None, *, read_only: bool) -> None:
        self._folder = folder
        self.read_only = read_only
        """Nothing is recorded."""
        self._lock = RLock()
        self.problems: list[str] = []
        """What was wrong with the manifest, each in one line."""
        self.runs: list[tuple[RunOpened, RunClosed | None]] = []
        """The runs, oldest first, each with its end if it came to one."""
        self._forget_all()
        self._journal: Journal | None = None

    def _forget_all(self) -> None:
        self._index = Index(self._read)
        self._open: dict[int, Intent] = {}
        self._left: dict[bytes, tuple[Left, ...]] = {}
        self._listed: dict[bytes, int] = {}
        self._batch = 0
        self.seal = b""
        """What the last run that sealed the manifest said; empty once anything was recorded since."""
        self.runs.clear()

    @classmethod
    def open(cls, dest: str, *, read_only: bool) -> Ledger:
        """Read the manifest of DEST, mending it unless `read_only`. Raises NewerFormat, OSError.

        With `read_only` nothing is made or changed, and DEST need not exist.
        """
        ledger = cls(open_folder(dest, create=not read_only), read_only=read_only)
        try:
            ledger._load()
        except BaseException:
            ledger.release()
            raise
        return ledger

    def _load(self) -> None:
        if self._folder is None:
            return
        self._journal = Journal.open(self._folder, self._read_in, read_only=self.read_only)
        if self._journal is None:
            self._journal = None if self.read_only else Journal.create(self._folder)
        elif self._journal.seen.bad:
            self._tell(self._journal)
            self.seal = b""
        self._orphan()
        journal = None if self.read_only else self._journal
        if journal is not None and (self._overgrown or not journal.seen.whole):
            self._compact()

    @property
    def _overgrown(self) -> bool:
        return self._index.added > max(COMPACT_FROM, self._index.compacted)

    def _tell(self, journal: Journal) -> None:
        kept = f"; kept as {OWN}/{journal.aside}" if journal.aside else ""
        lost = sum(bad.end - bad.start for bad in journal.seen.bad)
        if journal.seen.holes or not journal.seen.start:
            why = ", ".join(sorted({bad.why for bad in journal.seen.bad}))
            text = f"{lost} bytes of the manifest are unusable ({why}): the files they told of are looked at again"
        else:
            text = (
                f"the manifest ends in an unfinished record ({lost} bytes), as after a crash: it is left out"
            )
        self.problems.append(text + kept)

    def _read(self, offset: int) -> bytes:
        if self._journal is None:
            raise Impossible("no manifest")
        return self._journal.read(offset)

    def _read_in(self, offset: int, data: bytes) -> None:
        """Take one frame of the journal. Raises Impossible."""
        self._take(offset, decode(data))

    def _take(self, offset: int, record: Payload) -> None:
        """Learn from one record."""
        match record:
            case Done():
                self._settle(record, None)
                self._index.add(offset, record)
            case Forgotten():
                self.seal = b""
                for key in record.keys:
                    self._listed.pop(key.rpartition(b"/")[0], None)
                self._index.add(offset, record)
            case Intent():
                self.seal = b""
                self._open[record.batch] = record
                self._batch = max(self._batch, record.batch)
            case Listed():
                self._listed[record.folder] = offset
            case RunOpened():
                self._orphan()
                self.runs.append((record, None))
            case RunClosed():
                self._end(record)

    def _end(self, closed: RunClosed) -> None:
        self.seal = closed.seal or self.seal
        if self.runs:
            self.runs[-1] = (self.runs[-1][0], replace(closed, seal=b""))

    def _orphan(self) -> None:
        """What the last run began and did not finish is left for the next."""
        for intent in self._open.values():
            details = intent.details or (None,) * len(intent.items)
            for (key, output), intended in zip(intent.items, details, strict=False):
                self._left[key] = (*self._left.get(key, ()), (output, intended))
        self._open.clear()

    def _settle(self, done: Done, entries: Sequence[Entry] | None) -> None:
        """Drop what a record of entries makes void."""
        self.seal = b""
        self._open.pop(done.batch, None)
        if done.batch:
            self._batch = max(self._batch, done.batch)
            for folder in done.folders:
                self._listed.pop(folder, None)
        if self._left:
            for entry in entries if entries is not None else _entries(done, range(done.count)):
                if entry.output:
                    self._left.pop(entry.key, None)

    def get(self, key: bytes) -> Entry | None:
        """What is known of one file."""
        with self._lock:
            return self._index.entry(key)

    def is_new(self, folder: bytes) -> bool:
        """Is certainly nothing recorded of files or outputs of this folder, and was nothing left unfinished at all?"""
        return not self._left and not self._index.speaks_of(folder)

    def folder(self, folder: bytes) -> list[Entry]:
        """Every entry of one Folder."""
        with self._lock:
            return self._index.folder(folder)

    def recorded(self, output: str) -> Entry | None:
        """The entry whose output lies at this path below DEST."""
        with self._lock:
            return self._index.owner(os.fsencode(output))

    def recorded_like(self, output: str, fold: Callable[[str], str]) -> Entry | None:
        """The entry whose output has this path on a disk that takes names for the same that `fold` makes equal."""
        with self._lock:
            return self._index.owner_like(os.fsencode(output), fold)

    def folder_of(self, folder: str, is_wanted: Callable[[str], bool]) -> str | None:
        """The first folder of DEST that outputs of a folder are in and that `is_wanted` accepts."""
        with self._lock:
            folders = (
                os.fsdecode(output).rpartition("/")[0] for output in self._index.outputs(os.fsencode(folder))
            )
            return next(filter(is_wanted, folders), None)

    def has_outputs_of(self, folder: str, is_one: Callable[[str], bool]) -> bool:
        """Are there outputs in this folder of DEST of a source folder that `is_one` accepts?"""
        with self._lock:
            return any(is_one(os.fsdecode(owner)) for owner in self._index.owners(os.fsencode(folder)))

    def is_left(self, key: bytes) -> bool:
        """Did a run that came to no end mean to put the file of this key anywhere?"""
        return key in self._left

    def intended(self, key: bytes) -> tuple[Intended, ...]:
        """What runs that came to no end meant to put anywhere for one file, where they recorded what it is."""
        return tuple(intended for _, intended in self._left.get(key, ()) if intended is not None)

    @property
    def unfinished(self) -> dict[bytes, tuple[bytes, ...]]:
        """Key and intended outputs of what earlier runs began and nobody has finished since."""
        with self._lock:
            return {key: tuple(output for output, _ in left) for key, left in self._left.items()}

    @property
    def failed(self) -> set[bytes]:
        """Keys of the files that failed."""
        with self._lock:
            return {entry.key for entry in self._index.failed()}

    def entries(self) -> Iterator[Entry]:
        """Every entry, in the order of the journal; not while others record."""
        for done, numbers in self._index.live():
            yield from _entries(done, numbers)

    def live(self) -> Iterator[tuple[Done, list[int]]]:
        """Records of entries, and the numbers of those in each that still count; not while others record."""
        return self._index.live()

    def outputs(self) -> Iterator[bytes]:
        """Every output, as a path below DEST; not while others record."""
        return (entry.output for entry in self.entries() if entry.output)

    def listing(self, folder: bytes) -> Listed | None:
        """What was recorded of a Folder when all of its files were last settled, if nothing of it changed since."""
        with self._lock:
            offset = self._listed.get(folder)
            return None if offset is None else self._listed_at(offset)

    def _listed_at(self, offset: int) -> Listed | None:
        try:
            record = decode(self._read(offset))
        except (Impossible, OSError):
            return None
        return record if isinstance(record, Listed) else None

    @property
    def position(self) -> tuple[int, int, int, int]:
        """Inode and size of the journal as it was read; where its last frame begins, and that one's number."""
        if self._journal is None:
            return 0, 0, 0, 0
        journal = self._journal
        return journal.inode, journal.seen.size, journal.seen.last, journal.seen.sequence

    def begin(self, run: RunOpened, *, sync: bool = True) -> None:
        """A run begins; with `sync` it is on the disk when this returns."""
        with self._lock:
            self._append(run, sync=sync)
            self._orphan()
            self.runs.append((run, None))

    def intend(self, items: Iterable[tuple[bytes, bytes]], details: Iterable[Intended | None] = ()) -> int:
        """A batch will put these keys at these outputs; its number. On the disk when this returns.

        `details`: what each is, in the same order.
        """
        with self._lock:
            self._batch += 1
            self.seal = b""
            intent = Intent(self._batch, tuple(items), tuple(details))
            self._append(intent, sync=True)
            self._open[self._batch] = intent
            return self._batch

    def done(self, batch: int, entries: Sequence[Entry]) -> None:
        """A batch is in place: its entries, on the disk when this returns.

        Batch 0 stands for entries that put nothing into DEST: they may reach the disk later. An outcome that put
        nothing there (`failed` without an output, `unchanged`) keeps what is known of the output.
        """
        with self._lock:
            number = batch or self._next()
            entries = [succeeding(entry, self._index.entry(entry.key)) for entry in entries]
            for at in range(0, max(1, len(entries)), FRAME_ENTRIES):
                part = entries[at : at + FRAME_ENTRIES]
                record = pack(number, part)
                offset = self._append(record)
                self._settle(record, part)
                self._index.add(offset, record)
            journal = self._journal
        if batch and journal is not None:
            journal.sync()

    def _next(self) -> int:
        self._batch += 1
        return self._batch

    def forget(self, keys: Sequence[bytes]) -> None:
        """These entries no longer count."""
        with self._lock:
            record = Forgotten(tuple(keys))
            self._take(self._append(record), record)

    def listed(self, record: Listed) -> None:
        """All files of a Folder are settled, and its listing is this."""
        with self._lock:
            if (offset := self._listed.get(record.folder)) is None or self._listed_at(offset) != record:
                self._listed[record.folder] = self._append(record)

    def close(self, counts: Mapping[str, int], seal: bytes = b"", *, sync: bool = True) -> None:
        """The run ends by itself; an overgrown journal is compacted. Without a `seal` the one before holds on."""
        with self._lock:
            closed = RunClosed(time.time_ns(), dict(counts), seal)
            self._append(closed, sync=sync)
            self._end(closed)
            if self._overgrown:
                self._compact()
            self.release()

    def release(self) -> None:
        """Let go of the manifest without a word in it, as after a failure."""
        with self._lock:
            if self._journal is not None:
                self._journal.close()
            if self._folder is not None:
                os.close(self._folder)
            self._journal = self._folder = None

    def _append(self, record: Payload, *, sync: bool = False) -> int:
        if self._journal is None or self.read_only:
            raise OSError(errno.EROFS, "the manifest is open for reading only")
        return self._journal.append(encode(record), sync=sync)

    def _compact(self) -> None:
        """Write the journal anew with what still counts. A failure leaves it as it was, and is told."""
        journal = self._journal
        assert journal is not None
        try:
            journal.rewrite(map(encode, self._still_valid()))
        except OSError as error:
            self.problems.append(f"the manifest could not be compacted: {error.strerror or error}")
            return
        batch = self._batch
        self._forget_all()
        journal.reread(self._read_in)
        self._orphan()
        self._batch = max(self._batch, batch)

    def _still_valid(self) -> Iterator[Payload]:
        for opened, closed in self.runs[-RUNS_KEPT:]:
            yield opened
            if closed is not None:
                yield closed
        if self._left:
            left = [(key, output, each) for key, outputs in self._left.items() for output, each in outputs]
            items = tuple((key, output) for key, output, _ in left)
            yield Intent(self._batch, items, tuple(each for _, _, each in left))
        yield from self._frames()
        for offset in self._listed.values():
            if (listed := self._listed_at(offset)) is not None:
                yield listed
        if self.seal and self.runs and (last := self.runs[-1][1]) is not None:
            yield replace(last, seal=self.seal)

    def _frames(self) -> Iterator[Done]:
        """Frames of entries that still count: large ones as they are, the rest of small ones joined."""
        waiting: list[Entry] = []
        for done, numbers in self._index.live():
            if len(numbers) == done.count >= AS_IT_IS:
                yield replace(done, batch=0)
                continue
            waiting += _entries(done, numbers)
            if len(waiting) >= FRAME_ENTRIES:
                yield pack(0, waiting)
                waiting.clear()
        if waiting:
            yield pack(0, waiting)


def _entries(done: Done, numbers: Iterable[int]) -> Iterator[Entry]:
    for number in numbers:
        try:
            yield unpack(done, number)
        except Impossible:
            continue
