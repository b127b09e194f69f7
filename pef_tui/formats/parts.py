"""Reading parts of files whose structure nobody vouches for."""

from __future__ import annotations

from struct import unpack
from typing import BinaryIO

Span = tuple[int, int]
"""Where bytes of the picture begin, and how many they are; -1 for all to the end."""
Part = Span | bytes
"""Bytes of the file, or a fact that counts as much as they do."""

MOST = 1_000_000
"""Parts of one file that are still looked at."""


class Unclear(Exception):
    """The file's structure is not what its format asks for."""


def at(stream: BinaryIO, start: int, length: int) -> bytes:
    """Exactly these bytes. Raises Unclear where the file ends before, OSError."""
    stream.seek(start)
    data = stream.read(length)
    if len(data) != length:
        raise Unclear
    return data


def size_of(stream: BinaryIO) -> int:
    """Bytes of the whole file. Raises OSError."""
    stream.seek(0, 2)
    return stream.tell()


def number(data: bytes) -> int:
    """Big-endian, of any length; 0 for no bytes."""
    return int.from_bytes(data, "big")


def numbers(letter: str, data: bytes, order: str = ">") -> tuple[int, ...]:
    """As many numbers of one kind (`struct`'s letter) as there are."""
    size = {"H": 2, "I": 4, "Q": 8}[letter]
    count = len(data) // size
    return unpack(f"{order}{count}{letter}", data[: count * size])
