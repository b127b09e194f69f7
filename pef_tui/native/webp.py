"""Edit a WebP. The chunks with EXIF and XMP are replaced, and the flags in its header are updated."""

from __future__ import annotations

from typing import BinaryIO

from pef_tui.formats.chunks import Webp, read_webp, riff_chunk
from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.hooks import Piece
from pef_tui.native import Declined
from pef_tui.native.exif_edits import EmbeddedEdits
from pef_tui.native.splice import Change, splice
from pef_tui.native.tiff_edit import edit_tiff, resolution
from pef_tui.native.xmp_edits import edit_packet

_XMP, _EXIF, _ICC = 0x04, 0x08, 0x20
"""Flags of the VP8X chunk. (WebP container specification, "Extended file format")"""
_MAX_SIZE = (1 << 32) - 10
_FIRST_FRAME, _LOSSLESS = b"\x9d\x01\x2a", b"\x2f"


def edit_webp(edits: EmbeddedEdits, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """Return the pieces of the edited WebP; `()` if nothing changes.

    `stream` is at the beginning of the file, which has `size` bytes. Raises Declined for an unsupported edit or
    structure, and OSError.
    """
    try:
        webp = read_webp(stream)
    except UnsupportedStructure as reason:
        raise Declined(str(reason)) from None
    exif, packet = webp.content.get(b"EXIF"), webp.content.get(b"XMP ")
    new: dict[bytes, bytes] = {}
    if edits.exif and (block := edit_tiff(exif, edits.exif, resolution())) is not None and block is not exif:
        new[b"EXIF"] = block
    if (new_packet := edit_packet(packet, edits.xmp)) is not None:
        new[b"XMP "] = new_packet
    if not new:
        return ()
    changes = [_header(webp, new)]
    changes += _replace_chunk(webp, b"EXIF", new, size) + _replace_chunk(webp, b"XMP ", new, size)
    growth = sum(len(change.new) - (change.end - change.start) for change in changes)
    if size + growth > _MAX_SIZE:
        raise Declined("a WebP would pass 4 GiB")
    return splice([*changes, Change(4, 8, (size + growth - 8).to_bytes(4, "little"))], size)


def _replace_chunk(webp: Webp, name: bytes, new: dict[bytes, bytes], size: int) -> list[Change]:
    """Return the change that writes the chunk `name` of `new`; `[]` if `new` does not have it.

    `new`: the new chunks by name. An existing chunk is replaced. Otherwise new EXIF is inserted before existing XMP, or
    the chunk is appended to the file of `size` bytes.
    """
    if name not in new:
        return []
    chunk = riff_chunk(name, new[name])
    if (old := webp.find(name)) is not None:
        return [Change(old.start, old.end, chunk)]
    xmp = webp.find(b"XMP ") if name == b"EXIF" else None
    position = size if xmp is None else xmp.start
    return [Change(position, position, chunk)]


def _header(webp: Webp, new: dict[bytes, bytes]) -> Change:
    """Return the change of the chunk VP8X. Its flags state whether the file has XMP, EXIF and a colour profile.

    If VP8X is missing, it is added. Raises Declined if VP8X is not the first chunk, or if `_canvas_size` cannot find
    the size for a new VP8X.
    """
    names = webp.content.keys() | new.keys()
    flags = sum(flag for name, flag in ((b"XMP ", _XMP), (b"EXIF", _EXIF), (b"ICCP", _ICC)) if name in names)
    old = webp.find(b"VP8X")
    if old is None:
        first = webp.chunks[0].start
        return Change(first, first, riff_chunk(b"VP8X", bytes((flags, 0, 0, 0)) + _canvas_size(webp)))
    if old is not webp.chunks[0]:
        raise Declined("a WebP whose header is not at its beginning")
    content = webp.content[b"VP8X"]
    return Change(old.start + 8, old.start + 9, bytes((content[0] & ~(_XMP | _EXIF | _ICC) | flags,)))


def _canvas_size(webp: Webp) -> bytes:
    """Return width and height as stored in VP8X, read from the frame of a picture without VP8X.

    Raises Declined if the picture has several frames or parts, is transparent, or has an unknown size.
    """
    if len(webp.chunks) != 1 and webp.content.keys() - {b"VP8 ", b"VP8L", b"EXIF", b"XMP "}:
        raise Declined("a WebP of several parts without the header for it")
    if (frame := webp.content.get(b"VP8 ")) is not None and frame[3:6] == _FIRST_FRAME:
        width = int.from_bytes(frame[6:8], "little") & 0x3FFF
        height = int.from_bytes(frame[8:10], "little") & 0x3FFF
    elif (frame := webp.content.get(b"VP8L")) is not None and frame[:1] == _LOSSLESS:
        numbers = int.from_bytes(frame[1:5], "little")
        if numbers >> 28:
            raise Declined("a transparent WebP without the header for it")
        width, height = (numbers & 0x3FFF) + 1, (numbers >> 14 & 0x3FFF) + 1
    else:
        raise Declined("a WebP whose size is not known")
    if not width or not height:
        raise Declined("a WebP whose size is not known")
    return (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
