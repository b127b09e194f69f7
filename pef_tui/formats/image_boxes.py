"""Find the image data to hash in files that consist of boxes: MP4, MOV, HEIC, AVIF, CR3, JPEG 2000, JPEG XL.

The functions yield the parts to hash (`DigestPart`): ranges of the file, or bytes. Tags are left out. (ISO base media:
ISO 14496-12; HEIF: ISO 23008-12; JPEG 2000: ISO 15444-1; JPEG XL: ISO 18181-2.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import unpack
from typing import BinaryIO

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.read_bytes import MAX_PARTS, DigestPart, file_size, read_at, to_int, to_ints

BoxRange = tuple[bytes, int, int]
"""Kind of a box, and start and end of its content."""

_SAMPLED_CHUNKS = 4096
_SAMPLE_SIZE = 32
"""Number of bytes at the start of a chunk that are hashed. They show a wrong offset of the chunk."""
_MAX_TABLE_SIZE = 64 << 20
"""Largest table that is read, in bytes."""
_MOTION_VIDEO_BOXES = (b"mpvd", b"sefd")
"""Kinds of boxes in which Pixel and Samsung phones store the video of a motion photo in HEIC."""
_CONTAINER_BOXES = (b"trak", b"mdia", b"minf", b"stbl")


def read_box_ranges(stream: BinaryIO, start: int, end: int) -> Iterator[BoxRange]:
    """Yield the boxes from offset `start` to offset `end` of the file.

    Raises UnsupportedStructure for a box with a wrong size or for too many boxes, and OSError.
    """
    for _ in range(MAX_PARTS):
        if start + 8 > end:
            return
        length, kind = unpack(">I4s", read_at(stream, start, 8))
        head = 8
        if length == 1:
            length, head = to_int(read_at(stream, start + 8, 8)), 16
        length = length or end - start
        if length < head or start + length > end:
            raise UnsupportedStructure
        yield kind, start + head, start + length
        start += length
    raise UnsupportedStructure


def box_contents(*kinds: bytes) -> Callable[[BinaryIO], Iterator[DigestPart]]:
    """Return a function that yields the content of each top-level box of one of these kinds."""

    def parts(stream: BinaryIO) -> Iterator[DigestPart]:
        for kind, start, end in read_box_ranges(stream, 0, file_size(stream)):
            if kind in kinds:
                yield start, end - start

    return parts


def video_parts(stream: BinaryIO) -> Iterator[DigestPart]:
    """Yield all media data, then the first bytes of chunks of each track. These show wrong chunk offsets.

    Raises UnsupportedStructure for a damaged file, and OSError.
    """
    top_boxes = list(read_box_ranges(stream, 0, file_size(stream)))
    media = [(start, end) for kind, start, end in top_boxes if kind == b"mdat"]
    for start, end in media:
        yield start, end - start
    for kind, start, end in top_boxes:
        if kind == b"moov":
            yield from _chunk_parts(stream, start, end, media)


def _chunk_parts(
    stream: BinaryIO, start: int, end: int, media: list[tuple[int, int]]
) -> Iterator[DigestPart]:
    """Yield the first bytes of chunks of each track. A wrong chunk offset then changes the digest.

    The chunk tables are searched from the offset `start` to `end`. `media`: start and end of all media data.
    """
    for kind, first, last in read_box_ranges(stream, start, end):
        if kind in _CONTAINER_BOXES:
            yield from _chunk_parts(stream, first, last, media)
        elif kind in (b"stco", b"co64"):
            if last - first > _MAX_TABLE_SIZE:
                raise UnsupportedStructure
            offsets = to_ints("I" if kind == b"stco" else "Q", read_at(stream, first, last - first)[8:])
            yield to_int(read_at(stream, first + 4, 4)).to_bytes(4, "big")
            for offset in offsets[:: len(offsets) // _SAMPLED_CHUNKS + 1]:
                end = next((high for low, high in media if low <= offset < high), 0)
                yield (offset, min(_SAMPLE_SIZE, end - offset)) if end else b"elsewhere"


def heif_parts(stream: BinaryIO) -> Iterator[DigestPart]:
    """Yield the image data of a HEIF picture, without EXIF and XMP.

    It consists of the data of all other items, the item properties (codecs, rotation), the first bytes of the chunks of
    an image sequence, and the video of a motion photo. Raises UnsupportedStructure for a damaged file, and OSError.
    """
    top_boxes = list(read_box_ranges(stream, 0, file_size(stream)))
    metas = [(start, end) for kind, start, end in top_boxes if kind == b"meta"]
    if len(metas) != 1:
        raise UnsupportedStructure
    yield from _item_parts(stream, *metas[0])
    media = [(start, end) for kind, start, end in top_boxes if kind == b"mdat"]
    for kind, start, end in top_boxes:
        if kind == b"moov":
            yield from _chunk_parts(stream, start, end, media)
        elif kind in _MOTION_VIDEO_BOXES:
            yield start, end - start


def _item_parts(stream: BinaryIO, start: int, end: int) -> Iterator[DigestPart]:
    meta_boxes = {kind: (first, last) for kind, first, last in read_box_ranges(stream, start + 4, end)}
    for kind in (b"pitm", b"iprp"):
        if kind in meta_boxes:
            first, last = meta_boxes[kind]
            yield first, last - first
    if b"iinf" not in meta_boxes or b"iloc" not in meta_boxes:
        raise UnsupportedStructure
    tag_items = _tag_item_numbers(stream, *meta_boxes[b"iinf"])
    first, last = meta_boxes[b"iloc"]
    if last - first > _MAX_TABLE_SIZE:
        raise UnsupportedStructure
    data_box = meta_boxes.get(b"idat", (-1, -1))[0]
    for item, method, extents in sorted(_read_extents(read_at(stream, first, last - first))):
        if item in tag_items:
            continue
        yield item.to_bytes(4, "big")
        if (method == 1 and data_box < 0) or method > 1:
            raise UnsupportedStructure
        for offset, length in extents:
            yield (data_box if method == 1 else 0) + offset, length


def _tag_item_numbers(stream: BinaryIO, start: int, end: int) -> frozenset[int]:
    """Return the numbers of the items that hold EXIF or XMP.

    `start`, `end`: offsets of the content of the box `iinf`.
    """
    version = read_at(stream, start, 1)[0]
    numbers = set()
    for kind, first, last in read_box_ranges(stream, start + (6 if version == 0 else 8), end):
        if kind != b"infe" or last - first > _MAX_TABLE_SIZE:
            continue
        entry = read_at(stream, first, last - first)
        number_width = 4 if entry[0] == 3 else 2
        item_type = entry[6 + number_width : 10 + number_width]
        if item_type == b"Exif" or (item_type == b"mime" and b"application/rdf+xml" in entry):
            numbers.add(to_int(entry[4 : 4 + number_width]))
    return frozenset(numbers)


ItemExtents = tuple[int, int, list[tuple[int, int]]]
"""The number of an item; where its data is (0: in the file, 1: in the box `idat`); offset and length of each part."""


def _read_extents(table: bytes) -> Iterator[ItemExtents]:
    """Yield the entries of the box `iloc`. `table`: content of the box.

    Raises UnsupportedStructure if the table is cut, or if data is in another file.
    """
    position = 0

    def take(count: int) -> int:
        nonlocal position
        if position + count > len(table):
            raise UnsupportedStructure
        position += count
        return to_int(table[position - count : position])

    version = take(4) >> 24
    sizes = take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    for _ in range(take(4 if version == 2 else 2)):
        item = take(4 if version == 2 else 2)
        method = take(2) & 15 if version else 0
        if take(2):  # data_reference_index: the data is in another file
            raise UnsupportedStructure
        base = take(base_size)
        extents = []
        for _ in range(take(2)):
            take(index_size)
            offset = base + take(offset_size)
            extents.append((offset, take(length_size)))
        yield item, method, extents
