"""How much the archives of one run may unpack to: no archive bomb, whole or in pieces, and every genuine export.

Pictures and videos are compressed already, so that archives do not make them smaller; JSON shrinks to a tenth, at most
to a twentieth. Pictures without compression (BMP, TIFF) of a blank page shrink to a thousandth, but an export is
not made of them. So what members unpack to *beyond* 20 times their packed size is added up, over all archives of a
run: it may come to the size of all these archives and `FREE` more.
"""

from __future__ import annotations

import os
from threading import Lock

RATIO = 20
FREE = 1 << 28
MEMBER_FREE = 1 << 24
"""Bytes up to which a single member may unpack whatever its ratio, within the limit of the run."""
MEMBER_FACTOR = 10
"""A single larger member may have so many times the ratio."""
_UNCOMPRESSED = (".bmp", ".tif", ".tiff", ".dng", ".raw")
"""Pictures that may hold a blank page pixel by pixel."""


class UnpackLimits:
    """The limits of one run, shared by the readers of all its archives. Any thread may ask."""

    def __init__(self, ratio: int = RATIO, free: int = FREE) -> None:
        self.ratio = ratio
        self._free = free
        self._lock = Lock()
        self._sizes: dict[str, int] = {}
        self._excess: dict[str, float] = {}

    def register(self, path: str) -> None:
        """An archive of the run; what its members may come to follows its size."""
        try:
            size = os.stat(path).st_size
        except OSError:
            size = 0
        with self._lock:
            self._sizes[path] = size

    def excess(self, size: int, packed: int) -> int:
        """Bytes to which a member unpacks beyond the ratio."""
        return max(0, size - self.ratio * packed)

    def allows(self, path: str, excess: float) -> bool:
        """May the members of this archive come to so many bytes beyond `ratio` times their packed size?

        The last answer that was yes counts for this archive.
        """
        with self._lock:
            others = sum(self._excess.values()) - self._excess.get(path, 0)
            if excess and others + excess > self._free + sum(self._sizes.values()):
                return False
            self._excess[path] = excess
            return True

    def too_dense(self, path: str, size: int, packed: int) -> bool:
        """Is a single member so much larger than its packed size as only harmful ones are?"""
        if size <= MEMBER_FREE or path.lower().endswith(_UNCOMPRESSED):
            return False
        return size > MEMBER_FACTOR * self.ratio * packed

    def member_fault(self, size: int, packed: int | None) -> str:
        """Why a single member is not unpacked."""
        told = f"{packed:,}" if packed is not None else "few"
        return (
            f"claims to unpack to {size:,} bytes from {told}, as only harmful archives do; "
            f"--unpack-ratio allows more than {self.ratio}"
        )

    def fault(self) -> str:
        """Why members are not unpacked that go beyond what all archives together may come to."""
        return (
            f"unpacks to more than {self.ratio} times its packed size, and all such members of the archives to "
            f"{self._free >> 20} MB more than these have, as only harmful archives do; "
            f"--unpack-ratio allows more than {self.ratio}"
        )
