"""Reading what TIFF and DNG pictures already say, without ExifTool. (TIFF 6.0; DNG 1.7; XMP part 3, section 1.1.4.)"""

from __future__ import annotations

from collections.abc import Callable
from struct import error
from typing import BinaryIO

from pef_tui.formats.file_bytes import FileBytes, at_hand
from pef_tui.formats.image_tiff import tiff as picture_parts
from pef_tui.formats.parts import Unclear
from pef_tui.formats.walk import Unsound
from pef_tui.model import State, Value
from pef_tui.state.blocks import block_tags
from pef_tui.state.exif import ELSEWHERE, EXIF_POINTER, GPS_POINTER, exif_tags
from pef_tui.state.tiff import (
    BYTE,
    LONG,
    UNDEFINED,
    Entry,
    Tiff,
    integer,
    open_tiff,
    raw,
    read_directory,
)

XMP, _IPTC, _PHOTOSHOP = 0x02BC, 0x83BB, 0x8649
_SUB_DIRECTORIES, _PRIVATE = 0x014A, 0xC634
_SUBFILE, _COMPRESSION, _PHOTOMETRIC, _DNG_VERSION = 0xFE, 0x0103, 0x0106, 0xC612
_SENSOR = 32803
_RAW_COMPRESSIONS = frozenset((32767, 32769, 32770, 34713, 65000, 65535))
_OF_ADOBE, _MAKER_NOTE = b"Adobe\0", b"MakN"
_MOST = 1000
"""Pictures in one file."""


def tiff_reader(format: str) -> Callable[[BinaryIO], State | None]:
    """A reader for `tiff` or `dng`: of the file's picture, in its first directory, and those that this points to.

    A DNG is told as such even where that shows only in a directory far behind. None where anything is there that it
    does not take at its word: raw pictures of makers, cut files, directories that run in a circle, IPTC, tags in
    further pictures, those in IFD0 that belong into the camera's directory. It raises OSError.
    """

    def read(stream: BinaryIO) -> State | None:
        try:
            stream = at_hand(stream)
            file = FileBytes(stream)
            tiff = open_tiff(file)
            main = None if tiff is None else read_directory(tiff, tiff.first)
            if tiff is None or main is None or (_DNG_VERSION not in main and _is_raw(tiff, main)):
                return None
            tags = _tags(stream, file, tiff, main)
        except (Unsound, Unclear, error):
            return None
        found = "dng" if _DNG_VERSION in main else format
        return None if tags is None else State(format=found, tags=tags, reader="native")

    return read


def _is_raw(tiff: Tiff, main: dict[int, Entry]) -> bool:
    """Is this a raw picture of a maker, whose first directory lay too far back to be told by the file's beginning?"""
    numbers = {tag: integer(tiff, main[tag]) for tag in (_SUBFILE, _PHOTOMETRIC, _COMPRESSION) if tag in main}
    return (
        (numbers.get(_SUBFILE) == 1 and _SUB_DIRECTORIES in main)
        or numbers.get(_PHOTOMETRIC) == _SENSOR
        or numbers.get(_COMPRESSION) in _RAW_COMPRESSIONS
    )


def _tags(stream: BinaryIO, file: FileBytes, tiff: Tiff, main: dict[int, Entry]) -> dict[str, Value] | None:
    if not _alone(tiff, main) or not _only_notes(tiff, main.get(_PRIVATE)):
        return None
    parts = list(picture_parts(stream))
    if not parts or any(start < 8 or start + length > len(file) for start, length in parts):
        return None
    tags = exif_tags(file, frozenset((_IPTC,)))
    further = block_tags(None, _value(tiff, main.get(XMP)), _value(tiff, main.get(_PHOTOSHOP)))
    if tags is None or further is None or any(tag.startswith("IPTC:") for tag in further):
        return None
    return tags | further


def _value(tiff: Tiff, entry: Entry | None) -> bytes | None:
    """A block of bytes. Raises Unsound."""
    if entry is None:
        return None
    if entry.type not in (BYTE, UNDEFINED):
        raise Unsound("a block of an odd type")
    return raw(tiff, entry)


def _alone(tiff: Tiff, main: dict[int, Entry]) -> bool:
    """Are there no tags of the picture in the directories of further ones, and are all of these sound?"""
    seen = {tiff.first}
    waiting = [*_below(tiff, main), _behind(tiff, tiff.first)]
    while waiting:
        start = waiting.pop()
        if not start:
            continue
        directory = None if start in seen or len(seen) > _MOST else read_directory(tiff, start)
        if directory is None or not directory.keys().isdisjoint({*ELSEWHERE, EXIF_POINTER, GPS_POINTER}):
            return False
        seen.add(start)
        waiting += [*_below(tiff, directory), _behind(tiff, start)]
    return True


def _behind(tiff: Tiff, start: int) -> int:
    """Where the directory behind this one begins, 0 for none."""
    number = tiff.order.short.unpack(tiff.block[start : start + 2])[0]
    end = start + 2 + 12 * number
    return int(tiff.order.long.unpack(tiff.block[end : end + 4])[0])


def _below(tiff: Tiff, directory: dict[int, Entry]) -> list[int]:
    """Where the directories of pictures inside this one begin."""
    entry = directory.get(_SUB_DIRECTORIES)
    if entry is None:
        return []
    if entry.type not in (LONG, 13) or entry.number > _MOST:
        raise Unsound("a pointer of an odd type")
    return [start for (start,) in tiff.order.long.iter_unpack(raw(tiff, entry))]


def _only_notes(tiff: Tiff, private: Entry | None) -> bool:
    """Holds what Adobe's converter put aside (of a raw picture of another format) nothing but maker notes?"""
    content = b"" if private is None else _value(tiff, private) or b""
    if not content.startswith(_OF_ADOBE):
        return True
    length = int.from_bytes(content[10:14], "big")
    return content[6:10] == _MAKER_NOTE and 14 + length + length % 2 >= len(content)
