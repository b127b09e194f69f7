"""Read parts of a file whose structure may be damaged."""

from __future__ import annotations

from struct import unpack
from typing import BinaryIO

from pef_tui.formats.errors import UnsupportedStructure

DataRange = tuple[int, int]
"""Start and length of image data, in bytes. The length -1 means: up to the end of the file."""
DigestPart = DataRange | bytes
"""Data to hash: a range of the file, or bytes."""

MAX_PARTS = 1_000_000
"""Largest number of parts (boxes, segments, blocks, values) of a file that are read."""


def read_at(stream: BinaryIO, start: int, length: int) -> bytes:
    """Return `length` bytes from offset `start`.

    Raises UnsupportedStructure if the file has fewer bytes, and OSError.
    """
    stream.seek(start)
    data = stream.read(length)
    if len(data) != length:
        raise UnsupportedStructure
    return data


def file_size(stream: BinaryIO) -> int:
    """Return the size of the file in bytes. Raises OSError."""
    stream.seek(0, 2)
    return stream.tell()


def to_int(data: bytes) -> int:
    """Return the value of a big-endian unsigned integer of any length; 0 for empty `data`."""
    return int.from_bytes(data, "big")


def to_ints(letter: str, data: bytes, order: str = ">") -> tuple[int, ...]:
    """Return the values of an array of unsigned integers. An incomplete one at the end of `data` is ignored.

    `letter`: `struct` format of each integer: `H` (2 bytes), `I` (4 bytes) or `Q` (8 bytes). `order`: `>` for
    big-endian, `<` for little-endian.
    """
    size = {"H": 2, "I": 4, "Q": 8}[letter]
    count = len(data) // size
    return unpack(f"{order}{count}{letter}", data[: count * size])
