"""Edit a PNG. The chunks with EXIF and XMP are replaced; all other bytes stay the same."""

from __future__ import annotations

from typing import BinaryIO

from pef_tui.formats.chunks import XMP_TEXT, Block, Png, png_chunk, read_png
from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.hooks import Piece
from pef_tui.native import Declined
from pef_tui.native.exif_edits import EmbeddedEdits
from pef_tui.native.splice import Change, splice
from pef_tui.native.tiff_edit import edit_tiff, resolution
from pef_tui.native.xmp_edits import edit_packet, mark_read_only


def edit_png(edits: EmbeddedEdits, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """Return the pieces of the edited PNG; `()` if nothing changes.

    `stream` is at the beginning of the file, which has `size` bytes. A changed chunk after the image data is moved
    before it: many programs do not look for tags after the image data. Changed tags in text chunks are moved into the
    usual chunks (`eXIf`, `iTXt`). Raises Declined for an unsupported edit or structure, and OSError.
    """
    try:
        png = read_png(stream)
    except UnsupportedStructure as reason:
        raise Declined(str(reason)) from None
    changes: list[Change] = []
    packet = None if png.xmp is None else png.xmp.content
    if (new := edit_packet(packet, edits.xmp, edits.padding)) is not None:
        changes += _replace_chunk(png, png.xmp, png_chunk(b"iTXt", XMP_TEXT + mark_read_only(new)))
    if edits.exif:
        block = None if png.exif is None else png.exif.content
        new_block = edit_tiff(block, edits.exif, resolution(), 0 if changes else edits.padding)
        if new_block is not None and new_block is not block:
            changes += _replace_chunk(png, png.exif, png_chunk(b"eXIf", new_block))
    return splice(changes, size) if changes else ()


def _replace_chunk(png: Png, old: Block | None, new: bytes) -> list[Change]:
    """Return the changes that replace the chunks of `old` with the chunk `new`.

    If `old` is None or follows the image data, the new chunk is inserted before the image data. Raises Declined if a
    chunk to replace is between Apple's chunk `iDOT` and the image data: the offsets in `iDOT` would become wrong.
    """
    if old is None:
        return [Change(png.insertion_point, png.insertion_point, new)]
    changes: list[Change] = []
    for chunk in old.chunks:
        if png.tags_limit < chunk.start < png.image_start:
            raise Declined("tags where Apple's offsets count past them")
        changes.append(Change(chunk.start, chunk.end, b""))
    first = changes[0]
    if first.start > png.image_start:
        return [Change(png.insertion_point, png.insertion_point, new), *changes]
    return [Change(first.start, first.end, new), *changes[1:]]
