"""XMP for writers of plugins: one call from edits to a packet."""

from __future__ import annotations

from collections.abc import Sequence

from pef_tui.model import TagEdit
from pef_tui.xmp.merge import merge
from pef_tui.xmp.names import can_write
from pef_tui.xmp.translate import to_xmp


def xmp_packet(edits: Sequence[TagEdit], packet: bytes | None = None) -> bytes:
    """The XMP packet (UTF-8) that says what these edits do, as a writer puts it into a file.

    Edits of EXIF, QuickTime and the like are said in XMP; what XMP cannot hold is left out. `packet`, what the file has
    already, is kept and completed. Raises ValueError where that cannot be read: leave such a file alone.
    """
    return merge(packet, [edit for edit in to_xmp(edits) if can_write(edit.tag)])
