"""Edits into a WebP: the chunks with EXIF and XMP made anew, and what the header says of them."""

from __future__ import annotations

from typing import BinaryIO

from pef_tui.formats.chunks import Webp, read_webp, riff_chunk
from pef_tui.formats.walk import Unsound
from pef_tui.hooks import Piece
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.exif_edits import Wanted
from pef_tui.write.native.laying import Change, laid_out
from pef_tui.write.native.tiff_edit import edit_tiff, resolution
from pef_tui.write.native.xmp_edits import edited_packet

_XMP, _EXIF, _ICC = 0x04, 0x08, 0x20
"""Flags of the VP8X chunk. (WebP container specification, "Extended file format")"""
_LONGEST = (1 << 32) - 10
_FIRST_FRAME, _LOSSLESS = b"\x9d\x01\x2a", b"\x2f"


def edit_webp(wanted: Wanted, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """What the WebP of `size` bytes in `stream`, which stands at its beginning, consists of with the edits made.

    Empty where nothing changes. Raises Declined for whatever is not sure, OSError.
    """
    try:
        found = read_webp(stream)
    except Unsound as reason:
        raise Declined(str(reason)) from None
    exif, packet = found.content.get(b"EXIF"), found.content.get(b"XMP ")
    new: dict[bytes, bytes] = {}
    if (
        wanted.exif
        and (block := edit_tiff(exif, wanted.exif, resolution())) is not None
        and block is not exif
    ):
        new[b"EXIF"] = block
    if (text := edited_packet(packet, wanted.xmp)) is not None:
        new[b"XMP "] = text
    if not new:
        return ()
    changes = [_header(found, new)]
    changes += _put(found, b"EXIF", new, size) + _put(found, b"XMP ", new, size)
    grown = sum(len(change.new) - (change.end - change.start) for change in changes)
    if size + grown > _LONGEST:
        raise Declined("a WebP would pass 4 GiB")
    return laid_out([*changes, Change(4, 8, (size + grown - 8).to_bytes(4, "little"))], size)


def _put(found: Webp, name: bytes, new: dict[bytes, bytes], size: int) -> list[Change]:
    """Put a chunk where the old one is, else behind everything; EXIF before XMP."""
    if name not in new:
        return []
    made = riff_chunk(name, new[name])
    if (old := found.find(name)) is not None:
        return [Change(old.start, old.end, made)]
    xmp = found.find(b"XMP ") if name == b"EXIF" else None
    at = size if xmp is None else xmp.start
    return [Change(at, at, made)]


def _header(found: Webp, new: dict[bytes, bytes]) -> Change:
    """The VP8X chunk with flags that say what is there then; a new one where there is none."""
    names = found.content.keys() | new.keys()
    flags = sum(flag for name, flag in ((b"XMP ", _XMP), (b"EXIF", _EXIF), (b"ICCP", _ICC)) if name in names)
    old = found.find(b"VP8X")
    if old is None:
        first = found.chunks[0].start
        return Change(first, first, riff_chunk(b"VP8X", bytes((flags, 0, 0, 0)) + _canvas(found)))
    if old is not found.chunks[0]:
        raise Declined("a WebP whose header is not at its beginning")
    content = found.content[b"VP8X"]
    return Change(old.start + 8, old.start + 9, bytes((content[0] & ~(_XMP | _EXIF | _ICC) | flags,)))


def _canvas(found: Webp) -> bytes:
    """Width and height as VP8X wants them, of a picture that is one still frame without transparency."""
    if len(found.chunks) != 1 and found.content.keys() - {b"VP8 ", b"VP8L", b"EXIF", b"XMP "}:
        raise Declined("a WebP of several parts without the header for it")
    if (frame := found.content.get(b"VP8 ")) is not None and frame[3:6] == _FIRST_FRAME:
        width = int.from_bytes(frame[6:8], "little") & 0x3FFF
        height = int.from_bytes(frame[8:10], "little") & 0x3FFF
    elif (frame := found.content.get(b"VP8L")) is not None and frame[:1] == _LOSSLESS:
        numbers = int.from_bytes(frame[1:5], "little")
        if numbers >> 28:
            raise Declined("a transparent WebP without the header for it")
        width, height = (numbers & 0x3FFF) + 1, (numbers >> 14 & 0x3FFF) + 1
    else:
        raise Declined("a WebP whose size is not known")
    if not width or not height:
        raise Declined("a WebP whose size is not known")
    return (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
