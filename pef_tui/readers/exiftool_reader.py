"""Read the tags of files with ExifTool: many files in one command, 7 ms for each."""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import orjson

from pef_tui.exiftool import ExifToolProcess, ProcessError, valid_tag
from pef_tui.model import FileMetadata, Value
from pef_tui.readers.maker_note_zones import CITY_NOT_SET
from pef_tui.readers.pentax_zone import WORLD_TIME, world_time_tags
from pef_tui.xmp import is_list

TAGS = (
    *("EXIF:" + name for name in (
        "DateTimeOriginal", "CreateDate", "ModifyDate",
        "OffsetTimeOriginal", "OffsetTimeDigitized", "OffsetTime",
        "SubSecTimeOriginal", "SubSecTimeDigitized", "SubSecTime",
        "GPSLatitude#", "GPSLatitudeRef#", "GPSLongitude#", "GPSLongitudeRef#", "GPSAltitude#", "GPSAltitudeRef#",
        "GPSDateStamp", "GPSTimeStamp",
        "ImageDescription", "UserComment", "ExifVersion", "Make", "Model", "Rating#",
    )),
    "XMP-photoshop:DateCreated", "XMP-xmp:CreateDate", "XMP-exif:DateTimeOriginal", "XMP-exif:DateTimeDigitized",
    "XMP-exif:GPSLatitude#", "XMP-exif:GPSLongitude#", "XMP-exif:GPSAltitude#", "XMP-exif:GPSAltitudeRef#",
    "XMP-dc:Description", "XMP-dc:Title", "XMP-dc:Source", "XMP-dc:Subject", "XMP-tiff:ImageDescription",
    "XMP-iptcExt:PersonInImage", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList", "XMP-xmp:Rating#",
    "XMP-xmp:Label",
    "QuickTime:CreateDate", "QuickTime:ModifyDate", "QuickTime:TrackCreateDate", "QuickTime:MediaCreateDate",
    *(f"{group}:{name}" for group in ("Keys", "UserData", "ItemList") for name in (
        "CreationDate", "DateTimeOriginal", "ContentCreateDate", "GPSCoordinates#", "Description", "Comment", "Title",
    )),
    "IPTC:all",
    "Samsung:TimeStamp", "Nikon:TimeZone#", "Nikon:DaylightSavings#", "Canon:TimeZone#", "Canon:TimeZoneCity#",
    "EXIF:TimeZoneOffset#", "Olympus:DateTimeUTC", "Ricoh:TimeZone",
    *(f"Pentax:{name}#" for name in WORLD_TIME),
    "Keys:AndroidTimeZone", "Keys:SamsungAndroidUtcOffset", "QuickTime:TimeZone#", "XML:CreationDateValue",
)  # fmt: skip
"""Tags to read. `#` after a tag requests its number or stored form, not words."""

_NUMBERS = frozenset(
    {
        *("EXIF:GPSLatitude", "EXIF:GPSLongitude", "EXIF:GPSAltitude", "EXIF:Rating", "XMP-xmp:Rating"),
        *("Nikon:TimeZone", "Nikon:DaylightSavings", "Canon:TimeZone", "Canon:TimeZoneCity"),
        *("QuickTime:TimeZone", *(f"Pentax:{name}" for name in WORLD_TIME)),
        *("XMP-exif:GPSLatitude", "XMP-exif:GPSLongitude", "XMP-exif:GPSAltitude", "XMP-exif:GPSAltitudeRef"),
    }
)
_REFERENCES = {
    "EXIF:GPSLatitude": "EXIF:GPSLatitudeRef",
    "EXIF:GPSLongitude": "EXIF:GPSLongitudeRef",
    "EXIF:GPSAltitude": "EXIF:GPSAltitudeRef",
    "XMP-exif:GPSAltitude": "XMP-exif:GPSAltitudeRef",
}
_NEGATIVE_REFERENCES = frozenset({"S", "W", "1", "s", "w"})
"""References that make a number negative: south, west, below the sea."""
_IPTC_LISTS = frozenset({"IPTC:Keywords", "IPTC:SupplementalCategories", "IPTC:By-line", "IPTC:Contact"})
_EXIF_DIRECTORIES = ("IFD0", "ExifIFD", "GPS")
_TRACK = re.compile(r"Track\d+")
_DAMAGE = re.compile(r"truncated|corrupted|unexpected end|end of file|error reading", re.IGNORECASE)

# Prefix every text with "=". It then stays a text in JSON. Without the prefix, ExifTool shows the text "5.10" as a
# number, and "TRUE" as true. (The filter is a constant; no content of a file gets into it.)
_AS_TEXT = ("-api", "Filter=s/^/=/")


def read_metadata(
    process: ExifToolProcess, files: Sequence[tuple[str, int]], extra_tags: Iterable[str] = ()
) -> list[FileMetadata]:
    """Return the metadata of each file, in order. `files`: (path, size in bytes) of each file.

    A path is made by this program (`/proc/PID/fd/N` of an open file) and begins with `/`; it is never a name from an
    export. `extra_tags`: tags to read in addition to `TAGS`. The field `format` stays empty. If ExifTool cannot read a
    file, `damage` has the reason. If a file makes ExifTool crash or hang, the files of the batch are read again one by
    one: the other files lose only time.
    """
    tags = (*TAGS, *(tag for tag in extra_tags if valid_tag(tag)))
    regular = [file for file in files if _is_regular(file[0])]
    answers = _read_batch(process, regular, tags)
    return [answers.get(path) or FileMetadata(damage="not a regular file") for path, _ in files]


def _is_regular(path: str) -> bool:
    """Return whether `path` is a regular file. ExifTool would enter a directory, and wait for a pipe."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _read_batch(
    process: ExifToolProcess, files: Sequence[tuple[str, int]], tags: Sequence[str]
) -> dict[str, FileMetadata]:
    if not files:
        return {}
    for _ in range(2):
        with suppress(ProcessError):
            return _run_command(process, files, tags)
    results: dict[str, FileMetadata] = {}
    for file in files:
        try:
            results |= _run_command(process, [file], tags)
        except ProcessError as error:
            results[file[0]] = FileMetadata(damage=f"could not be read: {error}")
    return results


def _run_command(
    process: ExifToolProcess, files: Sequence[tuple[str, int]], tags: Sequence[str]
) -> dict[str, FileMetadata]:
    paths = [path for path, _ in files]
    args = ["-j", "-a", "-G0:1", *_AS_TEXT, "-Error", "-Warning", *(f"-{tag}" for tag in tags)]
    answer = process.run([*args, *(os.fsencode(path) for path in paths)], sum(size for _, size in files))
    results = {path: FileMetadata(damage="ExifTool says nothing about it") for path in paths}
    try:
        objects = orjson.loads(answer.stdout) if answer.stdout.strip() else []
    except orjson.JSONDecodeError:
        objects = []
    for raw in objects:
        if raw.get("SourceFile") in results:
            results[raw["SourceFile"]] = _to_metadata(raw)
    return results


def _to_metadata(raw: Mapping[str, object]) -> FileMetadata:
    tags: dict[str, Value] = {}
    damage = ""
    for full, json_value in raw.items():
        value = _json_value(json_value)
        if full == "ExifTool:Error":
            damage = str(value)
        elif full == "ExifTool:Warning":
            damage = damage or (str(value) if _DAMAGE.search(str(value)) else "")
        elif (key := _key(full)) and key not in tags and (tag_value := _value(key, value)) is not None:
            tags[key] = tag_value
    _apply_references(tags)
    _normalize_zones(tags)
    return FileMetadata(tags=tags, reader="exiftool", damage=damage)


def _normalize_zones(tags: dict[str, Value]) -> None:
    """Convert the tags with time zones to the names and forms of the native readers."""
    if tags.pop("Canon:TimeZoneCity", None) == CITY_NOT_SET:
        tags.pop("Canon:TimeZone", None)
    world_time = {name: tags.pop(f"Pentax:{name}") for name in WORLD_TIME if f"Pentax:{name}" in tags}
    tags |= world_time_tags(world_time)
    if (
        offset := tags.pop("Keys:SamsungAndroidUtcOffset", None)
    ) is not None:  # ExifTool before 13 calls AndroidTimeZone by this name
        tags.setdefault("Keys:AndroidTimeZone", offset)
    if (hours := tags.pop("EXIF:TimeZoneOffset", None)) is not None:
        first = _number(str(hours).partition(" ")[0])
        if isinstance(first, float | int):
            tags["EXIF:TimeZoneOffset"] = int(first)


def _key(full: str) -> str:
    """Return `group:tag` as in edits, from ExifTool's `group0:group1:tag`; "" for a tag that is not read.

    Not read are tags of IFD1 (the thumbnail), of sub-pictures and of a second IPTC block. Tags of all tracks of a video
    get the group `QuickTime`. The first track counts, because the caller keeps the first value of a tag.
    """
    match full.split(":"):
        case ["EXIF", group, name]:
            return f"EXIF:{name}" if group in _EXIF_DIRECTORIES else ""
        case ["XMP" | "QuickTime" as family, group, name]:
            return (
                f"QuickTime:{name}"
                if family == "QuickTime" and _TRACK.fullmatch(group)
                else f"{group}:{name}"
            )
        case ["MakerNotes", "Samsung" | "Nikon" | "Canon" | "Pentax" | "Olympus" | "Ricoh" as group, name]:
            return f"{group}:{name}"
        case ["QuickTime" | "IPTC" | "PNG" | "XML", _]:
            return full
        case _:
            return ""


def _json_value(value: object) -> Value:
    """Return a value in ExifTool's JSON as a number, a text, or a tuple of texts."""
    if isinstance(value, list):
        return tuple(str(_json_value(item)) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return str(value).removeprefix("=")


def _value(key: str, value: Value) -> Value | None:
    if key in _NUMBERS:
        return _number(value)
    if is_list(key) or key in _IPTC_LISTS:
        return value if isinstance(value, tuple) else (str(value),)
    if key.endswith(":GPSCoordinates"):
        return ", ".join(str(value).split())
    return value if isinstance(value, tuple) else str(value)


def _number(value: Value) -> float | int | None:
    """Return the number in `value`.

    None for `undef`, `inf` and blanks: ExifTool shows these for fractions with a zero.
    """
    try:
        number = value if isinstance(value, int | float) else float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _apply_references(tags: dict[str, Value]) -> None:
    """Give coordinates and altitudes the sign of their references, and remove the references."""
    for tag, reference in _REFERENCES.items():
        is_negative = str(tags.pop(reference, "")).strip("\0 ")[:1] in _NEGATIVE_REFERENCES
        number = tags.get(tag)
        if is_negative and isinstance(number, int | float):
            tags[tag] = -abs(number)
