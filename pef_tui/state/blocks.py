"""The tags in the blocks that formats share: EXIF, XMP, Photoshop's resources."""

from __future__ import annotations

from pef_tui.model import Value
from pef_tui.state.exif import exif_tags
from pef_tui.state.iptc import iptc_tags
from pef_tui.xmp import BadPacket
from pef_tui.xmp import read as read_xmp


def block_tags(
    exif: bytes | None, xmp: bytes | None, photoshop: bytes | None = None
) -> dict[str, Value] | None:
    """The tags of the blocks that are there, together; None where one of them is not taken at its word."""
    tags: dict[str, Value] = {}
    if exif is not None:
        if (found := exif_tags(exif)) is None:
            return None
        tags = found
    if photoshop is not None:
        if (iptc := iptc_tags(photoshop)) is None:
            return None
        tags |= iptc
    if xmp is not None:
        if b"\0" in xmp[:4]:  # UTF-16 or UTF-32, which no picture should hold
            return None
        try:
            tags |= _signed(read_xmp(xmp))
        except BadPacket:
            return None
    return tags


def _signed(tags: dict[str, Value]) -> dict[str, Value]:
    """The XMP tags with the altitude's sign in its number."""
    height = tags.get("XMP-exif:GPSAltitude")
    if tags.pop("XMP-exif:GPSAltitudeRef", 0) == 1 and isinstance(height, int | float):
        tags["XMP-exif:GPSAltitude"] = -height
    return tags
