"""A digest of a file that costs the same for a film as for a picture: its size, its beginning and its end.

Two pictures of one size whose first and last 64 KiB agree are the same picture: cameras write times and serial numbers
at the beginning, and compressed image data at the end differs with every exposure. A file of up to 128 KiB is digested
whole. Hashing all bytes was measured instead: 0.5 ms for 2 MB, as much as everything else a picture costs; this is
about 10 µs.
"""

from __future__ import annotations

import os
from typing import BinaryIO

import xxhash

EDGE = 1 << 16
"""Bytes at each end of a file that count."""
LENGTH = 8
"""Bytes of a fingerprint."""
_BLOCK = 1 << 20
_MOST = 2**63 - 1


class Fingerprint:
    """The fingerprint of a stream of known size, fed in order."""

    def __init__(self, size: int) -> None:
        self._state = xxhash.xxh3_64(size.to_bytes(8, "little"))
        self._tail = max(EDGE, size - EDGE)
        self._position = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        start, end = self._position, self._position + len(data)
        if start < EDGE:
            self._state.update(data[: EDGE - start])
        if end > self._tail:
            self._state.update(data[max(self._tail - start, 0) :])
        self._position = end

    def digest(self) -> bytes:
        """The 8 bytes, once everything was fed."""
        return self._state.digest()


def of_descriptor(descriptor: int, size: int) -> bytes:
    """Fingerprint of an open file of this size. Raises OSError."""
    state = xxhash.xxh3_64(size.to_bytes(8, "little"))
    state.update(os.pread(descriptor, min(EDGE, size), 0))
    if size > EDGE:
        tail = max(EDGE, size - EDGE)
        state.update(os.pread(descriptor, size - tail, tail))
    return state.digest()


def of_stream(stream: BinaryIO, size: int) -> bytes:
    """Fingerprint of a stream of this size; of a file only both ends are read. Raises OSError."""
    try:
        descriptor = stream.fileno()
    except (OSError, AttributeError):
        running = Fingerprint(size)
        while data := stream.read(_BLOCK):
            running.update(data)
        return running.digest()
    return of_descriptor(descriptor, size)


def version_base(place: str, facts: bytes = b"") -> int:
    """A number for the place where files lie, which `version` combines with the state of one of them."""
    data = place.encode("utf-8", "surrogateescape") + b"\0" + facts
    return xxhash.xxh3_64_intdigest(data) & _MOST


def version(base: int, state: int) -> int:
    """`MediaFile.version`: another number for another place or another state. Never 0, which stands for unknown."""
    return (base ^ state) & _MOST or 1
