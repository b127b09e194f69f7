"""Which entry of the manifest a file belongs to: by what the picture is, never by its path alone.

Two exports may hold different pictures under one path, be given in any order, together or one after the other. An entry
therefore stays with its picture, and another picture of the same path gets a key of its own (`\\0n` behind the path).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

import msgspec
import xxhash

from pef_tui import fingerprint
from pef_tui.manifest.format import Entry, Intended
from pef_tui.manifest.ledger import Ledger
from pef_tui.model import Match, MediaFile
from pef_tui.run.digests import OpenMedia, content_digest
from pef_tui.write.replacing import FAT_NS, same_picture

Candidate = Entry | Intended | None
"""What is recorded under a key; None where only an intent without details is, as in records before 2026-12."""


class Identities:
    """Assigns keys. Lives in the planning thread."""

    def __init__(self, ledger: Ledger, open_media: OpenMedia, *, in_place: bool) -> None:
        """`in_place`: a file is its own output, so its path alone says which entry is its own."""
        self._ledger = ledger
        self._open_media = open_media
        self._in_place = in_place
        self._grouped: dict[bytes, dict[int, Candidate]] | None = None
        """What is recorded of the Folder in hand, by path and number; read where a file is not plain."""

    def keys(self, folder: str, matches: Sequence[Match]) -> list[bytes]:
        """The key of each file of a Folder, in order; always the same while the manifest is the same."""
        if self._in_place or self._ledger.is_new(os.fsencode(folder)):
            return numbered_keys(folder, [match.media.name for match in matches])
        groups: dict[str, list[int]] = {}
        for place, match in enumerate(matches):
            groups.setdefault(match.media.name, []).append(place)
        keys = [b""] * len(matches)
        self._grouped = None
        for name, places in groups.items():
            base = os.fsencode(f"{folder}/{name}" if folder else name)
            if len(places) == 1 and self._is_plain(base, matches[places[0]]):
                numbers: Sequence[int] = range(1, len(places) + 1)
            else:
                numbers = self._assigned(base, [matches[place] for place in places])
            for place, number in zip(places, numbers, strict=True):
                keys[place] = key_of(base, number)
        return keys

    def extra_key(self, folder: str, match: Match, taken: Iterable[bytes]) -> bytes:
        """A key for a file whose bytes another one stands for, apart from those of `taken`."""
        name = match.media.name
        base = os.fsencode(f"{folder}/{name}" if folder else name)
        others = set(taken)
        self._grouped = None
        for number, entry in self._candidates(base).items():
            if key_of(base, number) not in others and self._is_same(match, entry):
                return key_of(base, number)
        number = 1
        while key_of(base, number) in others or self._ledger.get(key_of(base, number)) is not None:
            number += 1
        return key_of(base, number)

    def _is_plain(self, base: bytes, match: Match) -> bool:
        """Is the file the first of its path, at a glance? Almost every file is."""
        entry = self._ledger.get(base)
        if entry is not None:
            return untouched(match.media, entry) or (
                self._ledger.get(key_of(base, 2)) is None and self._is_same(match, entry)
            )
        return not self._ledger.is_left(base) and self._ledger.get(key_of(base, 2)) is None

    def _assigned(self, base: bytes, matches: Sequence[Match]) -> list[int]:
        """Numbers for files of one path: those of their own entries, then free ones, in order."""
        candidates = self._candidates(base)
        numbers = [0] * len(matches)
        waiting = dict.fromkeys(range(len(matches)))
        for is_own in (self._is_untouched, self._is_same):
            for place in list(waiting):
                number = next((n for n, each in candidates.items() if is_own(matches[place], each)), 0)
                if number:
                    numbers[place] = number
                    del candidates[number], waiting[place]
        used = {*numbers, *(number for number, each in candidates.items() if holds_output(each))}
        free = (number for number in range(1, len(used) + len(matches) + 1) if number not in used)
        for place, number in zip(waiting, free, strict=False):
            numbers[place] = number
        return numbers

    def _candidates(self, base: bytes) -> dict[int, Candidate]:
        """What is recorded of files of one path, by number; a gap is where entries were forgotten."""
        if self._grouped is None:
            self._grouped = {}
            known = {entry.key: entry for entry in self._ledger.folder(base.rpartition(b"/")[0])}
            for key in (*known, *self._ledger.unfinished):
                path, _, number = key.partition(b"\0")
                if (number or b"1").isdigit():
                    intended = self._ledger.intended(key)
                    candidate = known.get(key) or (intended[-1] if intended else None)
                    self._grouped.setdefault(path, {})[int(number or 1)] = candidate
        return dict(sorted(self._grouped.get(base, {}).items()))

    def _is_untouched(self, match: Match, candidate: Candidate) -> bool:
        return isinstance(candidate, Entry) and untouched(match.media, candidate)

    def _is_same(self, match: Match, candidate: Candidate) -> bool:
        if candidate is None:
            return True
        if isinstance(candidate, Intended):
            return same_picture(match, candidate, self.fingerprint)
        if not candidate.source:
            return self._is_same_as_far_as_known(match, candidate)
        return same_picture(match, candidate, self._of_size(candidate.size))

    def _is_same_as_far_as_known(self, match: Match, entry: Entry) -> bool:
        """Of an entry without a fingerprint: a file of the same size that has its time or its sidecar."""
        if entry.photo and same_picture(match, entry, self.fingerprint):
            return True
        media = match.media
        if media.size != entry.size:
            return False
        if entry.racy and entry.content:
            return content_digest(media, self._open_media, xxhash.xxh3_64) == entry.content
        close = abs(media.mtime_ns - entry.mtime_ns) <= FAT_NS
        return close or (entry.sidecar != b"" and entry.sidecar == sidecar_digest(match))

    def _of_size(self, size: int) -> Callable[[MediaFile], bytes]:
        """Fingerprints, of files of this size only: any other differs, and is not read."""
        return lambda media: self.fingerprint(media) if media.size == size else b""

    def fingerprint(self, media: MediaFile) -> bytes:
        """Fingerprint of a source file; empty where it cannot be read."""
        return fingerprint_of(media, self._open_media)

    def unchanged(self, match: Match, entry: Entry) -> bool:
        """Has the file of this entry the bytes that were recorded? Read only where its version says otherwise."""
        media = match.media
        if media.size != entry.size or abs(media.mtime_ns - entry.mtime_ns) > FAT_NS:
            return False
        if entry.racy:
            content = content_digest(media, self._open_media, xxhash.xxh3_64)
            return content != b"" and content == entry.content
        if not entry.source or not media.version or media.version == entry.version:
            return True
        return self.fingerprint(media) == entry.source


def fingerprint_of(media: MediaFile, open_media: OpenMedia) -> bytes:
    """Fingerprint of a source file; empty where it cannot be read."""
    try:
        with open_media(media) as stream:
            return fingerprint.of_stream(stream, media.size)
    except OSError:
        return b""


def key_of(base: bytes, number: int) -> bytes:
    """The key of the n-th file of one path."""
    return base if number == 1 else base + b"\0%d" % number


def untouched(media: MediaFile, entry: Entry) -> bool:
    """Is it the file of the entry, in the same place, and was nothing of it changed since?"""
    return (
        media.size == entry.size
        and media.version == entry.version != 0
        and abs(media.mtime_ns - entry.mtime_ns) <= FAT_NS
    )


def holds_output(candidate: Candidate) -> bool:
    """Is there, or may there be, something in DEST that only this record knows?"""
    return not isinstance(candidate, Entry) or candidate.output != b""


def sidecar_digest(match: Match) -> bytes:
    """Eight bytes that tell what a sidecar, and an XMP file, say from anything else; empty without either."""
    beside = match.xmp.content if match.xmp is not None else b""
    if match.copies:
        beside += xxhash.xxh3_64_digest(repr(match.copies).encode("utf-8", "backslashreplace"))
    if match.sidecar is None:
        return beside
    try:
        said = msgspec.msgpack.encode(match.sidecar)
    except UnicodeEncodeError:
        said = repr(match.sidecar).encode("utf-8", "backslashreplace")
    return xxhash.xxh3_64_digest(said + beside)


def numbered_keys(folder: str, names: Iterable[str]) -> list[bytes]:
    """Keys by names alone, the n-th of a name with its number."""
    counts: dict[str, int] = {}
    keys = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        keys.append(key_of(os.fsencode(f"{folder}/{name}" if folder else name), counts[name]))
    return keys
