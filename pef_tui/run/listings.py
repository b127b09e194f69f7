"""Folders as they were when all of their files were settled: unchanged ones are told without opening a JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain

import msgspec
import xxhash
from msgspec import Struct

from pef_tui.manifest.format import WORDS, Entry, Listed
from pef_tui.manifest.ledger import Ledger
from pef_tui.model import (
    UNREADABLE,
    Folder,
    JsonFile,
    JsonOutcome,
    JsonRecord,
    Match,
    MediaFile,
    OtherRecord,
    Outcome,
    Plan,
    Record,
)
from pef_tui.run.contested import CONTESTED
from pef_tui.run.gather import Gathered
from pef_tui.run.resume import NOT_RETRIED, FileId, Memory, unchanged
from pef_tui.takeout import system_files
from pef_tui.write.replacing import FAT_NS

_LETTERS: dict[JsonOutcome, int] = {"used": 0, "orphan": 1, "album": 2, "other": 3, "invalid": 4}
_OUTCOMES = tuple(_LETTERS)
_NOWHERE = -1
_RECORDED = -1


class _Row(Struct, frozen=True, array_like=True):
    """One media file."""

    place: int
    """Among the media, then the other files, of the Folder."""
    json: int
    """Its sidecar among the JSON files; -1 for none."""
    rule: int
    """Among the texts."""
    number: int
    """Of its key: the n-th file of that name."""
    word: int
    """Its outcome where the manifest has no entry for it (`WORDS`); -1 where it has."""
    reason: int
    """Among the texts; of such an outcome."""


class _Told(Struct, frozen=True, array_like=True):
    """What a run tells of a Folder's files and their entries do not say. Places follow the Folder's own order."""

    rows: tuple[_Row, ...]
    json: bytes
    """The outcome of each JSON file (`_LETTERS`)."""
    reasons: dict[int, int]
    """Of JSON files that have one: among the texts."""
    texts: tuple[bytes, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Told).decode


def listing_digest(folder: Folder, relation: bytes = b"") -> bytes:
    """16 bytes that tell names, sizes, times and versions of all files of a Folder, over all sources, from others."""
    files = [(file.root, file.path, file.size, file.mtime_ns, file.version) for file in _files(folder)]
    try:
        data = _encode(files)
    except UnicodeEncodeError:
        data = repr(files).encode("utf-8", "backslashreplace")
    return xxhash.xxh3_128_digest(data + relation)


def _files(folder: Folder) -> Iterator[MediaFile | JsonFile]:
    return chain(folder.media, folder.other, folder.json, folder.ignored)


class _Pending:
    """A Folder in work, and what has been told of its files so far."""

    def __init__(self, folder: Folder, digest: bytes, media: int) -> None:
        self.folder = folder.path
        self.digest = digest
        self.left = media + len(folder.json)
        self.media = {_id(file): place for place, file in enumerate((*folder.media, *folder.other))}
        self.json = {_id(file): place for place, file in enumerate(folder.json)}
        self.orphans: set[FileId] = set()
        """JSON files that nothing in the Folder needs."""
        self.rows: list[_Row] = []
        self.letters = bytearray(len(folder.json))
        self.reasons: dict[int, int] = {}
        self.texts: dict[bytes, int] = {}

    def text(self, text: str) -> int:
        return self.texts.setdefault(text.encode("utf-8", "surrogateescape"), len(self.texts))

    def listed(self, shape: bytes) -> Listed:
        told = _Told(tuple(self.rows), bytes(self.letters), self.reasons, tuple(self.texts))
        return Listed(os.fsencode(self.folder), self.digest, shape, _encode(told))


def _id(file: MediaFile | JsonFile) -> FileId:
    return file.root, file.path


class Listings:
    """Which Folders need nothing, and the recording of those that will not. Recording lives in one thread,
    asking in another.
    """

    def __init__(
        self,
        ledger: Ledger,
        memory: Memory,
        shape: bytes,
        started_ns: int,
        *,
        record: bool,
        believe: bool = True,
        relation: Callable[[Folder], bytes] = lambda _: b"",
    ) -> None:
        """`record`: remember what this run reports. `believe`: report from what earlier runs remembered.

        `relation`: what decides, besides its files, how those of a Folder are joined (`Exports.relation`).
        """
        self._ledger = ledger
        self._memory = memory
        self._shape = shape
        self._young = started_ns - FAT_NS
        self._record = record
        self._relation = relation
        self._believe = believe
        self._digests: dict[str, bytes] = {}
        self._pending: dict[str, _Pending] = {}
        self._json: dict[FileId, _Pending] = {}

    def skip(self, folder: Folder) -> list[Record] | None:
        """What is told of a Folder whose files are all settled and as they were; None where one may not be."""
        digest = listing_digest(folder, self._relation(folder))
        known = self._ledger.listing(os.fsencode(folder.path)) if self._believe else None
        if known is not None and (known.listing, known.shape) == (digest, self._shape):
            records = self._told(folder, known)
            if records is not None:
                return records
        if self._record and all(file.mtime_ns <= self._young for file in _files(folder)):
            self._digests[folder.path] = digest
        return None

    def _told(self, folder: Folder, known: Listed) -> list[Record] | None:
        try:
            told = _decode(known.told)
            return list(self._records(folder, told))
        except (_NotSettled, msgspec.DecodeError, LookupError, UnicodeDecodeError):
            return None

    def _records(self, folder: Folder, told: _Told) -> Iterator[Record]:
        if len(told.json) != len(folder.json):
            raise _NotSettled
        texts = [text.decode("utf-8", "surrogateescape") for text in told.texts]
        for place, file in enumerate(folder.json):
            reason = told.reasons.get(place)
            yield JsonRecord(file, _OUTCOMES[told.json[place]], "" if reason is None else texts[reason])
        entries = {entry.key: entry for entry in self._ledger.folder(os.fsencode(folder.path))}
        files = (*folder.media, *folder.other)
        for row in told.rows:
            json = folder.json[row.json] if row.json != _NOWHERE else None
            match = Match(files[row.place], folder.path, json=json, rule=texts[row.rule] or None)
            yield self._outcome(match, row, texts[row.reason], entries)
        media = {row.place for row in told.rows}
        ours = self._memory.own_xmp(folder)
        for place, other in enumerate(folder.other, len(folder.media)):
            if place not in media and other.path not in ours:
                yield OtherRecord(other, system_files.other_reason(other.path))
        for ignored in folder.ignored:
            yield OtherRecord(ignored, system_files.reason(ignored.path))

    def _outcome(self, match: Match, row: _Row, reason: str, entries: dict[bytes, Entry]) -> Outcome:
        if row.word != _RECORDED:
            word = WORDS[row.word]
            if word == "failed" or reason == NOT_RETRIED:  # runs before 2026-12 recorded both
                raise _NotSettled
            return Outcome(Plan(match, word, reason=reason), word, reason=reason)
        key = os.fsencode(f"{match.folder}/{match.media.name}" if match.folder else match.media.name)
        entry = entries.get(key if row.number == 1 else key + b"\0%d" % row.number)
        if entry is None or not self._memory.settled_as_is(entry):
            raise _NotSettled
        return unchanged(match, entry)

    def expect(self, gathered: Gathered) -> None:
        """A Folder is opened; once every file of it is told, its listing is recorded."""
        folder = gathered.folder
        if (digest := self._digests.pop(folder.path, b"")) and (gathered.matches or folder.json):
            pending = _Pending(folder, digest, len(gathered.matches))
            pending.orphans |= {_id(json.file) for json in gathered.json if json.outcome == "orphan"}
            self._pending[folder.path] = pending
            self._json.update(dict.fromkeys(pending.json, pending))

    def watched(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records of a run as they pass by."""
        if not self._record:
            yield from records
            return
        for record in records:
            if isinstance(record, Outcome):
                if (
                    not record.plan.for_json
                    and (pending := self._pending.get(record.plan.match.folder)) is not None
                ):
                    self._note(pending, record)
            elif (
                isinstance(record, JsonRecord) and (at := self._json.pop(_id(record.file), None)) is not None
            ):
                self._note_json(at, record)
            yield record

    def _note(self, pending: _Pending, outcome: Outcome) -> None:
        match, plan = outcome.plan.match, outcome.plan
        place = pending.media.get(_id(match.media))
        json = _NOWHERE if match.json is None else pending.json.get(_id(match.json))
        lost = (outcome.reason or plan.reason).startswith(CONTESTED)
        if place is None or json is None or outcome.temporary or lost:  # files of another Folder count too
            self._give_up(pending)
            return
        recorded = outcome.word == "unchanged" or plan.output is not None
        number = int(plan.key.partition(b"\0")[2] or 1)
        word = _RECORDED if recorded else WORDS.index(outcome.word)
        reason = "" if recorded else outcome.reason or plan.reason
        row = _Row(place, json, pending.text(match.rule or ""), number, word, pending.text(reason))
        pending.rows.append(row)
        self._count_down(pending)

    def _note_json(self, pending: _Pending, record: JsonRecord) -> None:
        place = pending.json[_id(record.file)]
        if record.reason.startswith(UNREADABLE):  # another time it may tell something
            self._give_up(pending)
            return
        if record.outcome == "used" and _id(record.file) in pending.orphans:  # by a picture of another Folder
            self._give_up(pending)
            return
        pending.letters[place] = _LETTERS[record.outcome]
        if record.reason:
            pending.reasons[place] = pending.text(record.reason)
        self._count_down(pending)

    def _give_up(self, pending: _Pending) -> None:
        self._pending.pop(pending.folder, None)
        for identity in pending.json:
            self._json.pop(identity, None)

    def _count_down(self, pending: _Pending) -> None:
        pending.left -= 1
        if pending.left == 0 and self._pending.pop(pending.folder, None) is not None:
            self._memory.flush()
            self._ledger.listed(pending.listed(self._shape))


class _NotSettled(Exception):
    """Something of a Folder must be looked at again."""
