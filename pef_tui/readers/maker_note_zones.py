"""Read the time zone of a camera's clock from maker notes and trailers (data behind the picture), without ExifTool.

The time zone is only evidence. So unexpected data gives no tag, and never makes ExifTool read the file. (Structures and
names as in ExifTool's tables: Nikon 0x0024 WorldTime, Canon 0x0035 TimeInfo, Olympus 0x2020/0x0908 DateTimeUTC, Ricoh
0x4001/0x000a TimeZone, Samsung trailer 0x0a01 Image_UTC_Data.)
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from struct import unpack_from
from typing import BinaryIO

from pef_tui.formats.tiff_types import IFD, LONG, UNDEFINED
from pef_tui.model import Value
from pef_tui.readers.pentax_zone import city_tags, is_pentax
from pef_tui.readers.tiff import BIG, LITTLE, IfdEntry, Tiff, open_tiff, raw, read_directory, text

MAKER_NOTE = 0x927C
_NIKON = b"Nikon\0\x02"
_NIKON_HEADER = 10
_WORLD_TIME, _TIME_INFO = 0x0024, 0x0035
CITY_NOT_SET = 32766
"""Number that a Canon camera stores for the city if its time zone was never set."""
_OLYMPUS_HEADS = {b"OLYMPUS\0II": LITTLE, b"OLYMPUS\0MM": BIG, b"OM SYSTEM\0\0\0II": LITTLE}
_OLYMPUS_SETTINGS, _OLYMPUS_UTC = 0x2020, 0x0908
_RICOH, _RICOH_HEADER = b"Ricoh\0\0\0", 8
_THETA, _THETA_ZONE = 0x4001, 0x000A
_UTC_STAMP = 0x0A01
_TIME_INFO_SIZE, _SIGNED_LONG, _INLINE = 16, 9, 4
_MAX_DIRECTORY_SIZE = 0x10000
_MAX_BLOCK_SIZE = 64


def camera_zone(tiff: Tiff, note: IfdEntry, make: str) -> dict[str, Value]:
    """Return the tags with the time zone of a camera's clock; {} if its maker note has none that can be read.

    The tags:

    - `Canon:TimeZone`, in minutes east of UTC
    - `Nikon:TimeZone`, with `Nikon:DaylightSavings` (1 in summer)
    - `Pentax:City`, a number, with `Pentax:DaylightSavings`
    - `Ricoh:TimeZone`, a text
    - `Olympus:DateTimeUTC`, a date
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
        return city_tags(data) if is_pentax(data) else _ricoh(tiff, note)
    return {}


def _nikon(note: bytes) -> dict[str, Value]:
    """Return the tags in a note of Nikon: ten bytes, then a TIFF block of its own."""
    if not note.startswith(_NIKON):
        return {}
    tiff = open_tiff(note[_NIKON_HEADER:])
    entries = read_directory(tiff, tiff.first) if tiff is not None else None
    entry = entries.get(_WORLD_TIME) if entries is not None else None
    if tiff is None or entry is None or entry.type != UNDEFINED or entry.value_count < 4:
        return {}
    mark = "<" if tiff.order is LITTLE else ">"
    minutes, daylight = unpack_from(mark + "hB", raw(tiff, entry))
    return {"Nikon:TimeZone": minutes, "Nikon:DaylightSavings": daylight}


def _canon(tiff: Tiff, note: IfdEntry) -> dict[str, Value]:
    """Return the tag in a note of Canon: a directory of the EXIF block.

    The time zone includes daylight saving.
    """
    entries = read_directory(tiff, note.start)
    entry = entries.get(_TIME_INFO) if entries is not None else None
    if entries is None or entry is None or tiff.order is not LITTLE:
        return {}
    if entry.type not in (LONG, _SIGNED_LONG) or entry.value_count != 4:
        return {}
    for start in (entry.start, entry.start + _offset_correction(tiff, note, entries)):
        size, minutes, city, _ = unpack_from(
            "<4i", tiff.block[start : start + _TIME_INFO_SIZE].ljust(16, b"\0")
        )
        if size == _TIME_INFO_SIZE:
            return {} if city == CITY_NOT_SET else {"Canon:TimeZone": minutes}
    return {}


def _offset_correction(tiff: Tiff, note: IfdEntry, entries: dict[int, IfdEntry]) -> int:
    """Return the number of bytes to add to the offsets in a note; 0 if they are correct.

    They are wrong if a program moved the note without correcting them. The first value directly follows the directory.
    So the result is the end of the directory minus the offset of the first value.
    """
    starts = [entry.start for entry in entries.values() if len(raw(tiff, entry)) > _INLINE]
    directory_end = note.start + 2 + 12 * len(entries) + 4
    return directory_end - min(starts, default=directory_end)


def _olympus(note: bytes) -> dict[str, Value]:
    """Return the tag in a note of Olympus.

    Offsets in the note count from its beginning. The byte order follows the maker's name.
    """
    head = next((head for head in _OLYMPUS_HEADS if note.startswith(head)), b"")
    if not head:
        return {}
    tiff = Tiff(note, _OLYMPUS_HEADS[head], len(head) + 2)
    settings = _sub_directory(tiff, tiff.first, _OLYMPUS_SETTINGS)
    entry = settings.get(_OLYMPUS_UTC)
    date_text = text(tiff, entry) if entry is not None else None
    return {"Olympus:DateTimeUTC": date_text} if date_text else {}


def _ricoh(tiff: Tiff, note: IfdEntry) -> dict[str, Value]:
    """Return the tag in a note of a Ricoh Theta camera.

    The note is a directory. Its offsets count from the beginning of the EXIF block.
    """
    if not raw(tiff, note).startswith(_RICOH):
        return {}
    entry = _sub_directory(tiff, note.start + _RICOH_HEADER, _THETA).get(_THETA_ZONE)
    zone_text = text(tiff, entry) if entry is not None else None
    return {"Ricoh:TimeZone": zone_text} if zone_text else {}


def _sub_directory(tiff: Tiff, start: int, tag: int) -> dict[int, IfdEntry]:
    """Return the directory that the entry `tag` of the directory at `start` points to; {} if missing or damaged."""
    entries = read_directory(tiff, start)
    entry = entries.get(tag) if entries is not None else None
    if entry is None or entry.type not in (LONG, IFD) or entry.value_count != 1:
        return {}
    return read_directory(tiff, tiff.order.long.unpack(raw(tiff, entry))[0]) or {}


def read_utc_stamp(stream: BinaryIO) -> dict[str, Value]:
    """Return the UTC time that a Samsung phone wrote behind the picture, as `Samsung:TimeStamp`; {} if there is none.

    Raises OSError.
    """
    end = stream.seek(0, io.SEEK_END)
    tail = _read_at(stream, end - 8, 8)
    size = int.from_bytes(tail[:4], "little")
    start = end - 8 - size
    if tail[4:] != b"SEFT" or not 12 <= size < _MAX_DIRECTORY_SIZE or start < 0:
        return {}
    directory = _read_at(stream, start, size)
    if not directory.startswith(b"SEFH") or len(directory) != size:
        return {}
    count = min(int.from_bytes(directory[8:12], "little"), (size - 12) // 12)
    for number in range(count):
        kind, distance, length = unpack_from("<HII", directory, 12 + 12 * number + 2)
        if kind == _UTC_STAMP and 8 < length <= _MAX_BLOCK_SIZE and distance <= start:
            return _stamp_tag(_read_at(stream, start - distance, length))
    return {}


def _read_at(stream: BinaryIO, start: int, size: int) -> bytes:
    if start < 0:
        return b""
    stream.seek(start)
    return stream.read(size)


def _stamp_tag(block: bytes) -> dict[str, Value]:
    """Return the tag with the time in a block of a trailer; {} if the block is damaged.

    The block has its name, then milliseconds since 1970 as digits.
    """
    if len(block) < 8 or int.from_bytes(block[2:4], "little") != _UTC_STAMP:
        return {}
    digits = block[8 + int.from_bytes(block[4:8], "little") :]
    if not digits.isdigit() or not 10 <= len(digits) <= 14:
        return {}
    moment = datetime.fromtimestamp(int(digits) / 1000, UTC)
    return {"Samsung:TimeStamp": f"{moment:%Y:%m:%d %H:%M:%S}.{moment.microsecond // 1000:03}+00:00"}


def needs_utc_stamp(tags: dict[str, Value]) -> bool:
    """Return whether `read_utc_stamp` is needed: the tags are from a Samsung phone, and EXIF has no time zone."""
    make = tags.get("EXIF:Make")
    if make is None or "EXIF:OffsetTimeOriginal" in tags:
        return False
    return str(make).strip().lower() == "samsung"
