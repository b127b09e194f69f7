"""Edits into a GIF: the extension with XMP made anew, every other byte as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from pef_tui.formats.gif_blocks import LANDING, XMP_BLOCK, read_gif
from pef_tui.formats.walk import Unsound
from pef_tui.hooks import Piece
from pef_tui.model import TagEdit
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.exif_edits import wanted
from pef_tui.write.native.laying import Change, laid_out
from pef_tui.write.native.xmp_edits import edited_packet, read_only

_VERSION = b"89a"
"""The first version that has extensions."""


def check_gif(edits: Sequence[TagEdit]) -> tuple[TagEdit, ...]:
    """The edits of XMP. Raises Declined where there are others, or some that are not known here."""
    made = wanted(edits)
    if made.exif:
        raise Declined("a GIF holds no EXIF")
    return made.xmp


def edit_gif(edits: Sequence[TagEdit], stream: BinaryIO, size: int, room: int = 0) -> tuple[Piece, ...]:
    """What the GIF of `size` bytes in `stream`, which stands at its beginning, consists of with the edits made.

    Empty where nothing changes; `room`: so many blanks more come into its XMP. Raises Declined for whatever is not
    sure, OSError.
    """
    try:
        found = read_gif(stream)
    except Unsound as reason:
        raise Declined(str(reason)) from None
    new = edited_packet(found.packet, check_gif(edits), room)
    if new is None:
        return ()
    if b"\0" in new:
        raise Declined("XMP that a GIF cannot hold")
    start, end = found.xmp or (found.place, found.place)
    block = XMP_BLOCK + read_only(new) + LANDING
    return laid_out((Change(3, 6, _VERSION), Change(start, end, block)), size)
