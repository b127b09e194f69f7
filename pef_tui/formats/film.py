"""The boxes of films (MP4, QuickTime and kin): where the index, its tracks and the media data lie.

Strict on purpose: a film with a box in it that is not known here, or that does not end where its neighbour begins, is
Doubtful, and left to ExifTool. (ISO/IEC 14496-12, sections 4 and 8; QuickTime File Format, Apple, chapter 2.)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from struct import unpack_from
from typing import BinaryIO, NamedTuple

XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""What a `uuid` box begins with that holds XMP. (XMP specification, part 3, section 1.2.7)"""
LARGEST_INDEX = 32 << 20
"""Bytes of a box that is read into memory; the index of a film of ten hours has some 15 MB."""
LARGEST = 1 << 48
"""Bytes of a box that a film may have; no disk has more."""
MOST_BOXES = 1000

_READ = frozenset((b"ftyp", b"moov", b"uuid"))
_FREE = frozenset((b"free", b"skip", b"wide"))
_UNUSED = frozenset((b"beam",))  # of WhatsApp; 16 bytes that mean nothing
_TOP = _READ | _FREE | _UNUSED | {b"mdat"}
_QUICKTIME = re.compile(rb"(?:.{4})+qt  ", re.DOTALL)
_HEAD = 16
_LOOK = 80
"""Bytes of free space that are looked at, its head included."""

_INDEX = frozenset((b"mvhd", b"iods", b"trak", b"udta", b"meta")) | _FREE
_TRACK = frozenset((b"tkhd", b"edts", b"tref", b"tapt", b"load", b"mdia", b"udta", b"meta")) | _FREE
_TRACK_TAGS = frozenset((b"name", b"tagc", b"free"))
_MEDIA = frozenset((b"mdhd", b"hdlr", b"elng", b"minf")) | _FREE
_INFORMATION = frozenset((b"vmhd", b"smhd", b"nmhd", b"gmhd", b"hdlr", b"dinf", b"stbl")) | _FREE
_SAMPLES = frozenset(
    (
        *(b"stsd", b"stts", b"ctts", b"cslg", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss", b"stps"),
        *(b"stsh", b"sdtp", b"sgpd", b"sbgp", b"subs", b"padb", b"stdp", b"free"),
    )
)
_OFFSETS = (b"stco", b"co64")
_HANDLERS = frozenset((b"vide", b"soun", b"meta", b"tmcd", b"text", b"sbtl", b"subt", b"clcp", b"hint"))
_HEADS = {b"mvhd": (100, 112), b"tkhd": (84, 96), b"mdhd": (24, 36)}
"""Bytes of the content of each head, in version 0 and version 1."""


class Doubtful(Exception):
    """The film is not one that can be taken at its word; the message says why in one line."""


class Box(NamedTuple):
    """One box: where its head, its content and what comes behind it begin."""

    kind: bytes
    start: int
    content: int
    end: int


class Film(NamedTuple):
    """A film as it lies in its file."""

    boxes: tuple[Box, ...]
    """At the top, in order, one behind the other from the first byte to the last."""
    moov_box: Box
    moov: bytes
    """The index of the film: the box `moov`, whole."""
    xmp_box: Box | None
    """The `uuid` box that holds XMP."""
    xmp: bytes | None
    quicktime: bool
    """Of the brand `qt`, or of none: XMP has its place in the index then, else in a box of its own."""

    @property
    def media(self) -> tuple[Box, ...]:
        """The boxes with pictures and sounds."""
        return tuple(box for box in self.boxes if box.kind == b"mdat")


class Track(NamedTuple):
    """Boxes of one track, in `Film.moov`."""

    head: Box
    media_head: Box
    offsets: Box
    """`stco` or `co64`: where in the file each chunk of its data begins."""
    meta: Box | None


class Index(NamedTuple):
    """The parts of `Film.moov`."""

    boxes: tuple[Box, ...]
    head: Box
    tracks: tuple[Track, ...]
    user_data: Box | None
    meta: Box | None


def read_film(stream: BinaryIO) -> Film:
    """Look at the top of a film; media data is passed over, and the stream only goes forward, as suits packed ones.

    Raises Doubtful, OSError.
    """
    boxes: list[Box] = []
    content: dict[Box, bytes] = {}
    at = stream.seek(0)
    head = stream.read(_HEAD)
    while head:
        box = _top_box(stream, at, head)
        boxes.append(box)
        if len(boxes) > MOST_BOXES:
            raise Doubtful("more boxes than a film has")
        length = box.end - at
        if box.kind not in _READ:
            length = min(length, _LOOK if box.kind in _FREE else _HEAD)
        data = head[:length] + stream.read(max(0, length - _HEAD))
        if box.kind in _READ:
            content[box] = _whole(data, box)
        elif box.kind in _FREE and hides_something(data[box.content - at :]):
            raise Doubtful("something lies in space that is free")
        head = _next_head(stream, box, at + max(len(data), len(head)), head[length:])
        at = box.end
    return _film(tuple(boxes), content)


def _next_head(stream: BinaryIO, box: Box, here: int, ahead: bytes) -> bytes:
    """The first bytes behind a box, b"" at the end of the film; `ahead` were read already. Raises Doubtful, OSError."""
    if here >= box.end:
        return ahead + stream.read(_HEAD - len(ahead))
    stream.seek(box.end - 1)
    data = stream.read(1 + _HEAD)
    if not data:
        raise Doubtful("the film is cut")
    return data[1:]


def _top_box(stream: BinaryIO, at: int, head: bytes) -> Box:
    if len(head) < 8:
        raise Doubtful("bytes behind the film")
    length, kind = unpack_from(">I4s", head)
    first = 8
    if kind not in _TOP:
        raise Doubtful("a box that is not known")
    if length == 1 and len(head) == _HEAD:
        length, first = unpack_from(">Q", head, 8)[0], 16
    elif length == 0 and kind == b"mdat":
        length = stream.seek(0, 2) - at
    if not first <= length <= LARGEST:
        raise Doubtful("a box has no true size")
    if kind in _READ and (length > LARGEST_INDEX or first > 8):
        raise Doubtful("a box larger than usual")
    return Box(kind, at, at + first, at + length)


def _whole(data: bytes, box: Box) -> bytes:
    if len(data) != box.end - box.start:
        raise Doubtful("the film is cut")
    return data


def hides_something(data: bytes) -> bool:
    """Cameras put thumbnails and notes where nothing should be; programs their name."""
    return bool(data.strip(b"\0")) and not data.startswith(b"IsoMedia File")


def _film(boxes: tuple[Box, ...], content: dict[Box, bytes]) -> Film:
    kinds = Counter(box.kind for box in boxes)
    if kinds[b"moov"] != 1 or not kinds[b"mdat"] or kinds[b"ftyp"] > 1 or kinds[b"uuid"] > 1:
        raise Doubtful("a film without index or media data, or with two of them")
    found = {box.kind: box for box in boxes}
    kind, xmp = found.get(b"ftyp"), found.get(b"uuid")
    if kind is not None and kind.start:
        raise Doubtful("the kind of the film does not come first")
    if xmp is not None and content[xmp][8:24] != XMP_ID:
        raise Doubtful("a box of somebody's own")
    return Film(
        boxes,
        found[b"moov"],
        content[found[b"moov"]],
        xmp,
        None if xmp is None else content[xmp][24:],
        kind is None or _QUICKTIME.match(content[kind], 8) is not None,
    )


def boxes_in(data: bytes, start: int, end: int, zeros: bool = False) -> tuple[Box, ...]:
    """The boxes that lie side by side in this part of the data. Raises Doubtful where they do not fill it.

    With `zeros` four of them may stand behind the last box, as QuickTime ends its user data.
    """
    boxes: list[Box] = []
    while start < end:
        if zeros and start + 4 == end and data[start:end] == b"\0\0\0\0":
            break
        if start + 8 > end or len(boxes) > MOST_BOXES:
            raise Doubtful("a box that is cut, or too many of them")
        length, kind = unpack_from(">I4s", data, start)
        if length < 8 or start + length > end:
            raise Doubtful("a box that does not lie within its neighbours")
        boxes.append(Box(kind, start, start + 8, start + length))
        start += length
    return tuple(boxes)


def boxes_of(data: bytes, box: Box, known: frozenset[bytes], skip: int = 0) -> tuple[Box, ...]:
    """The boxes in a box, `skip` bytes behind its head. Raises Doubtful also for a kind that is not `known`."""
    boxes = boxes_in(data, box.content + skip, box.end)
    if any(each.kind not in known for each in boxes):
        raise Doubtful("a box that is not known")
    return boxes


def only(boxes: Iterable[Box], *kinds: bytes) -> Box:
    """The one box of these kinds. Raises Doubtful where there is none, or another."""
    found = [box for box in boxes if box.kind in kinds]
    if len(found) != 1:
        raise Doubtful(f"not one box {kinds[0].decode('latin-1')}")
    return found[0]


def at_most_one(boxes: Sequence[Box], kind: bytes) -> Box | None:
    """The box of this kind; None where there is none. Raises Doubtful where there are more."""
    return only(boxes, kind) if any(box.kind == kind for box in boxes) else None


def take_apart(index: bytes) -> Index:
    """The parts of the index of a film (`Film.moov`). Raises Doubtful."""
    whole = Box(b"moov", 0, 8, len(index))
    boxes = boxes_of(index, whole, _INDEX)
    return Index(
        boxes,
        _head(index, only(boxes, b"mvhd")),
        tuple(_track(index, box) for box in boxes if box.kind == b"trak"),
        at_most_one(boxes, b"udta"),
        at_most_one(boxes, b"meta"),
    )


def is_long(index: bytes | bytearray, head: Box) -> bool:
    """Has `mvhd`, `tkhd` or `mdhd` its times in 64 bits (version 1)?"""
    return index[head.content] == 1


def _head(index: bytes, box: Box) -> Box:
    """`mvhd`, `tkhd` or `mdhd`, with the size its version asks for."""
    size = box.end - box.content
    version = index[box.content] if size else 2
    if version > 1 or size != _HEADS[box.kind][version]:
        raise Doubtful("a head of an unknown version")
    if box.kind == b"mdhd" and index[box.content + 1 : box.content + 4] != b"\0\0\0":
        raise Doubtful("a head with flags that mean nothing")
    return box


def _track(index: bytes, track: Box) -> Track:
    boxes = boxes_of(index, track, _TRACK)
    if (tags := at_most_one(boxes, b"udta")) is not None:
        _check_track_tags(index, tags)
    media = boxes_of(index, only(boxes, b"mdia"), _MEDIA)
    handler = only(media, b"hdlr")
    if handler.end - handler.content < 20 or _kind_of_handler(index, handler) not in _HANDLERS:
        raise Doubtful("a track of an unknown kind")
    information = boxes_of(index, only(media, b"minf"), _INFORMATION)
    samples = boxes_of(index, only(information, b"stbl"), _SAMPLES)
    _check_sources(index, only(information, b"dinf"), only(samples, b"stsd"))
    heads = _head(index, only(boxes, b"tkhd")), _head(index, only(media, b"mdhd"))
    return Track(*heads, _table(index, only(samples, *_OFFSETS)), at_most_one(boxes, b"meta"))


def _kind_of_handler(index: bytes, handler: Box) -> bytes:
    return index[handler.content + 8 : handler.content + 12]


def _check_track_tags(index: bytes, tags: Box) -> None:
    """Tags of a single track: those that anybody asks for are those of the film."""
    if any(box.kind not in _TRACK_TAGS for box in boxes_in(index, tags.content, tags.end, zeros=True)):
        raise Doubtful("a track with tags of its own")


def _check_sources(index: bytes, place: Box, samples: Box) -> None:
    """The data of every sample must lie in this file. Raises Doubtful."""
    table = only(boxes_in(index, place.content, place.end), b"dref")
    if table.end - table.content < 8 or samples.end - samples.content < 8:
        raise Doubtful("a table that is cut")
    sources = boxes_in(index, table.content + 8, table.end)
    for source in sources:
        if source.kind not in (b"url ", b"alis") or index[source.content : source.content + 4] != b"\0\0\0\1":
            raise Doubtful("media data in another file")
    entries = boxes_in(index, samples.content + 8, samples.end, zeros=True)
    if not entries or len(entries) != int.from_bytes(index[samples.content + 4 : samples.content + 8], "big"):
        raise Doubtful("samples of no kind")
    for entry in entries:
        number = index[entry.content + 6 : min(entry.content + 8, entry.end)]
        if not 1 <= int.from_bytes(number, "big") <= len(sources):
            raise Doubtful("samples that lie nowhere")


def _table(index: bytes, box: Box) -> Box:
    """A table of offsets that is as long as it says."""
    size = box.end - box.content
    wide = 4 if box.kind == b"stco" else 8
    if size < 8 or 8 + wide * unpack_from(">I", index, box.content + 4)[0] > size:
        raise Doubtful("a table that is cut")
    return box
