"""Members of archives as streams: stored ones read where they lie, packed ones unpacked as they are read."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import zlib
from typing import Protocol

PIECE = 1 << 16
"""Packed bytes read at a time."""

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
"""The ways of packing that are read here, by their numbers in zip archives."""
METHODS = frozenset((STORED, DEFLATED, BZIP2, LZMA))

NAMES = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "AES encryption"}
"""Ways of packing that are met and not read here."""

BROKEN = (zlib.error, lzma.LZMAError, EOFError, ValueError, OSError)


class Held:
    """An open file shared by many streams, closed with the last that holds it."""

    __slots__ = ("fd",)

    def __init__(self, path: str) -> None:
        """Open it for reading. Raises OSError."""
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)

    @classmethod
    def of(cls, descriptor: int) -> Held:
        """Take over an open descriptor."""
        held = cls.__new__(cls)
        held.fd = descriptor
        return held

    def stamp(self) -> tuple[int, int, int]:
        """Size and times, which change with the file. Raises OSError."""
        found = os.fstat(self.fd)
        return found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def __del__(self) -> None:
        if hasattr(self, "fd"):
            os.close(self.fd)


def damaged(why: object) -> OSError:
    """The error of a member whose bytes are not what they should be."""
    return OSError(f"damaged in the archive ({' '.join(str(why).split())[:200]})")


class Engine(Protocol):
    """What unpacks; as in zlib, bz2 and lzma."""

    @property
    def eof(self) -> bool:
        """Has all come out?"""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """The next bytes, at most so many."""


def engine(method: int) -> Engine:
    """What unpacks a method other than STORED."""
    if method == DEFLATED:
        return zlib.decompressobj(-zlib.MAX_WBITS)
    return bz2.BZ2Decompressor() if method == BZIP2 else lzma.LZMADecompressor(lzma.FORMAT_ALONE)


class Stored(io.RawIOBase):
    """A member that lies in a file as it is. Its checksum is looked at when it is read from begin to end."""

    def __init__(
        self,
        held: Held,
        start: int,
        size: int,
        crc: int | None = None,
        stamp: tuple[int, int, int] | None = None,
    ) -> None:
        """`stamp`: of the file when the member was listed, for what has no checksum; looked at in the end."""
        self._held = held
        self._stamp = stamp
        self._start = start
        self._size = size
        self._crc = crc
        self._at = self._summed = self._sum = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes. Raises OSError."""
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        data = os.pread(self._held.fd, wanted, self._start + self._at)
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
        if self._stamp is not None and self._at == self._size and self._held.stamp() != self._stamp:
            raise OSError("changed while the run was on")
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere; never before the begin nor behind the end."""
        self._at = sought(offset, whence, self._at, self._size)
        return self._at

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at


class Unpacked(io.RawIOBase):
    """A packed member. Going back unpacks anew; its checksum is looked at when it comes to its end."""

    def __init__(self, held: Held, start: int, packed: int, size: int, method: int, crc: int) -> None:
        """It lies at `start` in the file, `packed` bytes long, and has `size` bytes unpacked."""
        self._held = held
        self._start = start
        self._packed = packed
        self._size = size
        self._method = method
        self._crc = crc
        self._restart()

    def _restart(self) -> None:
        self._engine = engine(self._method)
        self._taken = self._at = self._sum = 0
        self._tail = b""
        if self._method == LZMA:  # version, length of the properties, properties; then as in a .lzma file
            head = os.pread(self._held.fd, min(9, self._packed), self._start)
            self._taken = len(head)
            self._tail = head[4:9] + b"\xff" * 8

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes. Raises OSError."""
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _read(self, most: int) -> bytes:
        if not most or self._at >= self._size:
            return b""
        try:
            data = self._unpack(min(most, self._size - self._at))
        except BROKEN as error:
            raise damaged(
                error.strerror if isinstance(error, OSError) and error.strerror else error
            ) from error
        self._at += len(data)
        self._sum = zlib.crc32(data, self._sum)
        if self._at == self._size:
            self._end()
        return data

    def _unpack(self, most: int) -> bytes:
        """The next bytes, at least one. Raises BROKEN."""
        while not self._engine.eof:
            piece = self._tail
            hungry = not piece and getattr(self._engine, "needs_input", True)
            if hungry:
                piece = os.pread(
                    self._held.fd, min(PIECE, self._packed - self._taken), self._start + self._taken
                )
                self._taken += len(piece)
            data = self._engine.decompress(piece, most)
            self._tail = getattr(self._engine, "unconsumed_tail", b"")
            if data:
                return data
            if hungry and not piece:
                break
        raise EOFError("shorter than it says")

    def _end(self) -> None:
        if self._sum != self._crc:
            raise damaged("wrong checksum")
        try:
            more = b"" if self._engine.eof else self._unpack(1)
        except BROKEN:
            return
        if more:
            raise damaged("longer than it says")

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere; never before the begin nor behind the end."""
        goal = sought(offset, whence, self._at, self._size)
        if goal < self._at:
            self._restart()
        while self._at < goal and self._read(min(PIECE, goal - self._at)):
            pass
        return self._at

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at


def sought(offset: int, whence: int, at: int, size: int) -> int:
    """Where a seek leads, never before the begin nor behind the end."""
    base = {io.SEEK_SET: 0, io.SEEK_CUR: at, io.SEEK_END: size}[whence]
    return min(max(base + offset, 0), size)
