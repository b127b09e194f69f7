"""Edits into a PNG: the chunks with EXIF and XMP made anew, every other byte as it was."""

from __future__ import annotations

from typing import BinaryIO

from pef_tui.formats.chunks import XMP_TEXT, Block, Png, png_chunk, read_png
from pef_tui.formats.walk import Unsound
from pef_tui.hooks import Piece
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.exif_edits import Wanted
from pef_tui.write.native.laying import Change, laid_out
from pef_tui.write.native.tiff_edit import edit_tiff, resolution
from pef_tui.write.native.xmp_edits import edited_packet, read_only


def edit_png(wanted: Wanted, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """What the PNG of `size` bytes in `stream`, which stands at its beginning, consists of with the edits made.

    Empty where nothing changes. What lies behind the image data comes before it once it changes, as many programs do
    not look for tags there; what lies in texts comes into the chunk that is for it. Raises Declined for whatever is not
    sure, OSError.
    """
    try:
        found = read_png(stream)
    except Unsound as reason:
        raise Declined(str(reason)) from None
    changes: list[Change] = []
    packet = None if found.xmp is None else found.xmp.content
    if (new := edited_packet(packet, wanted.xmp, wanted.room)) is not None:
        changes += _put(found, found.xmp, png_chunk(b"iTXt", XMP_TEXT + read_only(new)))
    if wanted.exif:
        block = None if found.exif is None else found.exif.content
        made = edit_tiff(block, wanted.exif, resolution(), 0 if changes else wanted.room)
        if made is not None and made is not block:
            changes += _put(found, found.exif, png_chunk(b"eXIf", made))
    return laid_out(changes, size) if changes else ()


def _put(found: Png, old: Block | None, new: bytes) -> list[Change]:
    """Put a chunk where the old one is; before the image data where there is none, or where that lies behind it."""
    if old is None:
        return [Change(found.fresh, found.fresh, new)]
    changes: list[Change] = []
    for chunk in old.chunks:
        if found.place < chunk.start < found.image:
            raise Declined("tags where Apple's offsets count past them")
        changes.append(Change(chunk.start, chunk.end, b""))
    first = changes[0]
    if first.start > found.image:
        return [Change(found.fresh, found.fresh, new), *changes]
    return [Change(first.start, first.end, new), *changes[1:]]
