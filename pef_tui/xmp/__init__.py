"""Read XMP packets, merge edits into them, and convert edits of EXIF and QuickTime tags to XMP."""

from pef_tui.xmp.merge import UnknownTag, merge
from pef_tui.xmp.names import can_write, is_list
from pef_tui.xmp.packet import read
from pef_tui.xmp.rdf import BadPacket
from pef_tui.xmp.translate import not_in_xmp, to_xmp, xmp_packet

__all__ = [
    "BadPacket",
    "UnknownTag",
    "can_write",
    "is_list",
    "merge",
    "not_in_xmp",
    "read",
    "to_xmp",
    "xmp_packet",
]
