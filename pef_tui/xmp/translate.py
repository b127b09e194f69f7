"""Edits of EXIF, QuickTime and Keys tags said in XMP, for files that take only XMP and for XMP files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from pef_tui.model import TagEdit, Value
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
"""For each XMP date the tags it may come from, best first: date, offset (a tag or the offset itself), fraction."""

TEXTS: Mapping[str, tuple[str, ...]] = {
    "XMP-tiff:ImageDescription": ("EXIF:ImageDescription",),
    "XMP-dc:Description": ("Keys:Description", "ItemList:Description"),
    "XMP-exif:UserComment": ("EXIF:UserComment",),
    "XMP-tiff:Artist": ("EXIF:Artist",),
    "XMP-tiff:Copyright": ("EXIF:Copyright",),
    "XMP-xmp:Rating": ("EXIF:Rating",),
}
"""XMP properties whose value is that of another tag, best first."""

LOCATIONS = ("Keys:GPSCoordinates", "UserData:GPSCoordinates", "ItemList:GPSCoordinates")

_COMPANIONS = re.compile(
    r"EXIF:(?:OffsetTime\w*|SubSecTime\w*|GPS\w+|ExifVersion)"
    r"|QuickTime:\w+Date|\w+:GPSCoordinates|ItemList:Description|IPTC:.*"
)
"""Tags that only complete another one, or say again what another one says."""


def to_xmp(edits: Sequence[TagEdit]) -> tuple[TagEdit, ...]:
    """The same edits as XMP properties: each tag once, in the order of the edits they come from.

    An edit that names an XMP property wins over one that is turned into it; tags that have no XMP equivalent (IPTC,
    times of tracks, names nobody knows) are left out.
    """
    given: dict[str, TagEdit] = {}
    for edit in edits:
        given.setdefault(_family(edit.tag), edit)
    named = ((tag, edit) for tag, edit in given.items() if can_write(tag))
    found: dict[str, tuple[str, TagEdit]] = {}
    for source, edit in (*named, *_dates(given), *_texts(given), *_position(given)):
        found.setdefault(edit.tag, (source, edit))
    order = {tag: number for number, tag in enumerate(given)}
    return tuple(edit for _, edit in sorted(found.values(), key=lambda one: order[one[0]]))


def untold(edits: Sequence[TagEdit]) -> tuple[str, ...]:
    """The tags whose value is lost when the edits are written as XMP."""
    known = {source for sources in DATES.values() for source, _, _ in sources}
    known.update(source for sources in TEXTS.values() for source in sources)
    families = ((edit.tag, _family(edit.tag)) for edit in edits if edit.value is not None)
    lost = (
        tag
        for tag, family in families
        if not (can_write(tag) or family in known or _COMPANIONS.fullmatch(family))
    )
    return tuple(dict.fromkeys(lost))


def _family(tag: str) -> str:
    """The tag with EXIF for each of the directories EXIF is made of."""
    return f"EXIF:{tag.partition(':')[2]}" if tag.startswith(_EXIF_GROUPS) else tag


def _dates(given: Mapping[str, TagEdit]) -> Iterator[tuple[str, TagEdit]]:
    for target, sources in DATES.items():
        for date, offset, fraction in sources:
            if (edit := given.get(date)) is not None:
                value = edit.value
                if isinstance(value, str):
                    value = _moment(value, _said(given, offset), _said(given, fraction))
                yield date, replace(edit, tag=target, value=value)
                break


def _said(given: Mapping[str, TagEdit], tag: str) -> str:
    """The text an edit writes, or an offset that stands there itself."""
    if ":" in tag and tag[0] in "+-":
        return tag
    edit = given.get(tag)
    return "" if edit is None or edit.value is None else str(edit.value)


def _moment(date: str, offset: str, fraction: str) -> str:
    """One date out of the three tags EXIF spreads it over."""
    if fraction.isdigit() and "." not in date:
        date = f"{date[:19]}.{fraction}{date[19:]}"
    return date if _OFFSET.search(date) else date + offset


def _texts(given: Mapping[str, TagEdit]) -> Iterator[tuple[str, TagEdit]]:
    for target, sources in TEXTS.items():
        for source in sources:
            if source in given:
                yield source, replace(given[source], tag=target)
                break


def _position(given: Mapping[str, TagEdit]) -> Iterator[tuple[str, TagEdit]]:
    """Latitude, longitude and altitude: those of EXIF, else those of a film."""
    if "EXIF:GPSLatitude" not in given and "EXIF:GPSLongitude" not in given:
        yield from _film_position(given)
        return
    for axis in ("Latitude", "Longitude"):
        if (edit := given.get(f"EXIF:GPS{axis}")) is not None:
            value = _signed(edit.value, given.get(f"EXIF:GPS{axis}Ref"))
            yield f"EXIF:GPS{axis}", replace(edit, tag=f"XMP-exif:GPS{axis}", value=value)
    if (edit := given.get("EXIF:GPSAltitude")) is not None:
        for one in _height(edit, _signed(edit.value, given.get("EXIF:GPSAltitudeRef"))):
            yield "EXIF:GPSAltitude", one


def _film_position(given: Mapping[str, TagEdit]) -> Iterator[tuple[str, TagEdit]]:
    source = next((tag for tag in LOCATIONS if tag in given), "")
    if not source:
        return
    edit = given[source]
    parts = _LOCATION.match(str(edit.value)) if edit.value is not None else None
    if edit.value is not None and parts is None:
        return
    yield source, replace(edit, tag="XMP-exif:GPSLatitude", value=parts and float(parts[1]))
    yield source, replace(edit, tag="XMP-exif:GPSLongitude", value=parts and float(parts[2]))
    if parts is None or parts[3]:
        for one in _height(edit, parts and float(parts[3])):
            yield source, one


def _signed(value: Value | None, reference: TagEdit | None) -> Value | None:
    """The number with its sign; the reference may hold it: a letter, 1 for below the sea, a negative number."""
    number = _float(value)
    if number is None:
        return value
    said = None if reference is None else reference.value
    below = _float(said)
    negative = (
        below < 0 or (below == 1 and number != 1) if below is not None else str(said)[:1] in ("S", "W", "B")
    )
    return -abs(number) if negative else number


def _float(value: Value | None) -> float | None:
    try:
        return None if value is None or isinstance(value, tuple) else float(value)
    except ValueError:
        return None


def _height(edit: TagEdit, value: Value | None) -> Iterator[TagEdit]:
    """XMP holds the altitude without its sign, and the sign in a tag of its own: 1 is below the sea."""
    number = _float(value)
    yield replace(edit, tag="XMP-exif:GPSAltitude", value=value if number is None else abs(number))
    if value is None or number is not None:
        below = None if number is None else int(number < 0)
        yield replace(edit, tag="XMP-exif:GPSAltitudeRef", value=below)
