"""Read the tags of TIFF and DNG pictures without ExifTool. (TIFF 6.0; DNG 1.7; XMP part 3, section 1.1.4.)"""

from __future__ import annotations

from collections.abc import Callable
from struct import error
from typing import BinaryIO

from pef_tui.formats.detect import RAW_COMPRESSIONS, SENSOR
from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.file_bytes import FileBytes, seekable
from pef_tui.formats.image_tiff import tiff_parts as picture_parts
from pef_tui.formats.iptc import has_block
from pef_tui.formats.tiff_types import BYTE, IFD, LONG, UNDEFINED
from pef_tui.model import FileMetadata, Value
from pef_tui.readers.blocks import block_tags
from pef_tui.readers.exif import EXIF_POINTER, FOREIGN_BLOCKS, GPS_POINTER, exif_tags
from pef_tui.readers.tiff import IfdEntry, Tiff, integer, open_tiff, raw, read_directory

XMP, _IPTC, _PHOTOSHOP = 0x02BC, 0x83BB, 0x8649
_SUB_DIRECTORIES, _PRIVATE = 0x014A, 0xC634
_SUBFILE, _COMPRESSION, _PHOTOMETRIC, _DNG_VERSION = 0xFE, 0x0103, 0x0106, 0xC612
_OF_ADOBE, _MAKER_NOTE = b"Adobe\0", b"MakN"
_MAX_DIRECTORIES = 1000
"""Maximum number of pictures in one file."""


def tiff_reader(format: str) -> Callable[[BinaryIO], FileMetadata | None]:
    """Return a reader of pictures of `format`: `tiff` or `dng`.

    It reads the tags of the picture in the first directory, and of the directories that this one points to. It
    recognises a DNG even if the directory that shows this is far from the beginning.

    It returns None if ExifTool must read the file, because programs may read it in different ways: raw pictures of
    makers, truncated files, circular directories, IPTC, tags in further pictures, tags in IFD0 that belong to the Exif
    IFD. It raises OSError.
    """

    def read(stream: BinaryIO) -> FileMetadata | None:
        try:
            stream = seekable(stream)
            file = FileBytes(stream)
            tiff = open_tiff(file)
            main = None if tiff is None else read_directory(tiff, tiff.first)
            if tiff is None or main is None or (_DNG_VERSION not in main and _is_raw(tiff, main)):
                return None
            tags = _read_tags(stream, file, tiff, main)
        except (UnsupportedStructure, error):
            return None
        detected = "dng" if _DNG_VERSION in main else format
        return None if tags is None else FileMetadata(format=detected, tags=tags, reader="native")

    return read


def _is_raw(tiff: Tiff, main: dict[int, IfdEntry]) -> bool:
    """Return whether the file is a raw picture that `formats.detect` did not recognise as raw.

    `detect` reads only the beginning of a file. It misses a first directory (`main`) that is far from it.
    """
    numbers = {tag: integer(tiff, main[tag]) for tag in (_SUBFILE, _PHOTOMETRIC, _COMPRESSION) if tag in main}
    return (
        (numbers.get(_SUBFILE) == 1 and _SUB_DIRECTORIES in main)
        or numbers.get(_PHOTOMETRIC) == SENSOR
        or numbers.get(_COMPRESSION) in RAW_COMPRESSIONS
    )


def _read_tags(
    stream: BinaryIO, file: FileBytes, tiff: Tiff, main: dict[int, IfdEntry]
) -> dict[str, Value] | None:
    if not _further_pictures_have_no_tags(tiff, main) or not _holds_only_maker_notes(
        tiff, main.get(_PRIVATE)
    ):
        return None
    parts = list(picture_parts(stream))
    if not parts or any(start < 8 or start + length > len(file) for start, length in parts):
        return None
    tags = exif_tags(file, frozenset((_IPTC,)))
    further = block_tags(None, _block_value(tiff, main.get(XMP)), _block_value(tiff, main.get(_PHOTOSHOP)))
    if tags is None or further is None or has_block(further):
        return None
    return tags | further


def _block_value(tiff: Tiff, entry: IfdEntry | None) -> bytes | None:
    """Return the bytes of `entry`; None if `entry` is None.

    Raises UnsupportedStructure unless its type is BYTE or UNDEFINED.
    """
    if entry is None:
        return None
    if entry.type not in (BYTE, UNDEFINED):
        raise UnsupportedStructure("a block of an odd type")
    return raw(tiff, entry)


def _further_pictures_have_no_tags(tiff: Tiff, main: dict[int, IfdEntry]) -> bool:
    """Return whether all further pictures have intact directories without blocks of tags (EXIF, XMP)."""
    visited = {tiff.first}
    pending = [*_sub_directories(tiff, main), _next_directory(tiff, tiff.first)]
    while pending:
        start = pending.pop()
        if not start:
            continue
        directory = (
            None if start in visited or len(visited) > _MAX_DIRECTORIES else read_directory(tiff, start)
        )
        if directory is None or not directory.keys().isdisjoint({*FOREIGN_BLOCKS, EXIF_POINTER, GPS_POINTER}):
            return False
        visited.add(start)
        pending += [*_sub_directories(tiff, directory), _next_directory(tiff, start)]
    return True


def _next_directory(tiff: Tiff, start: int) -> int:
    """Return the offset of the directory after the one at `start`; 0 if there is none."""
    number = tiff.order.short.unpack(tiff.block[start : start + 2])[0]
    end = start + 2 + 12 * number
    return int(tiff.order.long.unpack(tiff.block[end : end + 4])[0])


def _sub_directories(tiff: Tiff, directory: dict[int, IfdEntry]) -> list[int]:
    """Return the offsets of directories of further pictures that `directory` points to; [] if there are none.

    Raises UnsupportedStructure if the entry with the offsets has another type, or too many values.
    """
    entry = directory.get(_SUB_DIRECTORIES)
    if entry is None:
        return []
    if entry.type not in (LONG, IFD) or entry.value_count > _MAX_DIRECTORIES:
        raise UnsupportedStructure("a pointer of an odd type")
    return [start for (start,) in tiff.order.long.iter_unpack(raw(tiff, entry))]


def _holds_only_maker_notes(tiff: Tiff, private: IfdEntry | None) -> bool:
    """Return whether Adobe's private data (of a converted raw picture) has only maker notes.

    True if there is no such data.
    """
    content = b"" if private is None else _block_value(tiff, private) or b""
    if not content.startswith(_OF_ADOBE):
        return True
    length = int.from_bytes(content[10:14], "big")
    return content[6:10] == _MAKER_NOTE and 14 + length + length % 2 >= len(content)
