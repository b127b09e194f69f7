"""Going through a file from its beginning to its end, past what is not asked for."""

from __future__ import annotations

from typing import BinaryIO

LONGEST = 32 << 20
"""More than any block of tags holds."""
_PIECE = 65536
"""Bytes read at a time: PNG and GIF have their image data in small parts, each with its length before it."""


class Unsound(Exception):
    """The file is cut, or holds something that readers of tags may take differently; the message says what."""


class Walk:
    """A place in a file that can be sought in, and the bytes around it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._data = b""
        self._base = 0
        self._at = 0

    @property
    def place(self) -> int:
        """The offset of the next byte."""
        return self._base + self._at

    def take(self, count: int) -> bytes:
        """The next bytes. Raises Unsound where there are fewer, OSError."""
        if self._at + count > len(self._data):
            self._read(count)
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise Unsound("the picture is cut")
        self._at += count
        return found

    def skip(self, count: int) -> None:
        """Go past the next bytes, be they there or not."""
        self._at += count

    def ended(self) -> bool:
        """Is there nothing more? Raises OSError."""
        if self._at >= len(self._data):
            self._read(1)
        return self._at >= len(self._data)

    def pass_blocks(self) -> None:
        """Go behind a row of blocks, each with its length in a byte before it, and the empty one at their end.

        Raises Unsound where the file ends before, OSError.
        """
        while True:
            data, at, end = self._data, self._at, len(self._data)
            while at < end:
                length = data[at]
                at += length + 1
                if not length:
                    self._at = at
                    return
            self._at = at
            self._read(1)
            if not self._data:
                raise Unsound("the picture is cut")

    def _read(self, count: int) -> None:
        """Read on; never back, which in a packed member of an archive begins anew."""
        rest = self._data[self._at :]
        self._base += self._at
        self._at = 0
        if not rest:
            self._stream.seek(self._base)
        self._data = rest + self._stream.read(max(_PIECE, count - len(rest)))
