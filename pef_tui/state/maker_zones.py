"""What maker notes and trailers of cameras tell of the zone of their clock, read without ExifTool.

Evidence only: whatever is not as expected tells nothing, and never sends a file to ExifTool. (Forms and names as in
ExifTool's tables: Nikon 0x0024 WorldTime, Canon 0x0035 TimeInfo, Olympus 0x2020/0x0908 DateTimeUTC, Ricoh
0x4001/0x000a TimeZone, Samsung trailer 0x0a01 Image_UTC_Data.)
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from struct import unpack_from
from typing import BinaryIO

from pef_tui.model import Value
from pef_tui.state.pentax_zone import city_set, is_pentax
from pef_tui.state.tiff import (
    BIG,
    LITTLE,
    LONG,
    UNDEFINED,
    Entry,
    Tiff,
    open_tiff,
    raw,
    read_directory,
    text,
)

MAKER_NOTE = 0x927C
_NIKON = b"Nikon\0\x02"
_NIKON_HEADER = 10
_WORLD_TIME, _TIME_INFO = 0x0024, 0x0035
CITY_NOT_SET = 32766
"""The city of a Canon camera whose zone nobody has set."""
_OLYMPUS_HEADS = {b"OLYMPUS\0II": LITTLE, b"OLYMPUS\0MM": BIG, b"OM SYSTEM\0\0\0II": LITTLE}
_OLYMPUS_SETTINGS, _OLYMPUS_UTC = 0x2020, 0x0908
_RICOH, _RICOH_HEADER = b"Ricoh\0\0\0", 8
_THETA, _THETA_ZONE = 0x4001, 0x000A
_UTC_STAMP = 0x0A01
_TIME_INFO_SIZE, _SIGNED_LONG, _DIRECTORY, _INLINE = 16, 9, 13, 4
_DIRECTORY_MOST = 0x10000
_NAME_MOST = 64


def camera_zone(tiff: Tiff, note: Entry, make: str) -> dict[str, Value]:
    """The zone that a camera was set to.

    `Canon:TimeZone` in minutes east of UTC; `Nikon:TimeZone` with `Nikon:DaylightSavings`, 1 in summer; `Pentax:City`,
    a number, with `Pentax:DaylightSavings`; `Ricoh:TimeZone`, a text; `Olympus:DateTimeUTC`, a date.
    """
    maker = make.upper()
    if maker.startswith("NIKON"):
        return _nikon(raw(tiff, note))
    if maker.startswith("CANON"):
        return _canon(tiff, note)
    if maker.startswith(("OLYMPUS", "OM DIGITAL")):
        return _olympus(raw(tiff, note))
    if maker.startswith(("PENTAX", "RICOH", "ASAHI")):
        data = raw(tiff, note)
        return city_set(data) if is_pentax(data) else _ricoh(tiff, note)
    return {}


def _nikon(note: bytes) -> dict[str, Value]:
    """The note is a TIFF block of its own behind ten bytes."""
    if not note.startswith(_NIKON):
        return {}
    tiff = open_tiff(note[_NIKON_HEADER:])
    entries = read_directory(tiff, tiff.first) if tiff is not None else None
    entry = entries.get(_WORLD_TIME) if entries is not None else None
    if tiff is None or entry is None or entry.type != UNDEFINED or entry.number < 4:
        return {}
    mark = "<" if tiff.order is LITTLE else ">"
    minutes, daylight = unpack_from(mark + "hB", raw(tiff, entry))
    return {"Nikon:TimeZone": minutes, "Nikon:DaylightSavings": daylight}


def _canon(tiff: Tiff, note: Entry) -> dict[str, Value]:
    """The note is one more directory of the block around it. Its zone has the hour of summer in it."""
    entries = read_directory(tiff, note.start)
    entry = entries.get(_TIME_INFO) if entries is not None else None
    if entries is None or entry is None or tiff.order is not LITTLE:
        return {}
    if entry.type not in (LONG, _SIGNED_LONG) or entry.number != 4:
        return {}
    for start in (entry.start, entry.start + _shift(tiff, note, entries)):
        size, minutes, city, _ = unpack_from(
            "<4i", tiff.block[start : start + _TIME_INFO_SIZE].ljust(16, b"\0")
        )
        if size == _TIME_INFO_SIZE:
            return {} if city == CITY_NOT_SET else {"Canon:TimeZone": minutes}
    return {}


def _shift(tiff: Tiff, note: Entry, entries: dict[int, Entry]) -> int:
    """Bytes by which a program moved the note without its offsets: the first value lies behind the directory."""
    starts = [entry.start for entry in entries.values() if len(raw(tiff, entry)) > _INLINE]
    behind = note.start + 2 + 12 * len(entries) + 4
    return behind - min(starts, default=behind)


def _olympus(note: bytes) -> dict[str, Value]:
    """The note counts from its own beginning, where its order stands behind the maker's name."""
    head = next((head for head in _OLYMPUS_HEADS if note.startswith(head)), b"")
    if not head:
        return {}
    tiff = Tiff(note, _OLYMPUS_HEADS[head], len(head) + 2)
    settings = _below(tiff, tiff.first, _OLYMPUS_SETTINGS)
    entry = settings.get(_OLYMPUS_UTC)
    shown = text(tiff, entry) if entry is not None else None
    return {"Olympus:DateTimeUTC": shown} if shown else {}


def _ricoh(tiff: Tiff, note: Entry) -> dict[str, Value]:
    """Theta cameras: a directory of the note, which lies in the block around it."""
    if not raw(tiff, note).startswith(_RICOH):
        return {}
    entry = _below(tiff, note.start + _RICOH_HEADER, _THETA).get(_THETA_ZONE)
    shown = text(tiff, entry) if entry is not None else None
    return {"Ricoh:TimeZone": shown} if shown else {}


def _below(tiff: Tiff, start: int, tag: int) -> dict[int, Entry]:
    """The directory that an entry of the one at `start` points to; empty where there is none, or a broken one."""
    entries = read_directory(tiff, start)
    entry = entries.get(tag) if entries is not None else None
    if entry is None or entry.type not in (LONG, _DIRECTORY) or entry.number != 1:
        return {}
    return read_directory(tiff, tiff.order.long.unpack(raw(tiff, entry))[0]) or {}


def utc_stamp(stream: BinaryIO) -> dict[str, Value]:
    """The UTC time in the trailer of a Samsung phone, as `Samsung:TimeStamp`. Raises OSError."""
    end = stream.seek(0, io.SEEK_END)
    tail = _at(stream, end - 8, 8)
    size = int.from_bytes(tail[:4], "little")
    start = end - 8 - size
    if tail[4:] != b"SEFT" or not 12 <= size < _DIRECTORY_MOST or start < 0:
        return {}
    directory = _at(stream, start, size)
    if not directory.startswith(b"SEFH") or len(directory) != size:
        return {}
    count = min(int.from_bytes(directory[8:12], "little"), (size - 12) // 12)
    for number in range(count):
        kind, back, length = unpack_from("<HII", directory, 12 + 12 * number + 2)
        if kind == _UTC_STAMP and 8 < length <= _NAME_MOST and back <= start:
            return _stamp(_at(stream, start - back, length))
    return {}


def _at(stream: BinaryIO, start: int, size: int) -> bytes:
    if start < 0:
        return b""
    stream.seek(start)
    return stream.read(size)


def _stamp(block: bytes) -> dict[str, Value]:
    """Milliseconds since 1970, in digits behind the name of the block."""
    if len(block) < 8 or int.from_bytes(block[2:4], "little") != _UTC_STAMP:
        return {}
    digits = block[8 + int.from_bytes(block[4:8], "little") :]
    if not digits.isdigit() or not 10 <= len(digits) <= 14:
        return {}
    moment = datetime.fromtimestamp(int(digits) / 1000, UTC)
    return {"Samsung:TimeStamp": f"{moment:%Y:%m:%d %H:%M:%S}.{moment.microsecond // 1000:03}+00:00"}


def wants_stamp(tags: dict[str, Value]) -> bool:
    """Is it a picture of a Samsung phone whose EXIF does not tell the zone?"""
    make = tags.get("EXIF:Make")
    if make is None or "EXIF:OffsetTimeOriginal" in tags:
        return False
    return str(make).strip().lower() == "samsung"
