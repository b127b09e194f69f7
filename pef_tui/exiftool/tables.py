"""Tables of the tags that may be written, and of the groups of tags that each format can hold."""

from __future__ import annotations

import re

from pef_tui.formats import Class

# A name must not end in "-": ExifTool reads `-TAG-=value` as "remove this value".
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
"""Groups of tags, in addition to XMP, that a format of each class can hold.

Other groups are left out on purpose. `System` and `File` rename and link files. `All`, `MakerNotes`, `Trailer`,
`ICC_Profile` and similar groups remove data that cannot be restored.
"""

_WRITABLE = frozenset().union(*_GROUPS.values())
_BLOCK_NAMES = frozenset({"all", "exif", "gps", "iptc", "xmp", "photoshop", "makernotes"})
"""Names (after the colon) that mean a whole block of tags, and not a single tag."""


def valid_tag(tag: str) -> bool:
    """Return whether the tag (`group:name`) may be written.

    Its name must be valid and mean a single tag. Its group must be known.
    """
    match = _TAG.fullmatch(tag)
    if match is None or match[2].lower() in _BLOCK_NAMES:
        return False
    group = match[1].upper()
    return group in _WRITABLE or _is_xmp(group)


def fits(tag: str, format_class: Class) -> bool:
    """Return whether a file of `format_class` can hold `tag`.

    (ExifTool skips a tag that the file cannot hold. It still exits with status 0.)
    """
    group = tag.partition(":")[0].upper()
    return format_class != "none" and (group in _GROUPS[format_class] or _is_xmp(group))


def _is_xmp(group: str) -> bool:
    return group == "XMP" or (group.startswith("XMP-") and len(group) > 4)
