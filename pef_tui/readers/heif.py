"""Read the tags of HEIF pictures (HEIC, AVIF) without ExifTool. Image data is not read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.exiftool_unsafe import MOTION_VIDEO
from pef_tui.formats.file_bytes import FileBytes, seekable
from pef_tui.formats.heif import exif_block, read_heif
from pef_tui.model import FileMetadata
from pef_tui.readers.blocks import block_tags
from pef_tui.readers.maker_note_zones import needs_utc_stamp, read_utc_stamp
from pef_tui.xmp.names import BY_TAG


def heif_reader(format: str) -> Callable[[BinaryIO], FileMetadata | None]:
    """Return a reader of pictures of `format`: `heic`, `heif` or `avif` (see `READERS`)."""
    return partial(read_heif_metadata, format=format)


def read_heif_metadata(stream: BinaryIO, format: str) -> FileMetadata | None:
    """Return the metadata of the HEIF picture in `stream`. `format`: name of its format.

    None if ExifTool must read the file, because programs may read it in different ways: it has a sequence of pictures,
    boxes of cameras, data after the picture, or a further picture with EXIF or with XMP tags that are read. Raises
    OSError.
    """
    try:
        picture = read_heif(FileBytes(seekable(stream)))
        block = None if picture.exif is None else exif_block(picture.exif.content)[1]
    except UnsupportedStructure:
        return None
    tags = block_tags(block, None if picture.xmp is None else picture.xmp.content)
    if tags is None or not all(map(_has_no_known_tags, picture.other_xmp)):
        return None
    if needs_utc_stamp(tags):
        tags |= read_utc_stamp(stream)
    return FileMetadata(
        format=format, tags=tags, reader="native", closed=MOTION_VIDEO if picture.has_motion_video else ""
    )


def _has_no_known_tags(packet: bytes) -> bool:
    """Return whether the XMP of a further picture in the file (a gain map) has none of the tags that are read.

    False if the XMP cannot be read.
    """
    tags = block_tags(None, packet)
    return tags is not None and BY_TAG.keys().isdisjoint(tags)
