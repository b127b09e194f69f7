"""Build TIFF structures: the content of an EXIF segment, and complete TIFF pictures."""

from __future__ import annotations

import struct
from typing import Literal

from msgspec import Struct

from pef_tui.model import GeoPoint

Order = Literal["little", "big"]


class Field(Struct, frozen=True):
    """An entry of a TIFF directory: type, number of values, and the values as bytes, in the byte order of the block."""

    type: int
    count: int
    data: bytes


class Stored(Struct, frozen=True):
    """An entry of a TIFF directory whose data is stored after the directory, such as a strip or an embedded picture.

    The entry itself contains the offset of the data.
    """

    data: bytes


Directory = dict[int, "Field | Stored | Directory"]
"""A TIFF directory: its entries by tag number. An entry that is a Directory itself is stored as a sub-directory."""


class Exif(Struct, frozen=True):
    """EXIF data as a camera writes them, with made-up values. Empty fields are not written."""

    date: str = ""
    """Local time: `2019:07:01 12:34:56`."""
    offset: str = ""
    """UTC offset: `+02:00`."""
    subsec: str = ""
    """Fraction of the second, as digits: `123`."""
    place: GeoPoint | None = None
    description: str = ""
    make: str = ""
    model: str = ""
    maker_note: bytes = b""
    order: Order = "little"


def exif_block(exif: Exif) -> bytes:
    """Return the EXIF data as a TIFF structure, which is the content of an EXIF segment."""
    order = exif.order
    texts = {0x10E: exif.description, 0x10F: exif.make, 0x110: exif.model, 0x132: exif.date}
    directory: Directory = {tag: text(value) for tag, value in texts.items() if value}
    directory[0x112] = short(order, 1)
    directory[0x8769] = _exif_directory(exif)
    if exif.place is not None:
        directory[0x8825] = _gps_directory(exif.place, order)
    return tiff_block(directory, order=order)


def tiff_block(*chain: Directory, order: Order = "little", extra_header: bytes = b"") -> bytes:
    """Return a complete TIFF structure with the directories of `chain`, the first of them as IFD0.

    `order`: byte order. `extra_header`: bytes between the header and the first directory.
    """
    start = 8 + len(extra_header)
    header = struct.pack(_sign(order) + "2sHI", b"II" if order == "little" else b"MM", 42, start)
    block = header + extra_header
    for number, directory in enumerate(chain):
        block += _serialized(directory, order, len(block), last=number == len(chain) - 1)
    return block


def text(value: str) -> Field:
    """Return a field of the type ASCII. The value is encoded in UTF-8, as phones do."""
    data = value.encode() + b"\0"
    return Field(2, len(data), data)


def short(order: Order, *values: int) -> Field:
    """Return a field of 16-bit numbers."""
    return Field(3, len(values), struct.pack(f"{_sign(order)}{len(values)}H", *values))


def long(order: Order, *values: int) -> Field:
    """Return a field of 32-bit numbers."""
    return Field(4, len(values), struct.pack(f"{_sign(order)}{len(values)}I", *values))


def rational(order: Order, *values: float) -> Field:
    """Return a field of fractions, with values rounded to one millionth."""
    parts = [part for value in values for part in (round(value * 1_000_000), 1_000_000)]
    return Field(5, len(values), struct.pack(f"{_sign(order)}{len(parts)}I", *parts))


def octets(value: bytes, type: Literal[1, 7] = 7) -> Field:
    """Return a field of bytes, of the type BYTE (1) or UNDEFINED (7)."""
    return Field(type, len(value), value)


def _exif_directory(exif: Exif) -> Directory:
    directory: Directory = {0x9000: octets(b"0232" if exif.offset else b"0220")}
    for value, tags in (
        (exif.date, (0x9003, 0x9004)),
        (exif.offset, (0x9011, 0x9012)),
        (exif.subsec, (0x9291, 0x9292)),
    ):
        if value:
            directory |= {tag: text(value) for tag in tags}
    if exif.maker_note:
        directory[0x927C] = octets(exif.maker_note)
    return directory


def _gps_directory(place: GeoPoint, order: Order) -> Directory:
    directory: Directory = {
        0: octets(b"\2\3\0\0", 1),
        1: text("S" if place.latitude < 0 else "N"),
        2: rational(order, abs(place.latitude), 0, 0),
        3: text("W" if place.longitude < 0 else "E"),
        4: rational(order, abs(place.longitude), 0, 0),
    }
    if place.altitude is not None:
        directory[5] = octets(b"\1" if place.altitude < 0 else b"\0", 1)
        directory[6] = rational(order, abs(place.altitude))
    return directory


def _serialized(directory: Directory, order: Order, at: int, last: bool = True) -> bytes:
    """Return the bytes of a directory that is placed at the offset `at`, followed by the data of its entries.

    `last`: the directory is the last one of its chain, and has 0 as offset of the next directory. If it is False, the
    directory has the offset after its data, where the caller must place the next directory.
    """
    sign = _sign(order)
    entries, trailing_data = b"", b""
    free = at + 2 + 12 * len(directory) + 4
    for tag in sorted(directory):
        entry = directory[tag]
        offset = free + len(trailing_data)
        if isinstance(entry, dict):
            trailing_data += _serialized(entry, order, offset)
            field = long(order, offset)
        elif isinstance(entry, Stored):
            trailing_data += _even(entry.data)
            field = long(order, offset)
        elif len(entry.data) > 4:
            trailing_data += _even(entry.data)
            field = Field(entry.type, entry.count, struct.pack(sign + "I", offset))
        else:
            field = entry
        entries += struct.pack(sign + "HHI4s", tag, field.type, field.count, field.data)
    following = struct.pack(sign + "I", 0 if last else free + len(trailing_data))
    return struct.pack(sign + "H", len(directory)) + entries + following + trailing_data


def _even(data: bytes) -> bytes:
    """Return the data, padded to an even length."""
    return data + bytes(len(data) % 2)


def _sign(order: Order) -> str:
    """Return the sign by which formats of the module `struct` begin: `<` for little-endian, `>` for big-endian."""
    return "<" if order == "little" else ">"
