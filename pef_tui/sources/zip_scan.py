"""Find the members of a zip archive by their local headers, if its central directory is damaged or missing.

Members follow one another. Each local header states the length of its data; after the data comes the signature of the
next header. The data is skipped by this length. So members of an archive within the archive are not found.

The length may come after the data (bit 3 of the flags). Then it is taken from the central directory, if that is
legible. Otherwise compressed data is decompressed to its end, and stored data is searched for a data descriptor with
the matching length. (PKWARE APPNOTE 6.3.10, sections 4.3.7 and 4.3.9.)
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pef_tui.sources import archive_members as members
from pef_tui.sources import archive_streams as unpack
from pef_tui.sources.zip_directory import CENTRAL, LOCAL, ZipEntry, decoded_path, extra_fields, mtime_of

PIECE = 1 << 20
"""Number of bytes read at a time during the search for a signature."""

_HEADER = struct.Struct("<4s5H3L2H")
_DESCRIPTOR = b"PK\x07\x08"
_END, _END_64, _LOCATOR, _SIGNATURE, _ARCHIVE_EXTRA = (
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"PK\x05\x05",
    b"PK\x06\x08",
)
_SIGNATURES = frozenset((LOCAL, CENTRAL, _END, _END_64, _LOCATOR, _SIGNATURE, _ARCHIVE_EXTRA))
_ENCRYPTED, _STREAMED = 0x1, 0x8
_KNOWN_METHODS = frozenset((*range(21), *range(93, 100)))  # APPNOTE 4.4.5
_LONGEST_NAME = 4096
_SATURATED = 0xFFFFFFFF
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_MADE_ON_UNIX = 3  # assumed: local headers do not state the system; backslashes are kept

_TRIES = 100_000
"""Number of false headers (signatures that begin no member) after which the search ends."""

DAMAGED = "damaged in the archive (its length is not known)"
TRUNCATED = "cut off: the archive ends in the middle of it"


class ScanGap(NamedTuple):
    """A range of bytes in which no member was found."""

    start: int
    end: int


class LocalHeader(NamedTuple):
    """The local header of a member, which precedes its data in the archive."""

    path: str
    raw: bytes
    data: int
    """Offset of the member's data."""
    packed: int
    size: int
    crc: int
    method: int
    flags: int
    mtime_ns: int

    def entry(self, start: int, packed: int, size: int, crc: int, fault: str = "") -> ZipEntry:
        """Return the member as a ZipEntry. Its `mode` is 0: only the central directory states the type of a file.

        `start`: offset of this local header in the archive. `packed`, `size`: length of the data in bytes, compressed
        and decompressed. `crc`: CRC-32 of the decompressed data. `fault`: why the data cannot be read; "" if it can.
        """
        encrypted = bool(self.flags & _ENCRYPTED)
        return ZipEntry(
            self.path, self.raw, start, packed, size, crc, self.method, encrypted, 0, self.mtime_ns, fault
        )


class _Extent(NamedTuple):
    """Length of a member's data in bytes (compressed and decompressed), its checksum, and why it cannot be read."""

    packed: int
    size: int
    crc: int
    fault: str = ""


def header_at(descriptor: int, at: int) -> LocalHeader | None:
    """Return the local header at the offset `at`; None if there is no plausible header. Raises OSError."""
    fixed = os.pread(descriptor, _HEADER.size, at)
    if len(fixed) < _HEADER.size or fixed[:4] != LOCAL:
        return None
    _, _, flags, method, clock, day, crc, packed, size, name_length, extra_length = _HEADER.unpack(fixed)
    if method not in _KNOWN_METHODS or not 0 < name_length <= _LONGEST_NAME:
        return None
    tail = os.pread(descriptor, name_length + extra_length, at + _HEADER.size)
    raw = tail[:name_length]
    if len(tail) < name_length + extra_length or b"\0" in raw:
        return None
    extra = extra_fields(tail[name_length:])
    if _SATURATED in (size, packed):
        numbers = iter(struct.unpack_from(f"<{len(extra.get(_ZIP64, b'')) // 8}Q", extra.get(_ZIP64, b"")))
        size, packed = (
            next(numbers, number) if number == _SATURATED else number for number in (size, packed)
        )
    path = decoded_path(raw, flags, extra.get(_UNICODE_PATH, b""), _MADE_ON_UNIX)
    data = at + _HEADER.size + name_length + extra_length
    return LocalHeader(path, raw, data, packed, size, crc, method, flags, mtime_of(clock, day, extra))


class ZipScan:
    """Searches an archive for its members in one pass.

    Steps that read much are limited in proportion to the size of the archive.
    """

    def __init__(self, descriptor: int, entry_at: Callable[[int], ZipEntry | None]) -> None:
        """`entry_at`: takes the offset of a local header, and returns the entry of this member in the central
        directory; None if there is no legible one.
        """
        self._fd = descriptor
        self._length = os.fstat(descriptor).st_size
        self._entry_at = entry_at
        self._effort = 2 * self._length + PIECE
        """Number of bytes that may still be read to measure the length of data."""
        self._tries = _TRIES

    def members(self) -> Iterator[ZipEntry | ScanGap]:
        """Yield every member, and the gaps between members, in the order of the archive. Raises OSError."""
        at, gap, number = 0, -1, 0
        while at < self._length and number < members.MAX_MEMBERS:
            member = self._member(at, expected=gap < 0)
            end = member[1] if member is not None else self._end_of_record(at)
            if end and gap >= 0:
                yield ScanGap(gap, at)
                gap = -1
            if member is not None:
                yield member[0]
                number += 1
            elif not end:
                gap = at if gap < 0 else gap
                self._tries -= 1
                end = self._search(at + 1)
            at = end
        if gap >= 0 or at < self._length:
            yield ScanGap(gap if gap >= 0 else at, self._length)

    def _member(self, at: int, *, expected: bool) -> tuple[ZipEntry, int] | None:
        """Return the member at the offset `at`, and the offset of its end; None if there is no member.

        `expected`: whether a member or record ends here. If so, a header here is no coincidence.
        """
        header, entry = header_at(self._fd, at), self._entry_at(at)
        if header is None:
            return self._by_directory(at, entry)
        extent = self._extent(header, entry) or (self._damaged(header, entry) if expected or entry else None)
        if extent is None:
            return None
        end = min(header.data + extent.packed, self._length)
        if header.flags & _STREAMED:
            end, _ = self._descriptor(end, extent.packed, extent.size)
        return header.entry(at, *extent), end

    def _by_directory(self, at: int, entry: ZipEntry | None) -> tuple[ZipEntry, int] | None:
        """Return the member that `entry` (of the central directory) describes, and the offset of its end.

        The local header at the offset `at` is damaged, so the member gets a fault. None if `entry` is None or damaged,
        or if the member does not fit into the archive.
        """
        if entry is None or entry.fault:
            return None
        end = at + _HEADER.size + len(entry.raw) + entry.packed
        if end > self._length:
            return None
        return entry._replace(fault="its header in the archive is damaged"), end

    def _extent(self, header: LocalHeader, entry: ZipEntry | None) -> _Extent | None:
        """Return lengths and checksum of a member's data; None if nothing proves the length.

        `entry`: the entry of the member in the central directory; None if there is none. A length from `header` or
        `entry` is proven if a signature follows the data. Otherwise it is measured (`_measure`).
        """
        candidates = [_Extent(header.packed, header.size, header.crc)]
        if header.flags & _STREAMED and not header.packed:
            candidates.clear()
        elif header.method == unpack.STORED and header.size != header.packed:
            candidates.append(_Extent(header.size, header.size, header.crc))
        if entry is not None and entry.raw == header.raw and not entry.fault:
            candidates.append(_Extent(entry.packed, entry.size, entry.crc))
        return next(
            (candidate for candidate in candidates if self._is_followed(header, candidate)), None
        ) or self._measure(header)

    def _damaged(self, header: LocalHeader, entry: ZipEntry | None) -> _Extent:
        """Return the extent of data whose length is not proven, with a fault.

        The length comes from `entry` (of the central directory), if that is legible. Otherwise, data that is itself an
        archive is skipped: its members are not members of this archive. Other data is searched for the next member.
        """
        remaining = self._length - header.data
        if entry is not None and not entry.fault and entry.packed <= remaining:
            return _Extent(entry.packed, entry.size, entry.crc, DAMAGED)
        archive = os.pread(self._fd, 4, header.data) == LOCAL
        if (archive and not 0 < header.packed <= remaining) or self._search(header.data) >= self._length:
            return _Extent(remaining, header.size, header.crc, TRUNCATED)
        return _Extent(header.packed if archive else 0, header.size, header.crc, DAMAGED)

    def _is_followed(self, header: LocalHeader, extent: _Extent) -> bool:
        """Return whether a signature, or the end of the archive, follows the data if it has the length in `extent`."""
        end = header.data + extent.packed
        if end > self._length:
            return False
        if header.flags & _STREAMED:
            behind, _ = self._descriptor(end, extent.packed, extent.size)
            if behind > end:
                return True
        return end == self._length or os.pread(self._fd, 4, end) in _SIGNATURES

    def _descriptor(self, at: int, packed: int, size: int) -> tuple[int, int | None]:
        """Return the end of the data descriptor (lengths and checksum after the data) at `at`, and its checksum.

        Return `at` and None if there is no data descriptor with the lengths `packed` and `size`.
        """
        record = os.pread(self._fd, 24, at)
        begin = 4 if record[:4] == _DESCRIPTOR else 0
        for form in ("<2Q", "<2L"):
            end = begin + 4 + struct.calcsize(form)
            if len(record) >= end and struct.unpack_from(form, record, begin + 4) == (packed, size):
                return at + end, int.from_bytes(record[begin : begin + 4], "little")
        return at, None

    def _measure(self, header: LocalHeader) -> _Extent | None:
        """Return the extent of data, measured by decompressing it; None if it is damaged or too long to measure.

        For data that cannot be decompressed here, the data descriptor or the checksum shows the length.
        """
        if header.flags & _ENCRYPTED or header.method not in (unpack.DEFLATED, unpack.BZIP2):
            if header.flags & _STREAMED:
                return self._described_extent(header)
            return self._stored_extent(header) if header.method == unpack.STORED else None
        engine, at, size, crc, tail = unpack.decompressor(header.method), header.data, 0, 0, b""
        try:
            while not engine.eof:
                needs_input = not tail and getattr(engine, "needs_input", True)
                piece = tail or (os.pread(self._fd, unpack.PIECE, at) if needs_input else b"")
                if needs_input:
                    at += len(piece)
                    self._effort -= len(piece)
                    if not piece or self._effort < 0:
                        return None
                data = engine.decompress(piece, PIECE)
                tail = getattr(engine, "unconsumed_tail", b"")
                size, crc = size + len(data), zlib.crc32(data, crc)
        except unpack.DECOMPRESSION_ERRORS:
            return None
        packed = at - len(engine.unused_data) - header.data
        checksum = (
            self._descriptor(header.data + packed, packed, size)[1] if header.flags & _STREAMED else None
        )
        return _Extent(packed, size, crc) if crc == (header.crc if checksum is None else checksum) else None

    def _stored_extent(self, header: LocalHeader) -> _Extent | None:
        """Return length and checksum of uncompressed data as its header states them; None if the checksum is wrong.

        Also None if the data is too long to compute the checksum.
        """
        at, end, crc = header.data, header.data + header.packed, 0
        if header.packed != header.size or end > self._length or header.packed > self._effort:
            return None
        self._effort -= header.packed
        while at < end and (piece := os.pread(self._fd, min(PIECE, end - at), at)):
            crc, at = zlib.crc32(piece, crc), at + len(piece)
        return _Extent(header.packed, header.size, crc) if crc == header.crc and at == end else None

    def _described_extent(self, header: LocalHeader) -> _Extent | None:
        """Return length and checksum of data that ends with a data descriptor of this length; None if there is none."""
        at = header.data
        while (at := self._search(at, (_DESCRIPTOR,))) < self._length:
            packed = at - header.data
            record = os.pread(self._fd, 24, at)
            for form in ("<LQQ", "<LLL"):
                if len(record) >= 4 + struct.calcsize(form):
                    crc, packed_size, size = struct.unpack_from(form, record, 4)
                    if packed_size == packed and (size == packed or header.method != unpack.STORED):
                        return _Extent(packed, size, crc)
            self._tries -= 1
            at += 4
        return None

    def _end_of_record(self, at: int) -> int:
        """Return the end of a record that begins at the offset `at` and is no member, such as a directory entry.

        0 if no such record begins there.
        """
        record = os.pread(self._fd, 46, at)
        kind, behind = record[:4], 0
        if kind == CENTRAL and len(record) == 46:
            behind = at + 46 + sum(struct.unpack_from("<3H", record, 28))
        elif kind == _END and len(record) >= 22:
            behind = at + 22 + struct.unpack_from("<H", record, 20)[0]
        elif kind == _LOCATOR:
            behind = at + 20
        elif kind == _END_64 and len(record) >= 12:
            behind = at + 12 + struct.unpack_from("<Q", record, 4)[0]
        if kind == CENTRAL and (behind > self._length or os.pread(self._fd, 4, behind) not in _SIGNATURES):
            return self._search(at + 4)
        return behind if behind <= self._length else 0

    def _search(self, at: int, signatures: tuple[bytes, ...] = (LOCAL, CENTRAL, _END)) -> int:
        """Return the offset of the first of `signatures` from `at` on; the length of the archive if there is none."""
        size = 4096
        while at < self._length and self._tries > 0:
            piece = os.pread(self._fd, size, at)
            hits = [hit for hit in (piece.find(signature) for signature in signatures) if hit >= 0]
            if hits:
                return at + min(hits)
            if len(piece) < 4:
                break
            at += len(piece) - 3
            size = PIECE
        return self._length
