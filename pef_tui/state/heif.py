"""Reading what HEIF pictures (HEIC, AVIF) already say, without ExifTool; image data is passed over."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from pef_tui.formats.closed import FILM_BEHIND
from pef_tui.formats.file_bytes import FileBytes, at_hand
from pef_tui.formats.film import Doubtful
from pef_tui.formats.heif import exif_block, read_heif
from pef_tui.formats.walk import Unsound
from pef_tui.model import State
from pef_tui.state.blocks import block_tags
from pef_tui.state.maker_zones import utc_stamp, wants_stamp
from pef_tui.xmp.names import BY_TAG


def heif_reader(format: str) -> Callable[[BinaryIO], State | None]:
    """A reader of `heic`, `heif` or `avif` (`state.natively`)."""
    return partial(read_heif_state, format=format)


def read_heif_state(stream: BinaryIO, format: str) -> State | None:
    """What the picture in `stream` holds. None where anything is there that this reader does not take at its word:
    sequences, boxes of cameras, garbage behind, EXIF or known XMP of further pictures inside. Raises OSError.
    """
    try:
        found = read_heif(FileBytes(at_hand(stream)))
        block = None if found.exif is None else exif_block(found.exif.content)[1]
    except (Unsound, Doubtful):
        return None
    tags = block_tags(block, None if found.xmp is None else found.xmp.content)
    if tags is None or not all(map(_says_nothing, found.others)):
        return None
    if wants_stamp(tags):
        tags |= utc_stamp(stream)
    return State(format=format, tags=tags, reader="native", closed=FILM_BEHIND if found.film_behind else "")


def _says_nothing(packet: bytes) -> bool:
    """Is there in a packet about something else (a gain map's) none of the tags that are asked for in pictures?"""
    tags = block_tags(None, packet)
    return tags is not None and BY_TAG.keys().isdisjoint(tags)
