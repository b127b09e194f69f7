"""Edits into the header of a JPEG: EXIF appended to, XMP merged, every other byte as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

from pef_tui.hooks import Piece, Span
from pef_tui.model import TagEdit
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.exif_edits import Wanted
from pef_tui.write.native.iptc_edits import edited_resources
from pef_tui.write.native.laying import Change
from pef_tui.write.native.moving import TAIL, counts_from_the_start, points_behind
from pef_tui.write.native.segments import (
    APP0,
    APP1,
    APP2,
    APP13,
    Header,
    Segment,
    laid_out,
    read_header,
    segment,
)
from pef_tui.write.native.tiff_edit import Changes, Fields, edit_tiff, resolution
from pef_tui.write.native.xmp_edits import edited_packet

EXIF_HEAD = b"Exif\0\0"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_MPF_HEAD, _JFIF_HEAD = b"MPF\0", b"JFIF\0"
_PHOTOSHOP_HEAD = b"Photoshop 3.0\0"


def edit_jpeg(wanted: Wanted, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """What the JPEG of `size` bytes in `stream`, which stands at its beginning, consists of with the edits made.

    Empty where nothing changes. Raises Declined for whatever is not sure, OSError.
    """
    header = read_header(stream)
    exif, xmp = _blocks(header)
    read_at = _reader(header, stream)
    text = _xmp_change(header, exif, xmp, wanted)
    tags = _exif_change(header, exif, wanted.exif, 0 if text else wanted.room)
    fields = _iptc_change(header, wanted.iptc)
    changes = [change for change in (tags, text, fields) if change is not None]
    if not changes:
        return ()
    _check_places(header, exif, changes, size, read_at)
    head, rest = laid_out(header, changes)
    if size <= len(header.data):
        return (head + header.data[rest:size],)
    return head, Span(rest, size)


def _blocks(header: Header) -> tuple[Segment | None, Segment | None]:
    """The EXIF and the XMP segment. Raises Declined where there is more than one of a kind, or an unknown one."""
    exif = xmp = None
    for each in header.segments:
        if each.marker != APP1:
            continue
        if header.holds(each, EXIF_HEAD) and exif is None:
            exif = each
        elif header.holds(each, XMP_HEAD) and xmp is None:
            xmp = each
        else:
            raise Declined("a second block of tags, or one of an unknown kind")
    return exif, xmp


def _exif_change(header: Header, exif: Segment | None, changes: Changes, room: int) -> Change | None:
    if not changes:
        return None
    if exif is None:
        at, fresh = _behind_jfif(header)
        new = edit_tiff(None, changes, fresh, room)
        return None if new is None else Change(at, at, segment(APP1, EXIF_HEAD + new))
    block = header.content(exif, EXIF_HEAD)
    new = edit_tiff(block, changes, resolution(), room)
    return (
        None if new is block or new is None else Change(exif.start, exif.end, segment(APP1, EXIF_HEAD + new))
    )


def _behind_jfif(header: Header) -> tuple[int, Fields]:
    """Where new tags go: behind the APP0 segments at the beginning; and the resolution that these tell."""
    at, fresh = 2, resolution()
    for each in header.segments:
        if each.marker != APP0:
            break
        at = each.end
        if header.holds(each, _JFIF_HEAD) and each.end - each.payload >= 12:
            density = header.data[each.payload + 7 : each.payload + 12]
            across, down = int.from_bytes(density[1:3], "big"), int.from_bytes(density[3:5], "big")
            fresh = resolution(across, down, density[0] + 1)
    return at, fresh


def _xmp_change(header: Header, exif: Segment | None, xmp: Segment | None, wanted: Wanted) -> Change | None:
    packet = None if xmp is None else header.content(xmp, XMP_HEAD)
    new = edited_packet(packet, wanted.xmp, wanted.room)
    if new is None:
        return None
    made = segment(APP1, XMP_HEAD + new)
    if xmp is not None:
        return Change(xmp.start, xmp.end, made)
    at = exif.end if exif is not None else _behind_jfif(header)[0]
    return Change(at, at, made)


def _iptc_change(header: Header, edits: Sequence[TagEdit]) -> Change | None:
    """Photoshop's segment with the edits in its IPTC block."""
    if not edits:
        return None
    found = [each for each in header.segments if each.marker == APP13 and header.holds(each, _PHOTOSHOP_HEAD)]
    if len(found) != 1:
        raise Declined("not one block of IPTC")
    new = edited_resources(header.content(found[0], _PHOTOSHOP_HEAD), edits)
    if new is None:
        return None
    return Change(found[0].start, found[0].end, segment(APP13, _PHOTOSHOP_HEAD + new))


def edit_iptc(edits: Sequence[TagEdit], stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """The same as `edit_jpeg` with edits of IPTC alone, in any JPEG whatever else is in it."""
    header = read_header(stream)
    change = _iptc_change(header, edits)
    if change is None:
        return ()
    _check_places(header, None, [change], size, _reader(header, stream))
    head, rest = laid_out(header, [change])
    return (head + header.data[rest:size],) if size <= len(header.data) else (head, Span(rest, size))


def _check_places(
    header: Header,
    exif: Segment | None,
    changes: Sequence[Change],
    size: int,
    read_at: Callable[[int, int], bytes],
) -> None:
    """Raises Declined where something in the file is found by how far it lies from what changes its length."""
    first = next(
        (each for each in header.segments if each.marker == APP2 and header.holds(each, _MPF_HEAD)), None
    )
    if first is not None and any(change.end > first.start for change in changes):
        raise Declined("tags behind the table of further pictures")
    if exif is not None:
        start = exif.payload + len(EXIF_HEAD)
        if points_behind(header.data[start : exif.end], start, size, read_at):
            raise Declined("maker notes that point behind the EXIF block")
    if counts_from_the_start(read_at(max(0, size - TAIL), TAIL)):
        raise Declined("a trailer that notes its own place")


def _reader(header: Header, stream: BinaryIO) -> Callable[[int, int], bytes]:
    """Reads anywhere in the file, without asking the disk for what is in memory already."""

    def read_at(offset: int, count: int) -> bytes:
        if offset + count <= len(header.data):
            return header.data[offset : offset + count]
        stream.seek(offset)
        return stream.read(count)

    return read_at
