"""Read the tags of a JPEG without ExifTool, from the segments before its image data.

(JPEG: ITU-T T.81, annex B; EXIF 2.32, section 4.7; XMP specification part 3, section 1.1.3.)
"""

from __future__ import annotations

from typing import BinaryIO

from pef_tui.formats.exiftool_unsafe import TAGS_BEHIND_TABLE
from pef_tui.formats.jpeg_segments import (
    APP1,
    APP2,
    APP13,
    EOI,
    EXIF_HEAD,
    MAX_HEADER,
    MPF_HEAD,
    PHOTOSHOP_HEAD,
    READ_SIZE,
    SOI,
    SOS,
    XMP_HEAD,
)
from pef_tui.model import FileMetadata
from pef_tui.readers.blocks import block_tags
from pef_tui.readers.maker_note_zones import needs_utc_stamp, read_utc_stamp

EMPTY = "the file is empty"
CUT = "cut before the image data"


class _TagSegments:
    """The contents of the segments that hold tags, and facts about the header of the JPEG."""

    __slots__ = ("exif", "has_mpf", "has_tags_after_mpf", "is_cut", "photoshop", "xmp")

    def __init__(self) -> None:
        self.exif: bytes | None = None
        self.xmp: bytes | None = None
        self.photoshop: bytes | None = None
        self.is_cut = False
        self.has_mpf = False
        """Whether the table of further pictures (MPF table) was found."""
        self.has_tags_after_mpf = False
        """Whether segments that may hold tags (APP1) follow the MPF table. ExifTool must not change such a file."""


def read_jpeg(stream: BinaryIO) -> FileMetadata | None:
    """Return the metadata of the JPEG in `stream`, which is at its beginning. Only the header is read.

    The tags are those that ExifTool shows (`-n -G1`), with two differences: all EXIF directories have the group EXIF;
    coordinates and altitude have a sign, and no reference. None if ExifTool must read the file, because programs may
    read it in different ways: it has two blocks of the same kind, extended XMP, unusual types or offsets, or texts that
    are not UTF-8. Raises OSError.
    """
    head = stream.read(READ_SIZE)
    if not head:
        return FileMetadata(format="jpeg", reader="native", damage=EMPTY)
    segments = _read_segments(head, stream)
    tags = None if segments is None else block_tags(segments.exif, segments.xmp, segments.photoshop)
    if segments is None or tags is None:
        return None
    if needs_utc_stamp(tags):
        tags |= read_utc_stamp(stream)
    unsafe_reason = TAGS_BEHIND_TABLE if segments.has_tags_after_mpf else ""
    return FileMetadata(
        format="jpeg", tags=tags, reader="native", damage=CUT if segments.is_cut else "", closed=unsafe_reason
    )


def _read_segments(data: bytes, stream: BinaryIO) -> _TagSegments | None:
    """Return the segments before the image data; None if this is not a JPEG, or if its structure is unusual."""
    if data[:3] != b"\xff\xd8\xff":
        return None
    segments = _TagSegments()
    position, passed = 2, 0
    while True:
        if passed > MAX_HEADER:
            return None
        if position + 4 > len(data):
            passed += position
            data, position = _read_more(data, position, 4, stream)
            if len(data) < 4:
                segments.is_cut = True
                return segments
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == SOS:
            return segments
        if marker == EOI:
            segments.is_cut = True
            return segments
        length = data[position + 2] << 8 | data[position + 3]
        if length < 2 or marker <= 1 or 0xD0 <= marker <= SOI:
            return None
        end = position + 2 + length
        if end > len(data):
            passed += position
            data, position = _read_more(data, position, end - position, stream)
            end = 2 + length
            if end > len(data):
                segments.is_cut = True
                return segments
        if marker == APP2 and data.startswith(MPF_HEAD, position + 4, end):
            segments.has_mpf = True
        elif marker == APP1 and segments.has_mpf:
            segments.has_tags_after_mpf = True
        if marker in (APP1, APP13) and not _store_segment(segments, marker, data, position + 4, end):
            return None
        position = end


def _read_more(data: bytes, position: int, needed: int, stream: BinaryIO) -> tuple[bytes, int]:
    """Return the data from `position` on, with the next bytes of `stream` added, and the new position (0).

    The result has at least `needed` bytes, unless the file ends before.
    """
    return data[position:] + stream.read(max(READ_SIZE, needed - (len(data) - position))), 0


def _store_segment(segments: _TagSegments, marker: int, data: bytes, start: int, end: int) -> bool:
    """Store the content of an APP1 or APP13 segment: `data` from `start` to `end`. Return whether it is supported.

    False for an unknown kind, and for the second segment of a kind. An `Adobe_CM` segment is ignored, and gives True.
    """
    if marker == APP13:
        if segments.photoshop is not None or not data.startswith(PHOTOSHOP_HEAD, start, end):
            return data.startswith(b"Adobe_CM", start, end)
        segments.photoshop = data[start + len(PHOTOSHOP_HEAD) : end]
        return True
    if data.startswith(EXIF_HEAD, start, end):
        if segments.exif is not None:
            return False
        segments.exif = data[start + len(EXIF_HEAD) : end]
        return True
    if data.startswith(XMP_HEAD, start, end) and segments.xmp is None:
        segments.xmp = data[start + len(XMP_HEAD) : end]
        return True
    return False
