"""Find the image data in TIFF files and in raw pictures, also in raw formats that are not based on TIFF.

The functions yield the ranges of the file to hash. (TIFF 6.0; DNG 1.7; other formats as in ExifTool's tag tables.)
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack
from typing import BinaryIO

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.read_bytes import MAX_PARTS, DataRange, DigestPart, file_size, read_at, to_int, to_ints

_OFFSET_TAGS = {273: 279, 324: 325}
"""Tags with the offsets of strips (273) and tiles (324), each with the tag of their lengths."""
_JPEG_TAGS = (513, 514)
"""Tags with the offset and the length of a JPEG picture that is stored in one piece."""
_SUB_IFDS = 330
_PICTURE_TAGS = frozenset((_SUB_IFDS, *_JPEG_TAGS, *_OFFSET_TAGS, *_OFFSET_TAGS.values()))
_LETTERS = {3: "H", 4: "I", 13: "I"}
_RAW_DATA = 0x118
_NO_OFFSET = 0xFFFF_FFFF
_CANON_PICTURES = (0x2005, 0x2007)

Directory = dict[int, tuple[int, ...]]


def tiff_parts(stream: BinaryIO) -> Iterator[DataRange]:
    """Yield the strips, tiles and JPEG pictures of all directories and sub-directories.

    The JPEG in IFD1 (the second directory) is a thumbnail, and left out. Raises UnsupportedStructure for a damaged
    file, and OSError.
    """
    order, first = _read_header(stream)
    pending, visited, chain_length = [(first, 0)], set[int](), 0
    while pending:
        start, level = pending.pop(0)
        if not start or start in visited:
            continue
        visited.add(start)
        chain_length += level == 0
        values, next_start = _read_directory(stream, order, start)
        for offsets, lengths in _OFFSET_TAGS.items():
            yield from zip(values.get(offsets, ()), values.get(lengths, ()), strict=False)
        if level or chain_length != 2:
            yield from zip(*(values.get(tag, ()) for tag in _JPEG_TAGS), strict=False)
        sub_directories = [(sub_start, level + 1) for sub_start in values.get(_SUB_IFDS, ())]
        pending = [*sub_directories, (next_start, level), *pending]


def _read_header(stream: BinaryIO) -> tuple[str, int]:
    """Return the byte order (`<` or `>`) and the offset of the first directory.

    Raises UnsupportedStructure if the file is not a TIFF, or is a BigTIFF (64-bit offsets).
    """
    order = {b"II": "<", b"MM": ">"}.get(read_at(stream, 0, 2))
    if order is None or read_at(stream, 2, 2) in (b"+\0", b"\0+"):
        raise UnsupportedStructure
    return order, unpack(order + "I", read_at(stream, 4, 4))[0]


def _read_directory(
    stream: BinaryIO, order: str, start: int, tags: frozenset[int] = _PICTURE_TAGS
) -> tuple[Directory, int]:
    """Return the values of `tags` in the directory at offset `start`, and the offset of the next directory."""
    (count,) = unpack(order + "H", read_at(stream, start, 2))
    entries = read_at(stream, start + 2, count * 12 + 4)
    values = {
        tag: _read_values(stream, order, kind, value_count, entries[position + 8 : position + 12])
        for position in range(0, count * 12, 12)
        for tag, kind, value_count in (unpack(order + "HHI", entries[position : position + 8]),)
        if tag in tags
    }
    return values, unpack(order + "I", entries[-4:])[0]


def _read_values(stream: BinaryIO, order: str, kind: int, count: int, field: bytes) -> tuple[int, ...]:
    letter = _LETTERS.get(kind)
    if letter is None or count > MAX_PARTS:
        raise UnsupportedStructure
    size = count * (2 if letter == "H" else 4)
    data = field[:size] if size <= 4 else read_at(stream, unpack(order + "I", field)[0], size)
    return to_ints(letter, data, order)


def panasonic_parts(stream: BinaryIO) -> Iterator[DigestPart]:
    """Yield the sensor's data of an RW2. Its JPEG picture is left out: it contains tags."""
    order, first = _read_header(stream)
    values, _ = _read_directory(stream, order, first, frozenset((_RAW_DATA, 273, 279)))
    start = next(iter(values.get(_RAW_DATA, values.get(273, ()))), 0)
    if start in (0, _NO_OFFSET) or start >= file_size(stream):
        raise UnsupportedStructure
    yield start, next(iter(values.get(279, ())), 0) or -1


def fuji_parts(stream: BinaryIO) -> Iterator[DigestPart]:
    """Yield the data to which the header of a RAF points. Its JPEG picture is left out: it contains tags."""
    head = read_at(stream, 84, 56)
    end, part_count = file_size(stream), 0
    for position in (8, 16, 36, 44):
        start, length = to_ints("I", head[position : position + 8])
        if start and length and start + length <= end:
            part_count += 1
            yield start, length
    if not part_count:
        raise UnsupportedStructure


def minolta_parts(stream: BinaryIO) -> Iterator[DigestPart]:
    """Yield all data after the block of tags at the beginning of an MRW."""
    start = 8 + to_int(read_at(stream, 4, 4))
    if start >= file_size(stream):
        raise UnsupportedStructure
    yield start, -1


def canon_heap_parts(stream: BinaryIO) -> Iterator[DigestPart]:
    """Yield the sensor's data and the JPEG picture of a CRW, found by the root directory of the file.

    The last four bytes of the file are the offset of the root directory. Raises UnsupportedStructure if there is no
    such data.
    """
    order = {b"II": "<", b"MM": ">"}.get(read_at(stream, 0, 2))
    if order is None:
        raise UnsupportedStructure
    (heap,) = to_ints("I", read_at(stream, 2, 4), order)
    end = file_size(stream)
    directory = heap + to_ints("I", read_at(stream, end - 4, 4), order)[0]
    (count,) = to_ints("H", read_at(stream, directory, 2), order)
    entries = read_at(stream, directory + 2, 10 * count)
    part_count = 0
    for position in range(0, 10 * count, 10):
        (tag,) = to_ints("H", entries[position : position + 2], order)
        length, start = to_ints("I", entries[position + 2 : position + 10], order)
        if tag in _CANON_PICTURES:
            if heap + start + length > end:
                raise UnsupportedStructure
            part_count += 1
            yield heap + start, length
    if not part_count:
        raise UnsupportedStructure


def sigma_parts(stream: BinaryIO) -> Iterator[DigestPart]:
    """Yield the pictures of an X3F, and the sensor's data. JPEG pictures are left out: they contain tags."""
    (directory,) = to_ints("I", read_at(stream, file_size(stream) - 4, 4), "<")
    head = read_at(stream, directory, 12)
    (count,) = to_ints("I", head[8:], "<")
    if head[:4] != b"SECd" or count > MAX_PARTS:
        raise UnsupportedStructure
    for number in range(count):
        entry = read_at(stream, directory + 12 + 12 * number, 12)
        start, length = to_ints("I", entry[:8], "<")
        if entry[8:] == b"CAMF" or (
            entry[8:] in (b"IMAG", b"IMA2") and read_at(stream, start + 12, 4)[0] != 18
        ):
            yield start, length
