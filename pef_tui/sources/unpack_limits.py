"""Limit the uncompressed size of all archives of a run: refuse archive bombs, accept every genuine export.

Pictures and videos are compressed already, so archives do not make them smaller. JSON shrinks to 1/10, at most to 1/20.
An uncompressed picture (BMP, TIFF) of a blank page shrinks to 1/1000, but an export does not consist of such pictures.

So only the excess of a member counts: its bytes *beyond* 20 times its compressed size. The sum of the excess of all
archives of a run may be at most the size of these archives plus `FREE`.
"""

from __future__ import annotations

import os
from threading import Lock

RATIO = 20
"""Bytes of a member above RATIO times its compressed size count as excess."""
FREE = 1 << 28
"""Excess in bytes that a run may have, in addition to the size of its archives."""
MEMBER_FREE = 1 << 24
"""Uncompressed size in bytes up to which one member may have any ratio. The limit of the run still applies."""
MEMBER_FACTOR = 10
"""A member larger than MEMBER_FREE may have a ratio of MEMBER_FACTOR times `UnpackLimits.ratio`."""
_UNCOMPRESSED = (".bmp", ".tif", ".tiff", ".dng", ".raw")
"""Extensions of formats that may store a blank page uncompressed. Members of these formats may have any ratio."""


class UnpackLimits:
    """The limits of one run, which the readers of all its archives share; thread-safe."""

    def __init__(self, ratio: int = RATIO, free: int = FREE) -> None:
        self.ratio = ratio
        self._free = free
        self._lock = Lock()
        self._sizes: dict[str, int] = {}
        self._excess: dict[str, float] = {}

    def register(self, path: str) -> None:
        """Add the archive at `path` to the run. Its size raises the limit of the run."""
        try:
            size = os.stat(path).st_size
        except OSError:
            size = 0
        with self._lock:
            self._sizes[path] = size

    def excess(self, size: int, packed: int) -> int:
        """Return the excess of a member: the bytes of `size` beyond `ratio` times `packed`, its compressed size."""
        return max(0, size - self.ratio * packed)

    def allows(self, path: str, excess: float) -> bool:
        """Return whether the members of the archive at `path` may have this total `excess` (bytes).

        If so, the excess is stored, and counts in checks of other archives. It replaces the stored excess of this
        archive.
        """
        with self._lock:
            other_excess = sum(self._excess.values()) - self._excess.get(path, 0)
            if excess and other_excess + excess > self._free + sum(self._sizes.values()):
                return False
            self._excess[path] = excess
            return True

    def too_dense(self, path: str, size: int, packed: int) -> bool:
        """Return whether one member has a compression ratio that occurs only in harmful archives."""
        if size <= MEMBER_FREE or path.lower().endswith(_UNCOMPRESSED):
            return False
        return size > MEMBER_FACTOR * self.ratio * packed

    def member_fault(self, size: int, packed: int | None) -> str:
        """Return why a member that is `too_dense` is refused. `packed`: its compressed size; None if unknown."""
        packed_size = f"{packed:,}" if packed is not None else "few"
        return (
            f"claims to unpack to {size:,} bytes from {packed_size}, as only harmful archives do; "
            f"--unpack-ratio allows more than {self.ratio}"
        )

    def fault(self) -> str:
        """Return why members are refused if all archives together exceed the limit."""
        return (
            f"unpacks to more than {self.ratio} times its packed size, and all such members of the archives to "
            f"{self._free >> 20} MB more than these have, as only harmful archives do; "
            f"--unpack-ratio allows more than {self.ratio}"
        )
