"""Read the EXIF tags of a TIFF block, in the form that ExifTool shows with `-n`.

If one value is uncertain, the result for the whole block is None. ExifTool then reads the file.
"""

from __future__ import annotations

import re

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.file_bytes import ByteSource
from pef_tui.formats.tiff_types import BYTE, UNDEFINED
from pef_tui.model import Value
from pef_tui.readers.maker_note_zones import MAKER_NOTE, camera_zone
from pef_tui.readers.tiff import (
    IfdEntry,
    Tiff,
    integer,
    open_tiff,
    pointer,
    rationals,
    raw,
    read_directory,
    signed_shorts,
    text,
)

EXIF_POINTER, GPS_POINTER = 0x8769, 0x8825

MAIN_TEXTS = {
    0x010D: "EXIF:DocumentName",
    0x010E: "EXIF:ImageDescription",
    0x010F: "EXIF:Make",
    0x0110: "EXIF:Model",
    0x0131: "EXIF:Software",
    0x0132: "EXIF:ModifyDate",
    0x013B: "EXIF:Artist",
    0x013C: "EXIF:HostComputer",
    0x8298: "EXIF:Copyright",
}
MAIN_NUMBERS = {0x0112: "EXIF:Orientation", 0x4746: "EXIF:Rating", 0x4749: "EXIF:RatingPercent"}
WINDOWS_TEXTS = {
    0x9C9B: "EXIF:XPTitle",
    0x9C9C: "EXIF:XPComment",
    0x9C9D: "EXIF:XPAuthor",
    0x9C9E: "EXIF:XPKeywords",
    0x9C9F: "EXIF:XPSubject",
}
CAMERA_TEXTS = {
    0x9003: "EXIF:DateTimeOriginal",
    0x9004: "EXIF:CreateDate",
    0x9010: "EXIF:OffsetTime",
    0x9011: "EXIF:OffsetTimeOriginal",
    0x9012: "EXIF:OffsetTimeDigitized",
    0x9290: "EXIF:SubSecTime",
    0x9291: "EXIF:SubSecTimeOriginal",
    0x9292: "EXIF:SubSecTimeDigitized",
    0xA420: "EXIF:ImageUniqueID",
    0xA430: "EXIF:OwnerName",
    0xA431: "EXIF:SerialNumber",
    0xA433: "EXIF:LensMake",
    0xA434: "EXIF:LensModel",
    0xA435: "EXIF:LensSerialNumber",
}
VERSION, COMMENT = 0x9000, 0x9286
_COPYRIGHT = 0x8298
FOREIGN_BLOCKS = frozenset((0x02BC, 0x83BB, 0x8649))
"""Tags that hold an XMP, IPTC or Photoshop block. They are rare: ExifTool reads a file that has one."""

_MAIN_ONLY = frozenset(MAIN_TEXTS) | frozenset(MAIN_NUMBERS) | frozenset(WINDOWS_TEXTS) | FOREIGN_BLOCKS
_CAMERA_ONLY = frozenset(CAMERA_TEXTS) | {VERSION, COMMENT}
_ZONE_OFFSET = 0x882A
_GPS_ALTITUDE_REF, _GPS_ALTITUDE, _GPS_TIME_STAMP, _GPS_DATE_STAMP = 5, 6, 7, 29
_GPS_REFERENCES = ((1, "EXIF:GPSLatitude", "NS"), (3, "EXIF:GPSLongitude", "EW"))
"""For each coordinate: tag number of its reference, name of the coordinate in the result, and the letters of the
reference for positive and negative numbers. The coordinate itself has the next tag number.
"""
_TRIMMED = frozenset((0x010F, 0x0110, 0x0131, 0x013B))
_FRACTIONS = frozenset((0x9290, 0x9291, 0x9292))
_BLANK = " \t\n\r\f\v"
_DAY = re.compile(rb"(\d{4})[^\d]*(\d\d)[^\d]*(\d\d)$")


def exif_tags(block: ByteSource, excluded: frozenset[int] = FOREIGN_BLOCKS) -> dict[str, Value] | None:
    """Return the tags of a TIFF block by `EXIF:name`.

    Numbers are numbers; latitude, longitude and altitude have a sign. Texts are texts, even if they look like numbers.
    None if the block cannot be read reliably, or if its first directory has one of the tags `excluded` (tag numbers).
    """
    tiff = open_tiff(block)
    main = None if tiff is None else read_directory(tiff, tiff.first)
    if tiff is None or main is None:
        return None
    try:
        camera = _sub_directory(tiff, main.get(EXIF_POINTER))
        gps = _sub_directory(tiff, main.get(GPS_POINTER))
        if (
            not _CAMERA_ONLY.isdisjoint(main)
            or not excluded.isdisjoint(main)
            or not _MAIN_ONLY.isdisjoint(camera)
        ):
            return None
        if EXIF_POINTER in camera or GPS_POINTER in camera:
            return None
        tags: dict[str, Value] = {}
        _read_main(tiff, main, tags)
        _read_camera(tiff, camera, tags)
        if gps:
            _read_gps(tiff, gps, tags)
        if "EXIF:OffsetTimeOriginal" not in tags:
            tags |= _zone_tags(tiff, main, camera, str(tags.get("EXIF:Make", "")))
    except UnsupportedStructure:
        return None
    return tags


def _zone_tags(
    tiff: Tiff, main: dict[int, IfdEntry], camera: dict[int, IfdEntry], make: str
) -> dict[str, Value]:
    """Return the tags with the time zone of the camera's clock: from its maker note, and TIFF/EP TimeZoneOffset.

    The time zone is only evidence for the date of the picture. So a maker note that cannot be read gives no tag and no
    error.
    """
    note = camera.get(MAKER_NOTE)
    zone = camera_zone(tiff, note, make) if note is not None else {}
    entry = camera.get(_ZONE_OFFSET) or main.get(_ZONE_OFFSET)
    hours = signed_shorts(tiff, entry) if entry is not None else ()
    return zone | {"EXIF:TimeZoneOffset": hours[0]} if hours else zone


def _sub_directory(tiff: Tiff, entry: IfdEntry | None) -> dict[int, IfdEntry]:
    """Return the directory that `entry` points to; {} if `entry` is None.

    Raises UnsupportedStructure if `entry` is no pointer, or if the directory cannot be read.
    """
    if entry is None:
        return {}
    start = pointer(tiff, entry)
    directory = None if start is None or start == tiff.first else read_directory(tiff, start)
    if directory is None:
        raise UnsupportedStructure
    return directory


def _required(value: str | int | None) -> str | int:
    """Return `value`. Raises UnsupportedStructure if it is None, which means that it could not be read."""
    if value is None:
        raise UnsupportedStructure
    return value


def _read_main(tiff: Tiff, entries: dict[int, IfdEntry], tags: dict[str, Value]) -> None:
    for tag, entry in entries.items():
        if (name := MAIN_TEXTS.get(tag)) is not None:
            value = str(_required(text(tiff, entry)))
            if tag == _COPYRIGHT and b"\0" in raw(tiff, entry).rstrip(b"\0"):
                raise UnsupportedStructure  # two copyrights (of photographer and editor), separated by NUL
            # ExifTool removes trailing blanks from some tags.
            if tag in _TRIMMED:
                value = value.rstrip(_BLANK)
            elif tag == _COPYRIGHT:
                value = value.rstrip(" ")
            tags[name] = value
        elif (name := MAIN_NUMBERS.get(tag)) is not None:
            tags[name] = _required(integer(tiff, entry))
        elif (name := WINDOWS_TEXTS.get(tag)) is not None:
            tags[name] = _windows_text(tiff, entry)


def _windows_text(tiff: Tiff, entry: IfdEntry) -> str:
    """Return a text that Windows wrote: UTF-16 with a trailing zero. It is little-endian even in a big-endian block.

    Raises UnsupportedStructure for a value of another form.
    """
    if entry.type not in (BYTE, UNDEFINED):
        raise UnsupportedStructure
    try:
        value = raw(tiff, entry).decode("utf-16-le").rstrip("\0")
    except UnicodeDecodeError:
        raise UnsupportedStructure from None
    if "\0" in value:
        raise UnsupportedStructure
    return value


def _read_camera(tiff: Tiff, entries: dict[int, IfdEntry], tags: dict[str, Value]) -> None:
    for tag, entry in entries.items():
        if (name := CAMERA_TEXTS.get(tag)) is not None:
            value = str(_required(text(tiff, entry)))
            tags[name] = value.rstrip(" ") if tag in _FRACTIONS else value
        elif tag == VERSION:
            version = raw(tiff, entry).rstrip(b"\0")
            if entry.type != UNDEFINED or not version.isdigit():
                raise UnsupportedStructure
            tags["EXIF:ExifVersion"] = version.decode()
        elif tag == COMMENT:
            tags["EXIF:UserComment"] = _comment_text(tiff, entry)


def _comment_text(tiff: Tiff, entry: IfdEntry) -> str:
    """Return the text of a comment that is marked as ASCII or has no mark.

    Raises UnsupportedStructure for other encodings.
    """
    value = raw(tiff, entry)
    if entry.type != UNDEFINED or value[:8] not in (b"ASCII\0\0\0", b"\0" * 8):
        raise UnsupportedStructure
    try:
        return value[8:].partition(b"\0")[0].decode().rstrip(" ")
    except UnicodeDecodeError:
        raise UnsupportedStructure from None


def _read_gps(tiff: Tiff, entries: dict[int, IfdEntry], tags: dict[str, Value]) -> None:
    """Add the position and the satellites' time to `tags`. References become the signs of the numbers.

    A reference is N or S, E or W, above or below the sea. Raises UnsupportedStructure for an unusual value.
    """
    for tag, name, hemispheres in _GPS_REFERENCES:
        hemisphere = _reference(tiff, entries.get(tag), hemispheres)
        if (entry := entries.get(tag + 1)) is not None:
            parts = rationals(tiff, entry, 3)
            if parts is None or not hemisphere:
                raise UnsupportedStructure
            degrees = float(f"{parts[0] + (parts[1] + parts[2] / 60) / 60:.15g}")
            tags[name] = -degrees if hemisphere == hemispheres[1] and degrees else degrees
    _read_altitude(tiff, entries, tags)
    if (entry := entries.get(_GPS_TIME_STAMP)) is not None:
        tags["EXIF:GPSTimeStamp"] = _time_text(rationals(tiff, entry, 3))
    if (entry := entries.get(_GPS_DATE_STAMP)) is not None:
        tags["EXIF:GPSDateStamp"] = _date_text(raw(tiff, entry))


def _reference(tiff: Tiff, entry: IfdEntry | None, letters: str) -> str:
    """Return the letter of the reference: one of the two `letters`, or "" if it is missing or empty.

    Raises UnsupportedStructure for any other value.
    """
    if entry is None:
        return ""
    letter = text(tiff, entry)
    if letter is None or (letter and letter not in letters):
        raise UnsupportedStructure
    return letter


def _read_altitude(tiff: Tiff, entries: dict[int, IfdEntry], tags: dict[str, Value]) -> None:
    below = 0
    if (entry := entries.get(_GPS_ALTITUDE_REF)) is not None:
        below = int(_required(integer(tiff, entry)))
        if entry.type != BYTE or below > 1:
            raise UnsupportedStructure
    if (entry := entries.get(_GPS_ALTITUDE)) is not None:
        altitude = rationals(tiff, entry, 1)
        if altitude is None:
            raise UnsupportedStructure
        tags["EXIF:GPSAltitude"] = -altitude[0] if below and altitude[0] else altitude[0]


def _time_text(parts: tuple[float, ...] | None) -> str:
    """Return hours, minutes and seconds as `12:34:56.5`. Raises UnsupportedStructure if they are not valid."""
    if parts is None or any(part >= 100 for part in parts):
        raise UnsupportedStructure
    seconds = (parts[0] * 60 + parts[1]) * 60 + parts[2]
    hours = int(seconds / 3600)
    minutes = int((seconds - hours * 3600) / 60)
    seconds_text = f"{seconds - hours * 3600 - minutes * 60:012.9f}"
    if float(seconds_text) >= 60:
        raise UnsupportedStructure
    return f"{hours:02d}:{minutes:02d}:{seconds_text.rstrip('0').rstrip('.')}"


def _date_text(value: bytes) -> str:
    """Return a date as `2019:07:01`. Numbers in `value` may have any separator (the Casio EX-H20G writes NULs).

    A value of another form is unchanged. Raises UnsupportedStructure if the result has NULs or is not ASCII.
    """
    day = _DAY.sub(rb"\1:\2:\3", value.rstrip(b"\0"))
    if b"\0" in day or not day.isascii():
        raise UnsupportedStructure
    return day.decode()
