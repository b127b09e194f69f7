"""Reading the directories (IFDs) of a TIFF block, as they stand in EXIF, TIFF, DNG, HEIC and PNG.

Strict on purpose: a block with anything in it that readers may take differently is None, and ExifTool is asked.
(TIFF 6.0, sections 2 and 8; EXIF 2.32, section 4.6.)
"""

from __future__ import annotations

from struct import Struct
from typing import Literal, NamedTuple

from pef_tui.formats.file_bytes import Bytes

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_SHORT, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 7, 8, 10
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)
"""Bytes of one value by its type, 1 (BYTE) to 13 (IFD)."""

MOST_ENTRIES = 1000
"""More than a directory of a picture holds; ExifTool doubts above this as well."""


class Entry(NamedTuple):
    """One entry of a directory."""

    type: int
    number: int
    """How many values."""
    start: int
    """Where its value begins in the block."""


class Order:
    """How numbers stand in a block."""

    __slots__ = ("entry", "long", "longs", "short")

    def __init__(self, mark: str) -> None:
        self.short = Struct(mark + "H")
        self.long = Struct(mark + "L")
        self.longs = {count: Struct(f"{mark}{2 * count}L") for count in (1, 3)}
        self.entry = Struct(mark + "HHL4x")


LITTLE, BIG = Order("<"), Order(">")


class Tiff(NamedTuple):
    """A TIFF block, or a whole file."""

    block: Bytes
    order: Order
    first: int
    """Where the first directory begins."""


def open_tiff(block: Bytes) -> Tiff | None:
    """The block with its byte order; None for what does not begin as TIFF does."""
    order = {b"II*\0": LITTLE, b"MM\0*": BIG}.get(block[:4])
    if order is None or len(block) < 14:
        return None
    return Tiff(block, order, order.long.unpack(block[4:8])[0])


def read_directory(tiff: Tiff, start: int) -> dict[int, Entry] | None:
    """The entries of the directory at `start` by tag.

    None where it or one of its values is not wholly inside the block, a value lies in the directory itself, a type
    is unknown, or a tag comes twice.
    """
    block, order, _ = tiff
    size = len(block)
    if not 8 <= start <= size - 2:
        return None
    number = order.short.unpack(block[start : start + 2])[0]
    end = start + 2 + 12 * number
    if not 0 < number <= MOST_ENTRIES or end > size:
        return None
    entries: dict[int, Entry] = {}
    data = block[start + 2 : end]
    at = start + 10
    for tag, kind, count in order.entry.iter_unpack(data):
        if not 1 <= kind <= 13 or tag in entries:
            return None
        length = _SIZES[kind] * count
        where = at if length <= 4 else order.long.unpack_from(data, at - start - 2)[0]
        if where + length > size or where < 8 or (length > 4 and where < end and where + length > start):
            return None
        entries[tag] = Entry(kind, count, where)
        at += 12
    return entries


def raw(tiff: Tiff, entry: Entry) -> bytes:
    """The bytes of an entry's value."""
    return tiff.block[entry.start : entry.start + _SIZES[entry.type] * entry.number]


def text(tiff: Tiff, entry: Entry) -> str | None:
    """An ASCII value up to its first NUL; None where it is no ASCII value, or its bytes are not UTF-8."""
    if entry.type != ASCII or not entry.number:
        return None
    try:
        return raw(tiff, entry).partition(b"\0")[0].decode()
    except UnicodeDecodeError:
        return None


def integer(tiff: Tiff, entry: Entry) -> int | None:
    """A single BYTE, SHORT or LONG; None for anything else."""
    if entry.number != 1:
        return None
    if entry.type == SHORT:
        return int(tiff.order.short.unpack(raw(tiff, entry))[0])
    if entry.type == LONG:
        return int(tiff.order.long.unpack(raw(tiff, entry))[0])
    return raw(tiff, entry)[0] if entry.type == BYTE else None


def signed_shorts(tiff: Tiff, entry: Entry) -> tuple[int, ...]:
    """All values of a signed SHORT; empty for another type."""
    if entry.type != SIGNED_SHORT:
        return ()
    mark: Literal["little", "big"] = "little" if tiff.order is LITTLE else "big"
    data = raw(tiff, entry)
    return tuple(int.from_bytes(data[at : at + 2], mark, signed=True) for at in range(0, len(data), 2))


def rationals(tiff: Tiff, entry: Entry, count: int) -> tuple[float, ...] | None:
    """`count` (1 or 3) unsigned fractions, each to 10 digits as ExifTool rounds them.

    None where there are not so many, they have another type, or one divides by zero.
    """
    if entry.type != RATIONAL or entry.number != count:
        return None
    numbers = tiff.order.longs[count].unpack(raw(tiff, entry))
    below = numbers[1::2]
    if 0 in below:
        return None
    return tuple(float(f"{number / by:.10g}") for number, by in zip(numbers[::2], below, strict=True))


def pointer(tiff: Tiff, entry: Entry) -> int | None:
    """Where a directory begins that this entry points to; None for an entry that is no pointer."""
    return integer(tiff, entry) if entry.type in (LONG, 13) and entry.number == 1 else None
