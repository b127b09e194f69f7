"""Access the bytes of a file by slices. Only the requested bytes are read."""

from __future__ import annotations

import io
from typing import BinaryIO

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.forward_reader import MAX_BLOCK

_HEAD_SIZE = 16384
MAX_MEMORY_COPY = 64 << 20
"""Largest archive member that is copied into memory, in bytes."""


def seekable(stream: BinaryIO) -> BinaryIO:
    """Return `stream` if it is a file on disk; for a member of an archive, a copy of its content in memory.

    Seeking in a member of an archive is slow. Raises UnsupportedStructure if it has more than MAX_MEMORY_COPY bytes,
    and OSError.
    """
    try:
        stream.fileno()
    except (OSError, AttributeError):
        stream.seek(0)
        content = stream.read(MAX_MEMORY_COPY + 1)
        if len(content) > MAX_MEMORY_COPY:
            raise UnsupportedStructure("too large for memory") from None
        return io.BytesIO(content)
    return stream


class FileBytes:
    """The bytes of a file. `file[start:stop]` reads a part of it; `len(file)` is its size."""

    def __init__(self, stream: BinaryIO, size: int | None = None) -> None:
        """Read the first bytes of the file. `size`: bytes of the file; None to determine it. Raises OSError."""
        self._stream = stream
        self._size = stream.seek(0, 2) if size is None else size
        stream.seek(0)
        self._head = stream.read(_HEAD_SIZE)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        """Return the bytes from `part.start` up to `part.stop`, both limited to the size of the file.

        Raises UnsupportedStructure if the file is shorter now, or if more than MAX_BLOCK bytes are requested, and
        OSError.
        """
        start, stop, _ = part.indices(self._size)
        if stop <= len(self._head):
            return self._head[start:stop]
        if stop - start > MAX_BLOCK:
            raise UnsupportedStructure("a value of an odd size")
        self._stream.seek(start)
        data = self._stream.read(stop - start)
        if len(data) != max(0, stop - start):
            raise UnsupportedStructure("the file is shorter than it was")
        return data


ByteSource = bytes | FileBytes
"""Data from which TIFF directories are read: a block in memory, or a whole file."""
