"""Read the bytes of a tar archive in order. A compressed archive is decompressed while it is read."""

from __future__ import annotations

import os
import zlib

from pef_tui.sources.archive_streams import SharedDescriptor, damaged

BLOCK = 512
PIECE = 1 << 18
"""Number of bytes read from the archive at a time."""
SLICE = 1 << 13
"""Number of compressed bytes in a slice, which is passed to zlib at once. The ratio is measured for each slice."""

_GZIP = b"\x1f\x8b"


class TruncatedArchive(Exception):
    """Raised if the archive ends inside a member or before its end mark."""


class TarStream:
    """The uncompressed bytes of a `.tar`, `.tar.gz` or `.tgz`, in order."""

    def __init__(self, archive: SharedDescriptor, ratio: int = 20) -> None:
        """Read the first bytes of the archive, to detect whether it is compressed.

        `ratio`: uncompressed bytes beyond this multiple of the compressed bytes count as `excess`.
        """
        self._archive = archive
        self._ratio = ratio
        self.packed = archive.pread(2, 0) == _GZIP
        self._decompressor = zlib.decompressobj(31) if self.packed else None
        self._piece, self._piece_at = b"", 0
        self._tail = b""
        self._unread = b""
        self._fetched = 0
        self._mark = self._sliced = 0
        self._excess = 0
        self.at = 0
        """Offset of the next byte in the uncompressed archive."""
        self.consumed = 0
        """Number of bytes of the archive file that were used so far, compressed or not."""

    @property
    def excess(self) -> int:
        """Number of uncompressed bytes so far beyond `ratio` times the compressed bytes.

        Each slice (SLICE compressed bytes) is measured alone. A slice below the ratio does not balance one above it.
        """
        return self._excess + max(0, self.at + len(self._unread) - self._mark - self._ratio * self._sliced)

    def read(self, max_bytes: int) -> bytes:
        """Return the next 1 to `max_bytes` bytes; b"" at the end.

        Raises OSError if the compressed data is damaged, and TruncatedArchive if it is incomplete.
        """
        if self._unread:
            data, self._unread = self._unread[:max_bytes], self._unread[max_bytes:]
        elif self._decompressor is None:
            data = self._archive.pread(max_bytes, self.consumed)
            self.consumed += len(data)
        else:
            data = self._unpack(max_bytes)
        self.at += len(data)
        return data

    def read_exactly(self, count: int) -> bytes:
        """Return exactly the next `count` bytes. Raises OSError, and TruncatedArchive if the archive ends before."""
        parts = []
        while count:
            data = self.read(min(count, PIECE))
            if not data:
                raise TruncatedArchive
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def unread(self, data: bytes) -> None:
        """Push back `data`, the bytes that were read last. They are then read again."""
        self._unread = data + self._unread
        self.at -= len(data)

    def peek(self, at: int) -> bytes:
        """Return the 512 bytes at the offset `at`. The position does not change.

        b"" for a compressed archive, which can be read only in order. Raises OSError.
        """
        return b"" if self.packed else self._archive.pread(BLOCK, at)

    def skip_to(self, goal: int) -> None:
        """Skip to the offset `goal` in the uncompressed archive.

        Raises TruncatedArchive if the uncompressed archive is shorter, and OSError.
        """
        if self._decompressor is None and goal > self.at:
            self._unread = b""
            self.at = self.consumed = goal
            if goal > os.fstat(self._archive.fd).st_size:
                raise TruncatedArchive
        while self.at < goal:
            if not self.read(min(PIECE, goal - self.at)):
                raise TruncatedArchive

    def _slice(self) -> bytes:
        """Return the next compressed bytes, at most SLICE; b"" at the end."""
        if self._piece_at >= len(self._piece):
            self._piece, self._piece_at = self._archive.pread(PIECE, self._fetched), 0
            self._fetched += len(self._piece)
        data = self._piece[self._piece_at : self._piece_at + SLICE]
        self._piece_at += SLICE
        self._excess, self._mark = self.excess, self.at
        self._sliced = len(data)
        self.consumed += len(data)
        return data

    def _unpack(self, max_bytes: int) -> bytes:
        while True:
            assert self._decompressor is not None
            if self._decompressor.eof:
                self._tail = self._decompressor.unused_data or self._slice()
                if len(self._tail) == 1:
                    self._tail += self._slice()
                if not self._tail.startswith(_GZIP):  # padding of zeros, or the end of the file
                    return b""
                self._decompressor = zlib.decompressobj(31)
            piece = self._tail or self._slice()
            try:
                data = self._decompressor.decompress(piece, max_bytes)
            except zlib.error as error:
                raise damaged(error) from error
            self._tail = self._decompressor.unconsumed_tail
            if data:
                return data
            if not piece:
                raise TruncatedArchive
