"""Read the segments of a JPEG up to the first scan, and replace some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from pef_tui.formats.jpeg_segments import EOI, MAX_HEADER, READ_SIZE, SOS
from pef_tui.native import Declined
from pef_tui.native.splice import Change

MAX_PAYLOAD = 65533
"""Largest number of bytes that a segment holds after its length field."""


class Segment(NamedTuple):
    """A marker segment of a JPEG, as offsets in the file."""

    marker: int
    start: int
    """Offset of the marker, after any fill bytes."""
    end: int

    @property
    def payload(self) -> int:
        """Offset of the segment's content, after marker and length field."""
        return self.start + 4


class JpegHeader(NamedTuple):
    """The header of a JPEG: all data before the first scan (the compressed picture)."""

    data: bytes
    """The first bytes of the file: the complete header, and bytes after it that were read with it."""
    segments: tuple[Segment, ...]

    def starts_with(self, segment: Segment, head: bytes) -> bool:
        """Return whether the content of the segment begins with `head`."""
        return self.data.startswith(head, segment.payload, segment.end)

    def content(self, segment: Segment, head: bytes) -> bytes:
        """Return the content of the segment after `head`."""
        return self.data[segment.payload + len(head) : segment.end]


def read_header(stream: BinaryIO) -> JpegHeader:
    """Read the segments of a JPEG up to the first scan. `stream` is at the beginning of the file.

    Raises Declined if the file is not a JPEG, or is cut or damaged before the first scan, and OSError.
    """
    data = stream.read(READ_SIZE)
    if data[:3] != b"\xff\xd8\xff":
        raise Declined("not a JPEG")
    segments: list[Segment] = []
    position = 2
    while True:
        if position + 4 > len(data):
            data = _read_more(data, stream, position + 4)
        if data[position] != 0xFF:
            raise Declined("something that is no segment lies before the image data")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == SOS:
            return JpegHeader(data, tuple(segments))
        if marker <= 1 or 0xD0 <= marker <= EOI:
            raise Declined("the image data is missing")
        length = data[position + 2] << 8 | data[position + 3]
        end = position + 2 + length
        if length < 2:
            raise Declined("a segment without length")
        if end > len(data):
            data = _read_more(data, stream, end)
        segments.append(Segment(marker, position, end))
        position = end


def _read_more(data: bytes, stream: BinaryIO, needed: int) -> bytes:
    """Return `data` with more bytes of `stream`, at least `needed` bytes in all.

    Raises Declined if `needed` is above MAX_HEADER or the file has fewer bytes, and OSError.
    """
    if needed > MAX_HEADER:
        raise Declined("the header does not end")
    parts = [data]
    size = len(data)
    while size < needed:
        piece = stream.read(max(READ_SIZE, needed - size))
        if not piece:
            raise Declined("the file ends before the image data")
        parts.append(piece)
        size += len(piece)
    return b"".join(parts)


def pack_segment(marker: int, payload: bytes) -> bytes:
    """Return the bytes of a marker segment. Raises Declined if `payload` has more than MAX_PAYLOAD bytes."""
    if len(payload) > MAX_PAYLOAD:
        raise Declined(f"a segment would have {len(payload):,} bytes, {MAX_PAYLOAD:,} fit")
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload


def replace_segments(header: JpegHeader, changes: Sequence[Change]) -> tuple[bytes, int]:
    """Return the new beginning of the file, and the offset in the old file from which the rest is unchanged."""
    parts: list[bytes] = []
    position = 0
    for change in sorted(changes):
        parts += (header.data[position : change.start], change.new)
        position = change.end
    return b"".join(parts), position
