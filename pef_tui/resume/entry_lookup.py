"""Find the manifest entry of a file: by the identity of the picture, not by its path alone.

The identity is the fingerprint of the bytes, or the `url` in the sidecar. Two exports may have different pictures at
one path, in one run or in several. So an entry stays with its picture. Another picture at the same path gets a key of
its own. The key is the path, a NUL and a number from 2 on: `Trip/a.jpg`, then `Trip/a.jpg\\0` and `2`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

import msgspec
import xxhash

from pef_tui.filesystem import fingerprint
from pef_tui.filesystem.constants import MTIME_TOLERANCE_NS
from pef_tui.hooks import OpenMedia
from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.records import Entry, Intended
from pef_tui.model import Match, MediaFile
from pef_tui.output.replacement import same_picture
from pef_tui.planning.digests import content_digest

Candidate = Entry | Intended | None
"""A record of the manifest that may be about a file, because its key begins with the path of the file.

It is an entry, or an intent of a stopped run that was about to publish an output. None: an intent without details, from
a release before 2026-12.
"""


class EntryKeys:
    """Assigns to each file the key of its entry in the manifest. Used by the planning thread alone."""

    def __init__(self, manifest: Manifest, open_media: OpenMedia, *, in_place: bool) -> None:
        """`in_place`: whether files are written in place.

        In place, each file is its own output. Its key then depends on its path alone.
        """
        self._manifest = manifest
        self._open_media = open_media
        self._in_place = in_place
        self._candidates_by_path: dict[bytes, dict[int, Candidate]] | None = None
        """The candidates of the current Folder: by path, then by the number in the key. None until a file needs
        them.
        """

    def assign_keys(self, folder: str, matches: Sequence[Match]) -> list[bytes]:
        """Return the key of each file of a Folder, in the order of `matches`. A later run gives a file the same key."""
        if self._in_place or self._manifest.is_new(os.fsencode(folder)):
            return numbered_keys(folder, [match.media.name for match in matches])
        groups: dict[str, list[int]] = {}
        for index, match in enumerate(matches):
            groups.setdefault(match.media.name, []).append(index)
        keys = [b""] * len(matches)
        self._candidates_by_path = None
        for name, indexes in groups.items():
            base = _base_key(folder, name)
            if len(indexes) == 1 and self._has_first_key(base, matches[indexes[0]]):
                numbers = [1]
            else:
                numbers = self._assign_numbers(base, [matches[index] for index in indexes])
            for index, number in zip(indexes, numbers, strict=True):
                keys[index] = numbered_key(base, number)
        return keys

    def _has_first_key(self, base: bytes, match: Match) -> bool:
        """Return whether a file certainly has the first key at its path. `base`: that key, which is the path itself.

        True for almost every file. The check does not decode all entries of the Folder.
        """
        entry = self._manifest.get(base)
        if entry is not None:
            return is_untouched(match.media, entry) or (
                self._manifest.get(numbered_key(base, 2)) is None and self._is_same(match, entry)
            )
        return (
            not self._manifest.has_unfinished_intent(base)
            and self._manifest.get(numbered_key(base, 2)) is None
        )

    def _assign_numbers(self, base: bytes, matches: Sequence[Match]) -> list[int]:
        """Return the number in the key of each file. `matches`: several files at one path, `base`.

        A file gets the number of the candidate that is about the same picture, else the lowest free number. Files with
        the size, modification time and version of an entry come first: they certainly belong to it, and need not be
        read.
        """
        candidates = self._candidates(base)
        numbers = [0] * len(matches)
        unassigned = dict.fromkeys(range(len(matches)))
        for is_own in (self._is_untouched, self._is_same):
            for index in list(unassigned):
                match = matches[index]
                number = next((n for n, candidate in candidates.items() if is_own(match, candidate)), 0)
                if number:
                    numbers[index] = number
                    del candidates[number], unassigned[index]
        # A candidate that has an output keeps its number: the output belongs to a picture of another run.
        taken = {*numbers, *(n for n, candidate in candidates.items() if may_hold_output(candidate))}
        free = (number for number in range(1, len(taken) + len(matches) + 1) if number not in taken)
        for index, number in zip(unassigned, free, strict=False):
            numbers[index] = number
        return numbers

    def _candidates(self, base: bytes) -> dict[int, Candidate]:
        """Return the candidates at the path `base`, by the number in their keys.

        Entries that `--undo` removed are not among them.
        """
        if self._candidates_by_path is None:
            self._candidates_by_path = {}
            entries = {entry.key: entry for entry in self._manifest.folder(base.rpartition(b"/")[0])}
            for key in (*entries, *self._manifest.unfinished):
                path, _, number = key.partition(b"\0")
                if (number or b"1").isdigit():
                    intended = self._manifest.intended_outputs(key)
                    candidate = entries.get(key) or (intended[-1] if intended else None)
                    self._candidates_by_path.setdefault(path, {})[int(number or 1)] = candidate
        return dict(sorted(self._candidates_by_path.get(base, {}).items()))

    def _is_untouched(self, match: Match, candidate: Candidate) -> bool:
        return isinstance(candidate, Entry) and is_untouched(match.media, candidate)

    def _is_same(self, match: Match, candidate: Candidate) -> bool:
        """Return whether the file is the picture of the candidate.

        True for the candidate None (an intent without details), because nothing contradicts it.
        """
        if candidate is None:
            return True
        if isinstance(candidate, Intended):
            return same_picture(match, candidate, self.fingerprint)
        if not candidate.source:
            return self._is_same_without_fingerprint(match, candidate)
        return same_picture(match, candidate, self._fingerprint_if_size(candidate.size))

    def _is_same_without_fingerprint(self, match: Match, entry: Entry) -> bool:
        """Return whether the file is the picture of `entry`, which an older release recorded without a fingerprint.

        It is the same picture in either of these cases:

        - The sidecar has the recorded `url`.
        - The size is equal, and so is the modification time or the sidecar.

        For a `racy` entry (the file was too new for its modification time to prove anything), the hash of the bytes
        decides in the second case.
        """
        if entry.photo and same_picture(match, entry, self.fingerprint):
            return True
        media = match.media
        if media.size != entry.size:
            return False
        if entry.racy and entry.content:
            return content_digest(media, self._open_media, xxhash.xxh3_64) == entry.content
        has_same_time = abs(media.mtime_ns - entry.mtime_ns) <= MTIME_TOLERANCE_NS
        return has_same_time or (entry.sidecar != b"" and entry.sidecar == sidecar_digest(match))

    def _fingerprint_if_size(self, size: int) -> Callable[[MediaFile], bytes]:
        """Return a function that returns the fingerprint of a file. It returns b"" for a file whose size is not `size`.

        It does not read files of another size.
        """
        return lambda media: self.fingerprint(media) if media.size == size else b""

    def fingerprint(self, media: MediaFile) -> bytes:
        """Return the fingerprint of a source file; empty if the file cannot be read."""
        return fingerprint_of(media, self._open_media)

    def is_source_unchanged(self, match: Match, entry: Entry) -> bool:
        """Return whether a file still has the bytes that it had when `entry` was recorded.

        The file is read only if its version differs, or if the entry is `racy`: the file was too new for its
        modification time to prove anything. Versions depend on the ctime. So files of a copied export have other
        versions, but usually the same bytes.
        """
        media = match.media
        if media.size != entry.size or abs(media.mtime_ns - entry.mtime_ns) > MTIME_TOLERANCE_NS:
            return False
        if entry.racy:
            content = content_digest(media, self._open_media, xxhash.xxh3_64)
            return content != b"" and content == entry.content
        if not entry.source or not media.version or media.version == entry.version:
            return True
        return self.fingerprint(media) == entry.source


def fingerprint_of(media: MediaFile, open_media: OpenMedia) -> bytes:
    """Return the fingerprint of a source file; empty if the file cannot be read."""
    try:
        with open_media(media) as stream:
            return fingerprint.fingerprint_stream(stream, media.size)
    except OSError:
        return b""


def _base_key(folder: str, name: str) -> bytes:
    return os.fsencode(f"{folder}/{name}" if folder else name)


def numbered_key(base: bytes, number: int) -> bytes:
    """Return the key of number `number` at the path `base`.

    Example for `a.jpg`: `a.jpg` for 1; `a.jpg`, a NUL and `2` for 2.
    """
    return base if number == 1 else base + b"\0%d" % number


def is_untouched(media: MediaFile, entry: Entry) -> bool:
    """Return whether `media` is certainly the unchanged file of `entry`: size, version and modification time are
    equal.
    """
    return (
        media.size == entry.size
        and media.version == entry.version != 0
        and abs(media.mtime_ns - entry.mtime_ns) <= MTIME_TOLERANCE_NS
    )


def may_hold_output(candidate: Candidate) -> bool:
    """Return whether DEST may contain an output of a candidate (an entry, or the intent of a stopped run).

    If so, no other picture may get the key of the candidate. False for an entry without an output, such as the entry of
    a duplicate.
    """
    return not isinstance(candidate, Entry) or candidate.output != b""


def sidecar_digest(match: Match) -> bytes:
    """Return a hash of the sidecar, the XMP file and the `copies` of a Match; b"" if it has none of the three."""
    xmp_digest = match.xmp.content if match.xmp is not None else b""
    if match.copies:
        xmp_digest += xxhash.xxh3_64_digest(repr(match.copies).encode("utf-8", "backslashreplace"))
    if match.sidecar is None:
        return xmp_digest
    try:
        encoded = msgspec.msgpack.encode(match.sidecar)
    except UnicodeEncodeError:  # lone surrogates in its texts
        encoded = repr(match.sidecar).encode("utf-8", "backslashreplace")
    return xxhash.xxh3_64_digest(encoded + xmp_digest)


def numbered_keys(folder: str, names: Iterable[str]) -> list[bytes]:
    """Return a key for each name. The n-th occurrence of a name gets the number n."""
    counts: dict[str, int] = {}
    keys = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        keys.append(numbered_key(_base_key(folder, name), counts[name]))
    return keys
