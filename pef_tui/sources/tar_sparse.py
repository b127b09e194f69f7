"""Read sparse files in tar archives. A sparse file has holes: ranges of zeros that are not stored.

The map of a sparse file states where its data is. GNU tar writes the map in one of these places: the header of a member
of type `S` (old format), a pax header (formats 0.0 and 0.1), or before the data (format 1.0). (GNU tar manual, "Storing
Sparse Files".)
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from pef_tui.sources.archive_streams import SeekableStream, StoredMember

BLOCK = 512
MAX_PARTS = 1 << 16
"""Largest number of parts with data in one file. A longer map is an error."""
_MOST = 1 << 62
_PREFIX = b"GNU.sparse."
_PAIR = struct.Struct("<2Q")
_LONGEST_NUMBER = 20

Parts = Sequence[tuple[int, int]]
"""The parts of a file that have data: offset in the file and length, in bytes. In the archive, they follow each
other.
"""


class BadSparseMap(ValueError):
    """Raised if the map of a sparse file is damaged or contradicts itself."""


def map_from_header(
    header: bytes, number: Callable[[bytes], int], read_block: Callable[[], bytes]
) -> tuple[Parts, int]:
    """Return the map of a sparse member in the old GNU format, and its size with the holes.

    `number`: parses a number field of the header. `read_block`: reads the next block of the archive: a long map
    continues there. Raises BadSparseMap, OSError.
    """
    numbers = [number(header[at : at + 12]) for at in range(386, 482, 12)]
    has_more = header[482]
    while has_more:
        block = read_block()
        numbers += [number(block[at : at + 12]) for at in range(0, 504, 12)]
        has_more = block[504]
        if len(numbers) > 2 * MAX_PARTS:
            raise BadSparseMap("its map is too long")
    return _pairs(numbers), number(header[483:495])


def is_sparse(attributes: Mapping[bytes, bytes]) -> bool:
    """Return whether the attributes of a pax header describe a sparse file."""
    return any(key.startswith(_PREFIX) for key in attributes)


def real_name(attributes: Mapping[bytes, bytes]) -> bytes | None:
    """Return the name of a sparse file from its pax header, which replaces the name of the member; None without one."""
    return attributes.get(_PREFIX + b"name")


def map_from_attributes(
    attributes: Mapping[bytes, bytes], read_block: Callable[[], bytes]
) -> tuple[Parts, int]:
    """Return the map of a sparse member with a pax header, and its size with the holes.

    `read_block`: reads the next block of the member's data, where format 1.0 stores the map. Raises BadSparseMap,
    OSError.
    """
    size = attributes.get(_PREFIX + b"realsize", attributes.get(_PREFIX + b"size", b""))
    if not _is_number(size):
        raise BadSparseMap("its size is not told")
    if attributes.get(_PREFIX + b"major", b"0") == b"0":
        texts = attributes.get(_PREFIX + b"map", b"").split(b",")
        numbers = [_number(text) for text in texts] if texts != [b""] else []
    else:
        numbers = list(_numbers_from_data(read_block))
    return _pairs(numbers), int(size)


def _numbers_from_data(read_block: Callable[[], bytes]) -> Iterator[int]:
    """Yield the numbers of a map before the data (format 1.0): offset and length of each part.

    The first stored number (the number of parts) is not yielded. Raises BadSparseMap.
    """
    buffered, remaining = b"", 1
    is_count = True
    while remaining:
        line, newline, after_line = buffered.partition(b"\n")
        if not newline:
            if len(buffered) > _LONGEST_NUMBER:
                raise BadSparseMap("its map holds no numbers")
            buffered += read_block()
            continue
        buffered, remaining = after_line, remaining - 1
        number = _number(line)
        if is_count:
            if number > MAX_PARTS:
                raise BadSparseMap("its map is too long")
            is_count, remaining = False, 2 * number
        else:
            yield number


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= _LONGEST_NUMBER


def _number(text: bytes) -> int:
    if not _is_number(text):
        raise BadSparseMap("its map holds no numbers")
    return int(text)


def _pairs(numbers: Sequence[int]) -> Parts:
    if len(numbers) % 2:
        raise BadSparseMap("its map is cut")
    return [(start, length) for start, length in zip(numbers[::2], numbers[1::2], strict=True) if length]


def check_map(parts: Parts, size: int, stored: int) -> None:
    """Raise BadSparseMap if parts overlap, or if they do not fit into the file.

    `size`: size of the file with its holes. `stored`: size of its data in the archive, which must be the sum of the
    lengths of the parts.
    """
    end = 0
    for start, length in parts:
        if start < end or length < 0:
            raise BadSparseMap("its parts overlap")
        end = start + length
    if end > size or not 0 <= size <= _MOST or sum(length for _, length in parts) != stored:
        raise BadSparseMap("its map does not fit its size")


def encode_map(parts: Parts) -> bytes:
    """Return a map as bytes, in the form that `SparseStream` reads."""
    return b"".join(_PAIR.pack(*part) for part in parts)


class SparseStream(SeekableStream):
    """A sparse file as a stream: its stored data, with zeros in the holes."""

    def __init__(self, stored: StoredMember, parts: bytes, size: int) -> None:
        self._stored = stored
        self._parts = list(_PAIR.iter_unpack(parts))
        self._starts = [start for start, _ in self._parts]
        self._offsets = [0, *accumulate(length for _, length in self._parts)]
        self._size = size

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the next bytes into `buffer`; return their number, 0 at the end. Raises OSError."""
        count = min(len(buffer), self._size - self._at)
        if count <= 0:
            return 0
        number = bisect_right(self._starts, self._at) - 1
        start, length = self._parts[number] if number >= 0 else (0, 0)
        within = self._at - start
        if within < length:
            self._stored.seek(self._offsets[number] + within)
            # a slice of a memoryview is no copy; a slice of the bytearray that `read` passes would be one
            count = self._stored.readinto(memoryview(buffer)[: min(count, length - within)])
        else:
            following = self._starts[number + 1] if number + 1 < len(self._starts) else self._size
            count = min(count, following - self._at)
            buffer[:count] = bytes(count)
        self._at += count
        return count
