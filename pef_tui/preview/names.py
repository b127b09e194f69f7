"""Store the names of millions of files in little memory, and search in them.

The names are in two blocks of bytes: exact names, and case-folded names for searches.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from itertools import compress

from pef_tui.preview.columns import mask_and
from pef_tui.sanitize import utf8

MAX_LOOKUPS = 20_000
"""Maximum number of hits of a search for which the name of each hit is looked up. With more hits, one pass over all
names is faster (40 ms for a million names).
"""
_PLAIN = bytes(range(3, 256))
_SEPARATORS_REPLACED = bytes.maketrans(b"\0\1\2", b"???")
"""Translation table that replaces the bytes 0, 1 and 2 in names, because searches use these bytes as marks."""
_TO_MASK = bytes.maketrans(b"\2", b"\1")


def fold(text: str) -> bytes:
    """Return the case-folded text as bytes, for searches."""
    return _bytes(text.casefold())


def _bytes(text: str) -> bytes:
    """Return the exact bytes of a file name; for a text that is no file name, UTF-8 with escapes for surrogates."""
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        return utf8(text).encode()


class NameTable:
    """File names by index. Only one thread appends names; any thread may read names that are in the table."""

    def __init__(self) -> None:
        self._exact = bytearray()
        self._exact_ends = array("Q", (0,))
        self._folded = bytearray(b"\0")
        self._folded_ends = array("Q", (1,))

    def __len__(self) -> int:
        return len(self._folded_ends) - 1

    def append(self, name: str) -> None:
        """Append a name. Its index is the length of the table before."""
        exact = _bytes(name)
        self._exact += exact
        self._exact_ends.append(len(self._exact))
        self._folded += (exact.lower() if name.isascii() else fold(name)).translate(
            _SEPARATORS_REPLACED
        ) + b"\0"
        self._folded_ends.append(len(self._folded))

    def __getitem__(self, number: int) -> str:
        return os.fsdecode(bytes(self._exact[self._exact_ends[number] : self._exact_ends[number + 1]]))

    def key(self, number: int) -> bytes:
        """Return the case-folded name at index `number`, as sort key."""
        return bytes(self._folded[self._folded_ends[number] : self._folded_ends[number + 1] - 1])

    def keys(self) -> list[bytes]:
        """Return all case-folded names, in the order of their indexes."""
        return bytes(self._folded[1 : self._folded_ends[len(self)] - 1]).split(b"\0") if len(self) else []

    def containing(self, needle: bytes) -> bytearray:
        """Return the mask of the names that contain the case-folded text `needle`.

        If `needle` begins with a NUL, return the mask of the names that begin with the rest of `needle`.
        """
        count = len(self)
        if self._folded.count(needle) > MAX_LOOKUPS:
            return self._scan_all(needle, count)
        mask = bytearray(count)
        ends, blob = self._folded_ends, self._folded
        head = 1 if needle.startswith(b"\0") else 0
        position = blob.find(needle)
        while position >= 0:
            row = bisect_right(ends, position + head) - 1
            if row >= count:
                break
            mask[row] = 1
            position = blob.find(needle, ends[row + 1] - 1)
        return mask

    def starting_with(self, start: bytes, among: bytes) -> bytes | bytearray:
        """Return the mask of the names that the mask `among` selects and that begin with `start` (case-folded)."""
        if among.count(1) > MAX_LOOKUPS:
            return mask_and(among, self.containing(b"\0" + start)[: len(among)])
        mask = bytearray(len(among))
        ends, blob = self._folded_ends, self._folded
        for row in compress(range(len(among)), among):
            mask[row] = blob.startswith(start, ends[row], ends[row + 1] - 1)
        return mask

    def _scan_all(self, needle: bytes, count: int) -> bytearray:
        """Return the mask of `containing` in one pass over all names, which is faster if there are many hits.

        Calls of `bytes.replace` and `bytes.translate` reduce each name to a byte for each hit and a byte for the end of
        the name, and then to one byte of the mask.
        """
        hit = b"\0\1" if needle.startswith(b"\0") else b"\1"
        marks = bytes(self._folded[: self._folded_ends[count]]).replace(needle, hit).translate(None, _PLAIN)
        while b"\1\1" in marks:
            marks = marks.replace(b"\1\1", b"\1")
        return bytearray(marks[1:].replace(b"\1\0", b"\2").translate(_TO_MASK))
