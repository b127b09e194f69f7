"""Read the boxes of videos (MP4, QuickTime, M4V, 3GP, 3G2): the index, its tracks, and the media data.

The functions are strict on purpose: they raise UnsupportedStructure for an unknown box, and for a box that does not end
where the next box begins. ExifTool then handles the file. (ISO/IEC 14496-12, sections 4 and 8; QuickTime File Format,
Apple, chapter 2.)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from struct import unpack_from
from typing import BinaryIO, NamedTuple

from pef_tui.formats.errors import UnsupportedStructure

SECONDS_1904_TO_1970 = 2_082_844_800
"""Seconds from 1904, the epoch of QuickTime dates, to 1970, the epoch of Unix times."""
XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""First bytes of the content of a box `uuid` with XMP. (XMP specification, part 3, section 1.2.7)"""
MAX_INDEX_SIZE = 32 << 20
"""Largest box that is read into memory, in bytes. The index of a video of ten hours has about 15 MB."""
MAX_BOX_SIZE = 1 << 48
"""Largest size of any box in a video, in bytes. No disk is larger."""
MAX_BOXES = 1000

_LOADED_BOXES = frozenset((b"ftyp", b"moov", b"uuid"))
_FREE_BOXES = frozenset((b"free", b"skip", b"wide"))
_IGNORED_BOXES = frozenset((b"beam",))  # written by WhatsApp; 16 bytes without meaning
_TOP_BOXES = _LOADED_BOXES | _FREE_BOXES | _IGNORED_BOXES | {b"mdat"}
_QUICKTIME = re.compile(rb"(?:.{4})+qt  ", re.DOTALL)
_HEAD_SIZE = 16
_INSPECTED_SIZE = 80
"""Number of bytes at the start of a free box that are inspected, with its head."""

_INDEX_BOXES = frozenset((b"mvhd", b"iods", b"trak", b"udta", b"meta")) | _FREE_BOXES
_TRACK_BOXES = (
    frozenset((b"tkhd", b"edts", b"tref", b"tapt", b"load", b"mdia", b"udta", b"meta")) | _FREE_BOXES
)
_TRACK_TAGS = frozenset((b"name", b"tagc", b"free"))
_MEDIA_BOXES = frozenset((b"mdhd", b"hdlr", b"elng", b"minf")) | _FREE_BOXES
_INFORMATION_BOXES = frozenset((b"vmhd", b"smhd", b"nmhd", b"gmhd", b"hdlr", b"dinf", b"stbl")) | _FREE_BOXES
_SAMPLE_BOXES = frozenset(
    (
        *(b"stsd", b"stts", b"ctts", b"cslg", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss", b"stps"),
        *(b"stsh", b"sdtp", b"sgpd", b"sbgp", b"subs", b"padb", b"stdp", b"free"),
    )
)
_OFFSET_BOXES = (b"stco", b"co64")
_HANDLERS = frozenset((b"vide", b"soun", b"meta", b"tmcd", b"text", b"sbtl", b"subt", b"clcp", b"hint"))
_HEAD_SIZES = {b"mvhd": (100, 112), b"tkhd": (84, 96), b"mdhd": (24, 36)}
"""Size in bytes of the content of each head box, in version 0 and in version 1."""


class Box(NamedTuple):
    """A box of a file: its kind, and the offsets of its head (`start`), its content and its end."""

    kind: bytes
    start: int
    content: int
    end: int


class Mp4Movie(NamedTuple):
    """The structure of a video file."""

    boxes: tuple[Box, ...]
    """All top-level boxes in order. Together they cover the whole file."""
    moov_box: Box
    moov: bytes
    """The complete box `moov`, the index of the video."""
    xmp_box: Box | None
    """The top-level box `uuid` that holds XMP; None if there is none."""
    xmp: bytes | None
    """The XMP packet in `xmp_box`; None if there is none."""
    is_quicktime: bool
    """Whether the file has the brand `qt` or no brand. ExifTool stores the XMP of such a file in the index, and the XMP
    of other files in `xmp_box`.
    """

    @property
    def media(self) -> tuple[Box, ...]:
        """The boxes `mdat`, which hold pictures and sound."""
        return tuple(box for box in self.boxes if box.kind == b"mdat")


class Track(NamedTuple):
    """The boxes of one track, as offsets in `Mp4Movie.moov`."""

    head: Box
    """The box `tkhd`."""
    media_head: Box
    """The box `mdhd`."""
    offsets: Box
    """The box `stco` or `co64`: the offset in the file of each chunk of the track's data."""
    meta: Box | None


class Mp4Index(NamedTuple):
    """The boxes in the index of a video, as offsets in `Mp4Movie.moov`."""

    boxes: tuple[Box, ...]
    """All boxes in order."""
    head: Box
    """The box `mvhd`."""
    tracks: tuple[Track, ...]
    user_data: Box | None
    meta: Box | None


def read_movie(stream: BinaryIO) -> Mp4Movie:
    """Read the top-level boxes of a video. Media data is skipped.

    `stream` only moves forward: seeking backwards in a compressed member of an archive is slow. Raises
    UnsupportedStructure for a damaged file or an unknown box, and OSError.
    """
    boxes: list[Box] = []
    content: dict[Box, bytes] = {}
    offset = stream.seek(0)
    head = stream.read(_HEAD_SIZE)
    while head:
        box = _top_box(stream, offset, head)
        boxes.append(box)
        if len(boxes) > MAX_BOXES:
            raise UnsupportedStructure("more boxes than a film has")
        length = box.end - offset
        if box.kind not in _LOADED_BOXES:
            length = min(length, _INSPECTED_SIZE if box.kind in _FREE_BOXES else _HEAD_SIZE)
        data = head[:length] + stream.read(max(0, length - _HEAD_SIZE))
        if box.kind in _LOADED_BOXES:
            content[box] = _check_complete(data, box)
        elif box.kind in _FREE_BOXES and has_content(data[box.content - offset :]):
            raise UnsupportedStructure("something lies in space that is free")
        head = _next_head(stream, box, offset + max(len(data), len(head)), head[length:])
        offset = box.end
    return _to_movie(tuple(boxes), content)


def _next_head(stream: BinaryIO, box: Box, position: int, read_ahead: bytes) -> bytes:
    """Return the first bytes after `box`; b"" if the file ends there.

    `position`: current offset of `stream`. `read_ahead`: bytes after the box that were read before. Raises
    UnsupportedStructure if the file ends inside the box, and OSError.
    """
    if position >= box.end:
        return read_ahead + stream.read(_HEAD_SIZE - len(read_ahead))
    stream.seek(box.end - 1)
    data = stream.read(1 + _HEAD_SIZE)
    if not data:
        raise UnsupportedStructure("the film is cut")
    return data[1:]


def _top_box(stream: BinaryIO, offset: int, head: bytes) -> Box:
    if len(head) < 8:
        raise UnsupportedStructure("bytes behind the film")
    length, kind = unpack_from(">I4s", head)
    head_size = 8
    if kind not in _TOP_BOXES:
        raise UnsupportedStructure("a box that is not known")
    if length == 1 and len(head) == _HEAD_SIZE:
        length, head_size = unpack_from(">Q", head, 8)[0], 16
    elif length == 0 and kind == b"mdat":
        length = stream.seek(0, 2) - offset
    if not head_size <= length <= MAX_BOX_SIZE:
        raise UnsupportedStructure("a box has no true size")
    if kind in _LOADED_BOXES and (length > MAX_INDEX_SIZE or head_size > 8):
        raise UnsupportedStructure("a box larger than usual")
    return Box(kind, offset, offset + head_size, offset + length)


def _check_complete(data: bytes, box: Box) -> bytes:
    if len(data) != box.end - box.start:
        raise UnsupportedStructure("the film is cut")
    return data


def has_content(data: bytes) -> bool:
    """Return whether `data`, the content of a free box, is used. (Cameras store thumbnails and notes there.)

    Zeros, and data that begins with the name of a program (`IsoMedia File`), are no use.
    """
    return bool(data.strip(b"\0")) and not data.startswith(b"IsoMedia File")


def _to_movie(boxes: tuple[Box, ...], content: dict[Box, bytes]) -> Mp4Movie:
    kinds = Counter(box.kind for box in boxes)
    if kinds[b"moov"] != 1 or not kinds[b"mdat"] or kinds[b"ftyp"] > 1 or kinds[b"uuid"] > 1:
        raise UnsupportedStructure("a film without index or media data, or with two of them")
    by_kind = {box.kind: box for box in boxes}
    kind, xmp = by_kind.get(b"ftyp"), by_kind.get(b"uuid")
    if kind is not None and kind.start:
        raise UnsupportedStructure("the kind of the film does not come first")
    if xmp is not None and content[xmp][8:24] != XMP_ID:
        raise UnsupportedStructure("a box of somebody's own")
    return Mp4Movie(
        boxes,
        by_kind[b"moov"],
        content[by_kind[b"moov"]],
        xmp,
        None if xmp is None else content[xmp][24:],
        kind is None or _QUICKTIME.match(content[kind], 8) is not None,
    )


def read_boxes(data: bytes, start: int, end: int, zeros: bool = False) -> tuple[Box, ...]:
    """Return the boxes in `data` from `start` to `end`. `zeros`: whether four zero bytes may follow the last box.

    QuickTime ends user data with them. Raises UnsupportedStructure unless the boxes fill the range exactly.
    """
    boxes: list[Box] = []
    while start < end:
        if zeros and start + 4 == end and data[start:end] == b"\0\0\0\0":
            break
        if start + 8 > end or len(boxes) > MAX_BOXES:
            raise UnsupportedStructure("a box that is cut, or too many of them")
        length, kind = unpack_from(">I4s", data, start)
        if length < 8 or start + length > end:
            raise UnsupportedStructure("a box that does not lie within its neighbours")
        boxes.append(Box(kind, start, start + 8, start + length))
        start += length
    return tuple(boxes)


def known_boxes(data: bytes, box: Box, kinds: frozenset[bytes], skip: int = 0) -> tuple[Box, ...]:
    """Return the boxes inside `box`, without the first `skip` bytes of the content.

    Raises UnsupportedStructure if a box is damaged, or if its kind is not in `kinds`.
    """
    boxes = read_boxes(data, box.content + skip, box.end)
    if any(child.kind not in kinds for child in boxes):
        raise UnsupportedStructure("a box that is not known")
    return boxes


def single_box(boxes: Iterable[Box], *kinds: bytes) -> Box:
    """Return the box whose kind is in `kinds`. Raises UnsupportedStructure unless there is exactly one such box."""
    matching = [box for box in boxes if box.kind in kinds]
    if len(matching) != 1:
        raise UnsupportedStructure(f"not one box {kinds[0].decode('latin-1')}")
    return matching[0]


def optional_box(boxes: Sequence[Box], kind: bytes) -> Box | None:
    """Return the box of this kind; None if there is none. Raises UnsupportedStructure if there are several."""
    return single_box(boxes, kind) if any(box.kind == kind for box in boxes) else None


def read_index(index: bytes) -> Mp4Index:
    """Read the boxes in the index of a video. `index`: the bytes of `Mp4Movie.moov`.

    Raises UnsupportedStructure for an unknown, missing or damaged box, and for data in another file.
    """
    moov = Box(b"moov", 0, 8, len(index))
    boxes = known_boxes(index, moov, _INDEX_BOXES)
    return Mp4Index(
        boxes,
        _check_head(index, single_box(boxes, b"mvhd")),
        tuple(_read_track(index, box) for box in boxes if box.kind == b"trak"),
        optional_box(boxes, b"udta"),
        optional_box(boxes, b"meta"),
    )


def has_long_times(index: bytes | bytearray, head: Box) -> bool:
    """Return whether a head box (`mvhd`, `tkhd`, `mdhd`) has times of 64 bits (version 1), not 32 bits."""
    return index[head.content] == 1


def _check_head(index: bytes, box: Box) -> Box:
    """Check a head box (`mvhd`, `tkhd` or `mdhd`), and return it.

    Raises UnsupportedStructure if its size does not fit its version, or if `mdhd` has flags.
    """
    size = box.end - box.content
    version = index[box.content] if size else 2
    if version > 1 or size != _HEAD_SIZES[box.kind][version]:
        raise UnsupportedStructure("a head of an unknown version")
    if box.kind == b"mdhd" and index[box.content + 1 : box.content + 4] != b"\0\0\0":
        raise UnsupportedStructure("a head with flags that mean nothing")
    return box


def _read_track(index: bytes, track: Box) -> Track:
    boxes = known_boxes(index, track, _TRACK_BOXES)
    if (tags := optional_box(boxes, b"udta")) is not None:
        _check_track_tags(index, tags)
    media = known_boxes(index, single_box(boxes, b"mdia"), _MEDIA_BOXES)
    handler = single_box(media, b"hdlr")
    if handler.end - handler.content < 20 or _handler_kind(index, handler) not in _HANDLERS:
        raise UnsupportedStructure("a track of an unknown kind")
    information = known_boxes(index, single_box(media, b"minf"), _INFORMATION_BOXES)
    samples = known_boxes(index, single_box(information, b"stbl"), _SAMPLE_BOXES)
    _check_sources(index, single_box(information, b"dinf"), single_box(samples, b"stsd"))
    heads = _check_head(index, single_box(boxes, b"tkhd")), _check_head(index, single_box(media, b"mdhd"))
    return Track(
        *heads, _check_table(index, single_box(samples, *_OFFSET_BOXES)), optional_box(boxes, b"meta")
    )


def _handler_kind(index: bytes, handler: Box) -> bytes:
    return index[handler.content + 8 : handler.content + 12]


def _check_track_tags(index: bytes, tags: Box) -> None:
    """Raise UnsupportedStructure if a track has tags in its user data. (Only the tags of the video are read.)"""
    if any(box.kind not in _TRACK_TAGS for box in read_boxes(index, tags.content, tags.end, zeros=True)):
        raise UnsupportedStructure("a track with tags of its own")


def _check_sources(index: bytes, data_information: Box, samples: Box) -> None:
    """Raise UnsupportedStructure if media data of a track is in another file, or if its source tables are damaged.

    `data_information`: the box `dinf`. `samples`: the box `stsd`.
    """
    table = single_box(read_boxes(index, data_information.content, data_information.end), b"dref")
    if table.end - table.content < 8 or samples.end - samples.content < 8:
        raise UnsupportedStructure("a table that is cut")
    sources = read_boxes(index, table.content + 8, table.end)
    for source in sources:
        if source.kind not in (b"url ", b"alis") or index[source.content : source.content + 4] != b"\0\0\0\1":
            raise UnsupportedStructure("media data in another file")
    entries = read_boxes(index, samples.content + 8, samples.end, zeros=True)
    if not entries or len(entries) != int.from_bytes(index[samples.content + 4 : samples.content + 8], "big"):
        raise UnsupportedStructure("samples of no kind")
    for entry in entries:
        number = index[entry.content + 6 : min(entry.content + 8, entry.end)]
        if not 1 <= int.from_bytes(number, "big") <= len(sources):
            raise UnsupportedStructure("samples that lie nowhere")


def _check_table(index: bytes, box: Box) -> Box:
    """Check a table of chunk offsets, and return it.

    Raises UnsupportedStructure if the box is too short for the number of offsets that it states.
    """
    size = box.end - box.content
    offset_width = 4 if box.kind == b"stco" else 8
    if size < 8 or 8 + offset_width * unpack_from(">I", index, box.content + 4)[0] > size:
        raise UnsupportedStructure("a table that is cut")
    return box
