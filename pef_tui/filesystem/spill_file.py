"""Store bytes that are appended and read back: in memory up to a limit, then in an unnamed file."""

from __future__ import annotations

import os
import sys

from pef_tui.filesystem.temp_files import unnamed_file, write_at


class SpillFile:
    """An append-only store of bytes. One thread appends; any thread may read what was appended before.

    If the file cannot be created, or its disk is full, all bytes stay in memory, without a limit.
    """

    def __init__(self, folder: str, memory_limit: int) -> None:
        """`folder`: where the file is created. `memory_limit`: number of bytes. If there are more, all move to the
        file.
        """
        self._folder = folder
        self._limit = memory_limit
        self._memory: bytearray | None = bytearray()
        """All bytes while they are in memory; None while they are in the file."""
        self._descriptor = -1
        self._size = 0

    def append(self, data: bytes) -> int:
        """Add bytes, and return the offset of the first added byte."""
        start = self._size
        if self._memory is not None:
            self._memory += data
            if len(self._memory) > self._limit:
                self._move_to_disk(self._memory)
        else:
            try:
                write_at(self._descriptor, data, start)
            except OSError:
                self._move_to_memory(data)
        self._size = start + len(data)
        return start

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from offset `start` to `stop`.

        Raises OSError if the file cannot be read, or after `close`.
        """
        memory = self._memory
        if memory is not None:
            return bytes(memory[start:stop])
        return os.pread(self._descriptor, stop - start, start)

    def close(self) -> None:
        """Close the file and delete the bytes in memory. After that, `read` raises OSError."""
        self._memory = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _move_to_disk(self, memory: bytearray) -> None:
        try:
            descriptor = unnamed_file(self._folder)
        except OSError:
            self._limit = sys.maxsize
            return
        try:
            write_at(descriptor, bytes(memory), 0)
        except OSError:
            os.close(descriptor)
            self._limit = sys.maxsize
            return
        # Keep this order: a reader in another thread uses the descriptor as soon as `_memory` is None.
        self._descriptor = descriptor
        self._memory = None

    def _move_to_memory(self, data: bytes) -> None:
        """Read the file back into memory, and add `data`. The file stays open, because another thread may be reading
        it.
        """
        self._limit = sys.maxsize
        self._memory = bytearray(os.pread(self._descriptor, self._size, 0) + data)
