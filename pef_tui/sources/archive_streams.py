"""Read archive members as streams: stored members in place, compressed members by decompressing them."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import zlib
from contextlib import suppress
from typing import Protocol

from pef_tui.filesystem.disk_watch import DiskWatch

PIECE = 1 << 16
"""Number of compressed bytes read at a time."""

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
"""The supported compression methods, by their numbers in zip archives."""
METHODS = frozenset((STORED, DEFLATED, BZIP2, LZMA))

METHOD_NAMES = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES encryption"}
"""Names of the compression methods that occur in archives but are not supported."""

DECOMPRESSION_ERRORS = (zlib.error, lzma.LZMAError, EOFError, ValueError, OSError)


_OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class SharedDescriptor:
    """An open file that many streams share. It is closed when the last reference to this object is gone."""

    __slots__ = ("_path", "_stamp", "_watch", "fd")

    def __init__(self, path: str, watch: DiskWatch | None = None) -> None:
        """Open the file at `path` for reading. Raises OSError.

        `watch`: decides whether a read that failed is repeated; None: never.
        """
        self._path, self._watch = path, watch
        self.fd = os.open(path, _OPEN_FLAGS)
        self._stamp = self.stamp()

    @classmethod
    def from_descriptor(cls, descriptor: int) -> SharedDescriptor:
        """Return a SharedDescriptor of `descriptor`, an open file, and close that file later."""
        shared = cls.__new__(cls)
        shared.fd, shared._watch = descriptor, None
        return shared

    def pread(self, size: int, offset: int) -> bytes:
        """Return up to `size` bytes at `offset`; fewer at the end of the file. Raises OSError, DiskGone."""
        attempt = 1
        while True:
            try:
                return os.pread(self.fd, size, offset)
            except OSError as error:
                if self._watch is None or not self._watch.recovers(error, attempt):
                    raise
                self._open_again()
            attempt += 1

    def _open_again(self) -> None:
        """Open the file again under the same descriptor if a server does not know the descriptor any more (ESTALE).

        Do nothing if the file was changed, or if that fails: the next read then raises the error.
        """
        with suppress(OSError):
            os.pread(self.fd, 1, 0)
            return
        with suppress(OSError):
            again = SharedDescriptor(self._path)
            if again.stamp() == self._stamp:
                os.dup2(again.fd, self.fd, inheritable=False)

    def stamp(self) -> tuple[int, int, int]:
        """Return size (bytes), mtime and ctime (ns). They change when the file changes. Raises OSError."""
        status = os.fstat(self.fd)
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def __del__(self) -> None:
        if hasattr(self, "fd"):
            os.close(self.fd)


def damaged(reason: object) -> OSError:
    """Return (not raise) the OSError for a member with damaged content. `reason` is part of its text."""
    return OSError(f"damaged in the archive ({' '.join(str(reason).split())[:200]})")


class Decompressor(Protocol):
    """The common interface of the decompressors of zlib, bz2 and lzma."""

    @property
    def eof(self) -> bool:
        """Whether the end of the compressed data was reached."""

    @property
    def unused_data(self) -> bytes:
        """Input bytes after the end of the compressed data; b"" until that end is reached."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Take `data` as further input, and return the next decompressed bytes, at most `max_length`."""


def decompressor(method: int) -> Decompressor:
    """Return a new decompressor for `method`: DEFLATED, BZIP2 or LZMA."""
    if method == DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS)
    return bz2.BZ2Decompressor() if method == BZIP2 else lzma.LZMADecompressor(lzma.FORMAT_ALONE)


class SeekableStream(io.RawIOBase):
    """Base class of readable streams of known size. A subclass implements `readinto`, which advances `_at`."""

    _at = 0
    _size = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, limited to 0 … end of the stream, and return it."""
        self._at = self._seek_target(offset, whence)
        return self._at

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._at

    def _seek_target(self, offset: int, whence: int) -> int:
        """Return the position for the arguments of `seek`, limited to 0 … end of the stream."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return min(max(base + offset, 0), self._size)


class StoredMember(SeekableStream):
    """An uncompressed member, read in place from the archive.

    Its checksum is verified if it is read from beginning to end.
    """

    def __init__(
        self,
        archive: SharedDescriptor,
        start: int,
        size: int,
        crc: int | None = None,
        stamp: tuple[int, int, int] | None = None,
    ) -> None:
        """`start`, `size`: offset and length of the data in the archive. `crc`: CRC-32 of the data; None if unknown.

        `stamp`: given if `crc` is unknown: size and times of the archive when it was listed (`SharedDescriptor.stamp`).
        Reading the last bytes raises OSError if the archive then has another stamp.
        """
        self._archive = archive
        self._stamp = stamp
        self._start = start
        self._size = size
        self._crc = crc
        self._summed = self._sum = 0

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the next bytes into `buffer`; return their number, 0 at the end.

        Raises OSError if the member is damaged or the archive was changed.
        """
        limit = min(len(buffer), self._size - self._at)
        if limit <= 0:
            return 0
        data = self._archive.pread(limit, self._start + self._at)
        count = len(data)
        if not count:
            raise damaged("shorter than it says")
        buffer[:count] = data
        if self._crc is not None and self._at == self._summed:
            self._sum = zlib.crc32(data, self._sum)
            self._summed += count
            if self._summed == self._size and self._sum != self._crc:
                raise damaged("wrong checksum")
        self._at += count
        if self._stamp is not None and self._at == self._size and self._archive.stamp() != self._stamp:
            raise OSError("changed while the run was on")
        return count


class UnpackedMember(SeekableStream):
    """A compressed member. Seeking backwards decompresses it again from its beginning.

    Its checksum is verified when its end is reached.
    """

    def __init__(
        self, archive: SharedDescriptor, start: int, packed: int, size: int, method: int, crc: int
    ) -> None:
        """`start`, `packed`: offset and length of the compressed data in the archive. `size`: decompressed length."""
        self._archive = archive
        self._start = start
        self._packed = packed
        self._size = size
        self._method = method
        self._crc = crc
        self._restart()

    def _restart(self) -> None:
        self._engine = decompressor(self._method)
        self._consumed = self._at = self._sum = 0
        self._tail = b""
        if (
            self._method == LZMA
        ):  # zip stores version, length of the properties, properties; the decompressor expects a .lzma header
            head = self._archive.pread(min(9, self._packed), self._start)
            self._consumed = len(head)
            self._tail = head[4:9] + b"\xff" * 8

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the next bytes into `buffer`; return their number, 0 at the end. Raises OSError for damaged data."""
        data = self._read_some(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _read_some(self, max_bytes: int) -> bytes:
        if not max_bytes or self._at >= self._size:
            return b""
        try:
            data = self._unpack(min(max_bytes, self._size - self._at))
        except DECOMPRESSION_ERRORS as error:
            if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of the data
                raise
            raise damaged(error) from error
        self._at += len(data)
        self._sum = zlib.crc32(data, self._sum)
        if self._at == self._size:
            self._check_end()
        return data

    def _unpack(self, max_bytes: int) -> bytes:
        """Return the next decompressed bytes, 1 to `max_bytes`. Raises DECOMPRESSION_ERRORS for damaged data."""
        while not self._engine.eof:
            piece = self._tail
            needs_input = not piece and getattr(self._engine, "needs_input", True)
            if needs_input:
                piece = self._archive.pread(
                    min(PIECE, self._packed - self._consumed), self._start + self._consumed
                )
                self._consumed += len(piece)
            data = self._engine.decompress(piece, max_bytes)
            self._tail = getattr(self._engine, "unconsumed_tail", b"")
            if data:
                return data
            if needs_input and not piece:
                break
        raise EOFError("shorter than it says")

    def _check_end(self) -> None:
        if self._sum != self._crc:
            raise damaged("wrong checksum")
        try:
            surplus = b"" if self._engine.eof else self._unpack(1)
        except DECOMPRESSION_ERRORS:
            return
        if surplus:
            raise damaged("longer than it says")

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, limited to the range from 0 to the end, and return it. Raises OSError for damaged data."""
        goal = self._seek_target(offset, whence)
        if goal < self._at:
            self._restart()
        while self._at < goal and self._read_some(min(PIECE, goal - self._at)):
            pass
        return self._at
