"""Code that the servers of the FUSE file systems of the tests share (`ruled_disk`, `slow_disk`)."""

from __future__ import annotations

import os
import time

try:
    import mfusepy
    from mfusepy import FUSE, Operations
except (ImportError, OSError):  # OSError: libfuse itself is missing
    FUSE, Operations = None, object

__all__ = ["FUSE", "Operations", "attributes", "fuse_version", "space", "times_to_set"]

_NOW, _OMIT = (1 << 30) - 1, (1 << 30) - 2
"""Values of nanoseconds for `utimensat`: the present time, and a time that does not change."""
_STATUS = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid", "st_ino", "st_blocks")
_SPACE = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_frsize", "f_namemax", "f_files", "f_ffree")


def fuse_version() -> tuple[int, int]:
    """Return the version of libfuse, such as (3, 14)."""
    return mfusepy.fuse_version_major, mfusepy.fuse_version_minor


def attributes(status: os.stat_result) -> dict[str, int]:
    """Return the answer to `getattr`. Times are in nanoseconds."""
    times = {f"st_{letter}time": getattr(status, f"st_{letter}time_ns") for letter in "amc"}
    return {name: getattr(status, name) for name in _STATUS} | times


def space(folder: str) -> dict[str, int]:
    """Return the answer to `statfs`: the values of the disk of `folder`."""
    status = os.statvfs(folder)
    return {name: getattr(status, name) for name in _SPACE}


def times_to_set(status: os.stat_result, times: tuple[int, int] | None) -> tuple[int, int]:
    """Return the times of access and modification (ns) that `utimens` sets on a file with this status."""
    before, present = (status.st_atime_ns, status.st_mtime_ns), time.time_ns()
    access, modification = (
        present if new == _NOW else old if new == _OMIT else new
        for new, old in zip(times or (present, present), before, strict=True)
    )
    return access, modification
