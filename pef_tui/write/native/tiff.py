"""Edits into a TIFF or DNG: directories that change come behind the file, nothing that is there moves."""

from __future__ import annotations

from struct import error
from typing import BinaryIO

from pef_tui.formats.file_bytes import FileBytes
from pef_tui.formats.image_tiff import tiff as picture_parts
from pef_tui.formats.parts import Unclear
from pef_tui.formats.walk import Unsound
from pef_tui.hooks import Piece, Span
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.exif_edits import Wanted
from pef_tui.write.native.tiff_edit import BYTE, Field, append_to_file, bytes_of
from pef_tui.write.native.xmp_edits import edited_packet

_XMP = 0x02BC
_HEADER = 8
_LONGEST = (1 << 32) - 1


def edit_tiff_file(wanted: Wanted, stream: BinaryIO, size: int) -> tuple[Piece, ...]:
    """What the file of `size` bytes in `stream` consists of with the edits made.

    Empty where nothing changes. Raises Declined for whatever is not sure, OSError.
    """
    try:
        file = FileBytes(stream, size)
        parts = list(picture_parts(stream))
        if not parts or any(start < _HEADER or start + length > size for start, length in parts):
            raise Declined("a picture that is cut")
        changes = {name: dict(fields) for name, fields in wanted.exif.items()}
        if wanted.xmp and (packet := edited_packet(bytes_of(file, _XMP), wanted.xmp)) is not None:
            changes.setdefault("IFD0", {})[_XMP] = Field(BYTE, packet)
        appended = append_to_file(file, changes) if changes else None
    except Unsound as reason:
        raise Declined(str(reason)) from None
    except (Unclear, error):
        raise Declined("a picture of an odd form") from None
    if appended is None:
        return ()
    if size + len(appended.tail) > _LONGEST:
        raise Declined("a TIFF would pass 4 GiB")
    return file[:4] + appended.first, Span(_HEADER, size), appended.tail
