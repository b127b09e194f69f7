"""Files with holes in tar archives: their maps in every dialect, and reading them with the holes filled by zeros.

GNU tar writes type `S` with the map in the header (old format), or a pax header with the map in it (0.0, 0.1) or in
front of the data (1.0). (GNU tar manual, "Storing Sparse Files".)
"""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from pef_tui.takeout.unpack import Stored, sought

BLOCK = 512
MOST_PARTS = 1 << 16
"""Pieces of data of one file; a map of more is refused."""
_MOST = 1 << 62
_PREFIX = b"GNU.sparse."
_PAIR = struct.Struct("<2Q")
_LONGEST_NUMBER = 20

Parts = Sequence[tuple[int, int]]
"""Pieces of data: where each begins in the file, and its length. They follow one another in the archive."""


class BadMap(ValueError):
    """A map that contradicts itself."""


def in_header(header: bytes, number: Callable[[bytes], int], more: Callable[[], bytes]) -> tuple[Parts, int]:
    """Map and size of an old GNU member; `more` reads the next block of the archive. Raises BadMap, OSError."""
    numbers = [number(header[at : at + 12]) for at in range(386, 482, 12)]
    goes_on = header[482]
    while goes_on:
        block = more()
        numbers += [number(block[at : at + 12]) for at in range(0, 504, 12)]
        goes_on = block[504]
        if len(numbers) > 2 * MOST_PARTS:
            raise BadMap("its map is too long")
    return _pairs(numbers), number(header[483:495])


def is_sparse(attributes: Mapping[bytes, bytes]) -> bool:
    """Does a pax header describe a file with holes?"""
    return any(key.startswith(_PREFIX) for key in attributes)


def real_name(attributes: Mapping[bytes, bytes]) -> bytes | None:
    """The name of a file with holes, where the member has another one."""
    return attributes.get(_PREFIX + b"name")


def in_attributes(attributes: Mapping[bytes, bytes], more: Callable[[], bytes]) -> tuple[Parts, int]:
    """Map and size of a member with a pax header; `more` reads the next block of its data. Raises BadMap, OSError."""
    size = attributes.get(_PREFIX + b"realsize", attributes.get(_PREFIX + b"size", b""))
    if not _is_number(size):
        raise BadMap("its size is not told")
    if attributes.get(_PREFIX + b"major", b"0") == b"0":
        texts = attributes.get(_PREFIX + b"map", b"").split(b",")
        numbers = [_number(text) for text in texts] if texts != [b""] else []
    else:
        numbers = list(_in_data(more))
    return _pairs(numbers), int(size)


def _in_data(more: Callable[[], bytes]) -> Iterator[int]:
    """The numbers of a map in front of the data: how many parts, then each."""
    rest, left = b"", 1
    first = True
    while left:
        line, newline, behind = rest.partition(b"\n")
        if not newline:
            if len(rest) > _LONGEST_NUMBER:
                raise BadMap("its map holds no numbers")
            rest += more()
            continue
        rest, left = behind, left - 1
        number = _number(line)
        if first:
            if number > MOST_PARTS:
                raise BadMap("its map is too long")
            first, left = False, 2 * number
        else:
            yield number


def _is_number(text: bytes) -> bool:
    return text.isdigit() and len(text) <= _LONGEST_NUMBER


def _number(text: bytes) -> int:
    if not _is_number(text):
        raise BadMap("its map holds no numbers")
    return int(text)


def _pairs(numbers: Sequence[int]) -> Parts:
    if len(numbers) % 2:
        raise BadMap("its map is cut")
    return [(start, length) for start, length in zip(numbers[::2], numbers[1::2], strict=True) if length]


def check(parts: Parts, size: int, stored: int) -> None:
    """Raises BadMap where the parts overlap, go beyond the file, or are not the data that there is."""
    end = 0
    for start, length in parts:
        if start < end or length < 0:
            raise BadMap("its parts overlap")
        end = start + length
    if end > size or not 0 <= size <= _MOST or sum(length for _, length in parts) != stored:
        raise BadMap("its map does not fit its size")


def encoded(parts: Parts) -> bytes:
    """A map as bytes."""
    return b"".join(_PAIR.pack(*part) for part in parts)


class Holes(io.RawIOBase):
    """A file with holes, read from the data that is stored of it."""

    def __init__(self, stored: Stored, parts: bytes, size: int) -> None:
        self._stored = stored
        self._parts = list(_PAIR.iter_unpack(parts))
        self._starts = [start for start, _ in self._parts]
        self._offsets = [0, *accumulate(length for _, length in self._parts)]
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes. Raises OSError."""
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        number = bisect_right(self._starts, self._at) - 1
        start, length = self._parts[number] if number >= 0 else (0, 0)
        within = self._at - start
        if within < length:
            self._stored.seek(self._offsets[number] + within)
            # `read` of the base class gives a bytearray, of which a slice would be a copy
            wanted = self._stored.readinto(memoryview(buffer)[: min(wanted, length - within)])
        else:
            following = self._starts[number + 1] if number + 1 < len(self._starts) else self._size
            wanted = min(wanted, following - self._at)
            buffer[:wanted] = bytes(wanted)
        self._at += wanted
        return wanted

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere; never before the begin nor behind the end."""
        self._at = sought(offset, whence, self._at, self._size)
        return self._at

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at
