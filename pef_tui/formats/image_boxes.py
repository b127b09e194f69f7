"""The picture or film in files made of boxes: MP4 and MOV with their kin, HEIC, AVIF, CR3, JPEG 2000, JPEG XL.

(ISO base media: ISO 14496-12; HEIF: ISO 23008-12; JPEG 2000: ISO 15444-1; JPEG XL: ISO 18181-2.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import unpack
from typing import BinaryIO

from pef_tui.formats.parts import MOST, Part, Unclear, at, number, numbers, size_of

Box = tuple[bytes, int, int]
"""Its kind, and where its content begins and ends."""

_CHUNKS_LOOKED_AT = 4096
_CHUNK_HEAD = 32
"""Bytes of a chunk that show that its offset leads to it."""
_LARGEST = 64 << 20
"""Bytes of a table that are still read."""
_FILM_BEHIND = (b"mpvd", b"sefd")
"""Boxes with the film of a motion photo, as Pixel and Samsung put them behind a HEIC picture."""
_TABLES = (b"trak", b"mdia", b"minf", b"stbl")


def boxes(stream: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places. Raises Unclear, OSError."""
    for _ in range(MOST):
        if start + 8 > end:
            return
        length, kind = unpack(">I4s", at(stream, start, 8))
        head = 8
        if length == 1:
            length, head = number(at(stream, start + 8, 8)), 16
        length = length or end - start
        if length < head or start + length > end:
            raise Unclear
        yield kind, start + head, start + length
        start += length
    raise Unclear


def contents(*kinds: bytes) -> Callable[[BinaryIO], Iterator[Part]]:
    """What makes the contents of boxes of these kinds, at the top of a file, its picture."""

    def parts(stream: BinaryIO) -> Iterator[Part]:
        for kind, start, end in boxes(stream, 0, size_of(stream)):
            if kind in kinds:
                yield start, end - start

    return parts


def film(stream: BinaryIO) -> Iterator[Part]:
    """All media data, and where each track finds its own in it."""
    found = list(boxes(stream, 0, size_of(stream)))
    media = [(start, end) for kind, start, end in found if kind == b"mdat"]
    for start, end in media:
        yield start, end - start
    for kind, start, end in found:
        if kind == b"moov":
            yield from _chunks(stream, start, end, media)


def _chunks(stream: BinaryIO, start: int, end: int, media: list[tuple[int, int]]) -> Iterator[Part]:
    """The first bytes that the chunk offsets of every track lead to, so that a wrong offset shows."""
    for kind, first, last in boxes(stream, start, end):
        if kind in _TABLES:
            yield from _chunks(stream, first, last, media)
        elif kind in (b"stco", b"co64"):
            if last - first > _LARGEST:
                raise Unclear
            offsets = numbers("I" if kind == b"stco" else "Q", at(stream, first, last - first)[8:])
            yield number(at(stream, first + 4, 4)).to_bytes(4, "big")
            for offset in offsets[:: len(offsets) // _CHUNKS_LOOKED_AT + 1]:
                end = next((high for low, high in media if low <= offset < high), 0)
                yield (offset, min(_CHUNK_HEAD, end - offset)) if end else b"elsewhere"


def heif(stream: BinaryIO) -> Iterator[Part]:
    """Every item but EXIF and XMP, their properties (codecs, rotation), sequences, and the film behind."""
    found = list(boxes(stream, 0, size_of(stream)))
    metas = [(start, end) for kind, start, end in found if kind == b"meta"]
    if len(metas) != 1:
        raise Unclear
    yield from _items(stream, *metas[0])
    media = [(start, end) for kind, start, end in found if kind == b"mdat"]
    for kind, start, end in found:
        if kind == b"moov":
            yield from _chunks(stream, start, end, media)
        elif kind in _FILM_BEHIND:
            yield start, end - start


def _items(stream: BinaryIO, start: int, end: int) -> Iterator[Part]:
    inside = {kind: (first, last) for kind, first, last in boxes(stream, start + 4, end)}
    for kind in (b"pitm", b"iprp"):
        if kind in inside:
            first, last = inside[kind]
            yield first, last - first
    if b"iinf" not in inside or b"iloc" not in inside:
        raise Unclear
    left_out = _tag_items(stream, *inside[b"iinf"])
    first, last = inside[b"iloc"]
    if last - first > _LARGEST:
        raise Unclear
    data_box = inside.get(b"idat", (-1, -1))[0]
    for item, method, extents in sorted(_locations(at(stream, first, last - first))):
        if item in left_out:
            continue
        yield item.to_bytes(4, "big")
        if (method == 1 and data_box < 0) or method > 1:
            raise Unclear
        for offset, length in extents:
            yield (data_box if method == 1 else 0) + offset, length


def _tag_items(stream: BinaryIO, start: int, end: int) -> frozenset[int]:
    """The numbers of items that hold EXIF or XMP."""
    version = at(stream, start, 1)[0]
    found = set()
    for kind, first, last in boxes(stream, start + (6 if version == 0 else 8), end):
        if kind != b"infe" or last - first > _LARGEST:
            continue
        entry = at(stream, first, last - first)
        wide = 4 if entry[0] == 3 else 2
        what = entry[6 + wide : 10 + wide]
        if what == b"Exif" or (what == b"mime" and b"application/rdf+xml" in entry):
            found.add(number(entry[4 : 4 + wide]))
    return frozenset(found)


Location = tuple[int, int, list[tuple[int, int]]]
"""An item's number; 0 for data in the file, 1 in the box `idat`; its extents."""


def _locations(table: bytes) -> Iterator[Location]:
    """The entries of the box `iloc`. Raises Unclear."""
    place = 0

    def take(count: int) -> int:
        nonlocal place
        if place + count > len(table):
            raise Unclear
        place += count
        return number(table[place - count : place])

    version = take(4) >> 24
    sizes = take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    for _ in range(take(4 if version == 2 else 2)):
        item = take(4 if version == 2 else 2)
        method = take(2) & 15 if version else 0
        if take(2):  # in another file
            raise Unclear
        base = take(base_size)
        extents = []
        for _ in range(take(2)):
            take(index_size)
            offset = base + take(offset_size)
            extents.append((offset, take(length_size)))
        yield item, method, extents
