"""The members of a zip archive by their local headers, for archives whose central directory is damaged or missing.

Members follow one another: each header says how long its data is, and what follows is a signature again. Data is
skipped by those sizes, so the members of a stored archive within an archive are not mistaken for members. Where the
size stands behind the data (bit 3 of the flags), the directory says it where that is legible; else packed data is
unpacked to its end, and stored data is searched for a data descriptor that says this very length.
(PKWARE APPNOTE 6.3.10, sections 4.3.7 and 4.3.9.)
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pef_tui.takeout import members, unpack
from pef_tui.takeout.zip_directory import CENTRAL, LOCAL, Entry, decoded_path, extra_fields, mtime_of

PIECE = 1 << 20
"""Bytes read at a time in the search for a signature."""

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
_MADE_ON_UNIX = 3  # local headers do not say it; so backslashes stay

_TRIES = 100_000
"""Places that look like a header and are none, after which an archive is given up."""

DAMAGED = "damaged in the archive (its length is not known)"
CUT = "cut off: the archive ends in the middle of it"


class Gap(NamedTuple):
    """Bytes that belong to no member that can be recognised."""

    start: int
    end: int


class Header(NamedTuple):
    """A local header."""

    path: str
    raw: bytes
    data: int
    """Where the bytes of the member begin."""
    packed: int
    size: int
    crc: int
    method: int
    flags: int
    mtime_ns: int

    def entry(self, start: int, packed: int, size: int, crc: int, fault: str = "") -> Entry:
        """As the directory would list it; it alone knows the kind of file."""
        encrypted = bool(self.flags & _ENCRYPTED)
        return Entry(
            self.path, self.raw, start, packed, size, crc, self.method, encrypted, 0, self.mtime_ns, fault
        )


class _Extent(NamedTuple):
    packed: int
    size: int
    crc: int
    fault: str = ""


def header_at(descriptor: int, at: int) -> Header | None:
    """The local header at an offset; None where there is none that makes sense. Raises OSError."""
    fixed = os.pread(descriptor, _HEADER.size, at)
    if len(fixed) < _HEADER.size or fixed[:4] != LOCAL:
        return None
    _, _, flags, method, clock, day, crc, packed, size, name_length, extra_length = _HEADER.unpack(fixed)
    if method not in _KNOWN_METHODS or not 0 < name_length <= _LONGEST_NAME:
        return None
    rest = os.pread(descriptor, name_length + extra_length, at + _HEADER.size)
    raw = rest[:name_length]
    if len(rest) < name_length + extra_length or b"\0" in raw:
        return None
    extra = extra_fields(rest[name_length:])
    if _SATURATED in (size, packed):
        numbers = iter(struct.unpack_from(f"<{len(extra.get(_ZIP64, b'')) // 8}Q", extra.get(_ZIP64, b"")))
        size, packed = (
            next(numbers, number) if number == _SATURATED else number for number in (size, packed)
        )
    path = decoded_path(raw, flags, extra.get(_UNICODE_PATH, b""), _MADE_ON_UNIX)
    data = at + _HEADER.size + name_length + extra_length
    return Header(path, raw, data, packed, size, crc, method, flags, mtime_of(clock, day, extra))


class Scan:
    """One pass over an archive; what takes long is bounded by its length."""

    def __init__(self, descriptor: int, listed: Callable[[int], Entry | None]) -> None:
        """`listed`: the entry of the directory for the member that begins at an offset, where one is legible."""
        self._fd = descriptor
        self._length = os.fstat(descriptor).st_size
        self._listed = listed
        self._effort = 2 * self._length + PIECE
        """Bytes that may yet be read to measure data."""
        self._tries = _TRIES

    def members(self) -> Iterator[Entry | Gap]:
        """Every member in the order of the archive, and the gaps between them. Raises OSError."""
        at, gap, number = 0, -1, 0
        while at < self._length and number < members.MAX_MEMBERS:
            found = self._member(at, sure=gap < 0)
            behind = found[1] if found is not None else self._behind_record(at)
            if behind and gap >= 0:
                yield Gap(gap, at)
                gap = -1
            if found is not None:
                yield found[0]
                number += 1
            elif not behind:
                gap = at if gap < 0 else gap
                self._tries -= 1
                behind = self._search(at + 1)
            at = behind
        if gap >= 0 or at < self._length:
            yield Gap(gap if gap >= 0 else at, self._length)

    def _member(self, at: int, *, sure: bool) -> tuple[Entry, int] | None:
        """The member that begins here, and where it ends.

        `sure`: something ends here, so what begins here is no accident.
        """
        header, listed = header_at(self._fd, at), self._listed(at)
        if header is None:
            return self._by_directory(at, listed)
        extent = self._extent(header, listed) or (self._damaged(header, listed) if sure or listed else None)
        if extent is None:
            return None
        end = min(header.data + extent.packed, self._length)
        if header.flags & _STREAMED:
            end, _ = self._descriptor(end, extent.packed, extent.size)
        return header.entry(at, *extent), end

    def _by_directory(self, at: int, listed: Entry | None) -> tuple[Entry, int] | None:
        """A member whose local header is damaged, as far as the directory says where it ends."""
        if listed is None or listed.fault:
            return None
        end = at + _HEADER.size + len(listed.raw) + listed.packed
        if end > self._length:
            return None
        return listed._replace(fault="its header in the archive is damaged"), end

    def _extent(self, header: Header, listed: Entry | None) -> _Extent | None:
        """How long the data is; None where nothing proves it."""
        said = [_Extent(header.packed, header.size, header.crc)]
        if header.flags & _STREAMED and not header.packed:
            said.clear()
        elif header.method == unpack.STORED and header.size != header.packed:
            said.append(_Extent(header.size, header.size, header.crc))
        if listed is not None and listed.raw == header.raw and not listed.fault:
            said.append(_Extent(listed.packed, listed.size, listed.crc))
        return next((each for each in said if self._followed(header, each)), None) or self._measure(header)

    def _damaged(self, header: Header, listed: Entry | None) -> _Extent:
        """Data whose length nothing proves: it is searched for the next member, but not where it is an archive."""
        rest = self._length - header.data
        if listed is not None and not listed.fault and listed.packed <= rest:
            return _Extent(listed.packed, listed.size, listed.crc, DAMAGED)
        archive = os.pread(self._fd, 4, header.data) == LOCAL
        if (archive and not 0 < header.packed <= rest) or self._search(header.data) >= self._length:
            return _Extent(rest, header.size, header.crc, CUT)
        return _Extent(header.packed if archive else 0, header.size, header.crc, DAMAGED)

    def _followed(self, header: Header, extent: _Extent) -> bool:
        """Does a signature, or the end of the archive, follow data of this length?"""
        end = header.data + extent.packed
        if end > self._length:
            return False
        if header.flags & _STREAMED:
            behind, _ = self._descriptor(end, extent.packed, extent.size)
            if behind > end:
                return True
        return end == self._length or os.pread(self._fd, 4, end) in _SIGNATURES

    def _descriptor(self, at: int, packed: int, size: int) -> tuple[int, int | None]:
        """The offset behind the data descriptor that begins here, and its checksum; `at` and None without one."""
        record = os.pread(self._fd, 24, at)
        begin = 4 if record[:4] == _DESCRIPTOR else 0
        for form in ("<2Q", "<2L"):
            end = begin + 4 + struct.calcsize(form)
            if len(record) >= end and struct.unpack_from(form, record, begin + 4) == (packed, size):
                return at + end, int.from_bytes(record[begin : begin + 4], "little")
        return at, None

    def _measure(self, header: Header) -> _Extent | None:
        """The length of data by the data itself; None where it is damaged, or so long that this takes too much."""
        if header.flags & _ENCRYPTED or header.method not in (unpack.DEFLATED, unpack.BZIP2):
            if header.flags & _STREAMED:
                return self._to_descriptor(header)
            return self._checked(header) if header.method == unpack.STORED else None
        engine, at, size, crc, tail = unpack.engine(header.method), header.data, 0, 0, b""
        try:
            while not engine.eof:
                hungry = not tail and getattr(engine, "needs_input", True)
                piece = tail or (os.pread(self._fd, unpack.PIECE, at) if hungry else b"")
                if hungry:
                    at += len(piece)
                    self._effort -= len(piece)
                    if not piece or self._effort < 0:
                        return None
                data = engine.decompress(piece, PIECE)
                tail = getattr(engine, "unconsumed_tail", b"")
                size, crc = size + len(data), zlib.crc32(data, crc)
        except unpack.BROKEN:
            return None
        packed = at - len(engine.unused_data) - header.data
        told = self._descriptor(header.data + packed, packed, size)[1] if header.flags & _STREAMED else None
        return _Extent(packed, size, crc) if crc == (header.crc if told is None else told) else None

    def _checked(self, header: Header) -> _Extent | None:
        """Stored data of the length that its header says, where its checksum is right."""
        at, end, crc = header.data, header.data + header.packed, 0
        if header.packed != header.size or end > self._length or header.packed > self._effort:
            return None
        self._effort -= header.packed
        while at < end and (piece := os.pread(self._fd, min(PIECE, end - at), at)):
            crc, at = zlib.crc32(piece, crc), at + len(piece)
        return _Extent(header.packed, header.size, crc) if crc == header.crc and at == end else None

    def _to_descriptor(self, header: Header) -> _Extent | None:
        """Data up to the data descriptor that says this very length."""
        at = header.data
        while (at := self._search(at, (_DESCRIPTOR,))) < self._length:
            packed = at - header.data
            record = os.pread(self._fd, 24, at)
            for form in ("<LQQ", "<LLL"):
                if len(record) >= 4 + struct.calcsize(form):
                    crc, told, size = struct.unpack_from(form, record, 4)
                    if told == packed and (size == packed or header.method != unpack.STORED):
                        return _Extent(packed, size, crc)
            self._tries -= 1
            at += 4
        return None

    def _behind_record(self, at: int) -> int:
        """The offset behind a record that is no member; 0 where there is none."""
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
        """Where the next signature is, else the length of the archive."""
        size = 4096
        while at < self._length and self._tries > 0:
            piece = os.pread(self._fd, size, at)
            hits = [hit for hit in (piece.find(each) for each in signatures) if hit >= 0]
            if hits:
                return at + min(hits)
            if len(piece) < 4:
                break
            at += len(piece) - 3
            size = PIECE
        return self._length
