"""What maker notes and trailers of cameras tell of the zone of their clock, read without ExifTool.

Evidence only: whatever is not as expected tells nothing, and never sends a file to ExifTool. (Forms and names as in
ExifTool's tables: Nikon 0x0024 WorldTime, Canon 0x0035 TimeInfo, Samsung trailer 0x0a01 Image_UTC_Data.)
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from struct import unpack_from
from typing import BinaryIO

from pef_tui.model import Value
from pef_tui.state.tiff import LITTLE, LONG, UNDEFINED, Entry, Tiff, open_tiff, raw, read_directory

MAKER_NOTE = 0x927C
_NIKON = b"Nikon\0\x02"
_NIKON_HEADER = 10
_WORLD_TIME, _TIME_INFO = 0x0024, 0x0035
CITY_NOT_SET = 32766
"""The city of a Canon camera whose zone nobody has set."""
_UTC_STAMP = 0x0A01
_TIME_INFO_SIZE, _SIGNED_LONG, _INLINE = 16, 9, 4
_DIRECTORY_MOST = 0x10000
_NAME_MOST = 64


def camera_zone(tiff: Tiff, note: Entry, make: str) -> dict[str, Value]:
    """The zone that a camera was set to: minutes east of UTC, as `Canon:TimeZone`, or as `Nikon:TimeZone` with
    `Nikon:DaylightSavings`, 1 in summer.
    """
    if make.upper().startswith("NIKON"):
        return _nikon(raw(tiff, note))
    return _canon(tiff, note) if make.startswith("Canon") else {}


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
    return (
        str(tags.get("EXIF:Make", "")).strip().lower() == "samsung" and "EXIF:OffsetTimeOriginal" not in tags
    )
