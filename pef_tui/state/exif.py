"""The EXIF tags of a TIFF block, equal to what ExifTool shows with `-n`.

Only what it is sure of: None sends the file to ExifTool.
"""

from __future__ import annotations

import re

from pef_tui.formats.file_bytes import Bytes
from pef_tui.model import Value
from pef_tui.state.maker_zones import MAKER_NOTE, camera_zone
from pef_tui.state.tiff import (
    BYTE,
    UNDEFINED,
    Entry,
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
ELSEWHERE = frozenset((0x02BC, 0x83BB, 0x8649))
"""XMP, IPTC and Photoshop blocks inside EXIF: rare, and left to ExifTool."""

_MAIN_ONLY = frozenset(MAIN_TEXTS) | frozenset(MAIN_NUMBERS) | frozenset(WINDOWS_TEXTS) | ELSEWHERE
_CAMERA_ONLY = frozenset(CAMERA_TEXTS) | {VERSION, COMMENT}
_ZONE_OFFSET = 0x882A
_TRIMMED = frozenset((0x010F, 0x0110, 0x0131, 0x013B))
_FRACTIONS = frozenset((0x9290, 0x9291, 0x9292))
_BLANK = " \t\n\r\f\v"
_DAY = re.compile(rb"(\d{4})[^\d]*(\d\d)[^\d]*(\d\d)$")


class Unsure(Exception):
    """A value that readers may take differently."""


def exif_tags(block: Bytes, elsewhere: frozenset[int] = ELSEWHERE) -> dict[str, Value] | None:
    """The tags of a TIFF block by `EXIF:name`: numbers as numbers, latitude, longitude and altitude signed.

    Texts stay texts, even those that look like numbers. None where the block is not taken at its word, or has one of
    the tags `elsewhere` in its first directory.
    """
    tiff = open_tiff(block)
    main = None if tiff is None else read_directory(tiff, tiff.first)
    if tiff is None or main is None:
        return None
    try:
        camera = _directory(tiff, main.get(EXIF_POINTER))
        gps = _directory(tiff, main.get(GPS_POINTER))
        if (
            not _CAMERA_ONLY.isdisjoint(main)
            or not elsewhere.isdisjoint(main)
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
            tags |= _camera_zone(tiff, main, camera, str(tags.get("EXIF:Make", "")))
    except Unsure:
        return None
    return tags


def _camera_zone(tiff: Tiff, main: dict[int, Entry], camera: dict[int, Entry], make: str) -> dict[str, Value]:
    """The zone that the camera was set to, by its notes and the tag of TIFF/EP. Evidence only, never Unsure."""
    note = camera.get(MAKER_NOTE)
    found = camera_zone(tiff, note, make) if note is not None else {}
    entry = camera.get(_ZONE_OFFSET) or main.get(_ZONE_OFFSET)
    hours = signed_shorts(tiff, entry) if entry is not None else ()
    return found | {"EXIF:TimeZoneOffset": hours[0]} if hours else found


def _directory(tiff: Tiff, entry: Entry | None) -> dict[int, Entry]:
    """The directory an entry points to, empty where there is no entry. Raises Unsure."""
    if entry is None:
        return {}
    start = pointer(tiff, entry)
    found = None if start is None or start == tiff.first else read_directory(tiff, start)
    if found is None:
        raise Unsure
    return found


def _sure(value: str | int | None) -> str | int:
    if value is None:
        raise Unsure
    return value


def _read_main(tiff: Tiff, entries: dict[int, Entry], tags: dict[str, Value]) -> None:
    for tag, entry in entries.items():
        if (name := MAIN_TEXTS.get(tag)) is not None:
            value = str(_sure(text(tiff, entry)))
            if tag == 0x8298 and raw(tiff, entry).rstrip(b"\0").find(b"\0") >= 0:
                raise Unsure
            tags[name] = (
                value.rstrip(_BLANK) if tag in _TRIMMED else value.rstrip(" ") if tag == 0x8298 else value
            )
        elif (name := MAIN_NUMBERS.get(tag)) is not None:
            tags[name] = _sure(integer(tiff, entry))
        elif (name := WINDOWS_TEXTS.get(tag)) is not None:
            tags[name] = _windows(tiff, entry)


def _windows(tiff: Tiff, entry: Entry) -> str:
    """A text in UTF-16, little endian whatever the block is, with a zero behind."""
    if entry.type not in (BYTE, UNDEFINED):
        raise Unsure
    try:
        value = raw(tiff, entry).decode("utf-16-le").rstrip("\0")
    except UnicodeDecodeError:
        raise Unsure from None
    if "\0" in value:
        raise Unsure
    return value


def _read_camera(tiff: Tiff, entries: dict[int, Entry], tags: dict[str, Value]) -> None:
    for tag, entry in entries.items():
        if (name := CAMERA_TEXTS.get(tag)) is not None:
            value = str(_sure(text(tiff, entry)))
            tags[name] = value.rstrip(" ") if tag in _FRACTIONS else value
        elif tag == VERSION:
            version = raw(tiff, entry).rstrip(b"\0")
            if entry.type != UNDEFINED or not version.isdigit():
                raise Unsure
            tags["EXIF:ExifVersion"] = version.decode()
        elif tag == COMMENT:
            tags["EXIF:UserComment"] = _comment(tiff, entry)


def _comment(tiff: Tiff, entry: Entry) -> str:
    """A comment marked as ASCII or as nothing; other encodings are left to ExifTool."""
    value = raw(tiff, entry)
    if entry.type != UNDEFINED or value[:8] not in (b"ASCII\0\0\0", b"\0" * 8):
        raise Unsure
    try:
        return value[8:].partition(b"\0")[0].decode().rstrip(" ")
    except UnicodeDecodeError:
        raise Unsure from None


def _read_gps(tiff: Tiff, entries: dict[int, Entry], tags: dict[str, Value]) -> None:
    """Where and when by satellite; the signs of the references are taken into the numbers."""
    for tag, name, ways in ((1, "EXIF:GPSLatitude", "NS"), (3, "EXIF:GPSLongitude", "EW")):
        way = _reference(tiff, entries.get(tag), ways)
        if (entry := entries.get(tag + 1)) is not None:
            parts = rationals(tiff, entry, 3)
            if parts is None or not way:
                raise Unsure
            degrees = float(f"{parts[0] + (parts[1] + parts[2] / 60) / 60:.15g}")
            tags[name] = -degrees if way == ways[1] and degrees else degrees
    _read_height(tiff, entries, tags)
    if (entry := entries.get(7)) is not None:
        tags["EXIF:GPSTimeStamp"] = _clock(rationals(tiff, entry, 3))
    if (entry := entries.get(29)) is not None:
        tags["EXIF:GPSDateStamp"] = _day(raw(tiff, entry))


def _reference(tiff: Tiff, entry: Entry | None, ways: str) -> str:
    """One of the two letters of `ways`; "" where the reference is missing or empty."""
    if entry is None:
        return ""
    way = text(tiff, entry)
    if way is None or (way and way not in ways):
        raise Unsure
    return way


def _read_height(tiff: Tiff, entries: dict[int, Entry], tags: dict[str, Value]) -> None:
    below = 0
    if (entry := entries.get(5)) is not None:
        below = int(_sure(integer(tiff, entry)))
        if entry.type != BYTE or below > 1:
            raise Unsure
    if (entry := entries.get(6)) is not None:
        found = rationals(tiff, entry, 1)
        if found is None:
            raise Unsure
        tags["EXIF:GPSAltitude"] = -found[0] if below and found[0] else found[0]


def _clock(parts: tuple[float, ...] | None) -> str:
    """Hours, minutes and seconds as `12:34:56.5`."""
    if parts is None or any(part >= 100 for part in parts):
        raise Unsure
    seconds = (parts[0] * 60 + parts[1]) * 60 + parts[2]
    hours = int(seconds / 3600)
    minutes = int((seconds - hours * 3600) / 60)
    rest = f"{seconds - hours * 3600 - minutes * 60:012.9f}"
    if float(rest) >= 60:
        raise Unsure
    return f"{hours:02d}:{minutes:02d}:{rest.rstrip('0').rstrip('.')}"


def _day(value: bytes) -> str:
    """`2019:07:01`, whatever stands between the numbers. (Casio EX-H20G: NULs.) Raises Unsure for anything else."""
    day = _DAY.sub(rb"\1:\2:\3", value.rstrip(b"\0"))
    if b"\0" in day or not day.isascii():
        raise Unsure
    return day.decode()
