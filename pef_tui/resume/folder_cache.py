"""Cache the results of each Folder. An unchanged Folder is reported from the cache; its JSON files are not read.

When all files of a Folder are reported, the manifest stores a digest of its listing, and its results. A later run
reports these results if the listing is the same, all outputs are unchanged, and no entry needs work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain

import msgspec
import xxhash
from msgspec import Struct

from pef_tui.filesystem.constants import MTIME_TOLERANCE_NS
from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.records import OUTCOMES, Entry, FolderListing
from pef_tui.model import (
    UNREADABLE,
    FileId,
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
    file_id,
)
from pef_tui.planning.collect import CONTESTED, CollectedFolder
from pef_tui.resume.entry_lookup import numbered_key
from pef_tui.resume.entry_outcomes import LEFT_AS_IS, NOT_RETRIED, unchanged_outcome
from pef_tui.resume.previous_run import PreviousRun
from pef_tui.takeout import system_files

_LETTERS: dict[JsonOutcome, int] = {"used": 0, "orphan": 1, "album": 2, "other": 3, "invalid": 4}
_JSON_OUTCOMES = tuple(_LETTERS)
_NO_JSON = -1
_HAS_ENTRY = -1


class _CachedFile(Struct, frozen=True, array_like=True):
    """The result of one media file."""

    index: int
    """Index of the file in the Folder: media first, then the other files."""
    json: int
    """Index of the file's sidecar among the JSON files; -1 if it has none."""
    rule: int
    """Index in `CachedFolder.texts` of the name of the rule by which the sidecar was matched."""
    number: int
    """Number in the key of the file. It distinguishes files with the same path (`numbered_key`)."""
    outcome: int
    """Index of the outcome in `OUTCOMES`; -1 if the outcome is in the file's entry in the manifest."""
    reason: int
    """Index in `CachedFolder.texts` of the reason of the outcome. If `outcome` is -1, the text is empty."""


class CachedFolder(Struct, frozen=True, array_like=True):
    """The results of a Folder that are not in the manifest entries of its files.

    Files are given by their index in the Folder.
    """

    rows: tuple[_CachedFile, ...]
    json: bytes
    """One byte for each JSON file: the number of its outcome in `_LETTERS`."""
    reasons: dict[int, int]
    """Reasons of JSON files: index of the JSON file, and index of its reason in `texts`."""
    texts: tuple[bytes, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(CachedFolder).decode


def listing_digest(folder: Folder, relation: bytes = b"") -> bytes:
    """Return a hash (16 bytes) of the names, sizes, modification times and versions of all files of a Folder.

    Files of all sources are included. `relation`: further bytes to hash, the result of `Exports.relation_digest`.
    """
    files = [(file.root, file.path, file.size, file.mtime_ns, file.version) for file in _files(folder)]
    try:
        data = _encode(files)
    except UnicodeEncodeError:
        data = repr(files).encode("utf-8", "backslashreplace")
    return xxhash.xxh3_128_digest(data + relation)


def _files(folder: Folder) -> Iterator[MediaFile | JsonFile]:
    return chain(folder.media, folder.other, folder.json, folder.ignored)


class _PendingFolder:
    """A Folder with files that are not reported yet, and the results that the cache will store for it."""

    def __init__(self, folder: Folder, digest: bytes, match_count: int) -> None:
        self.path = folder.path
        self.digest = digest
        self.unreported = match_count + len(folder.json)
        self.media = {file_id(file): index for index, file in enumerate((*folder.media, *folder.other))}
        self.json = {file_id(file): index for index, file in enumerate(folder.json)}
        self.orphans: set[FileId] = set()
        """Orphan sidecars: JSON files without a media file in the Folder."""
        self.rows: list[_CachedFile] = []
        self.letters = bytearray(len(folder.json))
        self.reasons: dict[int, int] = {}
        self.texts: dict[bytes, int] = {}

    def text_index(self, text: str) -> int:
        return self.texts.setdefault(text.encode("utf-8", "surrogateescape"), len(self.texts))

    def to_record(self, shape: bytes) -> FolderListing:
        """Return the record of the complete Folder for the manifest."""
        cached = CachedFolder(tuple(self.rows), bytes(self.letters), self.reasons, tuple(self.texts))
        return FolderListing(os.fsencode(self.path), self.digest, shape, _encode(cached))


class FolderCache:
    """Reports unchanged Folders from the cache, and stores the results of other Folders in it.

    The planning thread calls `cached_records` and `begin_folder`. The reporting thread calls `observe`.
    """

    def __init__(
        self,
        manifest: Manifest,
        previous_run: PreviousRun,
        shape: bytes,
        started_ns: int,
        *,
        record: bool,
        use_stored: bool = True,
        relation: Callable[[Folder], bytes] = lambda _: b"",
    ) -> None:
        """`record`: whether to store the results of this run. `use_stored`: whether to report stored results of earlier
        runs.

        `relation`: the method `Exports.relation_digest`. Its result becomes part of the digest of a listing. It shows
        which exports of a Folder are certainly different, and matches depend on that.
        """
        self._manifest = manifest
        self._previous_run = previous_run
        self._shape = shape
        self._racy_after_ns = started_ns - MTIME_TOLERANCE_NS
        self._record = record
        self._relation = relation
        self._use_stored = use_stored
        self._digests: dict[str, bytes] = {}
        self._pending: dict[str, _PendingFolder] = {}
        self._pending_json: dict[FileId, _PendingFolder] = {}

    # -- reading

    def cached_records(self, folder: Folder) -> list[Record] | None:
        """Return the records of an unchanged Folder that needs no work; None if the Folder must be read."""
        digest = listing_digest(folder, self._relation(folder))
        listing = self._manifest.listing(os.fsencode(folder.path)) if self._use_stored else None
        if listing is not None and (listing.listing, listing.shape) == (digest, self._shape):
            records = self._decode_records(folder, listing)
            if records is not None:
                return records
        # A file that is as young as the run may change without getting another time, so its Folder is not stored.
        if self._record and all(file.mtime_ns <= self._racy_after_ns for file in _files(folder)):
            self._digests[folder.path] = digest
        return None

    def _decode_records(self, folder: Folder, listing: FolderListing) -> list[Record] | None:
        try:
            return list(self._records(folder, _decode(listing.report)))
        except (_NotCached, msgspec.DecodeError, LookupError, UnicodeDecodeError):
            return None

    def _records(self, folder: Folder, cached: CachedFolder) -> Iterator[Record]:
        """Yield the cached records of a Folder.

        Raises _NotCached if a file needs work, and LookupError or UnicodeDecodeError if the cache is not valid.
        """
        if len(cached.json) != len(folder.json):
            raise _NotCached
        texts = [text.decode("utf-8", "surrogateescape") for text in cached.texts]
        for index, file in enumerate(folder.json):
            reason = cached.reasons.get(index)
            yield JsonRecord(
                file, _JSON_OUTCOMES[cached.json[index]], "" if reason is None else texts[reason]
            )
        entries = {entry.key: entry for entry in self._manifest.folder(os.fsencode(folder.path))}
        files = (*folder.media, *folder.other)
        for row in cached.rows:
            json = folder.json[row.json] if row.json != _NO_JSON else None
            match = Match(files[row.index], folder.path, json=json, rule=texts[row.rule] or None)
            yield self._outcome(match, row, texts[row.reason], entries)
        media_indexes = {row.index for row in cached.rows}
        own_xmp_files = self._previous_run.own_xmp_files(folder)
        for index, other_file in enumerate(folder.other, len(folder.media)):
            if index not in media_indexes and other_file.path not in own_xmp_files:
                yield OtherRecord(other_file, system_files.other_reason(other_file.path))
        for ignored in folder.ignored:
            yield OtherRecord(ignored, system_files.system_reason(ignored.path))

    def _outcome(self, match: Match, row: _CachedFile, reason: str, entries: dict[bytes, Entry]) -> Outcome:
        key = os.fsencode(f"{match.folder}/{match.media.name}" if match.folder else match.media.name)
        entry = entries.get(numbered_key(key, row.number))
        if row.outcome != _HAS_ENTRY:
            outcome = OUTCOMES[row.outcome]
            # Releases before 2026-12 stored all three.
            if outcome == "failed" or reason == NOT_RETRIED or (outcome == "duplicate" and entry is not None):
                raise _NotCached
            return Outcome(Plan(match, outcome, reason=reason), outcome, reason=reason)
        if entry is None or not self._previous_run.is_settled(entry):
            raise _NotCached
        return unchanged_outcome(match, entry)

    # -- recording

    def begin_folder(self, collected: CollectedFolder) -> None:
        """Start to collect the results of a Folder that is not cached. They are stored when all its files are
        reported.
        """
        folder = collected.folder
        if (digest := self._digests.pop(folder.path, b"")) and (collected.matches or folder.json):
            pending = _PendingFolder(folder, digest, len(collected.matches))
            pending.orphans |= {file_id(json.file) for json in collected.json if json.outcome == "orphan"}
            self._pending[folder.path] = pending
            self._pending_json.update(dict.fromkeys(pending.json, pending))

    def observe(self, records: Iterator[Record]) -> Iterator[Record]:
        """Yield the records of a run, and store the results of complete Folders.

        Raises OSError if the manifest cannot be written.
        """
        if not self._record:
            yield from records
            return
        for record in records:
            if isinstance(record, Outcome):
                pending = self._pending.get(record.plan.match.folder)
                if pending is not None and not record.plan.for_json:
                    self._add_outcome(pending, record)
            elif isinstance(record, JsonRecord):
                pending = self._pending_json.pop(file_id(record.file), None)
                if pending is not None:
                    self._add_json(pending, record)
            yield record

    def _add_outcome(self, pending: _PendingFolder, outcome: Outcome) -> None:
        match, plan = outcome.plan.match, outcome.plan
        index = pending.media.get(file_id(match.media))
        json = _NO_JSON if match.json is None else pending.json.get(file_id(match.json))
        is_contested = (outcome.reason or plan.reason).startswith(CONTESTED)
        is_left_as_is = not LEFT_AS_IS.isdisjoint(outcome.warnings)  # every run must report it
        is_copy = (
            outcome.outcome == "duplicate" and plan.link and not plan.output
        )  # of a file in another Folder
        # These results depend on files of other Folders, so they may change although this Folder is unchanged.
        if index is None or json is None or outcome.temporary or is_contested or is_left_as_is or is_copy:
            self._discard(pending)
            return
        has_entry = outcome.outcome == "unchanged" or plan.output is not None
        number = int(plan.key.partition(b"\0")[2] or 1)
        outcome_index = _HAS_ENTRY if has_entry else OUTCOMES.index(outcome.outcome)
        reason = "" if has_entry else outcome.reason or plan.reason
        rule, reason_text = pending.text_index(match.rule or ""), pending.text_index(reason)
        pending.rows.append(_CachedFile(index, json, rule, number, outcome_index, reason_text))
        self._count_down(pending)

    def _has_original(self, outcome: Outcome) -> bool:
        """Return whether the output of another file has the bytes of this file.

        Such a file has no output, or a symbolic link. Neither has a fingerprint.
        """
        if outcome.outcome == "duplicate":
            return bool(outcome.plan.link) and not outcome.output_digest
        if outcome.outcome != "unchanged" or outcome.output_digest:
            return False
        entry = self._manifest.get(outcome.plan.key)
        return entry is not None and entry.outcome == "duplicate"

    def _add_json(self, pending: _PendingFolder, record: JsonRecord) -> None:
        identity = file_id(record.file)
        is_used_elsewhere = record.outcome == "used" and identity in pending.orphans
        if record.reason.startswith(UNREADABLE) or is_used_elsewhere:  # the next run may have another result
            self._discard(pending)
            return
        index = pending.json[identity]
        pending.letters[index] = _LETTERS[record.outcome]
        if record.reason:
            pending.reasons[index] = pending.text_index(record.reason)
        self._count_down(pending)

    def _discard(self, pending: _PendingFolder) -> None:
        """Stop collecting the results of a Folder. Its results are not stored."""
        self._pending.pop(pending.path, None)
        for identity in pending.json:
            self._pending_json.pop(identity, None)

    def _count_down(self, pending: _PendingFolder) -> None:
        pending.unreported -= 1
        if pending.unreported == 0 and self._pending.pop(pending.path, None) is not None:
            # Write the renewed entries first: a cached Folder is valid only together with them.
            self._previous_run.flush()
            self._manifest.record_listing(pending.to_record(self._shape))


class _NotCached(Exception):
    """Raised if the results in the cache cannot be used. The Folder must then be read."""
