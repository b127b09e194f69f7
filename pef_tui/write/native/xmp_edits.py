"""Edits into an XMP packet as they stand in a file, where they come out as ExifTool makes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pef_tui.model import TagEdit
from pef_tui.write.native.declined import Declined
from pef_tui.xmp import BadPacket, merge
from pef_tui.xmp.names import BY_TAG

_EXTENDED = b"HasExtendedXMP"
_LANGUAGE = re.compile(rb"xml:lang\s*=\s*[\"'](?!x-default[\"'])")
_END = b"<?xpacket end="
_LINE = 100
_WRITABLE, _READ_ONLY = b'<?xpacket end="w"?>', b'<?xpacket end="r"?>'


def edited_packet(packet: bytes | None, edits: Sequence[TagEdit], room: int = 0) -> bytes | None:
    """The packet (None: a new one) with the edits put in; None where nothing changes. Raises Declined.

    `room`: so many blanks more come before its end, where programs look for room. (XMP specification part 1, 7.3)
    """
    if not edits:
        return None
    if packet is not None and _EXTENDED in packet:
        raise Declined("XMP that goes on in other segments")
    if packet is not None and _speaks_more_languages(packet, edits):
        raise Declined("XMP with texts in several languages")
    if packet is None and all(edit.value is None for edit in edits):
        return None
    try:
        new = merge(packet, edits)
    except BadPacket as error:
        raise Declined(str(error)) from None
    return None if new is packet else _with_room(new, room)


def _with_room(packet: bytes, room: int) -> bytes:
    head, end, tail = packet.rpartition(_END)
    blanks = ((b" " * _LINE + b"\n") * (room // (_LINE + 1) + 1))[:room]
    return head + blanks + end + tail if end else packet + blanks


def read_only(packet: bytes) -> bytes:
    """The packet, marked as one that cannot be changed where it lies, because something else depends on its bytes."""
    head, mark, tail = packet.rpartition(_WRITABLE)
    return head + _READ_ONLY + tail if mark else packet


def _speaks_more_languages(packet: bytes, edits: Sequence[TagEdit]) -> bool:
    """Would a text be replaced that may be there in other languages? (ExifTool takes those away.)"""
    return any(BY_TAG[edit.tag].container == "alt" for edit in edits) and bool(_LANGUAGE.search(packet))
