"""Edit the XMP packet of a file. Edits that ExifTool would write differently are declined."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pef_tui.model import TagEdit
from pef_tui.native import Declined
from pef_tui.xmp import BadPacket, merge
from pef_tui.xmp.names import BY_TAG

_EXTENDED_MARK = b"HasExtendedXMP"
_LANGUAGE = re.compile(rb"xml:lang\s*=\s*[\"'](?!x-default[\"'])")
_END_MARK = b"<?xpacket end="
_LINE_LENGTH = 100
_WRITABLE, _READ_ONLY = b'<?xpacket end="w"?>', b'<?xpacket end="r"?>'


def edit_packet(packet: bytes | None, edits: Sequence[TagEdit], padding: int = 0) -> bytes | None:
    """Return the packet with the edits; None if nothing changes. If `packet` is None, a new packet is made.

    `padding`: number of blanks to add before the end mark of the packet, where programs look for free space (XMP
    specification part 1, 7.3). Raises Declined if ExifTool may edit the packet differently, or if the packet is
    damaged.
    """
    if not edits:
        return None
    if packet is not None and _EXTENDED_MARK in packet:
        raise Declined("XMP that goes on in other segments")
    if packet is not None and _drops_languages(packet, edits):
        raise Declined("XMP with texts in several languages")
    if packet is None and all(edit.value is None for edit in edits):
        return None
    try:
        new = merge(packet, edits)
    except BadPacket as error:
        raise Declined(str(error)) from None
    return None if new is packet else _add_padding(new, padding)


def _add_padding(packet: bytes, size: int) -> bytes:
    head, end, tail = packet.rpartition(_END_MARK)
    blanks = ((b" " * _LINE_LENGTH + b"\n") * (size // (_LINE_LENGTH + 1) + 1))[:size]
    return head + blanks + end + tail if end else packet + blanks


def mark_read_only(packet: bytes) -> bytes:
    """Return the packet, marked as read-only. Used for formats that do not allow changing a packet in place."""
    head, mark, tail = packet.rpartition(_WRITABLE)
    return head + _READ_ONLY + tail if mark else packet


def _drops_languages(packet: bytes, edits: Sequence[TagEdit]) -> bool:
    """Return whether ExifTool could remove texts in other languages than the default one.

    It does so if an edit changes a tag that can have one text for each language.
    """
    return any(BY_TAG[edit.tag].container == "alt" for edit in edits) and bool(_LANGUAGE.search(packet))
