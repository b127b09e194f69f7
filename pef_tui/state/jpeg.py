"""Reading what a JPEG already says from the segments before its image data, without ExifTool.

(JPEG: ITU-T T.81, annex B; EXIF 2.32, section 4.7; XMP specification part 3, section 1.1.3.)
"""

from __future__ import annotations

from typing import BinaryIO

from pef_tui.formats.closed import MPF, TAGS_BEHIND_TABLE
from pef_tui.model import State
from pef_tui.state.blocks import block_tags
from pef_tui.state.maker_zones import utc_stamp, wants_stamp

PIECE = 65536
"""Bytes read at a time: nearly every header fits in the first piece."""
LONGEST_HEADER = 32 << 20
"""More than any header; a file whose segments go on behind this is left to ExifTool."""

EMPTY = "the file is empty"
CUT = "cut before the image data"

EXIF_HEAD = b"Exif\0\0"
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
PHOTOSHOP_HEAD = b"Photoshop 3.0\0"
_SOI, _SOS, _EOI, _APP1, _APP2, _APP13 = 0xD8, 0xDA, 0xD9, 0xE1, 0xE2, 0xED


class _Segments:
    """The parts of a header that hold tags."""

    __slots__ = ("behind_table", "cut", "exif", "photoshop", "table", "xmp")

    def __init__(self) -> None:
        self.exif: bytes | None = None
        self.xmp: bytes | None = None
        self.photoshop: bytes | None = None
        self.cut = False
        self.table = False
        """Was the table of further pictures seen?"""
        self.behind_table = False
        """Do tags lie behind it?"""


def read_jpeg(stream: BinaryIO) -> State | None:
    """What the JPEG in `stream`, which stands at its beginning, holds; only its header is read.

    The tags are those ExifTool shows (`-n -G1`, the directories of EXIF all called EXIF, coordinates and altitude
    signed instead of having references). None where anything is there that this reader does not take at its word:
    two blocks of a kind, extended XMP, odd types or offsets, texts that are not UTF-8. Raises OSError.
    """
    head = stream.read(PIECE)
    if not head:
        return State(format="jpeg", reader="native", damage=EMPTY)
    found = _scan(head, stream)
    tags = None if found is None else block_tags(found.exif, found.xmp, found.photoshop)
    if found is None or tags is None:
        return None
    if wants_stamp(tags):
        tags |= utc_stamp(stream)
    closed = TAGS_BEHIND_TABLE if found.behind_table else ""
    return State(format="jpeg", tags=tags, reader="native", damage=CUT if found.cut else "", closed=closed)


def _scan(data: bytes, stream: BinaryIO) -> _Segments | None:
    """Go from segment to segment up to the image data; None where this is no JPEG, or an odd one."""
    if data[:3] != b"\xff\xd8\xff":
        return None
    found = _Segments()
    at, passed = 2, 0
    while True:
        if passed > LONGEST_HEADER:
            return None
        if at + 4 > len(data):
            passed += at
            data, at = _more(data, at, 4, stream)
            if len(data) < 4:
                found.cut = True
                return found
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _SOS:
            return found
        if marker == _EOI:
            found.cut = True
            return found
        length = data[at + 2] << 8 | data[at + 3]
        if length < 2 or marker <= 1 or 0xD0 <= marker <= _SOI:
            return None
        end = at + 2 + length
        if end > len(data):
            passed += at
            data, at = _more(data, at, end - at, stream)
            end = 2 + length
            if end > len(data):
                found.cut = True
                return found
        if marker == _APP2 and data.startswith(MPF, at + 4, end):
            found.table = True
        elif marker == _APP1 and found.table:
            found.behind_table = True
        if marker in (_APP1, _APP13) and not _keep(found, marker, data, at + 4, end):
            return None
        at = end


def _more(data: bytes, at: int, needed: int, stream: BinaryIO) -> tuple[bytes, int]:
    """The data from `at` on with another piece behind it, at least `needed` bytes where the file has them."""
    return data[at:] + stream.read(max(PIECE, needed - (len(data) - at))), 0


def _keep(found: _Segments, marker: int, data: bytes, start: int, end: int) -> bool:
    """Note a segment that may hold tags; False where it is one too many or not known."""
    if marker == _APP13:
        if found.photoshop is not None or not data.startswith(PHOTOSHOP_HEAD, start, end):
            return data.startswith(b"Adobe_CM", start, end)
        found.photoshop = data[start + len(PHOTOSHOP_HEAD) : end]
        return True
    if data.startswith(EXIF_HEAD, start, end):
        if found.exif is not None:
            return False
        found.exif = data[start + len(EXIF_HEAD) : end]
        return True
    if data.startswith(XMP_HEAD, start, end) and found.xmp is None:
        found.xmp = data[start + len(XMP_HEAD) : end]
        return True
    return False
