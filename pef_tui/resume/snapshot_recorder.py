"""Make the snapshot of a run (`snapshot`) from the records that the run reports and the outputs in DEST."""

from __future__ import annotations

import os
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence

import msgspec

from pef_tui.exiftool.locate import Program
from pef_tui.filesystem.constants import MTIME_TOLERANCE_NS
from pef_tui.hooks import SourceReader
from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.records import Entry
from pef_tui.model import UNREADABLE, JsonOutcome, JsonRecord, MediaOutcome, Outcome, Record, Source, xmp_name
from pef_tui.progress import Progress
from pef_tui.reporting.album_files import album_files_state
from pef_tui.resume.entry_inputs import RunShape
from pef_tui.resume.entry_outcomes import LEFT_AS_IS
from pef_tui.resume.snapshot import (
    SCHEME,
    ListedReader,
    RunSnapshot,
    list_output_folder,
    output_folders,
    read_snapshot,
)
from pef_tui.sources.dir_entries import tree_digest

MAX_FOLDERS = 100_000
"""Largest number of folders of DEST with outputs. A run with more such folders gets no snapshot."""
MAX_CACHED_FILES = 200_000
"""Number of files of DEST whose size and modification time are cached (about 200 bytes each). A folder in the cache
need not be listed again.
"""

_Facts = dict[bytes, tuple[int, int]]
"""Size in bytes and modification time in nanoseconds of each file, by name."""

_encode = msgspec.msgpack.Encoder().encode


class _NotRepeatable(Exception):
    """Raised if the next run may report another result. A snapshot is then not possible."""


class SnapshotRecorder:
    """Counts the records of a run, and makes the snapshot at the end. Used by the reporting thread alone."""

    def __init__(
        self,
        manifest: Manifest,
        shape: RunShape,
        sources: Sequence[Source],
        readers: Sequence[SourceReader],
        dest: str,
        exiftool: tuple[Program, str] | None,
    ) -> None:
        self._manifest = manifest
        self._shape = shape
        self._sources = sources
        self._readers = readers
        self._dest = dest
        self._exiftool = exiftool
        self._media: Counter[MediaOutcome] = Counter()
        self._json: Counter[JsonOutcome] = Counter()
        self._other_count = 0
        self._entry_counts: Counter[str] = Counter()
        """Number of files that must have an entry in the manifest, by Folder."""
        self._unchecked: list[tuple[str, int]] = []
        """Folders whose entries are not checked yet, each with the number of files that need an entry. The last one is
        next.
        """
        self._listed_ahead = output_folders(dest)
        self._is_repeatable = True
        self._outputs: dict[bytes, bytes] = {}
        """Digest of each listed folder of DEST."""
        self._cached_facts: OrderedDict[bytes, _Facts] = OrderedDict()
        """Sizes and times of files, by folder of DEST.

        It is a cache: with `--layout`, a folder of DEST has outputs of many Folders, but is listed only once.
        """
        self._cached_files = 0

    def observe(self, records: Iterator[Record]) -> Iterator[Record]:
        """Yield the records of a run, and count them."""
        for record in records:
            if isinstance(record, Outcome):
                self._count(record)
            elif isinstance(record, JsonRecord):
                self._json[record.outcome] += 1
                if record.reason.startswith(UNREADABLE):
                    self._is_repeatable = False
            else:
                self._other_count += 1
            yield record

    def _count(self, outcome: Outcome) -> None:
        """Count a file under the outcome that the next run will report.

        This is `unchanged` for a file with an entry. Any other file gets the same outcome again.
        """
        plan = outcome.plan
        if outcome.outcome == "unchanged" or plan.output is not None:
            self._entry_counts[plan.match.folder] += 1
            self._media["unchanged"] += not plan.for_json
            is_repeatable = not outcome.temporary and LEFT_AS_IS.isdisjoint(outcome.warnings)
        else:
            self._media[outcome.outcome] += not plan.for_json
            # A snapshot has counts only. But a file with warnings or conflicts must be reported by name.
            has_details = bool(outcome.warnings or plan.warnings or plan.conflicts)
            may_succeed = outcome.outcome == "failed" or outcome.temporary or plan.temporary
            is_repeatable = not (has_details or may_succeed)
        if not is_repeatable:
            self._is_repeatable = False

    def encoded_snapshot(self, progress: Progress) -> bytes:
        """Return the snapshot of a complete run for the manifest; empty if the next run must look at every Folder.

        Also empty if this run must report each file (`-v`, `--json`) and the snapshot in the manifest may still be
        current. That snapshot then stays in the manifest.
        """
        if not self._is_repeatable or progress.incomplete or progress.stop.is_set():
            return b""
        try:
            sources = tuple(
                self._source_state(*pair) for pair in zip(self._sources, self._readers, strict=True)
            )
            previous = None if progress.accepts_counts_only else read_snapshot(self._manifest.snapshot)
            if previous is not None and (previous.shape, previous.sources) == (self._shape.attempts, sources):
                return b""
            self._unchecked = [*reversed(self._entry_counts.items())]
            while self._unchecked:
                self._check_entries(*self._unchecked.pop())
            snapshot = RunSnapshot(
                SCHEME,
                self._shape.attempts,
                sources,
                tuple(self._outputs),
                tree_digest({os.fsdecode(folder): digest for folder, digest in self._outputs.items()}),
                dict(self._media),
                dict(self._json),
                self._other_count,
                tuple(progress.source_problems),
                self._exiftool,
                album_files_state(self._dest),
                progress.albums_listed,
            )
            return _encode(snapshot)
        except (_NotRepeatable, OSError, UnicodeEncodeError):
            return b""

    def _source_state(self, source: Source, reader: SourceReader) -> tuple[bytes, str, bytes]:
        if not isinstance(reader, ListedReader) or not (state := reader.listed_state()):
            raise _NotRepeatable
        return os.fsencode(source.path), source.scanner, state

    def _check_entries(self, folder: str, count: int) -> None:
        """Check that the manifest has `count` current entries of a Folder, and that their outputs are unchanged.

        Raises _NotRepeatable if not, and OSError if DEST cannot be read.
        """
        entries_by_folder: dict[bytes, list[Entry]] = {}
        for entry in self._manifest.folder(os.fsencode(folder)):
            if entry.shape != self._shape.of(entry.outcome):
                continue
            count -= 1
            if entry.temporary:
                raise _NotRepeatable
            if entry.output:
                entries_by_folder.setdefault(entry.output.rpartition(b"/")[0], []).append(entry)
        if count > 0:
            raise _NotRepeatable
        for output_folder, entries in entries_by_folder.items():
            self._check_outputs(output_folder, entries)

    def _list_facts(self, output_folder: bytes) -> _Facts:
        """Return the size and modification time of each file in a folder of DEST.

        Raises OSError if the folder cannot be read. Raises _NotRepeatable in two cases: the folder was listed before
        and changed since then; or a file is so new that a later change might not show in its modification time.
        """
        # Most folders of DEST have the same path as their Folder.
        following = (folder for folder, _ in reversed(self._unchecked))
        now_ns, listing = list_output_folder(self._listed_ahead, os.fsdecode(output_folder), following)
        if self._outputs.setdefault(output_folder, digest := listing.digest()) != digest:
            raise _NotRepeatable
        if len(self._outputs) > MAX_FOLDERS or not listing.would_show_change(now_ns, modified=True):
            raise _NotRepeatable
        facts = zip(listing.sizes, listing.mtimes_ns(), strict=True)
        return dict(zip(map(os.fsencode, listing.names), facts, strict=True))

    def _check_outputs(self, output_folder: bytes, entries: Sequence[Entry]) -> None:
        facts = self._cached_facts.get(output_folder)
        if facts is None:
            facts = self._cached_facts[output_folder] = self._list_facts(output_folder)
            self._cached_files += len(facts)
            while self._cached_files > MAX_CACHED_FILES and len(self._cached_facts) > 1:
                self._cached_files -= len(self._cached_facts.popitem(last=False)[1])
        self._cached_facts.move_to_end(output_folder)
        for entry in entries:
            name = entry.output.rpartition(b"/")[2]
            if not _is_recorded(facts.get(name), entry.output_size, entry.output_mtime_ns):
                raise _NotRepeatable
            xmp = os.fsencode(xmp_name(os.fsdecode(name), entry.short_xmp))
            if entry.xmp and not _is_recorded(facts.get(xmp), entry.xmp_size, entry.xmp_mtime_ns):
                raise _NotRepeatable


def _is_recorded(facts: tuple[int, int] | None, size: int, mtime_ns: int) -> bool:
    return facts is not None and facts[0] == size and abs(facts[1] - mtime_ns) <= MTIME_TOLERANCE_NS
