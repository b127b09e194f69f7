"""The records that undo an in-place run, as bytes: how they are written, and what can be read of damaged ones.

A run has two files of frames (length, CRC-32, MessagePack). `records` holds what was before each file was replaced.
`files` repeats the run's beginning and names the file of every frame in `records`, so that a file whose frame is
damaged or cut off can be named.
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

RECORDS, FILES = "records", "files"
HEAD = Packed("<II")
_LONGEST_FRAME = 32 << 20
"""Bytes. A frame holds at most 16 MiB of a file, and two paths."""
_MOST_CANDIDATES = 1_000
"""Places behind a damaged frame that are tried as the beginning of another, in one file."""
_FORMER = re.compile(rb"(?:[\x90-\x9f]|\xdc\x00.)\xa6former", re.DOTALL)
_WINDOW = 1 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Began(Struct, frozen=True, array_like=True, tag="began"):
    """A run began."""

    started_ns: int
    folder_mtime_ns: int
    """Of SOURCE, before anything was made in it."""


class Former(Struct, frozen=True, array_like=True, tag="former"):
    """One file as it was before it was replaced."""

    path: bytes
    """Below SOURCE."""
    key: bytes
    """What the manifest knows it by."""
    kind: Literal["stretch", "whole", "none", "times", "link"]
    """Its changed stretch is here; it lies in `kept`; there was no such file; only its times changed; it was a
    symbolic link, and `stretch` is what it said."""
    folder_mtime_ns: int
    new_size: int
    new_content: bytes
    """Hash of what replaces it (16 bytes)."""
    size: int = 0
    mtime_ns: int = 0
    atime_ns: int = 0
    content: bytes = b""
    same_before: int = 0
    """Bytes before the stretch that are the same in both."""
    same_behind: int = 0
    stretch: bytes = b""
    kept: str = ""
    """Name of the file itself, in the folder of the records."""
    new_mtime_ns: int = 0
    """Of kind `times`: what the run set; 0 where that is not recorded."""
    original: str = ""
    """Of a file that had other names: one more hard link to it, in the folder of the records."""


class Named(Struct, frozen=True, array_like=True, tag="named"):
    """A frame of `records`, and the file that it is about."""

    offset: int
    check: int
    """Its CRC-32."""
    path: bytes
    key: bytes


_encoder = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(Began | Former | Named).decode
encode = _encoder.encode


class Damaged(Exception):
    """A record, or what it needs, is not as it was written."""


class Frame(Struct, frozen=True):
    """Where a readable record lies, and the record; of kind `stretch` without the stretch."""

    offset: int
    check: int
    record: Began | Former | Named


class Gap(Struct, frozen=True):
    """A part of the file that holds no readable record."""

    start: int
    end: int
    path: bytes
    """Of the file that the first record in it seems to be about; empty where that is not readable."""
    torn: bool = False
    """Is it an end as a kill or a power cut leaves it? Nothing was replaced before its record was whole."""


def frames(stream: BinaryIO, size: int, start: int = 0) -> Iterator[Frame | Gap]:
    """Everything in a file of frames, in order. `start`: where a frame begins."""
    at, tries = start, _MOST_CANDIDATES
    while at < size:
        found = _frame_at(stream, at, size)
        if found is not None:
            found_frame, at = found
            yield found_frame
            continue
        end, tries = _behind(stream, at, size, tries)
        yield Gap(at, end, _path_at(stream, at), end == size and _is_torn(stream, at, size))
        at = end


def _frame_at(stream: BinaryIO, at: int, size: int) -> tuple[Frame, int] | None:
    """The frame that begins here, and where it ends."""
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
        if isinstance(record, Former) and record.kind == "stretch":
            record = replace(record, stretch=b"")
        return Frame(at, check, record), at + HEAD.size + length
    return None


def record_at(stream: BinaryIO, offset: int) -> Began | Former | Named | None:
    """The record whose frame begins here, of kind `stretch` without the stretch; None where it is not readable."""
    found = _frame_at(stream, offset, os.fstat(stream.fileno()).st_size)
    return found[0].record if found is not None else None


def _behind(stream: BinaryIO, at: int, size: int, tries: int) -> tuple[int, int]:
    """Where the next readable frame behind a damaged one begins, else `size`; how many tries are left."""
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
        for match in _FORMER.finditer(window):
            start = position + match.start() - HEAD.size
            if start <= at or not tries:
                continue
            tries -= 1
            if _frame_at(stream, start, size) is not None:
                return start, tries
        if position + len(window) >= size:
            break
        position += len(window) - 16  # a mark may lie across the edge
    return size, tries


def _is_torn(stream: BinaryIO, at: int, size: int) -> bool:
    stream.seek(at)
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size or not any(head):  # blocks that were never written read as zeros
        return True
    length: int = HEAD.unpack(head)[0]
    return at + HEAD.size + length > size


def _path_at(stream: BinaryIO, at: int) -> bytes:
    """The path in a damaged frame of a `Former`, if that part of it is readable."""
    stream.seek(at + HEAD.size)
    start = stream.read(4200)
    mark = _FORMER.match(start)
    if mark is None or len(rest := start[mark.end() :]) < 3 or rest[0] not in (0xC4, 0xC5):
        return b""
    length, begin = (rest[1], 2) if rest[0] == 0xC4 else (int.from_bytes(rest[1:3], "big"), 3)
    path = rest[begin : begin + length]
    return path if len(path) == length and b"\0" not in path else b""


def first_record(folder: int, name: str) -> Began | Former | Named | None:
    """What the first frame of a file says; None where it is not readable. `folder`: a descriptor. Raises OSError."""
    try:
        fd = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as stream:
        found = next(frames(stream, os.fstat(fd).st_size), None)
    return found.record if isinstance(found, Frame) else None


class RunRecords:
    """The records of one run, checked from the first to the last; open until `close`."""

    def __init__(self, folder: int) -> None:
        """`folder`: a descriptor of the run's folder. Raises OSError."""
        self._folder = folder
        self._stream = self._open(RECORDS)
        self.began: Began | None = None
        self.formers: list[tuple[int, Former]] = []
        """By offset, in the order of the run; without their stretches (`whole` reads one)."""
        self.lost: list[tuple[bytes, bytes]] = []
        """Path and key of every file whose record is not readable; both empty where neither is known."""
        self.named = False
        """Is there a list of the files, so that a record that is cut off is noticed?"""
        self.torn = False
        """Does it end in a record that is not whole?"""
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def _open(self, name: str) -> BinaryIO:
        return os.fdopen(os.open(name, _READ, dir_fd=self._folder), "rb")

    def _read(self) -> None:
        names = self._names()
        good: set[tuple[int, int]] = set()
        gaps: list[Gap] = []
        size = os.fstat(self._stream.fileno()).st_size
        for found in frames(self._stream, size):
            if isinstance(found, Gap):
                gaps.append(found)
            elif isinstance(found.record, Former):
                good.add((found.offset, found.check))
                self.formers.append((found.offset, found.record))
            elif isinstance(found.record, Began):
                self.began = self.began or found.record
        missing = [named for named in names if (named.offset, named.check) not in good]
        self.lost += [(named.path, named.key) for named in missing]
        self.torn = any(gap.torn for gap in gaps)
        for gap in gaps:
            known = any(gap.start <= named.offset < gap.end for named in missing)
            if not known and not gap.torn and (gap.start or self.began is None):
                self.lost.append((gap.path, b""))

    def _names(self) -> list[Named]:
        try:
            stream = self._open(FILES)
        except FileNotFoundError:
            return []
        with stream:
            found = [
                each.record
                for each in frames(stream, os.fstat(stream.fileno()).st_size)
                if isinstance(each, Frame)
            ]
        for record in found:
            if isinstance(record, Began):
                self.began = self.began or record
        names = [record for record in found if isinstance(record, Named)]
        self.named = bool(found)
        return names

    @property
    def empty(self) -> bool:
        """Did the run replace nothing, as far as is known?"""
        return not self.formers and not self.lost

    def whole(self, offset: int) -> Former:
        """A record with its stretch. Raises Damaged, OSError."""
        self._stream.seek(offset)
        length, check = HEAD.unpack(self._stream.read(HEAD.size))
        payload = self._stream.read(length)
        if crc32(payload) != check:
            raise Damaged
        record = _decode(payload)
        assert isinstance(record, Former)
        return record

    def open(self, name: str) -> BinaryIO:
        """A regular file that lies beside the records. Raises Damaged where there is none, OSError."""
        if not name or "/" in name or name in (".", "..") or "\0" in name:
            raise Damaged
        try:
            found = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                raise Damaged
            return self._open(name)
        except FileNotFoundError:
            raise Damaged from None

    def close(self) -> None:
        """Close the file; the folder stays open."""
        self._stream.close()
