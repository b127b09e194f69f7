"""The manifest: the records of all files of all runs with one DEST, read from the journal and kept up to date.

The records of the journal mean, in their order:

- `RunOpened` and `RunClosed` enclose a run. A run without `RunClosed` was stopped.
- An `Intent` lists the outputs of a batch before they get their names. `BatchDone` with the same number closes it. If
  an Intent is open when the next run begins, its outputs become `_unfinished`: they may be in DEST or not. They are the
  program's own, so the same picture may replace them (`pef_tui.output.replacement`).
- The last entry of a key counts. An entry of a file without a new output keeps the previous output (`keep_output`).
- A `FolderListing` is valid until a batch, or `forget`, changes an entry of its Folder.
- A snapshot of a whole run is valid until anything is recorded.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import RLock

from msgspec.structs import replace

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.manifest.compaction import FRAME_ENTRIES, UnfinishedOutput, compacted_frames, unfinished_intent
from pef_tui.manifest.entry_columns import pack_entries, unpack_entries
from pef_tui.manifest.entry_index import EntryIndex
from pef_tui.manifest.folder import open_state_dir
from pef_tui.manifest.journal import Journal
from pef_tui.manifest.records import (
    BatchDone,
    EntriesForgotten,
    Entry,
    FolderListing,
    Intended,
    Intent,
    InvalidRecord,
    Payload,
    RunClosed,
    RunOpened,
    decode,
    encode,
    keep_output,
)

COMPACT_FROM = 10_000
"""The journal is compacted after so many added entries; or as many as the last compaction wrote, if more."""
RUNS_KEPT = 200
"""Number of runs that compaction keeps: the last ones."""


class Manifest:
    """The records of earlier runs, by key, and the recording of this run. Several threads may use it.

    A writer must hold `DestLock`. Methods that record raise OSError. After a failed sync, they always raise it.
    """

    def __init__(self, folder: int | None, *, read_only: bool) -> None:
        self._folder = folder
        self.read_only = read_only
        """Whether the manifest was opened only for reading. Recording then raises OSError."""
        self._lock = RLock()
        self.problems: list[str] = []
        """Problems that were found while the manifest was read, one line each."""
        self.runs: list[tuple[RunOpened, RunClosed | None]] = []
        """The runs, oldest first, each with its end; None if the run did not end normally."""
        self._reset()
        self._journal: Journal | None = None

    def _reset(self) -> None:
        self._index = EntryIndex(self._read_frame)
        self._open_intents: dict[int, Intent] = {}
        self._unfinished: dict[bytes, tuple[UnfinishedOutput, ...]] = {}
        self._listing_offsets: dict[bytes, int] = {}
        self._batch = 0
        self.snapshot = b""
        """The snapshot that was recorded last (`RunClosed.snapshot`); b"" if anything was recorded since then."""
        self.runs.clear()

    @classmethod
    def open(cls, dest: str, *, read_only: bool) -> Manifest:
        """Read the manifest of DEST. Repair damage unless `read_only` is set. Raises NewerFormat, OSError.

        With `read_only`, nothing is created or changed, and DEST may be missing.
        """
        manifest = cls(open_state_dir(dest, create=not read_only), read_only=read_only)
        try:
            manifest._load()
        except BaseException:
            manifest.release()
            raise
        return manifest

    def _load(self) -> None:
        if self._folder is None:
            return
        self._journal = Journal.open(self._folder, self._load_frame, read_only=self.read_only)
        if self._journal is None:
            self._journal = None if self.read_only else Journal.create(self._folder)
        elif self._journal.last_scan.bad:
            self._report_damage(self._journal)
            self.snapshot = b""
        self._keep_unfinished()
        journal = None if self.read_only else self._journal
        if journal is not None and (self._overgrown or not journal.last_scan.is_appendable):
            self._compact()

    @property
    def _overgrown(self) -> bool:
        return self._index.added > max(COMPACT_FROM, self._index.compacted)

    def _report_damage(self, journal: Journal) -> None:
        location = f"; kept as {STATE_DIR}/{journal.damaged_copy}" if journal.damaged_copy else ""
        lost = sum(bad.end - bad.start for bad in journal.last_scan.bad)
        if journal.last_scan.holes or not journal.last_scan.start:
            reasons = ", ".join(sorted({bad.reason for bad in journal.last_scan.bad}))
            text = f"{lost} bytes of the manifest are unusable ({reasons}): the files they told of are looked at again"
        else:
            text = (
                f"the manifest ends in an unfinished record ({lost} bytes), as after a crash: it is left out"
            )
        self.problems.append(text + location)

    def _read_frame(self, offset: int) -> bytes:
        if self._journal is None:
            raise InvalidRecord("no manifest")
        return self._journal.read(offset)

    def _load_frame(self, offset: int, data: bytes) -> None:
        """Add the record in `data`, the payload of one frame, to the state. Raises InvalidRecord."""
        self._apply(offset, decode(data))

    def _apply(self, offset: int, record: Payload) -> None:
        """Update the state of the manifest with one record of the journal at `offset`."""
        match record:
            case BatchDone():
                self._drop_superseded(record, None)
                self._index.add(offset, record)
            case EntriesForgotten():
                self.snapshot = b""
                for key in record.keys:
                    self._listing_offsets.pop(key.rpartition(b"/")[0], None)
                self._index.add(offset, record)
            case Intent():
                self.snapshot = b""
                self._open_intents[record.batch] = record
                self._batch = max(self._batch, record.batch)
            case FolderListing():
                self._listing_offsets[record.folder] = offset
            case RunOpened():
                self._keep_unfinished()
                self.runs.append((record, None))
            case RunClosed():
                self._close_run(record)

    def _close_run(self, run_closed: RunClosed) -> None:
        self.snapshot = run_closed.snapshot or self.snapshot
        if self.runs:
            self.runs[-1] = (self.runs[-1][0], replace(run_closed, snapshot=b""))

    def _keep_unfinished(self) -> None:
        """Move the outputs of all open Intents to `_unfinished`, because their runs were stopped."""
        for intent in self._open_intents.values():
            details = intent.details or (None,) * len(intent.items)
            for (key, output), intended in zip(intent.items, details, strict=False):
                self._unfinished[key] = (*self._unfinished.get(key, ()), (output, intended))
        self._open_intents.clear()

    def _drop_superseded(self, record: BatchDone, entries: Sequence[Entry] | None) -> None:
        """Drop what a record of entries makes obsolete: its Intent, listings of its Folders, unfinished outputs.

        `entries`: the entries of the record, if the caller has unpacked them; else None.
        """
        self.snapshot = b""
        self._open_intents.pop(record.batch, None)
        if record.batch:
            self._batch = max(self._batch, record.batch)
            for folder in record.folders:
                self._listing_offsets.pop(folder, None)
        if self._unfinished:
            for entry in entries if entries is not None else unpack_entries(record, range(record.count)):
                if entry.output:
                    self._unfinished.pop(entry.key, None)

    def get(self, key: bytes) -> Entry | None:
        """Return the entry with this `Entry.key` (Folder, `/`, name of the file); None if there is none."""
        with self._lock:
            return self._index.entry(key)

    @property
    def has_entries(self) -> bool:
        """Whether any entry is recorded."""
        return self._index.added + self._index.compacted > 0

    def is_new(self, folder: bytes) -> bool:
        """Return whether certainly no entry and no unfinished output of `folder` is recorded."""
        return not self._unfinished and not self._index.may_have_entries(folder)

    def folder(self, folder: bytes) -> list[Entry]:
        """Return all entries of one Folder."""
        with self._lock:
            return self._index.folder(folder)

    def entry_of_output(self, output: str) -> Entry | None:
        """Return the entry whose output has the path `output` below DEST; None if there is none."""
        with self._lock:
            return self._index.entry_of_output(os.fsencode(output))

    def entry_of_similar_output(self, output: str, fold: Callable[[str], str]) -> Entry | None:
        """Return an entry whose output equals `output` after `fold` is applied to both names; None if there is none."""
        with self._lock:
            return self._index.entry_of_similar_output(os.fsencode(output), fold)

    def folder_of(self, folder: str, is_wanted: Callable[[str], bool]) -> str | None:
        """Return a folder of DEST that has outputs of the Folder `folder` and that `is_wanted` accepts; else None."""
        with self._lock:
            outputs = self._index.outputs(os.fsencode(folder))
            folders = (os.fsdecode(output).rpartition("/")[0] for output in outputs)
            return next(filter(is_wanted, folders), None)

    def has_outputs_of(self, folder: str, accepts: Callable[[str], bool]) -> bool:
        """Return whether `folder`, a folder of DEST, has outputs of any Folder whose path `accepts` accepts."""
        with self._lock:
            owners = self._index.owner_folders(os.fsencode(folder))
            return any(accepts(os.fsdecode(owner)) for owner in owners)

    def has_unfinished_intent(self, key: bytes) -> bool:
        """Return whether a stopped run intended to write an output for the file with this key."""
        return key in self._unfinished

    def intended_outputs(self, key: bytes) -> tuple[Intended, ...]:
        """Return the outputs that stopped runs intended to write for `key`, if their details were recorded."""
        return tuple(intended for _, intended in self._unfinished.get(key, ()) if intended is not None)

    @property
    def unfinished(self) -> dict[bytes, tuple[bytes, ...]]:
        """By key of the file: paths of outputs that stopped runs intended to write. They may be missing in DEST."""
        with self._lock:
            return {
                key: tuple(output for output, _ in unfinished) for key, unfinished in self._unfinished.items()
            }

    @property
    def failed_keys(self) -> set[bytes]:
        """The keys of all entries with the outcome `failed`."""
        with self._lock:
            return {entry.key for entry in self._index.failed()}

    def entries(self) -> Iterator[Entry]:
        """Yield every entry, in the order of the journal. No other thread may record meanwhile."""
        for record, numbers in self._index.live():
            yield from unpack_entries(record, numbers)

    def live_records(self) -> Iterator[tuple[BatchDone, list[int]]]:
        """Yield records with the numbers of their live entries (not superseded). No thread may record meanwhile."""
        return self._index.live()

    def outputs(self) -> Iterator[bytes]:
        """Return an iterator of all outputs, as paths below DEST. No other thread may record meanwhile."""
        return (entry.output for entry in self.entries() if entry.output)

    def listing(self, folder: bytes) -> FolderListing | None:
        """Return the last `FolderListing` of a Folder; None if there is none, or if an entry changed since then."""
        with self._lock:
            offset = self._listing_offsets.get(folder)
            return None if offset is None else self._listing_at(offset)

    def _listing_at(self, offset: int) -> FolderListing | None:
        try:
            record = decode(self._read_frame(offset))
        except (InvalidRecord, OSError):
            return None
        return record if isinstance(record, FolderListing) else None

    @property
    def position(self) -> tuple[int, int, int, int]:
        """Inode and size of the journal as read, offset and number of its last frame. Zeros without a journal."""
        if self._journal is None:
            return 0, 0, 0, 0
        journal = self._journal
        return journal.inode, journal.last_scan.size, journal.last_scan.last, journal.last_scan.sequence

    def begin(self, run: RunOpened, *, sync: bool = True) -> None:
        """Record the beginning of a run. `sync`: whether the record must be on the disk on return."""
        with self._lock:
            self._append(run, sync=sync)
            self._keep_unfinished()
            self.runs.append((run, None))

    def record_intent(
        self, items: Iterable[tuple[bytes, bytes]], details: Iterable[Intended | None] = ()
    ) -> int:
        """Record the keys and outputs that a batch will publish. Return the number of the batch.

        On return, the record is on the disk. `items`: key and output of each file. `details`: one value for each item,
        in the same order.
        """
        with self._lock:
            self._batch += 1
            self.snapshot = b""
            intent = Intent(self._batch, tuple(items), tuple(details))
            self._append(intent, sync=True)
            self._open_intents[self._batch] = intent
            return self._batch

    def record_batch(self, batch: int, entries: Sequence[Entry]) -> None:
        """Record the entries of a published batch. On return, they are on the disk, except for batch 0.

        Batch 0 has entries without new outputs, which may reach the disk later. An entry without a new output
        (`failed`, `unchanged`) keeps the output of the previous entry.
        """
        with self._lock:
            number = batch or self._next()
            entries = [keep_output(entry, self._index.entry(entry.key)) for entry in entries]
            for at in range(0, max(1, len(entries)), FRAME_ENTRIES):
                part = entries[at : at + FRAME_ENTRIES]
                record = pack_entries(number, part)
                offset = self._append(record)
                self._drop_superseded(record, part)
                self._index.add(offset, record)
            journal = self._journal
        if batch and journal is not None:
            journal.sync()

    def _next(self) -> int:
        self._batch += 1
        return self._batch

    def forget(self, keys: Sequence[bytes]) -> None:
        """Record that the entries with these `keys` are removed."""
        with self._lock:
            record = EntriesForgotten(tuple(keys))
            self._apply(self._append(record), record)

    def record_listing(self, record: FolderListing) -> None:
        """Record the listing of a Folder whose files are all complete, if it is not recorded already."""
        with self._lock:
            if (offset := self._listing_offsets.get(record.folder)) is None or self._listing_at(
                offset
            ) != record:
                self._listing_offsets[record.folder] = self._append(record)

    def close(
        self,
        counts: Mapping[str, int],
        snapshot: bytes = b"",
        *,
        exit_code: int = -1,
        stopped: str = "",
        sync: bool = True,
    ) -> None:
        """Record the normal end of the run, compact an overgrown journal, and close the manifest.

        `snapshot`: replaces the earlier snapshot. If it is b"", the earlier one stays valid.
        `exit_code`, `stopped`: see `RunClosed`.
        """
        with self._lock:
            run_closed = RunClosed(time.time_ns(), dict(counts), snapshot, exit_code, stopped)
            self._append(run_closed, sync=sync)
            self._close_run(run_closed)
            if self._overgrown:
                self._compact()
            self.release()

    def end(self, counts: Mapping[str, int], *, exit_code: int, stopped: str) -> None:
        """Record the end of a run that failed. The record may reach the disk later. Raises OSError."""
        with self._lock:
            run_closed = RunClosed(time.time_ns(), dict(counts), b"", exit_code, stopped)
            self._append(run_closed)
            self._close_run(run_closed)

    def release(self) -> None:
        """Close the manifest without recording anything, for example after a failure."""
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
        """Write a new journal with the live records. On failure, keep the old one and add a text to `problems`."""
        journal = self._journal
        assert journal is not None
        try:
            journal.rewrite(map(encode, self._live_payloads()))
        except OSError as error:
            self.problems.append(f"the manifest could not be compacted: {error.strerror or error}")
            return
        batch = self._batch
        self._reset()
        journal.reread(self._load_frame)
        self._keep_unfinished()
        self._batch = max(self._batch, batch)

    def _live_payloads(self) -> Iterator[Payload]:
        for run_opened, run_closed in self.runs[-RUNS_KEPT:]:
            yield run_opened
            if run_closed is not None:
                yield run_closed
        if self._unfinished:
            yield unfinished_intent(self._batch, self._unfinished)
        yield from compacted_frames(self._index.live())
        for offset in self._listing_offsets.values():
            if (listing := self._listing_at(offset)) is not None:
                yield listing
        if self.snapshot and self.runs and (last := self.runs[-1][1]) is not None:
            yield replace(last, snapshot=self.snapshot)
