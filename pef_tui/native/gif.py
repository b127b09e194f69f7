"""Edit the XMP of a GIF. Only the application extension with the XMP, and the version of the GIF, change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.gif_blocks import MAGIC_TRAILER, XMP_HEADER, read_gif
from pef_tui.hooks import Piece
from pef_tui.model import TagEdit
from pef_tui.native import Declined
from pef_tui.native.exif_edits import embedded_edits
from pef_tui.native.splice import Change, splice
from pef_tui.native.xmp_edits import edit_packet, mark_read_only

_VERSION = b"89a"
"""The first GIF version with extensions. Every edited file gets it."""


def check_gif(edits: Sequence[TagEdit]) -> tuple[TagEdit, ...]:
    """Return the XMP edits. Raises Declined if there are EXIF edits or unsupported edits."""
    embedded = embedded_edits(edits)
    if embedded.exif:
        raise Declined("a GIF holds no EXIF")
    return embedded.xmp


def edit_gif(edits: Sequence[TagEdit], stream: BinaryIO, size: int, padding: int = 0) -> tuple[Piece, ...]:
    """Return the pieces of the edited GIF; `()` if nothing changes.

    `stream` is at the beginning of the file, which has `size` bytes. `padding`: number of blanks to add to the XMP
    packet. Raises Declined for an unsupported edit or structure, and OSError.
    """
    try:
        gif = read_gif(stream)
    except UnsupportedStructure as reason:
        raise Declined(str(reason)) from None
    new = edit_packet(gif.packet, check_gif(edits), padding)
    if new is None:
        return ()
    if b"\0" in new:
        raise Declined("XMP that a GIF cannot hold")
    start, end = gif.xmp or (gif.insertion_point, gif.insertion_point)
    block = XMP_HEADER + mark_read_only(new) + MAGIC_TRAILER
    return splice((Change(3, 6, _VERSION), Change(start, end, block)), size)
