"""The unpacked bytes of a tar archive, from begin to end."""

from __future__ import annotations

import os
import zlib

from pef_tui.takeout.unpack import Held, damaged

BLOCK = 512
PIECE = 1 << 18
"""Bytes read from the archive at a time."""
SLICE = 1 << 13
"""Packed bytes given to zlib at a time; over each the ratio is measured."""

_GZIP = b"\x1f\x8b"


class Cut(Exception):
    """The archive ends where it should go on."""


class Tape:
    """The unpacked bytes of a `.tar`, `.tar.gz` or `.tgz`, in order."""

    def __init__(self, held: Held, ratio: int = 20) -> None:
        """Whether it is packed, its first bytes say. `ratio`: how much more may come out of it than goes in."""
        self._held = held
        self._ratio = ratio
        self.packed = os.pread(held.fd, 2, 0) == _GZIP
        self._engine = zlib.decompressobj(31) if self.packed else None
        self._piece, self._used = b"", 0
        self._tail = b""
        self._back = b""
        self._fetched = 0
        self._mark = self._sliced = 0
        self._excess = 0
        self.at = 0
        """Where the next byte lies, unpacked."""
        self.taken = 0
        """Bytes of the archive used for them."""

    @property
    def excess(self) -> int:
        """Bytes that came out beyond the ratio."""
        return self._excess + max(0, self.at + len(self._back) - self._mark - self._ratio * self._sliced)

    def read(self, most: int) -> bytes:
        """The next bytes, at least one and at most so many; b"" at the end. Raises OSError, Cut."""
        if self._back:
            data, self._back = self._back[:most], self._back[most:]
        elif self._engine is None:
            data = os.pread(self._held.fd, most, self.taken)
            self.taken += len(data)
        else:
            data = self._unpack(most)
        self.at += len(data)
        return data

    def exactly(self, count: int) -> bytes:
        """So many bytes. Raises OSError, Cut."""
        parts = []
        while count:
            data = self.read(min(count, PIECE))
            if not data:
                raise Cut
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def put_back(self, data: bytes) -> None:
        """Bytes that were read last and are to be read again."""
        self._back = data + self._back
        self.at -= len(data)

    def peek(self, at: int) -> bytes:
        """The block at a later place of an archive that is not packed; b"" of a packed one. Raises OSError."""
        return b"" if self.packed else os.pread(self._held.fd, BLOCK, at)

    def skip_to(self, goal: int) -> None:
        """Go on to this place. Raises OSError, Cut."""
        if self._engine is None and goal > self.at:
            self._back = b""
            self.at = self.taken = goal
            if goal > os.fstat(self._held.fd).st_size:
                raise Cut
        while self.at < goal:
            if not self.read(min(PIECE, goal - self.at)):
                raise Cut

    def _slice(self) -> bytes:
        """The next packed bytes."""
        if self._used >= len(self._piece):
            self._piece, self._used = os.pread(self._held.fd, PIECE, self._fetched), 0
            self._fetched += len(self._piece)
        data = self._piece[self._used : self._used + SLICE]
        self._used += SLICE
        self._excess, self._mark = self.excess, self.at
        self._sliced = len(data)
        self.taken += len(data)
        return data

    def _unpack(self, most: int) -> bytes:
        while True:
            assert self._engine is not None
            if self._engine.eof:
                self._tail = self._engine.unused_data or self._slice()
                if len(self._tail) == 1:
                    self._tail += self._slice()
                if not self._tail.startswith(_GZIP):  # padding of zeros, or the end
                    return b""
                self._engine = zlib.decompressobj(31)
            piece = self._tail or self._slice()
            try:
                data = self._engine.decompress(piece, most)
            except zlib.error as error:
                raise damaged(error) from error
            self._tail = self._engine.unconsumed_tail
            if data:
                return data
            if not piece:
                raise Cut
