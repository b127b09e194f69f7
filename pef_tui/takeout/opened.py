"""An open file of a directory, read with as few calls of the system as can be."""

from __future__ import annotations

import io
import os
import stat

FIRST, FURTHER = 65536, 8192
"""Bytes read at a time: nearly every header lies within the first piece; behind it tags lie here and there."""


class OpenedFile(io.BufferedIOBase):
    """A regular file, to be read and sought in; it ends where it ended when it was opened.

    Most files are opened to look at their header. Python's own buffered file asks the system ten times for that, this
    one four times; each time another thread may take the interpreter and keep it.
    """

    def __init__(self, descriptor: int) -> None:
        """Takes the descriptor over. Raises OSError for what is no regular file."""
        self._descriptor = descriptor
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise OSError("no regular file any more")
        self._size = found.st_size
        self._at = 0
        self._start = 0
        self._data = b""

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, fewer only at the end of the file. Raises OSError."""
        left = max(0, self._size - self._at)
        size = left if size is None or size < 0 else min(size, left)
        offset = self._at - self._start
        if not 0 <= offset <= len(self._data) - size:
            if size > FIRST:
                return self._read_past(size)
            self._start = self._at
            self._data = self._from_disk(max(size, FIRST if self._at == 0 else FURTHER))
            offset = 0
        data = self._data[offset : offset + size]
        self._at += len(data)
        return data

    def read1(self, size: int = -1, /) -> bytes:
        """As `read`."""
        return self.read(size)

    def _read_past(self, size: int) -> bytes:
        data = self._from_disk(size)
        self._at += len(data)
        return data

    def _from_disk(self, size: int) -> bytes:
        """So many bytes from here on, fewer only at the end; networks may hand them out in parts."""
        data = os.pread(self._descriptor, size, self._at)
        while data and len(data) < size and self._at + len(data) < self._size:
            more = os.pread(self._descriptor, size - len(data), self._at + len(data))
            if not more:  # it became shorter
                break
            data += more
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place, counted from the beginning, from here (1) or from the end (2). Raises ValueError before 0."""
        at = offset + (0, self._at, self._size)[whence]
        if at < 0:
            raise ValueError(f"negative seek position {at}")
        self._at = at
        return at

    def tell(self) -> int:
        """Where it stands."""
        return self._at

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """Its descriptor. Raises ValueError once closed."""
        if self._descriptor < 0:
            raise ValueError("I/O operation on closed file")
        return self._descriptor

    def close(self) -> None:
        """Let it go; may be called again."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
        super().close()
