"""Convert edits of EXIF, QuickTime and Keys tags to edits of XMP properties.

This is needed for XMP files, and for media files that can hold only XMP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from pef_tui.model import TagEdit, Value
from pef_tui.xmp.merge import merge
from pef_tui.xmp.names import can_write

_EXIF_GROUPS = ("IFD0:", "ExifIFD:", "GPS:")
_LOCATION = re.compile(
    r"\s*([-+]?\d+(?:\.\d+)?)[,\s]\s*([-+]?\d+(?:\.\d+)?)(?:[,\s]\s*([-+]?\d+(?:\.\d+)?))?\s*$"
)
_OFFSET = re.compile(r"(?:Z|[-+]\d\d:?\d\d)$")

DATES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "XMP-exif:DateTimeOriginal": (
        ("EXIF:DateTimeOriginal", "EXIF:OffsetTimeOriginal", "EXIF:SubSecTimeOriginal"),
        ("Keys:CreationDate", "", ""),
        ("QuickTime:CreateDate", "+00:00", ""),
    ),
    "XMP-xmp:CreateDate": (
        ("EXIF:CreateDate", "EXIF:OffsetTimeDigitized", "EXIF:SubSecTimeDigitized"),
        ("Keys:CreationDate", "", ""),
        ("QuickTime:CreateDate", "+00:00", ""),
    ),
    "XMP-xmp:ModifyDate": (("EXIF:ModifyDate", "EXIF:OffsetTime", "EXIF:SubSecTime"),),
}
"""Possible sources of each XMP date, the best first.

A source is three tags: the date, its UTC offset (or the offset itself in place of a tag), and its fraction of a second.
"" stands for a missing tag.
"""

TEXTS: Mapping[str, tuple[str, ...]] = {
    "XMP-tiff:ImageDescription": ("EXIF:ImageDescription",),
    "XMP-dc:Description": ("Keys:Description", "ItemList:Description"),
    "XMP-exif:UserComment": ("EXIF:UserComment",),
    "XMP-tiff:Artist": ("EXIF:Artist",),
    "XMP-tiff:Copyright": ("EXIF:Copyright",),
    "XMP-xmp:Rating": ("EXIF:Rating",),
}
"""For each XMP property, the tags from which it may take its value, the best first."""

LOCATIONS = ("Keys:GPSCoordinates", "UserData:GPSCoordinates", "ItemList:GPSCoordinates")
"""Tags that hold the position of a video, the best first."""

_COMPANIONS = re.compile(
    r"EXIF:(?:OffsetTime\w*|SubSecTime\w*|GPS\w+|ExifVersion)"
    r"|QuickTime:\w+Date|\w+:GPSCoordinates|ItemList:Description|IPTC:.*"
)
"""Tags that only complete or repeat another tag. Without them in XMP, nothing is lost."""


def to_xmp(edits: Sequence[TagEdit]) -> tuple[TagEdit, ...]:
    """Return the edits as edits of XMP properties, each property once, in the order of the original edits.

    An edit of an XMP property has priority over one that is converted to this property. Tags without an equivalent in
    XMP (IPTC, times of tracks, unknown names) are left out.
    """
    by_tag: dict[str, TagEdit] = {}
    for edit in edits:
        by_tag.setdefault(_as_exif(edit.tag), edit)
    xmp_edits = ((tag, edit) for tag, edit in by_tag.items() if can_write(tag))
    chosen: dict[str, tuple[str, TagEdit]] = {}
    for source, edit in (*xmp_edits, *_dates(by_tag), *_texts(by_tag), *_position(by_tag)):
        chosen.setdefault(edit.tag, (source, edit))
    order = {tag: number for number, tag in enumerate(by_tag)}
    return tuple(edit for _, edit in sorted(chosen.values(), key=lambda item: order[item[0]]))


def xmp_packet(edits: Sequence[TagEdit], packet: bytes | None = None) -> bytes:
    """Return an XMP packet (UTF-8) that holds the edits, in the form in which a writer puts it into a file.

    Edits of EXIF, QuickTime and similar groups become XMP properties; edits that XMP cannot hold are left out.
    `packet`: the existing packet of the file, whose other properties are kept; None if the file has no packet. Raises
    ValueError if `packet` cannot be read. In this case the file must not be changed.
    """
    return merge(packet, [edit for edit in to_xmp(edits) if can_write(edit.tag)])


def not_in_xmp(edits: Sequence[TagEdit]) -> tuple[str, ...]:
    """Return the tags whose values are lost if the edits are written as XMP."""
    sources_known = {source for sources in DATES.values() for source, _, _ in sources}
    sources_known.update(source for sources in TEXTS.values() for source in sources)
    families = ((edit.tag, _as_exif(edit.tag)) for edit in edits if edit.value is not None)
    lost = (
        tag
        for tag, family in families
        if not (can_write(tag) or family in sources_known or _COMPANIONS.fullmatch(family))
    )
    return tuple(dict.fromkeys(lost))


def _as_exif(tag: str) -> str:
    """Return `tag` with EXIF in place of the groups IFD0, ExifIFD and GPS. Other tags are unchanged."""
    return f"EXIF:{tag.partition(':')[2]}" if tag.startswith(_EXIF_GROUPS) else tag


def _dates(by_tag: Mapping[str, TagEdit]) -> Iterator[tuple[str, TagEdit]]:
    for target, sources in DATES.items():
        for date, offset, fraction in sources:
            if (edit := by_tag.get(date)) is not None:
                value = edit.value
                if isinstance(value, str):
                    value = _join_date(value, _text_of(by_tag, offset), _text_of(by_tag, fraction))
                yield date, replace(edit, tag=target, value=value)
                break


def _text_of(by_tag: Mapping[str, TagEdit], tag: str) -> str:
    """Return the text that the edit of `tag` writes; "" if there is none.

    `tag` may also be a UTC offset (`+00:00`) in place of a tag. The offset is then returned.
    """
    if ":" in tag and tag[0] in "+-":
        return tag
    edit = by_tag.get(tag)
    return "" if edit is None or edit.value is None else str(edit.value)


def _join_date(date: str, offset: str, fraction: str) -> str:
    """Return one date from three texts of EXIF: the date, its UTC offset, its fraction of a second."""
    if fraction.isdigit() and "." not in date:
        date = f"{date[:19]}.{fraction}{date[19:]}"
    return date if _OFFSET.search(date) else date + offset


def _texts(by_tag: Mapping[str, TagEdit]) -> Iterator[tuple[str, TagEdit]]:
    for target, sources in TEXTS.items():
        for source in sources:
            if source in by_tag:
                yield source, replace(by_tag[source], tag=target)
                break


def _position(by_tag: Mapping[str, TagEdit]) -> Iterator[tuple[str, TagEdit]]:
    """Yield (source tag, edit) for latitude, longitude and altitude.

    They are from EXIF. Without edits of an EXIF latitude or longitude, they are from the tags of a video.
    """
    if "EXIF:GPSLatitude" not in by_tag and "EXIF:GPSLongitude" not in by_tag:
        yield from _video_position(by_tag)
        return
    for axis in ("Latitude", "Longitude"):
        if (edit := by_tag.get(f"EXIF:GPS{axis}")) is not None:
            value = _signed(edit.value, by_tag.get(f"EXIF:GPS{axis}Ref"))
            yield f"EXIF:GPS{axis}", replace(edit, tag=f"XMP-exif:GPS{axis}", value=value)
    if (edit := by_tag.get("EXIF:GPSAltitude")) is not None:
        for altitude_edit in _altitude_edits(edit, _signed(edit.value, by_tag.get("EXIF:GPSAltitudeRef"))):
            yield "EXIF:GPSAltitude", altitude_edit


def _video_position(by_tag: Mapping[str, TagEdit]) -> Iterator[tuple[str, TagEdit]]:
    source = next((tag for tag in LOCATIONS if tag in by_tag), "")
    if not source:
        return
    edit = by_tag[source]
    parts = _LOCATION.match(str(edit.value)) if edit.value is not None else None
    if edit.value is not None and parts is None:
        return
    yield source, replace(edit, tag="XMP-exif:GPSLatitude", value=parts and float(parts[1]))
    yield source, replace(edit, tag="XMP-exif:GPSLongitude", value=parts and float(parts[2]))
    if parts is None or parts[3]:
        for altitude_edit in _altitude_edits(edit, parts and float(parts[3])):
            yield source, altitude_edit


def _signed(value: Value | None, reference: TagEdit | None) -> Value | None:
    """Return the number with its sign; `value` unchanged if it is no number.

    `reference` makes the number negative if it is a letter (S, W, B), 1 (below the sea), or a negative number.
    """
    number = _float(value)
    if number is None:
        return value
    reference_value = None if reference is None else reference.value
    reference_number = _float(reference_value)
    negative = (
        reference_number < 0 or (reference_number == 1 and number != 1)
        if reference_number is not None
        else str(reference_value)[:1] in ("S", "W", "B")
    )
    return -abs(number) if negative else number


def _float(value: Value | None) -> float | None:
    try:
        return None if value is None or isinstance(value, tuple) else float(value)
    except ValueError:
        return None


def _altitude_edits(edit: TagEdit, value: Value | None) -> Iterator[TagEdit]:
    """Yield the edit of the altitude without sign, and the edit of its reference: 1 below the sea, else 0.

    XMP has the sign of an altitude only in the reference.
    """
    number = _float(value)
    yield replace(edit, tag="XMP-exif:GPSAltitude", value=value if number is None else abs(number))
    if value is None or number is not None:
        below = None if number is None else int(number < 0)
        yield replace(edit, tag="XMP-exif:GPSAltitudeRef", value=below)
