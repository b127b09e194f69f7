"""Find pictures that maker notes point to. Such a picture is lost if the bytes after the EXIF block move.

Old cameras store a preview after the picture of a JPEG. Its offset, relative to the EXIF block, is in the maker notes.
ExifTool corrects the pointers that it knows. An editor that does not know all pointers must not move the data.
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
"""For each byte order, the pattern of directory entries that may have the offset of a picture: one LONG, or UNDEFINED
bytes.

The entries may be in any directory. Groups of a match: the number of bytes (empty for a LONG), and the offset.
"""
_SMALLEST_PICTURE = 256
_AFCP = b"AXS"
"""Identifier of an AFCP trailer, which has its own offset in the file. (Seen in pictures of AXS-Optical.)"""
TAIL_SIZE = 64
"""Number of bytes at the end of a file that `stores_own_offset` reads."""

ReadAt = Callable[[int, int], bytes]


def points_past_end(block: bytes, start: int, size: int, read_at: ReadAt) -> bool:
    """Return whether the maker notes of an EXIF block may point to a picture after the block.

    `block` begins at offset `start` of a file of `size` bytes. `read_at(offset, count)` returns bytes of the file.
    """
    note = max(block.find(mark) for mark in _MAKER_NOTE)
    if note < 0:
        return False
    bases = _offset_bases(block, note)
    for offset in _candidate_offsets(block, size):
        for base in bases:
            target = start + base + offset
            if start + len(block) <= target < size and read_at(target, 3)[1:] == b"\xd8\xff":
                return True
    return False


def _offset_bases(block: bytes, note: int) -> tuple[int, ...]:
    """Return the positions in `block` from which the offsets in a maker note may count.

    These are the start of the block, the start of the maker note, and the two possible positions of the TIFF header
    that some maker notes have. `note`: position of the maker note's directory entry.
    """
    order: Order = "big" if block[:2] == b"MM" else "little"
    begin = int.from_bytes(block[note + 8 : note + 12], order)
    return 0, begin, begin + 10, begin + 12


def _candidate_offsets(block: bytes, size: int) -> Iterator[int]:
    """Yield every number in `block` that may be the offset of a picture: it is below `size`, the size of the file."""
    for order, pattern in _ENTRIES:
        for match in pattern.finditer(block):
            count, offset = match.groups()
            if count and int.from_bytes(count, order) < _SMALLEST_PICTURE:
                continue
            if (value := int.from_bytes(offset, order)) < size:
                yield value


def stores_own_offset(tail: bytes) -> bool:
    """Return whether a file has an AFCP trailer. `tail`: the last TAIL_SIZE bytes of the file.

    The trailer has its own offset, which becomes wrong if the data before it moves.
    """
    return _AFCP in tail
