"""Reading and merging XMP packets, and edits of EXIF and QuickTime tags said in XMP."""

from pef_tui.xmp.merge import UnknownTag, merge
from pef_tui.xmp.names import can_write, is_list
from pef_tui.xmp.packet import read
from pef_tui.xmp.rdf import BadPacket
from pef_tui.xmp.translate import to_xmp, untold
from pef_tui.xmp.whole import xmp_packet

__all__ = [
    "BadPacket",
    "UnknownTag",
    "can_write",
    "is_list",
    "merge",
    "read",
    "to_xmp",
    "untold",
    "xmp_packet",
]
