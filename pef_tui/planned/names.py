"""A million names in two blocks of bytes: as they are, and folded for searching."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from itertools import compress

from pef_tui.display import utf8
from pef_tui.planned.columns import both

SPARSE = 20_000
"""Hits up to which each is looked up by its place; of more, all names are swept (40 ms a million)."""
_PLAIN = bytes(range(3, 256))
_INNER = bytes.maketrans(b"\0\1\2", b"???")
"""Bytes that have a meaning of their own in the block of folded names."""
_TO_MASK = bytes.maketrans(b"\2", b"\1")


def folded(text: str) -> bytes:
    """What a name is searched as: no upper case, whatever the language."""
    return _bytes(text.casefold())


def _bytes(text: str) -> bytes:
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        return utf8(text).encode()


class Names:
    """Names by number. One thread appends, any may read what was appended before."""

    def __init__(self) -> None:
        self._exact = bytearray()
        self._exact_ends = array("Q", (0,))
        self._folded = bytearray(b"\0")
        self._folded_ends = array("Q", (1,))

    def __len__(self) -> int:
        return len(self._folded_ends) - 1

    def append(self, name: str) -> None:
        """One more."""
        exact = _bytes(name)
        self._exact += exact
        self._exact_ends.append(len(self._exact))
        self._folded += (exact.lower() if name.isascii() else folded(name)).translate(_INNER) + b"\0"
        self._folded_ends.append(len(self._folded))

    def __getitem__(self, number: int) -> str:
        return os.fsdecode(bytes(self._exact[self._exact_ends[number] : self._exact_ends[number + 1]]))

    def key(self, number: int) -> bytes:
        """The folded name, by which names are sorted."""
        return bytes(self._folded[self._folded_ends[number] : self._folded_ends[number + 1] - 1])

    def keys(self) -> list[bytes]:
        """Every folded name."""
        return bytes(self._folded[1 : self._folded_ends[len(self)] - 1]).split(b"\0") if len(self) else []

    def holding(self, needle: bytes) -> bytearray:
        """For every name 1 where the folded needle is in it, else 0. A needle may begin with NUL: begins with."""
        count = len(self)
        if self._folded.count(needle) > SPARSE:
            return self._swept(needle, count)
        mask = bytearray(count)
        ends, blob = self._folded_ends, self._folded
        head = 1 if needle.startswith(b"\0") else 0
        at = blob.find(needle)
        while at >= 0:
            row = bisect_right(ends, at + head) - 1
            if row >= count:
                break
            mask[row] = 1
            at = blob.find(needle, ends[row + 1] - 1)
        return mask

    def beginning(self, start: bytes, among: bytes) -> bytes | bytearray:
        """Of the names that `among` has 1 for, 1 for those that begin with this, folded."""
        if among.count(1) > SPARSE:
            return both(among, self.holding(b"\0" + start)[: len(among)])
        mask = bytearray(len(among))
        ends, blob = self._folded_ends, self._folded
        for row in compress(range(len(among)), among):
            mask[row] = blob.startswith(start, ends[row], ends[row + 1] - 1)
        return mask

    def _swept(self, needle: bytes, count: int) -> bytearray:
        """Of every name only its end and its hits are left, then one byte a name, however many hits there are."""
        hit = b"\0\1" if needle.startswith(b"\0") else b"\1"
        marks = bytes(self._folded[: self._folded_ends[count]]).replace(needle, hit).translate(None, _PLAIN)
        while b"\1\1" in marks:
            marks = marks.replace(b"\1\1", b"\1")
        return bytearray(marks[1:].replace(b"\1\0", b"\2").translate(_TO_MASK))
