"""Which tags may be written at all, and which format takes which groups."""

from __future__ import annotations

import re

from pef_tui.formats import Class

# A name that ends in "-" would turn `-TAG-=value` into ExifTool's "remove this value".
_TAG = re.compile(r"([A-Za-z][\w-]*):([A-Za-z][\w-]*)(?<!-)", re.ASCII)

_EXIF = frozenset({"EXIF", "IFD0", "EXIFIFD", "GPS"})
_QUICKTIME = frozenset({"QUICKTIME", "KEYS", "USERDATA", "ITEMLIST"})
_IPTC = frozenset({"IPTC"})
_PNG = frozenset({"PNG"})

_GROUPS: dict[Class, frozenset[str]] = {
    "exif": _EXIF | _IPTC | _PNG,
    "raw": _EXIF,
    "quicktime": _QUICKTIME,
    "xmp": frozenset(),
    "none": frozenset(),
}
"""Groups besides XMP that a format of each class takes. What is missing is missing on purpose: `System` and `File`
rename and link files, `All`, `MakerNotes`, `Trailer`, `ICC_Profile` and the like remove what cannot be made again."""

_WRITABLE = frozenset().union(*_GROUPS.values())
_WHOLE_GROUPS = frozenset({"all", "exif", "gps", "iptc", "xmp", "photoshop", "makernotes"})
"""Names behind the colon that mean a whole block, not a tag."""


def valid_tag(tag: str) -> bool:
    """May this `group:tag` be written? Wants the grammar, a group known here, and a single tag."""
    found = _TAG.fullmatch(tag)
    if found is None or found[2].lower() in _WHOLE_GROUPS:
        return False
    group = found[1].upper()
    return group in _WRITABLE or _is_xmp(group)


def fits(tag: str, format_class: Class) -> bool:
    """Can a file of this class hold the tag? ExifTool leaves out what does not fit without a word, status 0."""
    group = tag.partition(":")[0].upper()
    return format_class != "none" and (group in _GROUPS[format_class] or _is_xmp(group))


def _is_xmp(group: str) -> bool:
    return group == "XMP" or (group.startswith("XMP-") and len(group) > 4)
