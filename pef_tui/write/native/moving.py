"""What would be lost from sight when the bytes behind a JPEG's EXIF move: pictures that maker notes point to there.

Old cameras put previews behind the picture and note their place as seen from the EXIF block. ExifTool moves such
pointers; who does not know them all must not move what they point to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal

Order = Literal["big", "little"]
_MAKER_NOTE = (b"\x92\x7c\0\x07", b"\x7c\x92\x07\0")
_ENTRIES: tuple[tuple[Order, re.Pattern[bytes]], ...] = (
    ("big", re.compile(rb"\x00\x04\x00\x00\x00\x01(?=()(....))", re.DOTALL)),
    ("big", re.compile(rb"\x00\x07(?=(....)(....))", re.DOTALL)),
    ("little", re.compile(rb"\x04\x00\x01\x00\x00\x00(?=()(....))", re.DOTALL)),
    ("little", re.compile(rb"\x07\x00(?=(....)(....))", re.DOTALL)),
)
"""Directory entries of a single LONG, or of bytes of no type, in whatever directory: number of values, place."""
_SMALLEST_PICTURE = 256
_AFCP = b"AXS"
"""A trailer that says where it begins in the file. (Seen in pictures of AXS-Optical.)"""
TAIL = 64

ReadAt = Callable[[int, int], bytes]


def points_behind(block: bytes, start: int, size: int, read_at: ReadAt) -> bool:
    """Does the EXIF block, which lies at `start` in a file of `size` bytes, point to a picture behind itself?

    `read_at` reads so many bytes at an offset of the file.
    """
    note = max(block.find(mark) for mark in _MAKER_NOTE)
    if note < 0:
        return False
    bases = _bases(block, note)
    for place in _places(block, size):
        for base in bases:
            where = start + base + place
            if start + len(block) <= where < size and read_at(where, 3)[1:] == b"\xd8\xff":
                return True
    return False


def _bases(block: bytes, note: int) -> tuple[int, ...]:
    """From where makers count: the block, their note, or the TIFF header some of them have in it."""
    order: Order = "big" if block[:2] == b"MM" else "little"
    begin = int.from_bytes(block[note + 8 : note + 12], order)
    return 0, begin, begin + 10, begin + 12


def _places(block: bytes, size: int) -> Iterator[int]:
    """Every number that may be an offset of something behind the block."""
    for order, pattern in _ENTRIES:
        for found in pattern.finditer(block):
            count, place = found.groups()
            if count and int.from_bytes(count, order) < _SMALLEST_PICTURE:
                continue
            if (value := int.from_bytes(place, order)) < size:
                yield value


def counts_from_the_start(tail: bytes) -> bool:
    """Is there, in the last bytes of a file, the mark of a trailer that notes its own place?"""
    return _AFCP in tail
