"""Edit HEIF pictures (HEIC, AVIF): write the items with EXIF and XMP. Image data may move, but keeps its bytes.

As in ExifTool, a changed item keeps its position, and a new item is inserted at the start of the image data. Data after
a change moves, and the offsets in the index are corrected. All boxes keep their order: programs find the video of a
motion photo from the end of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.file_bytes import FileBytes
from pef_tui.formats.heif import Heif, TagItem, exif_block, read_heif
from pef_tui.hooks import Piece
from pef_tui.native import Declined
from pef_tui.native.exif_edits import EmbeddedEdits
from pef_tui.native.heif_index import NewItem, build_index
from pef_tui.native.maker_notes import points_past_end
from pef_tui.native.splice import Change, splice
from pef_tui.native.tiff_edit import Changes, edit_tiff, resolution
from pef_tui.native.xmp_edits import edit_packet

_EXIF_HEAD = b"\0\0\0\6Exif\0\0"
"""Beginning of a new EXIF item, before its TIFF block: the distance to the block (6 bytes), then `Exif`. (ISO/IEC
23008-12, section A.2.1)
"""
_EXIF, _XMP = b"Exif\0", b"mime\0application/rdf+xml\0"
"""End of the box `infe` of an EXIF item and of an XMP item: item type, empty item name; for XMP also the content
type.
"""
_MAX_SIZE = 0xFFFF_FFFF


def edit_heif(edits: EmbeddedEdits, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """Return the pieces of the edited picture, or `()` if nothing changes.

    `size`: bytes of the old file. Raises Declined for an unsupported edit or structure, and OSError.
    """
    try:
        file = FileBytes(stream, size)
        picture = read_heif(file)
        changes = _changes(file, picture, edits)
    except UnsupportedStructure as reason:
        raise Declined(str(reason)) from None
    return splice(changes, size) if changes else ()


class _Item(NamedTuple):
    """The new content of an item. `old`: the existing item that it replaces; None for a new item."""

    old: TagItem | None
    kind: bytes
    content: bytes


def _changes(file: FileBytes, picture: Heif, edits: EmbeddedEdits) -> list[Change]:
    items = []
    packet = edit_packet(None if picture.xmp is None else picture.xmp.content, edits.xmp, edits.padding)
    padding = 0 if packet else edits.padding
    if (exif := _new_exif(file, picture.exif, edits.exif, padding)) is not None:
        items.append(_Item(picture.exif, _EXIF, exif))
    if packet is not None:
        items.append(_Item(picture.xmp, _XMP, packet))
    if not items:
        return []
    # Two new items are in the order EXIF, XMP: in the index, and in the file (`splice` keeps the order of insertions at
    # one offset).
    media_start = picture.media[0].content
    changes = []
    for item in items:
        start, end = (media_start, media_start) if item.old is None else (item.old.start, item.old.end)
        changes.append(Change(start, end, item.content))
    changes += _media_heads(file, picture, changes)
    added = [NewItem(item.kind, len(item.content)) for item in items if item.old is None]
    lengths = {item.old.number: len(item.content) for item in items if item.old is not None}
    meta = build_index(picture, added, lengths, changes)
    return [*changes, Change(picture.meta_box.start, picture.meta_box.end, meta)]


def _new_exif(file: FileBytes, old: TagItem | None, changes: Changes, padding: int) -> bytes | None:
    """Return the content of the EXIF item with the changes; None if nothing changes.

    `old`: the existing EXIF item; None if there is none. Raises Declined if the block has an unsupported structure, or
    if its maker notes point behind it.
    """
    if not changes:
        return None
    if old is None:
        new = edit_tiff(None, changes, resolution(), padding)
        return None if new is None else _EXIF_HEAD + new
    head, block = exif_block(old.content)
    new = edit_tiff(block, changes, resolution(), padding)
    if new is None or new is block:
        return None
    start, size = old.start + len(head), len(file)
    if points_past_end(block, start, size, lambda offset, count: file[offset : offset + count]):
        raise Declined("maker notes that point behind the EXIF block")
    return head + new


def _media_heads(file: FileBytes, picture: Heif, changes: Sequence[Change]) -> list[Change]:
    """Return the changes of the sizes of the boxes with image data (`mdat`).

    New items are in the first box. Raises Declined if a box whose size has 32 bits would exceed 4 GiB.
    """
    growth = dict.fromkeys(picture.media, 0)
    for change in changes:
        box = next(box for box in picture.media if box.content <= change.start and change.end <= box.end)
        growth[box] += len(change.new) - (change.end - change.start)
    heads = []
    for box, difference in growth.items():
        stored_size = int.from_bytes(file[box.start : box.start + 4], "big")
        size = box.end - box.start + difference
        if difference and stored_size == 1:
            heads.append(Change(box.start + 8, box.content, size.to_bytes(8, "big")))
        elif difference and stored_size:
            if size > _MAX_SIZE:
                raise Declined("image data would pass 4 GiB")
            heads.append(Change(box.start, box.start + 4, size.to_bytes(4, "big")))
    return heads
