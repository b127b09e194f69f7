"""The header of a JPEG: its segments up to the first scan, and the header with some of them laid out anew.

(JPEG: ITU-T T.81, annex B; EXIF 2.32, section 4.7; XMP specification part 3, section 1.1.3.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from pef_tui.write.native.declined import Declined
from pef_tui.write.native.laying import Change

PIECE = 65536
"""Bytes read at a time: nearly every header, and every small picture, fits in the first piece."""
LONGEST_HEADER = 32 << 20
LONGEST_PAYLOAD = 65533
"""Bytes a segment can hold behind its length."""

APP0, APP1, APP2, APP13 = 0xE0, 0xE1, 0xE2, 0xED
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA


class Segment(NamedTuple):
    """One marker segment, as offsets into the file."""

    marker: int
    start: int
    """Of its marker, fill bytes before it left out."""
    end: int

    @property
    def payload(self) -> int:
        """Where its content begins."""
        return self.start + 4


class Header(NamedTuple):
    """Everything before the first scan."""

    data: bytes
    """The file from its beginning: the header whole, and what was read behind it."""
    segments: tuple[Segment, ...]

    def holds(self, segment: Segment, head: bytes) -> bool:
        """Does the segment's content begin like this?"""
        return self.data.startswith(head, segment.payload, segment.end)

    def content(self, segment: Segment, head: bytes) -> bytes:
        """The segment's content behind `head`."""
        return self.data[segment.payload + len(head) : segment.end]


def read_header(stream: BinaryIO) -> Header:
    """The segments of the JPEG in `stream`, which stands at its beginning. Raises Declined, OSError."""
    data = stream.read(PIECE)
    if data[:3] != b"\xff\xd8\xff":
        raise Declined("not a JPEG")
    segments: list[Segment] = []
    at = 2
    while True:
        if at + 4 > len(data):
            data = _more(data, stream, at + 4)
        if data[at] != 0xFF:
            raise Declined("something that is no segment lies before the image data")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _SOS:
            return Header(data, tuple(segments))
        if marker <= 1 or 0xD0 <= marker <= _EOI:
            raise Declined("the image data is missing")
        length = data[at + 2] << 8 | data[at + 3]
        end = at + 2 + length
        if length < 2:
            raise Declined("a segment without length")
        if end > len(data):
            data = _more(data, stream, end)
        segments.append(Segment(marker, at, end))
        at = end


def _more(data: bytes, stream: BinaryIO, needed: int) -> bytes:
    """The data with another piece behind it, up to `needed` at least."""
    if needed > LONGEST_HEADER:
        raise Declined("the header does not end")
    parts = [data]
    size = len(data)
    while size < needed:
        piece = stream.read(max(PIECE, needed - size))
        if not piece:
            raise Declined("the file ends before the image data")
        parts.append(piece)
        size += len(piece)
    return b"".join(parts)


def segment(marker: int, payload: bytes) -> bytes:
    """One marker segment. Raises Declined where the payload does not fit."""
    if len(payload) > LONGEST_PAYLOAD:
        raise Declined(f"a segment would have {len(payload):,} bytes, {LONGEST_PAYLOAD:,} fit")
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload


def laid_out(header: Header, changes: Sequence[Change]) -> tuple[bytes, int]:
    """The new beginning of the file, and where in the old one everything else begins."""
    parts: list[bytes] = []
    at = 0
    for change in sorted(changes):
        parts += (header.data[at : change.start], change.new)
        at = change.end
    return b"".join(parts), at
