"""HEIF pictures (HEIC, AVIF): their boxes, and where the tags of the picture lie.

Strict on purpose: a picture with a box in it that is not known here, or with anything that lies elsewhere than it
should, is Doubtful, and left to ExifTool. (ISO/IEC 23008-12, section 6 and annex A; ISO/IEC 14496-12, section 4.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from struct import unpack
from typing import Literal, NamedTuple

from pef_tui.formats.file_bytes import FileBytes
from pef_tui.formats.film import (
    LARGEST_INDEX,
    Box,
    Doubtful,
    at_most_one,
    boxes_in,
    boxes_of,
    hides_something,
    only,
)
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

_MOST_BOXES = 1000
_FREE = frozenset((b"free", b"skip", b"wide"))
_BEHIND = frozenset((b"mpvd", b"sefd"))
"""The film of a motion photo (Google), what Samsung's cameras add: found from the file's end."""
_TOP = _FREE | _BEHIND | {b"ftyp", b"meta", b"mdat"}
_INSIDE = frozenset(
    (b"hdlr", b"dinf", b"pitm", b"iinf", b"iref", b"iprp", b"idat", b"iloc", b"grpl", b"free")
)
_SAYING = frozenset((b"crtt", b"mdft", b"udes", b"altt"))
"""Properties that say when or what, as EXIF does. (ISO/IEC 23008-12, section 6.5)"""
_LOOK, _SMALL = 72, 16
"""Bytes of free space that are looked at, and too few of them for a camera's notes."""


Placed = tuple[int, int, int]
"""The number of an item, and where a part of its data begins and ends in the file."""


class TagItem(NamedTuple):
    """An item that holds tags of the picture."""

    number: int
    start: int
    """Where its data begins in the file."""
    end: int
    content: bytes


class Heif(NamedTuple):
    """A HEIF picture as it lies in its file."""

    media: tuple[Box, ...]
    """The boxes `mdat`; at least one."""
    meta_box: Box
    meta: bytes
    """The box `meta`, whole."""
    inside: tuple[Box, ...]
    """The boxes in it, by their place in `meta`."""
    primary: int
    """The number of the item that is the picture."""
    numbers: frozenset[int]
    """All numbers that are taken."""
    locations: Locations
    exif: TagItem | None
    xmp: TagItem | None
    others: tuple[bytes, ...]
    """Packets of XMP about something else: a gain map, a map of depths."""
    film_behind: bool
    """Is there the film of a motion photo, found from the end of the file?"""


def read_heif(file: FileBytes) -> Heif:
    """Look at the boxes of a picture and read its tags; image data is passed over.

    Raises Doubtful, Unsound, OSError.
    """
    boxes = _top(file)
    kinds = Counter(box.kind for box in boxes)
    if boxes[0].kind != b"ftyp" or kinds[b"ftyp"] != 1 or kinds[b"meta"] != 1 or not kinds[b"mdat"]:
        raise Doubtful("a picture without index or image data, or with two of them")
    media = tuple(box for box in boxes if box.kind == b"mdat")
    meta_box = only(boxes, b"meta")
    meta = file[meta_box.start : meta_box.end]
    inside = _inside(meta)
    primary = read_primary(meta, only(inside, b"pitm"))
    items = read_items(meta, only(inside, b"iinf"))
    locations = read_locations(meta, only(inside, b"iloc"))
    placed = _check_places(locations, media, at_most_one(inside, b"idat"))
    table, groups = at_most_one(inside, b"iref"), at_most_one(inside, b"grpl")
    references = [] if table is None else read_references(meta, table)
    taken = {*items.numbers, *(each.number for each in locations.entries)}
    taken.update(number for each in references for number in (each.number, *each.others))
    taken.update(() if groups is None else read_groups(meta, groups))
    if primary not in items.numbers:
        raise Doubtful("no item is the picture")
    tags = _tag_items(file, items, placed, _described(references, primary))
    film = not _BEHIND.isdisjoint(kinds)
    return Heif(media, meta_box, meta, inside, primary, frozenset(taken), locations, *tags, film)


def exif_block(content: bytes) -> tuple[bytes, bytes]:
    """What comes before the TIFF block in an item with EXIF, and the block. Raises Doubtful."""
    start = 4 + int.from_bytes(content[:4], "big")
    if start + 8 > len(content):
        raise Doubtful("EXIF that is cut")
    return content[:start], content[start:]


def _top(file: FileBytes) -> tuple[Box, ...]:
    boxes: list[Box] = []
    at, size = 0, len(file)
    while at < size or not boxes:
        head = file[at : at + 16]
        if len(head) < 8 or len(boxes) > _MOST_BOXES:
            raise Doubtful("bytes behind the picture, or too many boxes")
        length, kind = unpack(">I4s", head[:8])
        first = 8
        if kind not in _TOP:
            raise Doubtful("a box that is not known")
        if length == 1 and len(head) == 16:
            length, first = int.from_bytes(head[8:], "big"), 16
        elif length == 0 and kind == b"mdat":
            length = size - at
        if length < first or at + length > size or (kind == b"meta" and length > LARGEST_INDEX):
            raise Doubtful("a box has no true size")
        box = Box(kind, at, at + first, at + length)
        if kind in _FREE and length - first > _SMALL and _hides_tags(file[at + first : at + _LOOK]):
            raise Doubtful("something lies in space that is free")
        if kind == b"sefd" and _notes_places(file[at : box.end], boxes):
            raise Doubtful("notes of a camera that count from the beginning of the file")
        boxes.append(box)
        at += length
    return tuple(boxes)


def _notes_places(notes: bytes, boxes: Sequence[Box]) -> bool:
    """Do Samsung's notes name where the film begins in the file? (Those seen name its length only.)"""
    places = [place for box in boxes if box.kind == b"mpvd" for place in (box.start, box.content)]
    orders: tuple[Literal["big", "little"], ...] = ("big", "little")
    return any(
        place.to_bytes(8, order)[at : at + 4] in notes
        for place in places
        for order, at in zip(orders, (4, 0), strict=True)
    )


def _hides_tags(data: bytes) -> bool:
    """May tags lie in this free space? (`cdif`: what Samsung's cameras note of how a picture was made, One UI 6.)"""
    return hides_something(data) and not data.startswith(b"cdif")


def _inside(meta: bytes) -> tuple[Box, ...]:
    """The boxes of `meta`: those of a picture, and no properties that say what tags say."""
    if meta[:4] == b"\0\0\0\1" or len(meta) < 12 or meta[8:12] != bytes(4):
        raise Doubtful("an index of an unknown form")
    inside = boxes_of(meta, Box(b"meta", 0, 8, len(meta)), _INSIDE, skip=4)
    handler = only(inside, b"hdlr")
    if handler is not inside[0] or meta[handler.content + 8 : handler.content + 12] != b"pict":
        raise Doubtful("an index of something else than a picture")
    properties = boxes_of(meta, only(inside, b"iprp"), frozenset((b"ipco", b"ipma")))
    container = only(properties, b"ipco")
    if any(box.kind in _SAYING for box in boxes_in(meta, container.content, container.end)):
        raise Doubtful("properties that say what tags say")
    return inside


def _check_places(locations: Locations, media: Sequence[Box], inner: Box | None) -> list[Placed]:
    """All data must lie where data belongs; that in the file. Raises Doubtful."""
    room = 0 if inner is None else inner.end - inner.content
    placed: list[Placed] = []
    for number, method, base, extents in locations.entries:
        for _, offset, length in extents:
            start = base + offset
            end = start + length
            if not length:
                raise Doubtful("data of no told length")
            if method == IN_META:
                if end > room:
                    raise Doubtful("an item that is cut")
                continue
            if not any(box.content <= start and end <= box.end for box in media):
                raise Doubtful("an item that lies in no image data")
            placed.append((number, start, end))
    return placed


def _described(references: Iterable[Reference], primary: int) -> frozenset[int]:
    """The numbers of the items that are about the picture."""
    return frozenset(each.number for each in references if each.kind == b"cdsc" and primary in each.others)


def _tag_items(
    file: FileBytes, items: Items, placed: Sequence[Placed], about: frozenset[int]
) -> tuple[TagItem | None, TagItem | None, tuple[bytes, ...]]:
    if len(items.exif) > 1 or not about.issuperset(items.exif):
        raise Doubtful("EXIF of something else than the picture")
    own = [number for number in items.xmp if number in about]
    if len(own) > 1:
        raise Doubtful("XMP twice")
    exif = _tag_item(file, items.exif[0], placed) if items.exif else None
    xmp = _tag_item(file, own[0], placed) if own else None
    others = (_tag_item(file, number, placed).content for number in items.xmp if number not in about)
    return exif, xmp, tuple(others)


def _tag_item(file: FileBytes, number: int, placed: Sequence[Placed]) -> TagItem:
    """The item of this number, which lies in one piece that is nobody else's. Raises Doubtful."""
    found = [each for each in placed if each[0] == number]
    if len(found) != 1:
        raise Doubtful("tags in several pieces, or nowhere")
    _, start, end = found[0]
    if sum(first < end and start < last for _, first, last in placed) > 1:
        raise Doubtful("tags that lie in something else")
    return TagItem(number, start, end, file[start:end])
