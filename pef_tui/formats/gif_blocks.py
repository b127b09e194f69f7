"""Read the blocks of a GIF, and locate the XMP in it. (GIF89a; XMP specification part 3, section 1.1.2.)"""

from __future__ import annotations

import re
from typing import BinaryIO, NamedTuple

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.forward_reader import MAX_BLOCK, ForwardReader

XMP_HEADER = b"\x21\xff\x0bXMP DataXMP"
"""Beginning of the application extension with XMP. The XMP packet follows, not divided into sub-blocks."""
MAGIC_TRAILER = bytes((1, *range(255, -1, -1), 0))
"""Bytes after the XMP packet, for programs that do not know XMP.

Such a program reads bytes of the packet as lengths of sub-blocks, and skips to some byte of this trailer. From any byte
there, the lengths lead to the end of the trailer.
"""
_MAX_BLOCKS = 1_000_000
_END = re.compile(rb"<\?xpacket end=['\"][wr]['\"]\?>")
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B


class Gif(NamedTuple):
    """The XMP of a GIF, and the offset for new XMP."""

    insertion_point: int
    """Offset at which new XMP is inserted: the start of the first block that is not an extension."""
    xmp: tuple[int, int] | None
    """Start and end of the extension with XMP; None if there is none."""
    packet: bytes | None
    """The XMP packet; None if there is none."""


def read_gif(stream: BinaryIO) -> Gif:
    """Read the blocks of the GIF in `stream`.

    Raises UnsupportedStructure if the GIF is damaged or has XMP twice, and OSError.
    """
    walk = ForwardReader(stream)
    head = walk.read(13)
    if head[:6] not in (b"GIF87a", b"GIF89a"):
        raise UnsupportedStructure("not a GIF")
    _skip_palette(walk, head[10])
    insertion_point = -1
    xmp: tuple[int, int] | None = None
    for _ in range(_MAX_BLOCKS):
        start = walk.offset
        kind = walk.read(1)[0]
        if kind != _EXTENSION and insertion_point < 0:
            insertion_point = start
        if kind == _EXTENSION:
            if _skip_extension(walk):
                if xmp is not None:
                    raise UnsupportedStructure("XMP twice")
                xmp = (start, walk.offset)
        elif kind == _IMAGE:
            _skip_palette(walk, walk.read(9)[8])
            walk.read(1)
            walk.skip_sub_blocks()
        elif kind == _TRAILER:
            return Gif(insertion_point, xmp, None if xmp is None else _read_packet(stream, *xmp))
        else:
            raise UnsupportedStructure("blocks of an odd form")
    raise UnsupportedStructure("blocks without end")


def _skip_palette(walk: ForwardReader, flags: int) -> None:
    if flags & 0x80:
        walk.read(3 << (flags & 7) + 1)


def _skip_extension(walk: ForwardReader) -> bool:
    """Move past an extension. Return whether it holds XMP."""
    head = walk.read(2)
    if head == XMP_HEADER[1:3] and head[1]:
        name = walk.read(head[1])
        walk.skip_sub_blocks()
        return name == XMP_HEADER[3:]
    walk.read(head[1])
    if head[1]:
        walk.skip_sub_blocks()
    return False


def _read_packet(stream: BinaryIO, start: int, end: int) -> bytes:
    """Return the XMP packet in the extension between two offsets, without the trailer after the packet.

    Raises UnsupportedStructure if the packet has no end mark or is too large, and OSError.
    """
    if end - start > MAX_BLOCK:
        raise UnsupportedStructure("XMP of an odd size")
    stream.seek(start + len(XMP_HEADER))
    content = stream.read(end - start - len(XMP_HEADER))
    match = _END.search(content)
    if match is None:
        raise UnsupportedStructure("XMP without end")
    return content[: match.end()]
