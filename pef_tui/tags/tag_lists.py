"""Select the list of tags for a file by its format, and find tags with the same meaning."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from pef_tui.formats import FORMATS
from pef_tui.formats.iptc import has_block
from pef_tui.model import FileMetadata, Match, Value

TagList = Literal["exif", "quicktime", "xmp"]
"""Which tags are written. `exif`: EXIF and XMP. `quicktime`: QuickTime, Keys and XMP. `xmp`: XMP alone."""

NO_TAGS: dict[str, Value] = {}

_LISTS: dict[str, TagList] = {
    name: "exif" if format.cls == "exif" else "quicktime" if format.cls == "quicktime" else "xmp"
    for name, format in FORMATS.items()
}

# For each tag, the tags of the file's own format with the same meaning. Their values count if the file lacks the tag:
# XMP must not contradict the EXIF of a raw picture, and Keys must not contradict the date in a video's header.
_EXIF_DATES = ("EXIF:DateTimeOriginal", "EXIF:CreateDate")
EQUIVALENT_TAGS: dict[str, tuple[str, ...]] = {
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
    """Return the list of tags for a file.

    Damaged, read-only and unknown formats get only XMP. So do raw pictures, unless tags are embedded into them
    (`FileMetadata.embed`).
    """
    state = match.metadata
    if state is None or state.damage:
        return "xmp"
    return "exif" if state.embed else _LISTS.get(state.format, "xmp")


def tags_of(match: Match) -> dict[str, Value]:
    """Return the tags of the file; empty if the file was not read."""
    return match.metadata.tags if match.metadata is not None else NO_TAGS


def has_iptc(match: Match) -> bool:
    """Return whether the file has a tag of an IPTC block."""
    return has_block(tags_of(match))


def iptc_accepts(match: Match, text: str) -> bool:
    """Return whether the file has an IPTC block that can store `text`.

    Only blocks in JPEG are written, and no block is created. The existing content of the block keeps its bytes, and its
    character set. (IPTC-IIM 4.2, 1:90) So the answer depends on the character set:

    - UTF-8: any text.
    - Another declared character set: only ASCII.
    - Not declared, only ASCII so far: any text, because UTF-8 can still be declared.
    - Not declared, other content: only Latin-1 (Windows code page 1252). If the content looks like UTF-8, only ASCII.
    """
    state = match.metadata
    if state is None or state.format not in ("", "jpeg"):
        return False
    values = [value for tag, value in state.tags.items() if tag.startswith("IPTC:")]
    if not values:
        return False
    character_set = state.tags.get("IPTC:CodedCharacterSet")
    if text.isascii() or character_set == "UTF8":
        return True
    existing = "".join("".join(value) if isinstance(value, tuple) else str(value) for value in values)
    if character_set is not None or not existing.isascii():
        return character_set is None and _is_latin(existing) and _is_latin(text)
    return True


def _is_latin(text: str) -> bool:
    """Return whether `text` can be stored as Latin-1 (code page 1252), and is not misread as UTF-8."""
    try:
        data = text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    try:
        return data.decode().isascii()
    except UnicodeDecodeError:
        return True


def as_xmp_target(match: Match) -> Match:
    """Return the Match as if its XMP file in the source were the media file. It has only the tags of the XMP file.

    Mappers then request only XMP tags, and all tags that the XMP file needs by itself.
    """
    return replace(match, metadata=FileMetadata(tags=match.xmp.tags if match.xmp is not None else NO_TAGS))
