"""Read a file from beginning to end, and skip data that is not needed."""

from __future__ import annotations

from typing import BinaryIO

from pef_tui.formats.errors import UnsupportedStructure

MAX_BLOCK = 32 << 20
"""Largest data, in bytes, that is read as one value. No block of tags is larger."""
_READ_SIZE = 65536
"""Number of bytes read at a time. PNG and GIF store image data in small parts, so one read covers many of them."""


class ForwardReader:
    """Reads a seekable file at a position that only moves forward. The next bytes are buffered."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._data = b""
        self._base = 0
        self._position = 0

    @property
    def offset(self) -> int:
        """The offset in the file of the next byte to read."""
        return self._base + self._position

    def read(self, count: int) -> bytes:
        """Return the next `count` bytes. Raises UnsupportedStructure if the file has fewer, and OSError."""
        if self._position + count > len(self._data):
            self._fill(count)
        data = self._data[self._position : self._position + count]
        if len(data) < count:
            raise UnsupportedStructure("the picture is cut")
        self._position += count
        return data

    def skip(self, count: int) -> None:
        """Move the position forward by `count` bytes. It may then be after the end of the file."""
        self._position += count

    def at_end(self) -> bool:
        """Return whether the file has no bytes after the position. Raises OSError."""
        if self._position >= len(self._data):
            self._fill(1)
        return self._position >= len(self._data)

    def skip_sub_blocks(self) -> None:
        """Move past a sequence of GIF sub-blocks, which ends with an empty sub-block.

        One byte before each sub-block is its length. Raises UnsupportedStructure if the file ends inside the sequence,
        and OSError.
        """
        while True:
            data, at, end = self._data, self._position, len(self._data)
            while at < end:
                length = data[at]
                at += length + 1
                if not length:
                    self._position = at
                    return
            self._position = at
            self._fill(1)
            if not self._data:
                raise UnsupportedStructure("the picture is cut")

    def _fill(self, count: int) -> None:
        """Read until the buffer has at least `count` bytes from the position, or the file ends.

        The stream is never moved backwards: a compressed archive member would be read from its beginning again.
        """
        unread = self._data[self._position :]
        self._base += self._position
        self._position = 0
        if not unread:
            self._stream.seek(self._base)
        self._data = unread + self._stream.read(max(_READ_SIZE, count - len(unread)))
