"""A file as a row of bytes of which only those asked for are read."""

from __future__ import annotations

import io
from typing import BinaryIO

from pef_tui.formats.walk import LONGEST, Unsound

_PIECE = 16384
IN_MEMORY = 64 << 20
"""Bytes of a member of an archive that may lie in memory."""


def at_hand(stream: BinaryIO) -> BinaryIO:
    """The stream, if going to and fro in it is cheap; a copy in memory of a member of an archive.

    Raises Unsound where that is too large, OSError.
    """
    try:
        stream.fileno()
    except (OSError, AttributeError):
        stream.seek(0)
        content = stream.read(IN_MEMORY + 1)
        if len(content) > IN_MEMORY:
            raise Unsound("too large for memory") from None
        return io.BytesIO(content)
    return stream


class FileBytes:
    """Slices of a file, and its length."""

    def __init__(self, stream: BinaryIO, size: int | None = None) -> None:
        """`size`: of the whole file, where it is known. Raises OSError."""
        self._stream = stream
        self._size = stream.seek(0, 2) if size is None else size
        stream.seek(0)
        self._head = stream.read(_PIECE)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        """The bytes from `start` up to `stop`. Raises Unsound where the file is shorter or they are many, OSError."""
        start, stop, _ = part.indices(self._size)
        if stop <= len(self._head):
            return self._head[start:stop]
        if stop - start > LONGEST:
            raise Unsound("a value of an odd size")
        self._stream.seek(start)
        data = self._stream.read(stop - start)
        if len(data) != max(0, stop - start):
            raise Unsound("the file is shorter than it was")
        return data


Bytes = bytes | FileBytes
"""What directories of TIFF are read from: a block in memory, or a whole file."""
