"""Find files that ExifTool must not change, because ExifTool does not handle a structure in them.

- HEIC motion photos: Samsung's phones find the video from the end of the file (boxes `mpvd`, `sefd`), and ExifTool
  moves these boxes. (Seen with 12.57 and a picture of One UI 6.)
- JPEG with EXIF or XMP after the table of further pictures (MPF: gain maps, previews): ExifTool 12.57 does not correct
  the offsets in this table.
- HEIF whose index has the short form (box `mini`, brand `mif3`): ExifTool does not know this form.
- JPEG XL with tags compressed with Brotli (box `brob`): without its Brotli module, ExifTool does not see these tags,
  and adds tags that contradict them.
- PNG with signed claims (chunk `caBX`, C2PA): ExifTool 12.57 does not see tags after this chunk.
- PNG with tags in text chunks (`Raw profile type exif`): ExifTool adds a second XMP packet beside the packet in a text
  chunk, and refuses EXIF.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import error, unpack
from typing import BinaryIO

from pef_tui.formats.jpeg_segments import APP1, APP2, MPF_HEAD, SOS

_MAX_BOXES = 10_000
"""Number of boxes, segments or chunks that are inspected, from the beginning of a file."""
MOTION_VIDEO = "ExifTool would move the film of this motion photo"
_PACKED = "its tags are packed in a way that is not read here"
SIGNED_CLAIMS = "ExifTool does not see the tags behind its signed claims"
TAGS_IN_TEXTS = "ExifTool would put a second block of tags beside the one in a text"
TAGS_BEHIND_TABLE = "ExifTool would lead the table of further pictures astray"
_SHORT_INDEX = "the short form of its index is not known to ExifTool"
_TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_PROFILES = tuple(b"raw profile type " + kind for kind in (b"exif", b"app1", b"xmp", b"iptc", b"8bim"))
_KEYWORD_SIZE = 32
_MOTION_VIDEO_BOXES = frozenset((b"mpvd", b"sefd"))


def unsafe_reason(format: str, stream: BinaryIO) -> str:
    """Return why ExifTool must not change the file; "" if it may. Raises OSError.

    `format`: name of the file's format (`FileMetadata.format`).
    """
    check = _CHECKS.get(format)
    if check is None:
        return ""
    try:
        return check(stream)
    except error:  # the file is truncated
        return ""


def _boxes(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind of every top-level box, and the first 4 bytes of its content.

    Stop without an error at a box whose size is damaged.
    """
    end, offset = stream.seek(0, 2), 0
    for _ in range(_MAX_BOXES):
        stream.seek(offset)
        head = stream.read(20)
        if len(head) < 8:
            return
        length, kind = unpack(">I4s", head[:8])
        first = 8
        if length == 1:
            length, first = unpack(">Q", head[8:16])[0], 16
        yield kind, head[first : first + 4]
        if length < first or offset + length >= end:
            return
        offset += length


def _jpeg(stream: BinaryIO) -> str:
    """Return why ExifTool must not change a JPEG with EXIF or XMP after the MPF segment; "" for any other JPEG.

    Offsets in the MPF segment count from the segment itself. If EXIF or XMP after it grows, they become wrong.
    """
    offset, has_mpf = 2, False
    for _ in range(_MAX_BOXES):
        stream.seek(offset)
        head = stream.read(8)
        mark, marker, length = unpack(">BBH", head[:4])
        if mark != 0xFF or marker == SOS or length < 2:
            return ""
        if marker == APP2 and head[4:] == MPF_HEAD:
            has_mpf = True
        elif has_mpf and marker == APP1:
            return TAGS_BEHIND_TABLE
        offset += 2 + length
    return ""


def _heif(stream: BinaryIO) -> str:
    kinds = {kind for kind, _ in _boxes(stream)}
    if b"mini" in kinds:
        return _SHORT_INDEX
    return MOTION_VIDEO if kinds & _MOTION_VIDEO_BOXES else ""


def _jpeg_xl(stream: BinaryIO) -> str:
    packed = any(kind == b"brob" and inner in (b"Exif", b"xml ") for kind, inner in _boxes(stream))
    return _PACKED if packed else ""


def _png(stream: BinaryIO) -> str:
    offset, reason = 8, ""
    for _ in range(_MAX_BOXES):
        stream.seek(offset)
        head = stream.read(8 + _KEYWORD_SIZE)
        length, name = unpack(">I4s", head[:8])
        if name == b"caBX":
            return SIGNED_CLAIMS
        if name in _TEXTS and head[8:].lower().startswith(_PROFILES):
            reason = TAGS_IN_TEXTS
        if name == b"IEND":
            break
        offset += 12 + length
    return reason


_CHECKS: dict[str, Callable[[BinaryIO], str]] = {
    "jpeg": _jpeg,
    **dict.fromkeys(("heic", "heif", "avif"), _heif),
    "jxl": _jpeg_xl,
    "png": _png,
}
