"""Define the file format of undo records, and read intact and damaged files of this format.

A run has two files, `records` and `files`. Both consist of frames: length, CRC-32, MessagePack. `records` has the
originals of the replaced files. Of most files it has only the stretch: the part of the original that changes. `files`
repeats the header, and lists the path and CRC-32 of each frame in `records`. So a file can be named even if its frame
in `records` is damaged or cut off.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from struct import Struct as Packed
from typing import BinaryIO, Literal
from zlib import crc32

import msgspec
from msgspec import Struct
from msgspec.structs import replace

UNDO = "undo"
"""Name of the folder in `.pef-tui` that contains one folder for each run."""
RECORDS, FILES = "records", "files"
HEAD = Packed("<II")
_LONGEST_FRAME = 32 << 20
"""Size limit of a frame in bytes. A frame holds at most 16 MiB of a file, and two paths."""
_MOST_CANDIDATES = 1_000
"""Largest number of offsets in one file at which the next readable frame after damage is searched."""
_FORMER_MARK = re.compile(rb"(?:[\x90-\x9f]|\xdc\x00.)\xa6former", re.DOTALL)
_WINDOW = 1 << 20
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class UndoHeader(Struct, frozen=True, array_like=True, tag="began"):
    """The header of a run's files: the first record in `records` and in `files`."""

    started_ns: int
    folder_mtime_ns: int
    """Modification time of SOURCE before the run created anything in it."""


class ReplacedFile(Struct, frozen=True, array_like=True, tag="former"):
    """The data that restores one replaced file."""

    path: bytes
    """Path of the file below SOURCE."""
    key: bytes
    """Key of the file in the manifest."""
    kind: Literal["stretch", "whole", "none", "times", "link"]
    """What the original was, and how it is kept.

    - `stretch`: the field `stretch` has the original bytes of the part that changes.
    - `whole`: the whole original is kept as the file `backup_name`.
    - `none`: there was no original; the run created the file.
    - `times`: the run changed only the modification time.
    - `link`: the original was a symbolic link, and `stretch` is its target.
    """
    folder_mtime_ns: int
    new_size: int
    new_content: bytes
    """Hash (16 bytes) of the new file, which replaced the original."""
    size: int = 0
    mtime_ns: int = 0
    atime_ns: int = 0
    content: bytes = b""
    same_before: int = 0
    """Number of bytes before the stretch. They are equal in the original and in the new file."""
    same_behind: int = 0
    stretch: bytes = b""
    backup_name: str = ""
    """For `whole`: name of the kept original, in the folder of the records."""
    new_mtime_ns: int = 0
    """For `times`: the modification time that the run set, in nanoseconds; 0 if not recorded."""
    link_name: str = ""
    """For an original with several hard links: name of the hard link that the run added in the folder of the
    records.
    """


class FrameName(Struct, frozen=True, array_like=True, tag="named"):
    """An entry of `files`: the offset and checksum of a frame in `records`, and the file that the frame describes."""

    offset: int
    check: int
    """CRC-32 of the frame."""
    path: bytes
    key: bytes


_encoder = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(UndoHeader | ReplacedFile | FrameName).decode
encode = _encoder.encode


class DamagedRecord(Exception):
    """Raised if a record, or a file that is kept beside the records, is damaged."""


class Frame(Struct, frozen=True):
    """A readable record, and its offset in the file. Its stretch (original bytes) is left out, which saves memory."""

    offset: int
    check: int
    record: UndoHeader | ReplacedFile | FrameName


class UndoGap(Struct, frozen=True):
    """A part of a file of frames that has no readable record."""

    start: int
    end: int
    path: bytes
    """Path in the first record of the gap; empty if the path is not readable."""
    torn: bool = False
    """Whether the gap is an incomplete end of the file, left by a kill or a power cut.

    If so, the file of this record was not replaced, because a record is written before its file is replaced.
    """


def read_frames(stream: BinaryIO, size: int, start: int = 0) -> Iterator[Frame | UndoGap]:
    """Yield all frames and gaps of a file of `size` bytes, in order. `start`: offset of the first frame."""
    at, tries = start, _MOST_CANDIDATES
    while at < size:
        result = _frame_at(stream, at, size)
        if result is not None:
            frame, at = result
            yield frame
            continue
        end, tries = _next_frame(stream, at, size, tries)
        yield UndoGap(at, end, _path_at(stream, at), end == size and _is_torn(stream, at, size))
        at = end


def _frame_at(stream: BinaryIO, at: int, size: int) -> tuple[Frame, int] | None:
    """Return the frame at the offset `at`, and the offset of its end. None if no frame is readable there."""
    stream.seek(at)
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    length, check = HEAD.unpack(head)
    if length > min(_LONGEST_FRAME, size - at - HEAD.size):
        return None
    payload = stream.read(length)
    if len(payload) != length or crc32(payload) != check:
        return None
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        record = _decode(payload)
        if isinstance(record, ReplacedFile) and record.kind == "stretch":
            record = replace(record, stretch=b"")
        return Frame(at, check, record), at + HEAD.size + length
    return None


def record_at(stream: BinaryIO, offset: int) -> UndoHeader | ReplacedFile | FrameName | None:
    """Return the record at `offset`, without its stretch (original bytes); None if no frame is readable there."""
    result = _frame_at(stream, offset, os.fstat(stream.fileno()).st_size)
    return result[0].record if result is not None else None


def _next_frame(stream: BinaryIO, at: int, size: int, tries: int) -> tuple[int, int]:
    """Find the next readable frame after the damaged frame at `at`. Return its offset and the number of remaining
    tries.

    `tries`: how many offsets may be tried. The returned offset is `size` if no frame was found.
    """
    stream.seek(at)
    head = stream.read(HEAD.size)
    if len(head) == HEAD.size:
        end: int = at + HEAD.size + HEAD.unpack(head)[0]
        if end == size or (end < size and _frame_at(stream, end, size) is not None):
            return end, tries
    position = at + 1
    while position < size and tries:
        stream.seek(position)
        window = stream.read(_WINDOW)
        for match in _FORMER_MARK.finditer(window):
            start = position + match.start() - HEAD.size
            if start <= at or not tries:
                continue
            tries -= 1
            if _frame_at(stream, start, size) is not None:
                return start, tries
        if position + len(window) >= size:
            break
        position += len(window) - 16  # overlap: a mark may cross the end of the window
    return size, tries


def _is_torn(stream: BinaryIO, at: int, size: int) -> bool:
    stream.seek(at)
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size or not any(head):  # disk blocks that were never written read as zeros
        return True
    length: int = HEAD.unpack(head)[0]
    return at + HEAD.size + length > size


def _path_at(stream: BinaryIO, at: int) -> bytes:
    """Return the path in the damaged frame of a `ReplacedFile` at `at`; b"" if it is not readable."""
    stream.seek(at + HEAD.size)
    start = stream.read(4200)
    mark = _FORMER_MARK.match(start)
    if mark is None or len(path_field := start[mark.end() :]) < 3 or path_field[0] not in (0xC4, 0xC5):
        return b""
    length, path_start = (
        (path_field[1], 2) if path_field[0] == 0xC4 else (int.from_bytes(path_field[1:3], "big"), 3)
    )
    path = path_field[path_start : path_start + length]
    return path if len(path) == length and b"\0" not in path else b""


def first_record(folder: int, name: str) -> UndoHeader | ReplacedFile | FrameName | None:
    """Return the first record of the file `name`. `folder`: a descriptor of a run's folder.

    None if the file is missing or the record is not readable. Raises OSError.
    """
    try:
        fd = os.open(name, _READ_FLAGS, dir_fd=folder)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as stream:
        item = next(read_frames(stream, os.fstat(fd).st_size), None)
    return item.record if isinstance(item, Frame) else None


class RunRecords:
    """All records of one run, read and checked. The file `records` stays open until `close`."""

    def __init__(self, folder: int) -> None:
        """`folder`: a descriptor of the run's folder. Raises OSError."""
        self._folder = folder
        self._stream = self._open(RECORDS)
        self.header: UndoHeader | None = None
        self.replaced_files: list[tuple[int, ReplacedFile]] = []
        """Offset and record of each replaced file, in the order of the run.

        Stretches (original bytes) are left out; `read_record` returns a record with its stretch.
        """
        self.unreadable_files: list[tuple[bytes, bytes]] = []
        """Path and key of each replaced file whose record is not readable. Unknown values are b""."""
        self.has_file_list = False
        """Whether the run's list of replaced files (the file `files`) has a readable record.

        If not, records at the end of `records` may be missing without a trace.
        """
        self.torn = False
        """Whether the file `records` ends in an incomplete record."""
        try:
            self._load()
        except BaseException:
            self.close()
            raise

    def _open(self, name: str) -> BinaryIO:
        return os.fdopen(os.open(name, _READ_FLAGS, dir_fd=self._folder), "rb")

    def _load(self) -> None:
        names = self._names()
        good: set[tuple[int, int]] = set()
        gaps: list[UndoGap] = []
        size = os.fstat(self._stream.fileno()).st_size
        for item in read_frames(self._stream, size):
            if isinstance(item, UndoGap):
                gaps.append(item)
            elif isinstance(item.record, ReplacedFile):
                good.add((item.offset, item.check))
                self.replaced_files.append((item.offset, item.record))
            elif isinstance(item.record, UndoHeader):
                self.header = self.header or item.record
        missing = [frame_name for frame_name in names if (frame_name.offset, frame_name.check) not in good]
        self.unreadable_files += [(frame_name.path, frame_name.key) for frame_name in missing]
        self.torn = any(gap.torn for gap in gaps)
        for gap in gaps:
            is_named = any(gap.start <= frame_name.offset < gap.end for frame_name in missing)
            if not is_named and not gap.torn and (gap.start or self.header is None):
                self.unreadable_files.append((gap.path, b""))

    def _names(self) -> list[FrameName]:
        try:
            stream = self._open(FILES)
        except FileNotFoundError:
            return []
        with stream:
            records = [
                item.record
                for item in read_frames(stream, os.fstat(stream.fileno()).st_size)
                if isinstance(item, Frame)
            ]
        for record in records:
            if isinstance(record, UndoHeader):
                self.header = self.header or record
        names = [record for record in records if isinstance(record, FrameName)]
        self.has_file_list = bool(records)
        return names

    @property
    def empty(self) -> bool:
        """Whether the run replaced nothing, according to its records."""
        return not self.replaced_files and not self.unreadable_files

    def read_record(self, offset: int) -> ReplacedFile:
        """Return the record at `offset`, with its stretch (original bytes). Raises DamagedRecord, OSError."""
        self._stream.seek(offset)
        length, check = HEAD.unpack(self._stream.read(HEAD.size))
        payload = self._stream.read(length)
        if crc32(payload) != check:
            raise DamagedRecord
        record = _decode(payload)
        assert isinstance(record, ReplacedFile)
        return record

    def open(self, name: str) -> BinaryIO:
        """Open the file `name` in the folder of the records.

        Raises DamagedRecord if there is no regular file of this name, OSError.
        """
        if not name or "/" in name or name in (".", "..") or "\0" in name:
            raise DamagedRecord
        try:
            present = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
            if not stat.S_ISREG(present.st_mode):
                raise DamagedRecord
            return self._open(name)
        except FileNotFoundError:
            raise DamagedRecord from None

    def close(self) -> None:
        """Close the file `records`. The descriptor of the folder stays open."""
        self._stream.close()
