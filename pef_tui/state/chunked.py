"""Reading what PNG, WebP and GIF pictures already say, without ExifTool."""

from __future__ import annotations

from typing import BinaryIO

from pef_tui.formats.chunks import Png, read_png, read_webp
from pef_tui.formats.closed import IN_TEXTS, SIGNED
from pef_tui.formats.gif_blocks import read_gif
from pef_tui.formats.walk import Unsound
from pef_tui.model import State
from pef_tui.state.blocks import block_tags


def read_png_state(stream: BinaryIO) -> State | None:
    """What the PNG in `stream`, which stands at its beginning, holds; its image data is passed over.

    None where anything is there that this reader does not take at its word: cut files, bytes behind the picture,
    two blocks of a kind that differ. Raises OSError.
    """
    try:
        found = read_png(stream)
    except Unsound:
        return None
    exif = None if found.exif is None else found.exif.content
    xmp = None if found.xmp is None else found.xmp.content
    why = _why_closed(found)
    return _state("png", exif, xmp, why)


def _why_closed(found: Png) -> str:
    """Why ExifTool must not change the PNG."""
    if found.signed is not None:
        return SIGNED
    blocks = [block for block in (found.exif, found.xmp) if block is not None]
    return IN_TEXTS if any(block.in_profile for block in blocks) else ""


def read_webp_state(stream: BinaryIO) -> State | None:
    """The same for a WebP."""
    try:
        content = read_webp(stream).content
    except Unsound:
        return None
    return _state("webp", content.get(b"EXIF"), content.get(b"XMP "))


def read_gif_state(stream: BinaryIO) -> State | None:
    """The same for a GIF, which can hold XMP only."""
    try:
        return _state("gif", None, read_gif(stream).packet)
    except Unsound:
        return None


def _state(format: str, exif: bytes | None, xmp: bytes | None, closed: str = "") -> State | None:
    tags = block_tags(exif, xmp)
    return None if tags is None else State(format=format, tags=tags, reader="native", closed=closed)
