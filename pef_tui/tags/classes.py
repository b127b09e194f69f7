"""Which list of tags a file gets."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from pef_tui.formats import FORMATS
from pef_tui.model import Match, State, Value

TagList = Literal["exif", "quicktime", "xmp"]
"""EXIF and XMP; QuickTime, Keys and XMP; XMP alone."""

NO_TAGS: dict[str, Value] = {}

_LISTS: dict[str, TagList] = {
    name: "exif" if each.cls == "exif" else "quicktime" if each.cls == "quicktime" else "xmp"
    for name, each in FORMATS.items()
}

# Where the file lacks a tag, these say the same in its own format. A raw picture's XMP must not contradict its
# EXIF, nor Keys a date that the film's own header has.
_EXIF_DATES = ("EXIF:DateTimeOriginal", "EXIF:CreateDate")
STANDS_FOR: dict[str, tuple[str, ...]] = {
    "XMP-exif:DateTimeOriginal": _EXIF_DATES,
    "XMP-photoshop:DateCreated": (*_EXIF_DATES, "IPTC:DateCreated"),
    "XMP-xmp:CreateDate": _EXIF_DATES,
    "Keys:CreationDate": ("QuickTime:CreateDate", "QuickTime:MediaCreateDate", "QuickTime:TrackCreateDate"),
    "XMP-exif:GPSLatitude": ("EXIF:GPSLatitude",),
    "XMP-exif:GPSLongitude": ("EXIF:GPSLongitude",),
    "XMP-dc:Description": ("EXIF:ImageDescription", "IPTC:Caption-Abstract"),
    "XMP-tiff:ImageDescription": ("EXIF:ImageDescription",),
}


def tag_list(match: Match) -> TagList:
    """The list for this file. Raw and damaged ones, what nobody can write into, and unknown formats get XMP alone."""
    state = match.state
    if state is None or state.damage:
        return "xmp"
    return "exif" if state.embed else _LISTS.get(state.format, "xmp")


def tags_of(match: Match) -> dict[str, Value]:
    """What the file holds; empty where nobody has looked."""
    return match.state.tags if match.state is not None else NO_TAGS


def has_iptc(match: Match) -> bool:
    """Is there a tag of an IPTC block?"""
    return any(tag.startswith("IPTC:") for tag in tags_of(match))


def iptc_takes(match: Match, text: str) -> bool:
    """Does the file have an IPTC block that can hold the text? Only JPEG are written so, and no block is begun.

    What is in the block stays byte for byte, so its character set stays too: UTF-8 where it says so; any where all is
    ASCII so far (UTF-8 is named then); Latin-1 (Windows code page 1252) where nothing is named, but for texts that were
    meant as UTF-8. (IPTC-IIM 4.2, 1:90)
    """
    state = match.state
    if state is None or state.format not in ("", "jpeg"):
        return False
    held = [value for tag, value in state.tags.items() if tag.startswith("IPTC:")]
    if not held:
        return False
    named = state.tags.get("IPTC:CodedCharacterSet")
    if text.isascii() or named == "UTF8":
        return True
    old = "".join("".join(value) if isinstance(value, tuple) else str(value) for value in held)
    if named is not None or not old.isascii():
        return named is None and _is_latin(old) and _is_latin(text)
    return True


def _is_latin(text: str) -> bool:
    """Can the text be Latin-1, and is it none that was meant as UTF-8?"""
    try:
        data = text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    try:
        return data.decode().isascii()
    except UnicodeDecodeError:
        return True


def for_xmp_file(match: Match) -> Match:
    """The same Match as for its XMP file: that takes XMP alone, and holds what the one in the source says.

    Ask the mappers about this Match instead of the file's own where an XMP file is to say it all by itself.
    """
    return replace(match, state=State(tags=match.xmp.tags if match.xmp is not None else NO_TAGS))
