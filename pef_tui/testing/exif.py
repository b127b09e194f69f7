"""TIFF structures built from nothing: the block inside EXIF, and whole TIFF pictures."""

from __future__ import annotations

import struct
from typing import Literal

from msgspec import Struct

from pef_tui.model import Place

Order = Literal["little", "big"]


class Field(Struct, frozen=True):
    """One entry of a directory: TIFF type, number of values, the values in the block's byte order."""

    type: int
    count: int
    data: bytes


class Stored(Struct, frozen=True):
    """Bytes that lie elsewhere in the block; the entry holds their offset (strips, embedded pictures)."""

    data: bytes


Directory = dict[int, "Field | Stored | Directory"]
"""Tag number to entry; a directory inside becomes a sub-directory."""


class Exif(Struct, frozen=True):
    """What a made-up camera wrote. Empty fields are not there at all."""

    date: str = ""
    """Local wall clock, `2019:07:01 12:34:56`."""
    offset: str = ""
    """`+02:00`"""
    subsec: str = ""
    place: Place | None = None
    description: str = ""
    make: str = ""
    model: str = ""
    maker_note: bytes = b""
    order: Order = "little"


def exif_block(exif: Exif) -> bytes:
    """The TIFF block of an EXIF segment."""
    order = exif.order
    texts = {0x10E: exif.description, 0x10F: exif.make, 0x110: exif.model, 0x132: exif.date}
    directory: Directory = {tag: text(value) for tag, value in texts.items() if value}
    directory[0x112] = short(order, 1)
    directory[0x8769] = _exif_directory(exif)
    if exif.place is not None:
        directory[0x8825] = _gps_directory(exif.place, order)
    return tiff_block(directory, order=order)


def tiff_block(*chain: Directory, order: Order = "little", extra_header: bytes = b"") -> bytes:
    """A complete TIFF structure: IFD0 and what follows it."""
    start = 8 + len(extra_header)
    header = struct.pack(_sign(order) + "2sHI", b"II" if order == "little" else b"MM", 42, start)
    block = header + extra_header
    for number, directory in enumerate(chain):
        block += _serialized(directory, order, len(block), last=number == len(chain) - 1)
    return block


def text(value: str) -> Field:
    """ASCII in the standard's words; UTF-8 as phones write it."""
    data = value.encode() + b"\0"
    return Field(2, len(data), data)


def short(order: Order, *values: int) -> Field:
    """16-bit numbers."""
    return Field(3, len(values), struct.pack(f"{_sign(order)}{len(values)}H", *values))


def long(order: Order, *values: int) -> Field:
    """32-bit numbers."""
    return Field(4, len(values), struct.pack(f"{_sign(order)}{len(values)}I", *values))


def rational(order: Order, *values: float) -> Field:
    """Fractions, to a millionth."""
    parts = [part for value in values for part in (round(value * 1_000_000), 1_000_000)]
    return Field(5, len(values), struct.pack(f"{_sign(order)}{len(parts)}I", *parts))


def octets(value: bytes, type: Literal[1, 7] = 7) -> Field:
    """Bytes (type 1) or undefined (type 7)."""
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


def _gps_directory(place: Place, order: Order) -> Directory:
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
    """The directory as it lies at this offset, with all it points to; unless last, another one follows."""
    sign = _sign(order)
    entries, behind = b"", b""
    free = at + 2 + 12 * len(directory) + 4
    for tag in sorted(directory):
        entry = directory[tag]
        here = free + len(behind)
        if isinstance(entry, dict):
            behind += _serialized(entry, order, here)
            field = long(order, here)
        elif isinstance(entry, Stored):
            behind += _even(entry.data)
            field = long(order, here)
        elif len(entry.data) > 4:
            behind += _even(entry.data)
            field = Field(entry.type, entry.count, struct.pack(sign + "I", here))
        else:
            field = entry
        entries += struct.pack(sign + "HHI4s", tag, field.type, field.count, field.data)
    following = struct.pack(sign + "I", 0 if last else free + len(behind))
    return struct.pack(sign + "H", len(directory)) + entries + following + behind


def _even(data: bytes) -> bytes:
    return data + bytes(len(data) % 2)


def _sign(order: Order) -> str:
    return "<" if order == "little" else ">"
