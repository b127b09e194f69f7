"""Edit the header of a JPEG. Changed EXIF, XMP and IPTC segments are replaced; all other bytes stay the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

from pef_tui.formats.jpeg_segments import (
    APP0,
    APP1,
    APP2,
    APP13,
    EXIF_HEAD,
    JFIF_HEAD,
    MPF_HEAD,
    PHOTOSHOP_HEAD,
    XMP_HEAD,
)
from pef_tui.hooks import Piece, Span
from pef_tui.model import TagEdit
from pef_tui.native import Declined
from pef_tui.native.exif_edits import EmbeddedEdits
from pef_tui.native.iptc_edits import edit_resources
from pef_tui.native.maker_notes import TAIL_SIZE, points_past_end, stores_own_offset
from pef_tui.native.segments import JpegHeader, Segment, pack_segment, read_header, replace_segments
from pef_tui.native.splice import Change
from pef_tui.native.tiff_edit import Changes, Fields, edit_tiff, resolution
from pef_tui.native.xmp_edits import edit_packet


def edit_jpeg(edits: EmbeddedEdits, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """Return the pieces of the edited JPEG, or `()` if nothing changes.

    `stream` is at the beginning of the file, which has `size` bytes. Raises Declined for an unsupported edit or
    structure, and OSError.
    """
    header = read_header(stream)
    exif, xmp = _tag_segments(header)
    read_at = _random_access(header, stream)
    xmp_change = _xmp_change(header, exif, xmp, edits)
    exif_change = _exif_change(header, exif, edits.exif, 0 if xmp_change else edits.padding)
    iptc_change = _iptc_change(header, edits.iptc)
    changes = [change for change in (exif_change, xmp_change, iptc_change) if change is not None]
    if not changes:
        return ()
    _check_offsets(header, exif, changes, size, read_at)
    head, body_start = replace_segments(header, changes)
    if size <= len(header.data):
        return (head + header.data[body_start:size],)
    return head, Span(body_start, size)


def _tag_segments(header: JpegHeader) -> tuple[Segment | None, Segment | None]:
    """Return the EXIF segment and the XMP segment; None for a missing one.

    Raises Declined if there are two EXIF segments, two XMP segments, or an APP1 segment with other content.
    """
    exif = xmp = None
    for segment in header.segments:
        if segment.marker != APP1:
            continue
        if header.starts_with(segment, EXIF_HEAD) and exif is None:
            exif = segment
        elif header.starts_with(segment, XMP_HEAD) and xmp is None:
            xmp = segment
        else:
            raise Declined("a second block of tags, or one of an unknown kind")
    return exif, xmp


def _exif_change(header: JpegHeader, exif: Segment | None, changes: Changes, padding: int) -> Change | None:
    if not changes:
        return None
    if exif is None:
        position, defaults = _exif_position(header)
        new = edit_tiff(None, changes, defaults, padding)
        return None if new is None else Change(position, position, pack_segment(APP1, EXIF_HEAD + new))
    block = header.content(exif, EXIF_HEAD)
    new = edit_tiff(block, changes, resolution(), padding)
    return (
        None
        if new is block or new is None
        else Change(exif.start, exif.end, pack_segment(APP1, EXIF_HEAD + new))
    )


def _exif_position(header: JpegHeader) -> tuple[int, Fields]:
    """Return the offset for a new EXIF segment, and the fields of its IFD0 (the first directory).

    The offset is after the leading APP0 segments. The resolution comes from the JFIF segment; without one it is 72 dpi.
    """
    position, defaults = 2, resolution()
    for segment in header.segments:
        if segment.marker != APP0:
            break
        position = segment.end
        if header.starts_with(segment, JFIF_HEAD) and segment.end - segment.payload >= 12:
            density = header.data[segment.payload + 7 : segment.payload + 12]
            across, down = int.from_bytes(density[1:3], "big"), int.from_bytes(density[3:5], "big")
            defaults = resolution(across, down, density[0] + 1)
    return position, defaults


def _xmp_change(
    header: JpegHeader, exif: Segment | None, xmp: Segment | None, edits: EmbeddedEdits
) -> Change | None:
    packet = None if xmp is None else header.content(xmp, XMP_HEAD)
    new = edit_packet(packet, edits.xmp, edits.padding)
    if new is None:
        return None
    new_segment = pack_segment(APP1, XMP_HEAD + new)
    if xmp is not None:
        return Change(xmp.start, xmp.end, new_segment)
    position = exif.end if exif is not None else _exif_position(header)[0]
    return Change(position, position, new_segment)


def _iptc_change(header: JpegHeader, edits: Sequence[TagEdit]) -> Change | None:
    """Return the change of Photoshop's segment (APP13) with the IPTC edits; None if nothing changes.

    Raises Declined unless the header has exactly one such segment, and the errors of `edit_resources`.
    """
    if not edits:
        return None
    photoshop = [
        segment
        for segment in header.segments
        if segment.marker == APP13 and header.starts_with(segment, PHOTOSHOP_HEAD)
    ]
    if len(photoshop) != 1:
        raise Declined("not one block of IPTC")
    new = edit_resources(header.content(photoshop[0], PHOTOSHOP_HEAD), edits)
    if new is None:
        return None
    return Change(photoshop[0].start, photoshop[0].end, pack_segment(APP13, PHOTOSHOP_HEAD + new))


def edit_iptc(edits: Sequence[TagEdit], stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """Return the pieces of the JPEG with edits of its IPTC block; `()` if nothing changes.

    Unlike `edit_jpeg`, it accepts any EXIF and XMP segments: it does not change them. `stream` is at the beginning of
    the file, which has `size` bytes. Raises Declined for an unsupported edit or structure, and OSError.
    """
    header = read_header(stream)
    change = _iptc_change(header, edits)
    if change is None:
        return ()
    _check_offsets(header, None, [change], size, _random_access(header, stream))
    head, body_start = replace_segments(header, [change])
    return (
        (head + header.data[body_start:size],) if size <= len(header.data) else (head, Span(body_start, size))
    )


def _check_offsets(
    header: JpegHeader,
    exif: Segment | None,
    changes: Sequence[Change],
    size: int,
    read_at: Callable[[int, int], bytes],
) -> None:
    """Raise Declined if the changes would make a stored offset wrong.

    Checked are offsets in the MPF table (of further pictures), in maker notes and in an AFCP trailer. `exif`: the EXIF
    segment; None to skip maker notes. `read_at(offset, count)` returns bytes of the file, which has `size` bytes.
    """
    mpf = next(
        (
            segment
            for segment in header.segments
            if segment.marker == APP2 and header.starts_with(segment, MPF_HEAD)
        ),
        None,
    )
    if mpf is not None and any(change.end > mpf.start for change in changes):
        raise Declined("tags behind the table of further pictures")
    if exif is not None:
        start = exif.payload + len(EXIF_HEAD)
        if points_past_end(header.data[start : exif.end], start, size, read_at):
            raise Declined("maker notes that point behind the EXIF block")
    if stores_own_offset(read_at(max(0, size - TAIL_SIZE), TAIL_SIZE)):
        raise Declined("a trailer that notes its own place")


def _random_access(header: JpegHeader, stream: BinaryIO) -> Callable[[int, int], bytes]:
    """Return a function that reads `count` bytes at an offset. Bytes in `header.data` are not read again."""

    def read_at(offset: int, count: int) -> bytes:
        if offset + count <= len(header.data):
            return header.data[offset : offset + count]
        stream.seek(offset)
        return stream.read(count)

    return read_at
