"""Taking note of one run, so that it can be sealed (`seal`) when it is over."""

from __future__ import annotations

import os
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence

import msgspec

from pef_tui.hooks import SourceReader
from pef_tui.manifest.format import Entry
from pef_tui.manifest.ledger import Ledger
from pef_tui.model import UNREADABLE, JsonOutcome, JsonRecord, MediaOutcome, Outcome, Record, Source, xmp_name
from pef_tui.progress import Progress
from pef_tui.run.seal import SCHEME, Program, Seal, Sealable, listed, read
from pef_tui.run.shapes import RunShape
from pef_tui.takeout.entries import tree_digest
from pef_tui.write.replacing import FAT_NS

MOST_FOLDERS = 100_000
"""Folders of DEST, beyond which nothing is sealed."""

NAMES_KEPT = 200_000
"""Files of DEST (about 200 bytes each) in folders that are not listed again."""

_Facts = dict[bytes, tuple[int, int]]
"""Size and modification time (ns) of each name."""

_encode = msgspec.msgpack.Encoder().encode


class _Unsealed(Exception):
    """Something of a run may be otherwise the next time."""


class Sealing:
    """Takes note of one run, and seals it when it is over. Lives in the thread that tells."""

    def __init__(
        self,
        ledger: Ledger,
        shape: RunShape,
        sources: Sequence[Source],
        readers: Sequence[SourceReader],
        dest: str,
        exiftool: tuple[Program, str] | None,
    ) -> None:
        self._ledger = ledger
        self._shape = shape
        self._sources = sources
        self._readers = readers
        self._dest = dest
        self._exiftool = exiftool
        self._media: Counter[MediaOutcome] = Counter()
        self._json: Counter[JsonOutcome] = Counter()
        self._other = 0
        self._recorded: Counter[str] = Counter()
        """Files by Folder of which the manifest has an entry."""
        self._sure = True
        self._outputs: dict[bytes, bytes] = {}
        self._listed: OrderedDict[bytes, _Facts] = OrderedDict()
        """Folders of DEST as they were listed. With `--layout`, files of many Folders are in one of them, which is
        listed once.
        """
        self._names = 0
        """Files in those."""

    def watched(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records of a run as they pass by."""
        for record in records:
            if isinstance(record, Outcome):
                self._note(record)
            elif isinstance(record, JsonRecord):
                self._json[record.outcome] += 1
                if record.reason.startswith(UNREADABLE):
                    self._sure = False
            else:
                self._other += 1
            yield record

    def _note(self, outcome: Outcome) -> None:
        """What the next run will tell of a file: what the manifest has is done then, all else is told again."""
        plan = outcome.plan
        if outcome.word == "unchanged" or plan.output is not None:
            self._recorded[plan.match.folder] += 1
            self._media["unchanged"] += not plan.for_json
            doubtful = outcome.temporary
        else:
            self._media[outcome.word] += not plan.for_json
            told = outcome.warnings or plan.warnings or plan.conflicts
            doubtful = outcome.word == "failed" or outcome.temporary or plan.temporary or bool(told)
        if doubtful:
            self._sure = False

    def sealed(self, progress: Progress) -> bytes:
        """What the manifest is to keep of a run that came to its end; empty where the next one must look again.

        Empty, too, where a run that did not ask for the seal finds one that may hold on.
        """
        if not self._sure or progress.incomplete or progress.stop.is_set():
            return b""
        try:
            sources = tuple(self._source(*pair) for pair in zip(self._sources, self._readers, strict=True))
            before = None if progress.by_count else read(self._ledger.seal)
            if before is not None and (before.shape, before.sources) == (self._shape.attempts, sources):
                return b""
            for folder, count in self._recorded.items():
                self._compare(folder, count)
            seal = Seal(
                SCHEME,
                self._shape.attempts,
                sources,
                tuple(self._outputs),
                tree_digest({os.fsdecode(folder): digest for folder, digest in self._outputs.items()}),
                dict(self._media),
                dict(self._json),
                self._other,
                tuple(progress.unread),
                self._exiftool,
            )
            return _encode(seal)
        except (_Unsealed, OSError, UnicodeEncodeError):
            return b""

    def _source(self, source: Source, reader: SourceReader) -> tuple[bytes, str, bytes]:
        if not isinstance(reader, Sealable) or not (seen := reader.seen()):
            raise _Unsealed
        return os.fsencode(source.path), source.scanner, seen

    def _compare(self, folder: str, count: int) -> None:
        """Does the manifest say of as many files of a Folder that they are done, and do their outputs lie there so?"""
        wanted: dict[bytes, list[Entry]] = {}
        for entry in self._ledger.folder(os.fsencode(folder)):
            if entry.shape != self._shape.of(entry.word):
                continue
            count -= 1
            if entry.temporary:
                raise _Unsealed
            if entry.output:
                wanted.setdefault(entry.output.rpartition(b"/")[0], []).append(entry)
        if count > 0:
            raise _Unsealed
        for place, expected in wanted.items():
            self._compare_outputs(place, expected)

    def _list(self, place: bytes) -> _Facts:
        """Size and time of each file in a folder of DEST, which goes into the seal. Raises _Unsealed, OSError."""
        now = time.time_ns()
        found = listed(self._dest, place)
        if self._outputs.setdefault(place, digest := found.digest()) != digest:
            raise _Unsealed
        if len(self._outputs) > MOST_FOLDERS or not found.settled(now, modified=True):
            raise _Unsealed
        facts = zip(found.sizes, found.mtimes_ns(), strict=True)
        return dict(zip(map(os.fsencode, found.names), facts, strict=True))

    def _compare_outputs(self, place: bytes, expected: Sequence[Entry]) -> None:
        facts = self._listed.get(place)
        if facts is None:
            facts = self._listed[place] = self._list(place)
            self._names += len(facts)
            while self._names > NAMES_KEPT and len(self._listed) > 1:
                self._names -= len(self._listed.popitem(last=False)[1])
        self._listed.move_to_end(place)
        for entry in expected:
            name = entry.output.rpartition(b"/")[2]
            if not _same(facts.get(name), entry.output_size, entry.output_mtime_ns):
                raise _Unsealed
            xmp = os.fsencode(xmp_name(os.fsdecode(name), entry.short_xmp))
            if entry.xmp and not _same(facts.get(xmp), entry.xmp_size, entry.xmp_mtime_ns):
                raise _Unsealed


def _same(found: tuple[int, int] | None, size: int, mtime_ns: int) -> bool:
    return found is not None and found[0] == size and abs(found[1] - mtime_ns) <= FAT_NS
