"""The blocks of a GIF: where its XMP lies, or would. (GIF89a; XMP specification part 3, section 1.1.2.)"""

from __future__ import annotations

import re
from typing import BinaryIO, NamedTuple

from pef_tui.formats.walk import LONGEST, Unsound, Walk

XMP_BLOCK = b"\x21\xff\x0bXMP DataXMP"
"""How the application extension with XMP begins; the packet follows as it is, not cut into blocks."""
LANDING = bytes((1, *range(255, -1, -1), 0))
"""What follows the packet: whoever takes its letters for lengths of blocks comes to the end here."""
_MOST = 1_000_000
_END = re.compile(rb"<\?xpacket end=['\"][wr]['\"]\?>")
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B


class Gif(NamedTuple):
    """A whole GIF."""

    place: int
    """Where new XMP goes: before the first block that is no extension."""
    xmp: tuple[int, int] | None
    """Where the extension with XMP begins and ends."""
    packet: bytes | None


def read_gif(stream: BinaryIO) -> Gif:
    """The blocks of the GIF in `stream`, up to its end. Raises Unsound, OSError."""
    walk = Walk(stream)
    head = walk.take(13)
    if head[:6] not in (b"GIF87a", b"GIF89a"):
        raise Unsound("not a GIF")
    _pass_palette(walk, head[10])
    place = -1
    xmp: tuple[int, int] | None = None
    for _ in range(_MOST):
        start = walk.place
        kind = walk.take(1)[0]
        if kind != _EXTENSION and place < 0:
            place = start
        if kind == _EXTENSION:
            if _pass_extension(walk):
                if xmp is not None:
                    raise Unsound("XMP twice")
                xmp = (start, walk.place)
        elif kind == _IMAGE:
            _pass_palette(walk, walk.take(9)[8])
            walk.take(1)
            walk.pass_blocks()
        elif kind == _TRAILER:
            return Gif(place, xmp, None if xmp is None else _packet(stream, *xmp))
        else:
            raise Unsound("blocks of an odd form")
    raise Unsound("blocks without end")


def _pass_palette(walk: Walk, flags: int) -> None:
    if flags & 0x80:
        walk.take(3 << (flags & 7) + 1)


def _pass_extension(walk: Walk) -> bool:
    """Go behind an extension; is it the one with XMP?"""
    head = walk.take(2)
    if head == XMP_BLOCK[1:3] and head[1]:
        name = walk.take(head[1])
        walk.pass_blocks()
        return name == XMP_BLOCK[3:]
    walk.take(head[1])
    if head[1]:
        walk.pass_blocks()
    return False


def _packet(stream: BinaryIO, start: int, end: int) -> bytes:
    """The packet of an XMP extension, without what follows it."""
    if end - start > LONGEST:
        raise Unsound("XMP of an odd size")
    stream.seek(start + len(XMP_BLOCK))
    content = stream.read(end - start - len(XMP_BLOCK))
    found = _END.search(content)
    if found is None:
        raise Unsound("XMP without end")
    return content[: found.end()]
