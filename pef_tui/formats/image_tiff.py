"""The picture in TIFF files and in raw pictures: those built on TIFF, and the few that are not.

(TIFF 6.0; DNG 1.7; the others as ExifTool's tag tables tell of them.)
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack
from typing import BinaryIO

from pef_tui.formats.parts import MOST, Part, Span, Unclear, at, number, numbers, size_of

_OFFSETS = {273: 279, 324: 325}
"""Tags that say where strips and tiles lie, and those that say how long they are."""
_JPEG = (513, 514)
"""The same of a JPEG picture in one piece."""
_SUB_IFDS = 330
_WANTED = frozenset((_SUB_IFDS, *_JPEG, *_OFFSETS, *_OFFSETS.values()))
_LETTERS = {3: "H", 4: "I", 13: "I"}
_RAW_DATA = 0x118
_NOWHERE = 0xFFFF_FFFF
_CANON_PICTURES = (0x2005, 0x2007)

Directory = dict[int, tuple[int, ...]]


def tiff(stream: BinaryIO) -> Iterator[Span]:
    """Strips, tiles and JPEG pictures of every directory and sub-directory, but no thumbnail of IFD1."""
    order, first = _header(stream)
    waiting, seen, chain = [(first, 0)], set[int](), 0
    while waiting:
        where, level = waiting.pop(0)
        if not where or where in seen:
            continue
        seen.add(where)
        chain += level == 0
        values, behind = _directory(stream, order, where)
        for offsets, lengths in _OFFSETS.items():
            yield from zip(values.get(offsets, ()), values.get(lengths, ()), strict=False)
        if level or chain != 2:
            yield from zip(*(values.get(tag, ()) for tag in _JPEG), strict=False)
        below = [(each, level + 1) for each in values.get(_SUB_IFDS, ())]
        waiting = [*below, (behind, level), *waiting]


def _header(stream: BinaryIO) -> tuple[str, int]:
    """Byte order, and where the first directory lies. Raises Unclear: for a TIFF of 64 bits too."""
    order = {b"II": "<", b"MM": ">"}.get(at(stream, 0, 2))
    if order is None or at(stream, 2, 2) in (b"+\0", b"\0+"):
        raise Unclear
    return order, unpack(order + "I", at(stream, 4, 4))[0]


def _directory(
    stream: BinaryIO, order: str, where: int, wanted: frozenset[int] = _WANTED
) -> tuple[Directory, int]:
    """What a directory says of the tags wanted, and where the next one lies."""
    (count,) = unpack(order + "H", at(stream, where, 2))
    entries = at(stream, where + 2, count * 12 + 4)
    values = {
        tag: _values(stream, order, kind, many, entries[place + 8 : place + 12])
        for place in range(0, count * 12, 12)
        for tag, kind, many in (unpack(order + "HHI", entries[place : place + 8]),)
        if tag in wanted
    }
    return values, unpack(order + "I", entries[-4:])[0]


def _values(stream: BinaryIO, order: str, kind: int, count: int, field: bytes) -> tuple[int, ...]:
    letter = _LETTERS.get(kind)
    if letter is None or count > MOST:
        raise Unclear
    size = count * (2 if letter == "H" else 4)
    data = field[:size] if size <= 4 else at(stream, unpack(order + "I", field)[0], size)
    return numbers(letter, data, order)


def panasonic(stream: BinaryIO) -> Iterator[Part]:
    """RW2: the sensor's data. The JPEG picture in it holds tags of its own."""
    order, first = _header(stream)
    values, _ = _directory(stream, order, first, frozenset((_RAW_DATA, 273, 279)))
    start = next(iter(values.get(_RAW_DATA, values.get(273, ()))), 0)
    if start in (0, _NOWHERE) or start >= size_of(stream):
        raise Unclear
    yield start, next(iter(values.get(279, ())), 0) or -1


def fuji(stream: BinaryIO) -> Iterator[Part]:
    """RAF: what its header points to behind the JPEG picture, which holds tags of its own."""
    head = at(stream, 84, 56)
    end, found = size_of(stream), 0
    for place in (8, 16, 36, 44):
        start, length = numbers("I", head[place : place + 8])
        if start and length and start + length <= end:
            found += 1
            yield start, length
    if not found:
        raise Unclear


def minolta(stream: BinaryIO) -> Iterator[Part]:
    """MRW: everything behind the block of tags at its beginning."""
    start = 8 + number(at(stream, 4, 4))
    if start >= size_of(stream):
        raise Unclear
    yield start, -1


def canon_heap(stream: BinaryIO) -> Iterator[Part]:
    """CRW: the sensor's data and the JPEG picture, by the root directory, whose place the last four bytes tell."""
    order = {b"II": "<", b"MM": ">"}.get(at(stream, 0, 2))
    if order is None:
        raise Unclear
    (heap,) = numbers("I", at(stream, 2, 4), order)
    end = size_of(stream)
    directory = heap + numbers("I", at(stream, end - 4, 4), order)[0]
    (count,) = numbers("H", at(stream, directory, 2), order)
    entries = at(stream, directory + 2, 10 * count)
    found = 0
    for place in range(0, 10 * count, 10):
        (tag,) = numbers("H", entries[place : place + 2], order)
        length, start = numbers("I", entries[place + 2 : place + 10], order)
        if tag in _CANON_PICTURES:
            if heap + start + length > end:
                raise Unclear
            found += 1
            yield heap + start, length
    if not found:
        raise Unclear


def sigma(stream: BinaryIO) -> Iterator[Part]:
    """X3F: pictures that are no JPEG (those hold tags of their own), and what the camera knows of its sensor."""
    (directory,) = numbers("I", at(stream, size_of(stream) - 4, 4), "<")
    head = at(stream, directory, 12)
    (count,) = numbers("I", head[8:], "<")
    if head[:4] != b"SECd" or count > MOST:
        raise Unclear
    for place in range(count):
        entry = at(stream, directory + 12 + 12 * place, 12)
        start, length = numbers("I", entry[:8], "<")
        if entry[8:] == b"CAMF" or (entry[8:] in (b"IMAG", b"IMA2") and at(stream, start + 12, 4)[0] != 18):
            yield start, length
