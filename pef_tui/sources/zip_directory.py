"""Parse the central directory of a zip archive, which lists the members. Keep names that are not valid UTF-8.

The standard library refuses a whole archive for one name with invalid UTF-8, or one bad extra field. This module loses
at most that member.

A central directory is read strictly first: it must have as many entries as the end record states, and end where the end
record begins. Otherwise DamagedDirectory is raised. The caller can then read the legible entries. (PKWARE APPNOTE
6.3.10, sections 4.3 and 4.5.)
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from pef_tui.sources import archive_members as members

MAX_BYTES = 1 << 30
"""Largest central directory that is read, in bytes. The archive of an export has one of about 10 MB."""

PIECE = 1 << 20
"""Number of bytes of the central directory that are read at a time."""

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
_SIGNATURE = b"PK\x05\x05"
_BEHIND_ENTRY = (CENTRAL, _SIGNATURE, b"")
_SMALLEST_LOCAL = 30
_DAMAGED_ENTRY = "its entry in the directory is damaged"

Bounds = tuple[int, int, int]
"""Bounds of a central directory: offset of its beginning, offset of its end, and shift. The shift must be added to the
offsets in its entries. It is not 0 if other bytes precede the archive in the file.
"""

_ENTRY = struct.Struct("<4s4B4H3L5H2L")
_LONGEST_ENTRY = _ENTRY.size + 3 * 0xFFFF + 4
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_SATURATED, _SATURATED_SHORT = 0xFFFFFFFF, 0xFFFF
_ZIP64, _UNICODE_PATH, _TIMESTAMP, _NTFS = 0x0001, 0x7075, 0x5455, 0x000A
_ENCRYPTED, _UTF8 = 0x1, 0x800
_MADE_ON_UNIX = (3, 19)  # 19: macOS
_MADE_ON_WINDOWS = (0, 6, 10, 11, 14)  # FAT, HPFS, NTFS (10; some tools write 11), VFAT
_EPOCH_DOS = 315_532_800  # 1980-01-01, in seconds since 1970; used for invalid times such as zeros
_LARGEST = 1 << 62  # largest accepted offset or size, with room for sums of them
_EPOCH_NTFS = 11_644_473_600  # seconds from 1601 to 1970
_MOST_TICKS = 2 * 10**17  # 100 ns each since 1601: the year 2234


class NoDirectory(Exception):
    """Raised if a file has no central directory at its end. It is a truncated zip archive, or none."""


class DamagedDirectory(NoDirectory):
    """Raised if the central directory contradicts the end record, its own entries or the archive.

    `bounds`: where the central directory begins and ends (see `Bounds`).
    """

    def __init__(self, reason: str, bounds: Bounds) -> None:
        super().__init__(reason)
        self.bounds = bounds


class TooManyMembers(NoDirectory):
    """Raised if the archive has more than MAX_MEMBERS members, which no export has.

    The members that were read before are valid.
    """


class ZipEntry(NamedTuple):
    """One member, as the central directory describes it."""

    path: str
    raw: bytes
    """The name in the archive, undecoded."""
    start: int
    """Offset of the local header in the archive."""
    packed: int
    size: int
    crc: int
    method: int
    encrypted: bool
    mode: int
    """File type as in `stat`; 0 if unknown."""
    mtime_ns: int
    fault: str = ""
    """Why the data cannot be read, for example because its offset is damaged; "" if all fields are valid."""


class _EndRecord(NamedTuple):
    entries: int
    size: int
    offset: int
    at: int
    """Offset of this record, which is the end of the central directory."""
    disk: int
    """For a split archive: the number of the file that has this record. 0 if the archive is one file."""
    trailing: int
    """Number of bytes in the file after this record and its comment."""
    wide: bool
    """Whether the fields were read from the zip64 record, where the number of entries has 64 bits."""

    @property
    def start(self) -> int:
        """Offset of the beginning of the central directory, calculated from its end."""
        return self.at - self.size

    @property
    def bounds(self) -> Bounds:
        """Bounds of the central directory."""
        return self.start, self.at, self.start - self.offset


def zip_entries(descriptor: int) -> Iterator[ZipEntry]:
    """Yield every member in the order of the central directory.

    Raises NoDirectory if there is no central directory. Raises DamagedDirectory if it is damaged, often only after the
    last entry. Raises TooManyMembers if there are more than MAX_MEMBERS members. Raises OSError.
    """
    end = _find_end(descriptor, os.fstat(descriptor).st_size)
    start, shift = end.start, end.start - end.offset
    if end.disk:
        raise DamagedDirectory(
            "the last file of a split archive, join all of them first (zip -s 0)", end.bounds
        )
    if start < 0 or shift < 0 or end.size > MAX_BYTES:
        raise DamagedDirectory("its directory is not where it says", (max(start, 0), end.at, 0))
    if shift and (end.trailing or os.pread(descriptor, 4, 0) == LOCAL):
        # A self-extracting program may precede the archive. Another archive must not. If one does, the end record
        # belongs to an archive that is stored in this damaged one; or the offsets in it lost their upper bits (macOS
        # writes no zip64).
        raise DamagedDirectory("its directory counts from another place", end.bounds)
    number = 0
    for entry in _parse_entries(descriptor, end.bounds):
        if entry is None:
            raise DamagedDirectory(f"its directory is damaged behind {number:,} members", end.bounds)
        number += 1
        if number > members.MAX_MEMBERS:
            raise TooManyMembers(f"more than {members.MAX_MEMBERS:,} members")
        if entry.start + _SMALLEST_LOCAL > start:
            raise DamagedDirectory(
                f"its directory leads out of the archive, at member {number:,}", end.bounds
            )
        yield entry
    if number != end.entries and (end.wide or number & _SATURATED_SHORT != end.entries):
        raise DamagedDirectory(f"it says it has {end.entries:,} members, {number:,} are listed", end.bounds)


def directory_bounds(descriptor: int) -> Bounds:
    """Return the bounds of the central directory. Raises NoDirectory if there is no central directory, and OSError."""
    return _find_end(descriptor, os.fstat(descriptor).st_size).bounds


def legible_entries(descriptor: int, bounds: Bounds) -> Iterator[ZipEntry]:
    """Yield the legible entries of a damaged central directory. They are found by their signatures. Raises OSError.

    An entry has a `fault` if its lengths may be wrong. Its name may then be wrong too.
    """
    yield from islice(filter(None, _parse_entries(descriptor, bounds)), members.MAX_MEMBERS)


def _parse_entries(descriptor: int, bounds: Bounds) -> Iterator[ZipEntry | None]:
    """Yield each entry of the central directory. For damaged bytes, yield None and continue at the next signature."""
    start, end, shift = bounds
    directory, at = b"", 0
    while start + at < end:
        if len(directory) - at < _LONGEST_ENTRY and start + len(directory) < end:
            start, at = start + at, 0
            directory = os.pread(descriptor, min(PIECE, end - start), start)
        if not directory:  # the file was truncated while it was read
            return
        if directory[at : at + 4] == _SIGNATURE:  # the end of the directory in signed archives
            return
        entry_end = -1
        if len(directory) >= at + _ENTRY.size and directory[at : at + 4] == CENTRAL:
            entry, entry_end = _entry(directory, at, shift)
            is_valid = directory[entry_end : entry_end + 4] in _BEHIND_ENTRY and entry_end <= len(directory)
            if is_valid and directory.find(CENTRAL, at + _ENTRY.size, entry_end) < 0:
                yield entry
                at = entry_end
                continue
            yield entry._replace(fault=_DAMAGED_ENTRY)
        yield None
        entry_end = directory.find(CENTRAL, at + (_ENTRY.size if entry_end >= 0 else 1))
        at = entry_end if entry_end >= 0 else max(len(directory) - 3, at + 1)


def _find_end(descriptor: int, length: int) -> _EndRecord:
    """Return the last end record whose central directory begins where the record states, else the last end record.

    A comment may contain bytes that look like an end record, so there may be several. The end record of an empty
    archive is used only if there is no other. Raises NoDirectory if there is none.
    """
    start = max(length - _END.size - _SATURATED_SHORT, 0)
    tail = os.pread(descriptor, length - start, start)
    at, possible = len(tail), None
    while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0:
        if len(tail) - at < _END.size:
            continue
        _, disk, _, _, count, size, offset, comment = _END.unpack_from(tail, at)
        trailing = len(tail) - at - _END.size - comment
        if trailing < 0:
            continue
        end = _find_end_64(descriptor, start + at, trailing) or _EndRecord(
            count, size, offset, start + at, disk, trailing, wide=False
        )
        if end.size and end.start >= 0 and os.pread(descriptor, 4, end.start) == CENTRAL:
            return end
        if possible is None or end.size:
            possible = possible if possible is not None and possible.size else end
    if possible is None:
        raise NoDirectory("it has no end: not wholly loaded, or no zip archive")
    return possible


def _find_end_64(descriptor: int, end: int, trailing: int) -> _EndRecord | None:
    """Return the zip64 end record before the end record at the offset `end`; None without one.

    `trailing`: number of bytes in the file after the end record and its comment.
    """
    locator = os.pread(descriptor, _LOCATOR.size, max(end - _LOCATOR.size, 0))
    if len(locator) < _LOCATOR.size or locator[:4] != b"PK\x06\x07":
        return None
    for at in (_LOCATOR.unpack(locator)[2], end - _LOCATOR.size - _END_64.size):
        record = os.pread(descriptor, _END_64.size, at) if 0 <= at < end else b""
        if len(record) == _END_64.size and record[:4] == b"PK\x06\x06":
            _, _, _, _, disk, _, _, count, size, offset = _END_64.unpack(record)
            return _EndRecord(count, size, offset, at, disk, trailing, wide=True)
    return None


def _entry(directory: bytes, at: int, shift: int) -> tuple[ZipEntry, int]:
    """Return the entry at the offset `at` of `directory` (the central directory), and the offset of the next one.

    `shift`: number to add to the offset of the local header.
    """
    fields = _ENTRY.unpack_from(directory, at)
    made_on, flags, method, clock, day, crc = fields[2], fields[5], *fields[6:10]
    packed, size, name_length, extra_length, comment_length = fields[10:15]
    outside, start = fields[17:19]
    begin = at + _ENTRY.size
    raw = directory[begin : begin + name_length]
    extra = extra_fields(directory[begin + name_length : begin + name_length + extra_length])
    fault = ""
    if _SATURATED in (size, packed, start):
        wide = extra.get(_ZIP64, b"")
        numbers = iter(struct.unpack_from(f"<{len(wide) // 8}Q", wide))
        size, packed, start = (
            next(numbers, -1) if number == _SATURATED else number for number in (size, packed, start)
        )
        if min(size, packed, start) < 0 or max(size, packed, start) > _LARGEST:
            fault, size, packed, start = "damaged in the archive (its size is not told)", 0, 0, 0
    entry = ZipEntry(
        decoded_path(raw, flags, extra.get(_UNICODE_PATH, b""), made_on),
        raw,
        start + shift,
        packed,
        size,
        crc,
        method,
        bool(flags & _ENCRYPTED),
        stat.S_IFMT(outside >> 16) if made_on in _MADE_ON_UNIX else 0,
        mtime_of(clock, day, extra),
        fault,
    )
    return entry, begin + name_length + extra_length + comment_length


def extra_fields(extra: bytes) -> dict[int, bytes]:
    """Return the contents of the extra fields by kind, up to the first damaged field."""
    fields: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        fields.setdefault(kind, extra[at + 4 : at + 4 + size])
        at += 4 + size
    return fields


def decoded_path(raw: bytes, flags: int, unicode_path: bytes, made_on: int) -> str:
    """Return the path of a member, decoded and relative.

    `raw`: the name in the archive. `unicode_path`: the extra field with the name in UTF-8; b"" without it. `made_on`:
    number of the system that wrote the archive. Backslashes separate folders in archives made on Windows, and in any
    name without `/`: tools that write Windows names do not always state the system.
    """
    name = _name(raw, flags, unicode_path)
    if "\\" in name and ("/" not in name or (made_on in _MADE_ON_WINDOWS and flags & _UTF8)):
        name = name.replace("\\", "/")
    return members.plain_path(name)


def _name(raw: bytes, flags: int, unicode_path: bytes) -> str:
    """Return the name of a member, decoded.

    It is UTF-8 in one of these cases: the flags say so (invalid bytes become surrogate escapes, as in file names); an
    extra field has the name in UTF-8; its bytes are valid UTF-8. Otherwise it is in code page 437.
    """
    if flags & _UTF8:
        return raw.decode("utf-8", "surrogateescape")
    if raw.isascii():
        return raw.decode("ascii")
    try:
        if unicode_path[:5] == b"\x01" + zlib.crc32(raw).to_bytes(4, "little") and len(unicode_path) > 5:
            return unicode_path[5:].decode()
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp437")


def mtime_of(clock: int, day: int, extra: dict[int, bytes]) -> int:
    """Return the modification time of a member in ns since 1970.

    It is the UTC time in an extra field (Info-ZIP: seconds, NTFS: units of 100 ns), if there is one. Otherwise it is
    `clock` and `day` as UTC: a time without zone, in steps of 2 s. If that is invalid, it is 1980-01-01.
    """
    unix = extra.get(_TIMESTAMP, b"")
    if len(unix) >= 5 and unix[0] & 1:
        return int(struct.unpack_from("<l", unix, 1)[0]) * 1_000_000_000
    windows = extra.get(_NTFS, b"")
    if len(windows) >= 16 and struct.unpack_from("<HH", windows, 4) == (1, 24):
        ticks = int(struct.unpack_from("<Q", windows, 8)[0])
        if ticks < _MOST_TICKS:
            return ticks * 100 - _EPOCH_NTFS * 1_000_000_000
    try:
        moment = datetime(
            1980 + (day >> 9),
            day >> 5 & 15,
            day & 31,
            clock >> 11,
            clock >> 5 & 63,
            clock % 32 * 2,
            tzinfo=UTC,
        )
    except ValueError:
        return _EPOCH_DOS * 1_000_000_000
    return int(moment.timestamp()) * 1_000_000_000
