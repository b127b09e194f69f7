"""Edits into HEIF pictures (HEIC, AVIF): items with EXIF and XMP made anew, image data moved as it is.

Old items stay in their place and new ones come first in the image data, as ExifTool does it. What lies behind moves,
and the places in the index with it; all boxes keep their order, as films of motion photos are found from the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from pef_tui.formats.file_bytes import FileBytes
from pef_tui.formats.film import Doubtful
from pef_tui.formats.heif import Heif, TagItem, exif_block, read_heif
from pef_tui.formats.walk import Unsound
from pef_tui.hooks import Piece
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.exif_edits import Wanted
from pef_tui.write.native.heif_index import Added, index_with
from pef_tui.write.native.laying import Change, laid_out
from pef_tui.write.native.moving import points_behind
from pef_tui.write.native.tiff_edit import Changes, edit_tiff, resolution
from pef_tui.write.native.xmp_edits import edited_packet

_EXIF_HEAD = b"\0\0\0\6Exif\0\0"
"""Before the TIFF block: how far it lies behind, and that. (ISO/IEC 23008-12, section A.2.1)"""
_EXIF, _XMP = b"Exif\0", b"mime\0application/rdf+xml\0"
"""What kinds of items they are, and their names (none)."""
_LARGEST = 0xFFFF_FFFF


def edit_heif(wanted: Wanted, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """What the picture of `size` bytes in `stream` consists of with the edits made.

    Empty where nothing changes. Raises Declined for whatever is not sure, OSError.
    """
    try:
        file = FileBytes(stream, size)
        found = read_heif(file)
        changes = _changes(file, found, wanted)
    except (Doubtful, Unsound) as reason:
        raise Declined(str(reason)) from None
    return laid_out(changes, size) if changes else ()


class _Item(NamedTuple):
    """An item as it is to be."""

    old: TagItem | None
    kind: bytes
    content: bytes


def _changes(file: FileBytes, found: Heif, wanted: Wanted) -> list[Change]:
    items = []
    packet = edited_packet(None if found.xmp is None else found.xmp.content, wanted.xmp, wanted.room)
    room = 0 if packet else wanted.room
    if (exif := _new_exif(file, found.exif, wanted.exif, room)) is not None:
        items.append(_Item(found.exif, _EXIF, exif))
    if packet is not None:
        items.append(_Item(found.xmp, _XMP, packet))
    if not items:
        return []
    place = found.media[0].content
    changes = []
    for item in items:
        start, end = (place, place) if item.old is None else (item.old.start, item.old.end)
        changes.append(Change(start, end, item.content))
    changes += _heads(file, found, changes)
    added = [Added(item.kind, len(item.content)) for item in items if item.old is None]
    lengths = {item.old.number: len(item.content) for item in items if item.old is not None}
    meta = index_with(found, added, lengths, changes)
    return [*changes, Change(found.meta_box.start, found.meta_box.end, meta)]


def _new_exif(file: FileBytes, old: TagItem | None, changes: Changes, room: int) -> bytes | None:
    """The item with the changes made, None where nothing changes."""
    if not changes:
        return None
    if old is None:
        new = edit_tiff(None, changes, resolution(), room)
        return None if new is None else _EXIF_HEAD + new
    head, block = exif_block(old.content)
    new = edit_tiff(block, changes, resolution(), room)
    if new is None or new is block:
        return None
    start, size = old.start + len(head), len(file)
    if points_behind(block, start, size, lambda offset, count: file[offset : offset + count]):
        raise Declined("maker notes that point behind the EXIF block")
    return head + new


def _heads(file: FileBytes, found: Heif, changes: Sequence[Change]) -> list[Change]:
    """The new sizes of the boxes with image data. New items come into the first of them."""
    grown = dict.fromkeys(found.media, 0)
    for change in changes:
        box = next(box for box in found.media if box.content <= change.start and change.end <= box.end)
        grown[box] += len(change.new) - (change.end - change.start)
    heads = []
    for box, by in grown.items():
        told = int.from_bytes(file[box.start : box.start + 4], "big")
        size = box.end - box.start + by
        if by and told == 1:
            heads.append(Change(box.start + 8, box.content, size.to_bytes(8, "big")))
        elif by and told:
            if size > _LARGEST:
                raise Declined("image data would pass 4 GiB")
            heads.append(Change(box.start, box.start + 4, size.to_bytes(4, "big")))
    return heads
