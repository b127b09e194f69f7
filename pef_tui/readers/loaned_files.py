"""Copy members of archives for ExifTool, which can read only files.

The copies are temporary: they are in memory, or in a file without a name.
"""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.filesystem.temp_files import disk_full_error, unnamed_file, write_at
from pef_tui.system_calls import HAS_MEMORY_FILES, memory_file

MAX_IN_MEMORY = 16 << 20
"""Limit in bytes of a copy in memory. A larger copy is moved to a file."""
READ_SIZE = 1 << 20
MAX_BOXES = 10_000
"""Largest number of top-level boxes of a video that are examined. Everything after them is copied.

A video has about ten, a fragmented video some thousand.
"""
_LONG_SIZE = 1  # the true size of a box with this size is in the 64 bits after its kind


class MemberCopy:
    """A copy of a member of an archive. Another process reads it through its descriptor. `close` deletes it."""

    def __init__(self, directory: str) -> None:
        """`directory`: where a copy is stored that is too large for memory."""
        self._directory = directory
        self._in_memory = HAS_MEMORY_FILES
        self.fd = memory_file("member") if self._in_memory else unnamed_file(directory)
        self._parts: list[tuple[int, int]] = []
        self.stored_bytes = 0
        """Number of bytes that were written, without holes."""

    def write(self, data: bytes, offset: int) -> None:
        """Write `data` at `offset` of the copy. Raises OSError, DiskFull."""
        try:
            if self._in_memory and self.stored_bytes + len(data) > MAX_IN_MEMORY:
                self._move_to_disk()
            write_at(self.fd, data, offset)
        except OSError as error:
            if error.errno in DISK_FULL:
                raise disk_full_error(self._directory, "a film or picture of an archive") from None
            raise
        self._parts.append((offset, len(data)))
        self.stored_bytes += len(data)

    def _move_to_disk(self) -> None:
        """Move the copy from memory to the disk."""
        memory, self.fd, self._in_memory = self.fd, unnamed_file(self._directory), False
        try:
            for offset, length in self._parts:
                write_at(self.fd, os.pread(memory, length, offset), offset)
        finally:
            os.close(memory)

    def close(self) -> None:
        """Delete the copy."""
        os.close(self.fd)


def copy_member(stream: BinaryIO, size: int, is_video: bool, directory: str) -> MemberCopy:
    """Return a copy of the seekable `stream`, which has `size` bytes. Raises OSError, DiskFull.

    `is_video`: whether it is an MP4 or QuickTime video. Pictures and sound of a video are not copied: they hold no
    tags, and are nearly all of the file. The copy has a hole in their place. `directory`: where a large copy is stored.
    """
    copy = MemberCopy(directory)
    try:
        stream.seek(0)
        if is_video:
            _copy_boxes(stream, size, copy)
        else:
            _copy(stream, 0, size, copy)
        os.ftruncate(copy.fd, size)
    except BaseException:
        copy.close()
        raise
    return copy


def _copy(stream: BinaryIO, start: int, stop: int, copy: MemberCopy) -> None:
    while start < stop and (data := stream.read(min(READ_SIZE, stop - start))):
        copy.write(data, start)
        start += len(data)


def _copy_boxes(stream: BinaryIO, size: int, copy: MemberCopy) -> None:
    """Copy every top-level box (ISO/IEC 14496-12, section 4.2) except the content of `mdat`, the media data."""
    offset = boxes = 0
    while offset < size and boxes < MAX_BOXES:
        boxes += 1
        head = stream.read(min(16, size - offset))
        copy.write(head, offset)
        length = int.from_bytes(head[:4], "big")
        if length == _LONG_SIZE:
            length = int.from_bytes(head[8:16], "big")
        if (
            length < 8 or offset + length > size
        ):  # the box ends with the file, or is damaged; ExifTool reports damage
            length = size - offset
        if head[4:8] == b"mdat":
            stream.seek(offset + length, io.SEEK_SET)
        elif length > len(head):
            _copy(stream, offset + len(head), offset + length, copy)
        else:
            stream.seek(offset + length, io.SEEK_SET)
        offset += length
    if offset < size:
        stream.seek(offset)
        _copy(stream, offset, size, copy)
