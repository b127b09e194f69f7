"""Members of archives lent to ExifTool, which reads files only: copies in memory or without a name, for a moment."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from pef_tui.scratch import FULL, no_room, unnamed_file, write_at

IN_MEMORY = 16 << 20
"""Bytes of a copy that may lie in memory."""
PIECE = 1 << 20
MOST_BOXES = 10_000
"""Top-level boxes of a film: some ten, in pieces for streaming some thousand; behind so many all is copied."""
_LONG = 1  # a box of this size tells its true one in 64 bits


class Spill:
    """A copy that another process can read through its descriptor; gone when closed."""

    def __init__(self, folder: str) -> None:
        """`folder`: where the copy lies once it is too large for memory."""
        self._folder = folder
        self._in_memory = hasattr(os, "memfd_create")
        self.fd = os.memfd_create("member", os.MFD_CLOEXEC) if self._in_memory else unnamed_file(folder)
        self._parts: list[tuple[int, int]] = []
        self.weight = 0
        """Bytes it holds; holes do not count."""

    def write(self, data: bytes, at: int) -> None:
        """Put bytes at an offset. Raises OSError, DiskFull."""
        try:
            if self._in_memory and self.weight + len(data) > IN_MEMORY:
                self._move()
            write_at(self.fd, data, at)
        except OSError as error:
            if error.errno in FULL:
                raise no_room(self._folder, "a film or picture of an archive") from None
            raise
        self._parts.append((at, len(data)))
        self.weight += len(data)

    def _move(self) -> None:
        """From memory to the disk."""
        memory, self.fd, self._in_memory = self.fd, unnamed_file(self._folder), False
        try:
            for at, length in self._parts:
                write_at(self.fd, os.pread(memory, length, at), at)
        finally:
            os.close(memory)

    def close(self) -> None:
        """Let go of it."""
        os.close(self.fd)


def spilled(stream: BinaryIO, size: int, film: bool, folder: str) -> Spill:
    """A copy of `size` bytes of a stream that can be sought in. Raises OSError, DiskFull.

    Of a `film` (MP4, QuickTime) the pictures and sounds stay a hole: no tag lies there, and they are all but a few
    KB of it.
    """
    copy = Spill(folder)
    try:
        stream.seek(0)
        if film:
            _copy_boxes(stream, size, copy)
        else:
            _copy(stream, 0, size, copy)
        os.ftruncate(copy.fd, size)
    except BaseException:
        copy.close()
        raise
    return copy


def _copy(stream: BinaryIO, start: int, stop: int, copy: Spill) -> None:
    while start < stop and (data := stream.read(min(PIECE, stop - start))):
        copy.write(data, start)
        start += len(data)


def _copy_boxes(stream: BinaryIO, size: int, copy: Spill) -> None:
    """Every top-level box (ISO/IEC 14496-12, section 4.2) but the content of `mdat`."""
    at = boxes = 0
    while at < size and boxes < MOST_BOXES:
        boxes += 1
        head = stream.read(min(16, size - at))
        copy.write(head, at)
        length = int.from_bytes(head[:4], "big")
        if length == _LONG:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or at + length > size:  # up to the end; or damaged, as whoever reads it will see
            length = size - at
        if head[4:8] == b"mdat":
            stream.seek(at + length, io.SEEK_SET)
        elif length > len(head):
            _copy(stream, at + len(head), at + length, copy)
        else:
            stream.seek(at + length, io.SEEK_SET)
        at += length
    if at < size:
        stream.seek(at)
        _copy(stream, at, size, copy)
