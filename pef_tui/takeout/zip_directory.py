"""The central directory of a zip archive, read with its names as they are.

The standard library refuses a whole archive for one name that is not the UTF-8 it claims to be, or one bad extra
field; here such a member costs itself at most. (PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.)
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from pef_tui.takeout import members

MOST_BYTES = 1 << 30
"""More than a central directory takes; an export's part has some ten MB."""

PIECE = 1 << 20
"""Bytes of it read at a time."""

_ENTRY = struct.Struct("<4s4B4H3L5H2L")
_LONGEST_ENTRY = _ENTRY.size + 3 * 0xFFFF
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_SATURATED, _SATURATED_SHORT = 0xFFFFFFFF, 0xFFFF
_ZIP64, _UNICODE_PATH, _TIMESTAMP, _NTFS = 0x0001, 0x7075, 0x5455, 0x000A
_ENCRYPTED, _UTF8 = 0x1, 0x800
_MADE_ON_FAT, _MADE_ON_UNIX = 0, (3, 19)  # 19: macOS
_EPOCH_DOS = 315_532_800  # 1980-01-01, what a time of zeros stands for
_LARGEST = 1 << 62  # what offsets of files can be, with room for sums
_EPOCH_NTFS = 11_644_473_600  # seconds from 1601 to 1970
_MOST_TICKS = 2 * 10**17  # the year 2234


class NoDirectory(Exception):
    """Not the end of a zip archive: cut short, or something else."""


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
    """Where the directory ends."""


def entries(descriptor: int) -> Iterator[Entry]:
    """Every member in the order of the directory. Raises NoDirectory, OSError; also halfway, where it is damaged."""
    length = os.fstat(descriptor).st_size
    end = _find_end(descriptor, length)
    if end.entries > members.MAX_MEMBERS or end.size > MOST_BYTES:
        raise NoDirectory(f"{end.entries:,} members, more than an export has")
    start = end.at - end.size
    shift = start - end.offset  # something lies before the archive, as in one that unpacks itself
    if start < 0 or shift < 0:
        raise NoDirectory("its directory is not where it says")
    directory, at, number = b"", 0, 0
    while start + at < end.at:
        if len(directory) - at < _LONGEST_ENTRY and start + len(directory) < end.at:
            start, at = start + at, 0
            directory = os.pread(descriptor, min(PIECE, end.at - start), start)
        if number >= members.MAX_MEMBERS:
            raise NoDirectory(f"more than {members.MAX_MEMBERS:,} members")
        if len(directory) < at + _ENTRY.size or directory[at : at + 4] != b"PK\x01\x02":
            raise NoDirectory(f"its directory is damaged behind {number:,} members")
        entry, at = _entry(directory, at, shift)
        number += 1
        yield entry


def _find_end(descriptor: int, length: int) -> _End:
    start = max(length - _END.size - _SATURATED_SHORT, 0)
    tail = os.pread(descriptor, length - start, start)
    at = len(tail)
    while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0:
        if len(tail) - at >= _END.size:
            _, _, _, _, count, size, offset, comment = _END.unpack_from(tail, at)
            if comment <= len(tail) - at - _END.size and size <= start + at:
                return _find_end_64(descriptor, start + at) or _End(count, size, offset, start + at)
    raise NoDirectory("it has no end: not wholly loaded, or no zip archive")


def _find_end_64(descriptor: int, end: int) -> _End | None:
    """What the record for large archives says; None where there is none."""
    locator = os.pread(descriptor, _LOCATOR.size, max(end - _LOCATOR.size, 0))
    if len(locator) < _LOCATOR.size or locator[:4] != b"PK\x06\x07":
        return None
    for at in (_LOCATOR.unpack(locator)[2], end - _LOCATOR.size - _END_64.size):
        record = os.pread(descriptor, _END_64.size, at) if 0 <= at < end else b""
        if len(record) == _END_64.size and record[:4] == b"PK\x06\x06":
            *_, count, size, offset = _END_64.unpack(record)
            return _End(count, size, offset, at)
    return None


def _entry(directory: bytes, at: int, shift: int) -> tuple[Entry, int]:
    """The entry at an offset of the directory, and where the next one begins."""
    fields = _ENTRY.unpack_from(directory, at)
    made_on, flags, method, clock, day, crc = fields[2], fields[5], *fields[6:10]
    packed, size, name_length, extra_length, comment_length = fields[10:15]
    outside, start = fields[17:19]
    begin = at + _ENTRY.size
    raw = directory[begin : begin + name_length]
    extra = _extra_fields(directory[begin + name_length : begin + name_length + extra_length])
    fault = ""
    if _SATURATED in (size, packed, start):
        wide = extra.get(_ZIP64, b"")
        numbers = iter(struct.unpack_from(f"<{len(wide) // 8}Q", wide))
        size, packed, start = (
            next(numbers, -1) if number == _SATURATED else number for number in (size, packed, start)
        )
        if min(size, packed, start) < 0 or max(size, packed, start) > _LARGEST:
            fault, size, packed, start = "its size is not told", 0, 0, 0
    entry = Entry(
        _path(raw, flags, extra.get(_UNICODE_PATH, b""), made_on),
        raw,
        start + shift,
        packed,
        size,
        crc,
        method,
        bool(flags & _ENCRYPTED),
        stat.S_IFMT(outside >> 16) if made_on in _MADE_ON_UNIX else 0,
        _mtime_ns(clock, day, extra),
        fault,
    )
    return entry, begin + name_length + extra_length + comment_length


def _extra_fields(extra: bytes) -> dict[int, bytes]:
    """Extra fields by their kind; what is damaged ends them."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        found.setdefault(kind, extra[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def _path(raw: bytes, flags: int, unicode_path: bytes, made_on: int) -> str:
    """The member's name: UTF-8 where flagged, given in an extra field or plainly so, else code page 437.

    Bytes that are not the UTF-8 they claim to be are kept as they are, as in a file's name.
    """
    if flags & _UTF8:
        return raw.decode("utf-8", "surrogateescape")
    if made_on == _MADE_ON_FAT and b"\\" in raw and b"/" not in raw:
        raw = raw.replace(b"\\", b"/")
    if raw.isascii():
        return raw.decode("ascii")
    try:
        if unicode_path[:5] == b"\x01" + zlib.crc32(raw).to_bytes(4, "little") and len(unicode_path) > 5:
            return unicode_path[5:].decode()
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _mtime_ns(clock: int, day: int, extra: dict[int, bytes]) -> int:
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
