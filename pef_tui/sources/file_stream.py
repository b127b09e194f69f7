"""Read an open file of a source directory with as few system calls as possible."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable

from pef_tui.filesystem.disk_watch import DiskWatch

FIRST, FURTHER = 65536, 8192
"""Number of bytes that are read at a time: FIRST at the beginning of the file, FURTHER elsewhere.

The first piece contains nearly every header. Tags may also be later in the file.
"""


class FileStream(io.BufferedIOBase):
    """A readable and seekable regular file. Its size is that at the time of opening.

    Most files are opened only to read their header. Python's buffered file makes ten system calls for this; this class
    makes four. That is faster, because another thread may take the GIL during each call.
    """

    def __init__(
        self, descriptor: int, watch: DiskWatch | None = None, reopen: Callable[[], int] | None = None
    ) -> None:
        """Take ownership of `descriptor`, an open file. If it is not a regular file, close it and raise OSError.

        `watch`: decides whether a failed call is repeated; None: never. `reopen`: opens the same file again and returns
        its descriptor. It is used if a server no longer knows the old one (ESTALE).
        """
        self._descriptor = descriptor
        self._watch, self._reopen = watch, reopen
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise OSError("no regular file any more")
        self._size, self._mtime_ns = status.st_size, status.st_mtime_ns
        self._at = 0
        self._start = 0
        self._data = b""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read `size` bytes; all remaining bytes if `size` is None or negative. Raises OSError.

        Fewer bytes are returned only at the end of the file.
        """
        remaining = max(0, self._size - self._at)
        size = remaining if size is None or size < 0 else min(size, remaining)
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
        """Do the same as `read`."""
        return self.read(size)

    def _read_past(self, size: int) -> bytes:
        data = self._from_disk(size)
        self._at += len(data)
        return data

    def _from_disk(self, size: int) -> bytes:
        """Read `size` bytes from the current position; fewer only at the end of the file.

        Several calls may be needed: network file systems may return the bytes in parts.
        """
        attempt = 1
        while True:
            try:
                return self._read_pieces(size)
            except OSError as error:
                if not self.recovers(error, attempt):
                    raise
            attempt += 1

    def recovers(self, error: OSError, attempt: int) -> bool:
        """Return whether to repeat a failed call with this file (see `DiskWatch.recovers`).

        If the server no longer knows the descriptor, the file is opened again first. Raises DiskGone.
        """
        if self._watch is None or not self._watch.recovers(error, attempt):
            return False
        try:
            os.fstat(self._descriptor)
            os.pread(self._descriptor, 1, 0)
        except OSError:
            return self._opened_again()
        return True

    def _opened_again(self) -> bool:
        """Open the file again under the same descriptor. Return False if that fails or if the file has changed."""
        if self._reopen is None:
            return False
        try:
            descriptor = self._reopen()
        except OSError:
            return False
        try:
            status = os.fstat(descriptor)
            if (status.st_size, status.st_mtime_ns) != (self._size, self._mtime_ns):
                return False
            os.dup2(descriptor, self._descriptor, inheritable=False)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    def _read_pieces(self, size: int) -> bytes:
        data = os.pread(self._descriptor, size, self._at)
        while data and len(data) < size and self._at + len(data) < self._size:
            piece = os.pread(self._descriptor, size - len(data), self._at + len(data))
            if not piece:  # the file is shorter now
                break
            data += piece
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Set the position and return it. Raises ValueError if the position would be negative.

        `offset` counts from the beginning (second argument 0), the current position (1) or the end (2) of the file.
        """
        at = offset + (0, self._at, self._size)[whence]
        if at < 0:
            raise ValueError(f"negative seek position {at}")
        self._at = at
        return at

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._at

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor. Raises ValueError after `close`."""
        if self._descriptor < 0:
            raise ValueError("I/O operation on closed file")
        return self._descriptor

    def close(self) -> None:
        """Close the descriptor. Further calls do nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
        super().close()
