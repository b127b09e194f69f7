"""Read the tags in the blocks that several formats have: EXIF, XMP, and Photoshop's image resources."""

from __future__ import annotations

from pef_tui.model import Value
from pef_tui.readers.exif import exif_tags
from pef_tui.readers.iptc import iptc_tags
from pef_tui.xmp import BadPacket
from pef_tui.xmp import read as read_xmp


def block_tags(
    exif: bytes | None, xmp: bytes | None, photoshop: bytes | None = None
) -> dict[str, Value] | None:
    """Return the tags of the blocks; None if a block cannot be read reliably.

    `exif`, `xmp`, `photoshop`: content of each block; None if the file does not have it.
    """
    tags: dict[str, Value] = {}
    if exif is not None:
        if (exif_values := exif_tags(exif)) is None:
            return None
        tags = exif_values
    if photoshop is not None:
        if (iptc := iptc_tags(photoshop)) is None:
            return None
        tags |= iptc
    if xmp is not None:
        if b"\0" in xmp[:4]:  # UTF-16 or UTF-32: not allowed for XMP in pictures
            return None
        try:
            tags |= _signed(read_xmp(xmp))
        except BadPacket:
            return None
    return tags


def _signed(tags: dict[str, Value]) -> dict[str, Value]:
    """Return the XMP tags with a signed altitude: negative if its reference is 1 (below the sea)."""
    altitude = tags.get("XMP-exif:GPSAltitude")
    if tags.pop("XMP-exif:GPSAltitudeRef", 0) == 1 and isinstance(altitude, int | float):
        tags["XMP-exif:GPSAltitude"] = -altitude
    return tags
