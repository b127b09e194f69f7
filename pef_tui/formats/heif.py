"""Read the boxes of HEIF pictures (HEIC, AVIF), and find the tags of the picture (EXIF, XMP).

The functions are strict on purpose: they raise UnsupportedStructure for an unknown box, and for data in an unexpected
position. ExifTool then handles the file. (ISO/IEC 23008-12, section 6 and annex A; ISO/IEC 14496-12, section 4.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from struct import unpack
from typing import Literal, NamedTuple

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.file_bytes import FileBytes
from pef_tui.formats.heif_items import (
    IN_META,
    Items,
    Locations,
    Reference,
    read_groups,
    read_items,
    read_locations,
    read_primary,
    read_references,
)
from pef_tui.formats.mp4 import (
    MAX_INDEX_SIZE,
    Box,
    has_content,
    known_boxes,
    optional_box,
    read_boxes,
    single_box,
)

_MAX_BOXES = 1000
_FREE = frozenset((b"free", b"skip", b"wide"))
_TRAILING_BOXES = frozenset((b"mpvd", b"sefd"))
"""Boxes that programs find from the end of the file: the video of a motion photo (`mpvd`, Google), and data of
Samsung's cameras (`sefd`).
"""
_TOP_BOXES = _FREE | _TRAILING_BOXES | {b"ftyp", b"meta", b"mdat"}
_META_BOXES = frozenset(
    (b"hdlr", b"dinf", b"pitm", b"iinf", b"iref", b"iprp", b"idat", b"iloc", b"grpl", b"free")
)
_DESCRIPTIVE_PROPERTIES = frozenset((b"crtt", b"mdft", b"udes", b"altt"))
"""Item properties that hold dates or descriptions, as tags do. (ISO/IEC 23008-12, section 6.5)"""
_LOOK, _SMALL = 72, 16
"""`_LOOK`: number of bytes of a free box that are inspected, with its head. `_SMALL`: up to this number of bytes,
content is not inspected, because notes of a camera are larger.
"""


ItemPart = tuple[int, int, int]
"""The number of an item, and the start and end in the file of a part of its data."""


class TagItem(NamedTuple):
    """An item that holds EXIF or XMP."""

    number: int
    start: int
    """Offset of the item's data in the file."""
    end: int
    content: bytes


class Heif(NamedTuple):
    """The structure of a HEIF picture."""

    media: tuple[Box, ...]
    """The boxes `mdat`, which hold the image data. There is at least one."""
    meta_box: Box
    meta: bytes
    """The complete box `meta`."""
    meta_boxes: tuple[Box, ...]
    """The boxes inside `meta`. Offsets count in the field `meta`."""
    primary: int
    """The number of the item that is the picture."""
    used_numbers: frozenset[int]
    """All numbers of items and groups in the file. A new item must get another number."""
    locations: Locations
    exif: TagItem | None
    xmp: TagItem | None
    other_xmp: tuple[bytes, ...]
    """XMP packets of items other than the picture, such as a gain map or a depth map."""
    has_motion_video: bool
    """Whether the file has a box `mpvd` or `sefd`: the video of a motion photo. Phones find it from the end of the
    file.
    """


def read_heif(file: FileBytes) -> Heif:
    """Read the boxes and the tags of a picture. Image data is not read.

    Raises UnsupportedStructure for a damaged file and for an unknown structure, and OSError.
    """
    boxes = _read_top_boxes(file)
    kinds = Counter(box.kind for box in boxes)
    if boxes[0].kind != b"ftyp" or kinds[b"ftyp"] != 1 or kinds[b"meta"] != 1 or not kinds[b"mdat"]:
        raise UnsupportedStructure("a picture without index or image data, or with two of them")
    media = tuple(box for box in boxes if box.kind == b"mdat")
    meta_box = single_box(boxes, b"meta")
    meta = file[meta_box.start : meta_box.end]
    meta_boxes = _read_meta_boxes(meta)
    primary = read_primary(meta, single_box(meta_boxes, b"pitm"))
    items = read_items(meta, single_box(meta_boxes, b"iinf"))
    locations = read_locations(meta, single_box(meta_boxes, b"iloc"))
    parts = _check_locations(locations, media, optional_box(meta_boxes, b"idat"))
    iref, groups = optional_box(meta_boxes, b"iref"), optional_box(meta_boxes, b"grpl")
    references = [] if iref is None else read_references(meta, iref)
    used_numbers = {*items.numbers, *(entry.number for entry in locations.entries)}
    used_numbers.update(
        number for reference in references for number in (reference.number, *reference.targets)
    )
    used_numbers.update(() if groups is None else read_groups(meta, groups))
    if primary not in items.numbers:
        raise UnsupportedStructure("no item is the picture")
    tags = _tag_items(file, items, parts, _described_by(references, primary))
    has_video = not _TRAILING_BOXES.isdisjoint(kinds)
    return Heif(
        media, meta_box, meta, meta_boxes, primary, frozenset(used_numbers), locations, *tags, has_video
    )


def exif_block(content: bytes) -> tuple[bytes, bytes]:
    """Split the data of an EXIF item: return the bytes before the TIFF block, and the block.

    `content`: data of the item. Raises UnsupportedStructure if it ends before or inside the header of the block.
    """
    start = 4 + int.from_bytes(content[:4], "big")
    if start + 8 > len(content):
        raise UnsupportedStructure("EXIF that is cut")
    return content[:start], content[start:]


def _read_top_boxes(file: FileBytes) -> tuple[Box, ...]:
    boxes: list[Box] = []
    offset, size = 0, len(file)
    while offset < size or not boxes:
        head = file[offset : offset + 16]
        if len(head) < 8 or len(boxes) > _MAX_BOXES:
            raise UnsupportedStructure("bytes behind the picture, or too many boxes")
        length, kind = unpack(">I4s", head[:8])
        first = 8
        if kind not in _TOP_BOXES:
            raise UnsupportedStructure("a box that is not known")
        if length == 1 and len(head) == 16:
            length, first = int.from_bytes(head[8:], "big"), 16
        elif length == 0 and kind == b"mdat":
            length = size - offset
        if length < first or offset + length > size or (kind == b"meta" and length > MAX_INDEX_SIZE):
            raise UnsupportedStructure("a box has no true size")
        box = Box(kind, offset, offset + first, offset + length)
        if (
            kind in _FREE
            and length - first > _SMALL
            and _may_hold_tags(file[offset + first : offset + _LOOK])
        ):
            raise UnsupportedStructure("something lies in space that is free")
        if kind == b"sefd" and _stores_offsets(file[offset : box.end], boxes):
            raise UnsupportedStructure("notes of a camera that count from the beginning of the file")
        boxes.append(box)
        offset += length
    return tuple(boxes)


def _stores_offsets(notes: bytes, boxes: Sequence[Box]) -> bool:
    """Return whether Samsung's notes (box `sefd`) may contain the offset of the video in 32 bits.

    All notes that were seen have only the length of the video.
    """
    offsets = [offset for box in boxes if box.kind == b"mpvd" for offset in (box.start, box.content)]
    orders: tuple[Literal["big", "little"], ...] = ("big", "little")
    return any(
        offset.to_bytes(8, order)[half : half + 4] in notes
        for offset in offsets
        for order, half in zip(orders, (4, 0), strict=True)
    )


def _may_hold_tags(data: bytes) -> bool:
    """Return whether the content of a free box may hold tags.

    Content that begins with `cdif` holds none: Samsung's cameras store there how a picture was made. (Seen in One UI
    6.)
    """
    return has_content(data) and not data.startswith(b"cdif")


def _read_meta_boxes(meta: bytes) -> tuple[Box, ...]:
    """Return the boxes inside the box `meta`.

    Raises UnsupportedStructure if `meta` is not the index of a picture, and for properties with dates or descriptions.
    """
    if meta[:4] == b"\0\0\0\1" or len(meta) < 12 or meta[8:12] != bytes(4):
        raise UnsupportedStructure("an index of an unknown form")
    meta_boxes = known_boxes(meta, Box(b"meta", 0, 8, len(meta)), _META_BOXES, skip=4)
    handler = single_box(meta_boxes, b"hdlr")
    if handler is not meta_boxes[0] or meta[handler.content + 8 : handler.content + 12] != b"pict":
        raise UnsupportedStructure("an index of something else than a picture")
    properties = known_boxes(meta, single_box(meta_boxes, b"iprp"), frozenset((b"ipco", b"ipma")))
    container = single_box(properties, b"ipco")
    if any(box.kind in _DESCRIPTIVE_PROPERTIES for box in read_boxes(meta, container.content, container.end)):
        raise UnsupportedStructure("properties that say what tags say")
    return meta_boxes


def _check_locations(locations: Locations, media: Sequence[Box], inner: Box | None) -> list[ItemPart]:
    """Return the parts of all items whose data is in the file, outside the box `meta`.

    `media`: the boxes `mdat`. `inner`: the box `idat` inside `meta`; None if there is none. Raises UnsupportedStructure
    if data of an item is outside these boxes, or has the length 0.
    """
    inner_size = 0 if inner is None else inner.end - inner.content
    parts: list[ItemPart] = []
    for number, method, base, extents in locations.entries:
        for _, offset, length in extents:
            start = base + offset
            end = start + length
            if not length:
                raise UnsupportedStructure("data of no told length")
            if method == IN_META:
                if end > inner_size:
                    raise UnsupportedStructure("an item that is cut")
                continue
            if not any(box.content <= start and end <= box.end for box in media):
                raise UnsupportedStructure("an item that lies in no image data")
            parts.append((number, start, end))
    return parts


def _described_by(references: Iterable[Reference], primary: int) -> frozenset[int]:
    """Return the numbers of the items that describe the item `primary` (the picture), by references `cdsc`."""
    return frozenset(
        reference.number
        for reference in references
        if reference.kind == b"cdsc" and primary in reference.targets
    )


def _tag_items(
    file: FileBytes, items: Items, parts: Sequence[ItemPart], picture_items: frozenset[int]
) -> tuple[TagItem | None, TagItem | None, tuple[bytes, ...]]:
    if len(items.exif) > 1 or not picture_items.issuperset(items.exif):
        raise UnsupportedStructure("EXIF of something else than the picture")
    picture_xmp = [number for number in items.xmp if number in picture_items]
    if len(picture_xmp) > 1:
        raise UnsupportedStructure("XMP twice")
    exif = _tag_item(file, items.exif[0], parts) if items.exif else None
    xmp = _tag_item(file, picture_xmp[0], parts) if picture_xmp else None
    other_xmp = (
        _tag_item(file, number, parts).content for number in items.xmp if number not in picture_items
    )
    return exif, xmp, tuple(other_xmp)


def _tag_item(file: FileBytes, number: int, parts: Sequence[ItemPart]) -> TagItem:
    """Return the item `number` with its content. `parts`: the parts of all items.

    Raises UnsupportedStructure unless the item has exactly one part, and if it shares bytes with another item.
    """
    item_parts = [part for part in parts if part[0] == number]
    if len(item_parts) != 1:
        raise UnsupportedStructure("tags in several pieces, or nowhere")
    _, start, end = item_parts[0]
    if sum(first < end and start < last for _, first, last in parts) > 1:
        raise UnsupportedStructure("tags that lie in something else")
    return TagItem(number, start, end, file[start:end])
