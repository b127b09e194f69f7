"""Read the tags of PNG, WebP and GIF pictures without ExifTool."""

from __future__ import annotations

from typing import BinaryIO

from pef_tui.formats.chunks import Png, read_png, read_webp
from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.exiftool_unsafe import SIGNED_CLAIMS, TAGS_IN_TEXTS
from pef_tui.formats.gif_blocks import read_gif
from pef_tui.model import FileMetadata
from pef_tui.readers.blocks import block_tags


def read_png_metadata(stream: BinaryIO) -> FileMetadata | None:
    """Return the metadata of the PNG in `stream`, which is at its beginning. Image data is not read.

    None if ExifTool must read the file, because programs may read it in different ways: it is truncated, has data after
    the picture, or has two different blocks of the same kind. Raises OSError.
    """
    try:
        png = read_png(stream)
    except UnsupportedStructure:
        return None
    exif = None if png.exif is None else png.exif.content
    xmp = None if png.xmp is None else png.xmp.content
    reason = _unsafe_reason(png)
    return _to_metadata("png", exif, xmp, reason)


def _unsafe_reason(png: Png) -> str:
    """Return why ExifTool must not change the PNG; "" if it may."""
    if png.claims_start is not None:
        return SIGNED_CLAIMS
    blocks = [block for block in (png.exif, png.xmp) if block is not None]
    return TAGS_IN_TEXTS if any(block.in_profile for block in blocks) else ""


def read_webp_metadata(stream: BinaryIO) -> FileMetadata | None:
    """Return the metadata of the WebP in `stream`, which is at its beginning. Image data is not read.

    None if ExifTool must read the file (see `read_png_metadata`). Raises OSError.
    """
    try:
        content = read_webp(stream).content
    except UnsupportedStructure:
        return None
    return _to_metadata("webp", content.get(b"EXIF"), content.get(b"XMP "))


def read_gif_metadata(stream: BinaryIO) -> FileMetadata | None:
    """Return the metadata of the GIF in `stream`, which is at its beginning. A GIF can hold only XMP.

    None if ExifTool must read the file (see `read_png_metadata`). Raises OSError.
    """
    try:
        return _to_metadata("gif", None, read_gif(stream).packet)
    except UnsupportedStructure:
        return None


def _to_metadata(format: str, exif: bytes | None, xmp: bytes | None, closed: str = "") -> FileMetadata | None:
    tags = block_tags(exif, xmp)
    return None if tags is None else FileMetadata(format=format, tags=tags, reader="native", closed=closed)
