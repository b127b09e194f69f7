"""Edit a TIFF or DNG. Changed directories are appended to the file, so no existing data moves."""

from __future__ import annotations

from struct import error
from typing import BinaryIO

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.file_bytes import FileBytes
from pef_tui.formats.image_tiff import tiff_parts as picture_parts
from pef_tui.formats.tiff_types import BYTE
from pef_tui.hooks import Piece, Span
from pef_tui.native import Declined
from pef_tui.native.exif_edits import EmbeddedEdits
from pef_tui.native.tiff_edit import Field, append_to_file, first_directory_bytes
from pef_tui.native.xmp_edits import edit_packet

_XMP = 0x02BC
_HEADER_SIZE = 8
_MAX_SIZE = (1 << 32) - 1


def edit_tiff_file(edits: EmbeddedEdits, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """Return the pieces of the edited file; `()` if nothing changes.

    `size`: bytes of the old file. Raises Declined for an unsupported edit or structure, and OSError.
    """
    try:
        file = FileBytes(stream, size)
        parts = list(picture_parts(stream))
        if not parts or any(start < _HEADER_SIZE or start + length > size for start, length in parts):
            raise Declined("a picture that is cut")
        changes = {name: dict(fields) for name, fields in edits.exif.items()}
        if edits.xmp and (packet := edit_packet(first_directory_bytes(file, _XMP), edits.xmp)) is not None:
            changes.setdefault("IFD0", {})[_XMP] = Field(BYTE, packet)
        appended = append_to_file(file, changes) if changes else None
    except UnsupportedStructure as reason:
        raise Declined(str(reason) or "a picture of an odd form") from None
    except error:
        raise Declined("a picture of an odd form") from None
    if appended is None:
        return ()
    if size + len(appended.tail) > _MAX_SIZE:
        raise Declined("a TIFF would pass 4 GiB")
    return file[:4] + appended.first_pointer, Span(_HEADER_SIZE, size), appended.tail
