"""The central directory of a zip archive, read with its names as they are.

The standard library refuses a whole archive for one name that is not the UTF-8 it claims to be, or one bad extra
field; here such a member costs itself at most. A directory is read strictly first: it must hold as many entries as
the end record says and end where that begins. One that does not is read for what is still legible.
(PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.)
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

from pef_tui.takeout import members

MOST_BYTES = 1 << 30
"""More than a central directory takes; an export's part has some ten MB."""

PIECE = 1 << 20
"""Bytes of it read at a time."""

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
_SIGNATURE = b"PK\x05\x05"
_BEHIND_ENTRY = (CENTRAL, _SIGNATURE, b"")
_SMALLEST_LOCAL = 30
_DOUBTFUL = "its entry in the directory is damaged"

Bounds = tuple[int, int, int]
"""Of a directory: offsets of its first byte and of the byte behind its last, and what is added to those it holds."""

_ENTRY = struct.Struct("<4s4B4H3L5H2L")
_LONGEST_ENTRY = _ENTRY.size + 3 * 0xFFFF + 4
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_SATURATED, _SATURATED_SHORT = 0xFFFFFFFF, 0xFFFF
_ZIP64, _UNICODE_PATH, _TIMESTAMP, _NTFS = 0x0001, 0x7075, 0x5455, 0x000A
_ENCRYPTED, _UTF8 = 0x1, 0x800
_MADE_ON_UNIX = (3, 19)  # 19: macOS
_MADE_ON_WINDOWS = (0, 6, 10, 11, 14)  # FAT, HPFS, NTFS (10, and 11 as some tools have it), VFAT
_EPOCH_DOS = 315_532_800  # 1980-01-01, what a time of zeros stands for
_LARGEST = 1 << 62  # what offsets of files can be, with room for sums
_EPOCH_NTFS = 11_644_473_600  # seconds from 1601 to 1970
_MOST_TICKS = 2 * 10**17  # the year 2234


class NoDirectory(Exception):
    """Not the end of a zip archive: cut short, or something else."""


class DamagedDirectory(NoDirectory):
    """A directory that contradicts its end record, its own entries or the archive; `bounds` is where it was read."""

    def __init__(self, why: str, bounds: Bounds) -> None:
        super().__init__(why)
        self.bounds = bounds


class TooManyMembers(NoDirectory):
    """More members than any export has; those before are sound."""


class Entry(NamedTuple):
    """One member as the central directory tells it."""

    path: str
    raw: bytes
    """Its name as it is written."""
    start: int
    """Where its local header lies."""
    packed: int
    size: int
    crc: int
    method: int
    encrypted: bool
    mode: int
    """Kind of file as `stat` has it, 0 where it is not told."""
    mtime_ns: int
    fault: str = ""
    """Why nothing of it is known but its name."""


class _End(NamedTuple):
    entries: int
    size: int
    offset: int
    at: int
    """Offset of the byte behind the directory."""
    disk: int
    """Number of the file of a split archive that holds this record; 0 where the archive is one file."""
    rest: int
    """Bytes of the file behind this record and its comment."""
    wide: bool
    """Read from the record for large archives, whose count has 64 bits."""

    @property
    def start(self) -> int:
        """Offset of the first byte of the directory, measured back from its end."""
        return self.at - self.size

    @property
    def bounds(self) -> Bounds:
        """Where its directory is."""
        return self.start, self.at, self.start - self.offset


def entries(descriptor: int) -> Iterator[Entry]:
    """Every member in the order of the directory.

    Raises NoDirectory where there is none, DamagedDirectory (often after the last entry) where it contradicts itself,
    TooManyMembers, and OSError.
    """
    end = _find_end(descriptor, os.fstat(descriptor).st_size)
    start, shift = end.start, end.start - end.offset
    if end.disk:
        raise DamagedDirectory(
            "the last file of a split archive, join all of them first (zip -s 0)", end.bounds
        )
    if start < 0 or shift < 0 or end.size > MOST_BYTES:
        raise DamagedDirectory("its directory is not where it says", (max(start, 0), end.at, 0))
    if shift and (end.rest or os.pread(descriptor, 4, 0) == LOCAL):
        # A program that unpacks the archive may stand before it, but no other archive: then the end record is that of
        # a stored archive in a damaged one, or its offsets lost their upper bits (macOS writes no zip64).
        raise DamagedDirectory("its directory counts from another place", end.bounds)
    number = 0
    for entry in _each(descriptor, end.bounds):
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


def directory(descriptor: int) -> Bounds:
    """Where the directory is. Raises NoDirectory, OSError."""
    return _find_end(descriptor, os.fstat(descriptor).st_size).bounds


def legible_entries(descriptor: int, bounds: Bounds) -> Iterator[Entry]:
    """The entries of a damaged directory that can still be read, looked for by their signature. Raises OSError.

    One whose own lengths are in doubt has a `fault`, and a name that may be wrong.
    """
    yield from islice(filter(None, _each(descriptor, bounds)), members.MAX_MEMBERS)


def _each(descriptor: int, bounds: Bounds) -> Iterator[Entry | None]:
    """Each entry; None where bytes are no entry, up to the next signature of one."""
    start, end, shift = bounds
    directory, at = b"", 0
    while start + at < end:
        if len(directory) - at < _LONGEST_ENTRY and start + len(directory) < end:
            start, at = start + at, 0
            directory = os.pread(descriptor, min(PIECE, end - start), start)
        if not directory:  # it became shorter
            return
        if directory[at : at + 4] == _SIGNATURE:  # closes the directory, in archives that are signed
            return
        behind = -1
        if len(directory) >= at + _ENTRY.size and directory[at : at + 4] == CENTRAL:
            entry, behind = _entry(directory, at, shift)
            sound = directory[behind : behind + 4] in _BEHIND_ENTRY and behind <= len(directory)
            if sound and directory.find(CENTRAL, at + _ENTRY.size, behind) < 0:
                yield entry
                at = behind
                continue
            yield entry._replace(fault=_DOUBTFUL)
        yield None
        behind = directory.find(CENTRAL, at + (_ENTRY.size if behind >= 0 else 1))
        at = behind if behind >= 0 else max(len(directory) - 3, at + 1)


def _find_end(descriptor: int, length: int) -> _End:
    """The last end record whose directory begins where it should, else the last one that may be one.

    A comment may hold what looks like such a record; one of an empty archive is taken only where there is no other.
    """
    start = max(length - _END.size - _SATURATED_SHORT, 0)
    tail = os.pread(descriptor, length - start, start)
    at, possible = len(tail), None
    while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0:
        if len(tail) - at < _END.size:
            continue
        _, disk, _, _, count, size, offset, comment = _END.unpack_from(tail, at)
        rest = len(tail) - at - _END.size - comment
        if rest < 0:
            continue
        end = _find_end_64(descriptor, start + at, rest) or _End(
            count, size, offset, start + at, disk, rest, wide=False
        )
        if end.size and end.start >= 0 and os.pread(descriptor, 4, end.start) == CENTRAL:
            return end
        if possible is None or end.size:
            possible = possible if possible is not None and possible.size else end
    if possible is None:
        raise NoDirectory("it has no end: not wholly loaded, or no zip archive")
    return possible


def _find_end_64(descriptor: int, end: int, rest: int) -> _End | None:
    """What the record for large archives says; None where there is none."""
    locator = os.pread(descriptor, _LOCATOR.size, max(end - _LOCATOR.size, 0))
    if len(locator) < _LOCATOR.size or locator[:4] != b"PK\x06\x07":
        return None
    for at in (_LOCATOR.unpack(locator)[2], end - _LOCATOR.size - _END_64.size):
        record = os.pread(descriptor, _END_64.size, at) if 0 <= at < end else b""
        if len(record) == _END_64.size and record[:4] == b"PK\x06\x06":
            _, _, _, _, disk, _, _, count, size, offset = _END_64.unpack(record)
            return _End(count, size, offset, at, disk, rest, wide=True)
    return None


def _entry(directory: bytes, at: int, shift: int) -> tuple[Entry, int]:
    """The entry at an offset of the directory, and where the next one begins."""
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
    entry = Entry(
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
    """Extra fields by their kind; what is damaged ends them."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        found.setdefault(kind, extra[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def decoded_path(raw: bytes, flags: int, unicode_path: bytes, made_on: int) -> str:
    """The member's path. Backslashes separate folders where the archive was made on Windows, and in a name without
    `/`, whoever made it: tools that write the names of Windows do not always say where they ran.
    """
    name = _name(raw, flags, unicode_path)
    if "\\" in name and ("/" not in name or (made_on in _MADE_ON_WINDOWS and flags & _UTF8)):
        name = name.replace("\\", "/")
    return members.plain_path(name)


def _name(raw: bytes, flags: int, unicode_path: bytes) -> str:
    """The member's name: UTF-8 where flagged, given in an extra field or plainly so, else code page 437.

    Bytes that are not the UTF-8 they claim to be are kept as they are, as in a file's name.
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
    """Modification time in ns since 1970.

    The UTC of an extra field (Info-ZIP's seconds, NTFS' 100 ns), else the time without a zone, in steps of two
    seconds, read as UTC.
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
