"""Read the directories (IFDs) of a TIFF block in EXIF, TIFF, DNG, HEIC and PNG.

Reading is strict on purpose: if programs may read the block in different ways, the result is None, and ExifTool reads
the file. (TIFF 6.0, sections 2 and 8; EXIF 2.32, section 4.6.)
"""

from __future__ import annotations

from struct import Struct
from typing import Literal, NamedTuple

from pef_tui.formats.file_bytes import ByteSource
from pef_tui.formats.tiff_types import (
    ASCII,
    BYTE,
    IFD,
    LONG,
    MAX_ENTRIES,
    RATIONAL,
    SHORT,
    SIGNED_SHORT,
    TYPE_SIZES,
)


class IfdEntry(NamedTuple):
    """One entry of a directory: type, number and place of the values of a tag."""

    type: int
    value_count: int
    """Number of values."""
    start: int
    """Offset of the values in the block."""


class Order:
    """The `struct` formats, compiled, that read numbers in one byte order (little- or big-endian)."""

    __slots__ = ("entry", "long", "longs", "short")

    def __init__(self, mark: str) -> None:
        self.short = Struct(mark + "H")
        self.long = Struct(mark + "L")
        self.longs = {count: Struct(f"{mark}{2 * count}L") for count in (1, 3)}
        self.entry = Struct(mark + "HHL4x")


LITTLE, BIG = Order("<"), Order(">")


class Tiff(NamedTuple):
    """A TIFF block or a whole TIFF file, with its byte order."""

    block: ByteSource
    order: Order
    first: int
    """Offset of the first directory."""


def open_tiff(block: ByteSource) -> Tiff | None:
    """Return the block with its byte order and the offset of its first directory; None if it has no TIFF header."""
    order = {b"II*\0": LITTLE, b"MM\0*": BIG}.get(block[:4])
    if order is None or len(block) < 14:
        return None
    return Tiff(block, order, order.long.unpack(block[4:8])[0])


def read_directory(tiff: Tiff, start: int) -> dict[int, IfdEntry] | None:
    """Return the entries of the directory at offset `start`, by tag number.

    None in these cases: the directory or a value is not completely inside the block, a value overlaps the directory, a
    type is unknown, a tag occurs twice.
    """
    block, order, _ = tiff
    size = len(block)
    if not 8 <= start <= size - 2:
        return None
    number = order.short.unpack(block[start : start + 2])[0]
    end = start + 2 + 12 * number
    if not 0 < number <= MAX_ENTRIES or end > size:
        return None
    entries: dict[int, IfdEntry] = {}
    data = block[start + 2 : end]
    inline_offset = start + 10
    for tag, kind, count in order.entry.iter_unpack(data):
        if not 1 <= kind <= IFD or tag in entries:
            return None
        length = TYPE_SIZES[kind] * count
        offset = inline_offset if length <= 4 else order.long.unpack_from(data, inline_offset - start - 2)[0]
        if offset + length > size or offset < 8 or (length > 4 and offset < end and offset + length > start):
            return None
        entries[tag] = IfdEntry(kind, count, offset)
        inline_offset += 12
    return entries


def raw(tiff: Tiff, entry: IfdEntry) -> bytes:
    """Return the bytes of the values of `entry`."""
    return tiff.block[entry.start : entry.start + TYPE_SIZES[entry.type] * entry.value_count]


def text(tiff: Tiff, entry: IfdEntry) -> str | None:
    """Return an ASCII value up to its first NUL; None if `entry` has another type or is not UTF-8."""
    if entry.type != ASCII or not entry.value_count:
        return None
    try:
        return raw(tiff, entry).partition(b"\0")[0].decode()
    except UnicodeDecodeError:
        return None


def integer(tiff: Tiff, entry: IfdEntry) -> int | None:
    """Return the value of an entry with one BYTE, SHORT or LONG; None for any other entry."""
    if entry.value_count != 1:
        return None
    if entry.type == SHORT:
        return int(tiff.order.short.unpack(raw(tiff, entry))[0])
    if entry.type == LONG:
        return int(tiff.order.long.unpack(raw(tiff, entry))[0])
    return raw(tiff, entry)[0] if entry.type == BYTE else None


def signed_shorts(tiff: Tiff, entry: IfdEntry) -> tuple[int, ...]:
    """Return all values of an entry of type SSHORT; () for any other type."""
    if entry.type != SIGNED_SHORT:
        return ()
    mark: Literal["little", "big"] = "little" if tiff.order is LITTLE else "big"
    data = raw(tiff, entry)
    return tuple(int.from_bytes(data[at : at + 2], mark, signed=True) for at in range(0, len(data), 2))


def rationals(tiff: Tiff, entry: IfdEntry, count: int) -> tuple[float, ...] | None:
    """Return `count` (1 or 3) unsigned fractions, each rounded to 10 digits as ExifTool does.

    None if `entry` has another count or type, or if a denominator is zero.
    """
    if entry.type != RATIONAL or entry.value_count != count:
        return None
    numbers = tiff.order.longs[count].unpack(raw(tiff, entry))
    denominators = numbers[1::2]
    if 0 in denominators:
        return None
    return tuple(
        float(f"{number / denominator:.10g}")
        for number, denominator in zip(numbers[::2], denominators, strict=True)
    )


def pointer(tiff: Tiff, entry: IfdEntry) -> int | None:
    """Return the offset of the directory that `entry` points to; None if `entry` is not a pointer."""
    return integer(tiff, entry) if entry.type in (LONG, IFD) and entry.value_count == 1 else None
