"""Calls that not every system has, each with a fallback. No other module uses them directly.

Linux has all of them. On macOS, some are missing or have another effect. The program does not run on Windows.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from contextlib import suppress
from typing import Any

IS_LINUX = sys.platform == "linux"
HAS_DESCRIPTOR_PATHS = IS_LINUX and os.path.isdir("/proc/self/fd")
"""Whether other processes of the user can reach an open file through a path in `/proc`."""
HAS_MEMORY_FILES = hasattr(os, "memfd_create")
UNNAMED_FILE = getattr(os, "O_TMPFILE", 0)
"""The flag that opens a new file without a name in a folder; 0 if the system has none."""


def missing_features() -> list[str]:
    """Return what this system lacks and what a run does instead, one line each. [] on Linux."""
    features = (
        ("sched_getaffinity", "the processors of this process: --workers is the number of all processors"),
        ("copy_file_range", "copies by the kernel: copies are read and written, which is slower"),
        ("memfd_create", "files in memory: members of archives are copied to the disk for ExifTool"),
        ("O_TMPFILE", "files without a name: a file of a killed run stays until the next run"),
        ("posix_fallocate", "reserved disk space: free space is only compared"),
        ("listxattr", "extended attributes: in place, files lose them"),
    )
    missing = [text for name, text in features if not hasattr(os, name)]
    if c_function("renameat2") is None:
        missing.append("renames that replace nothing: names are looked up before")
    if c_function("syncfs") is None:
        missing.append("sync of a whole disk: each file is synced, which is slower")
    return missing


def c_function(name: str) -> Any | None:
    """Return a function of the C library, which sets `ctypes.get_errno()`; None if the library does not have it."""
    try:
        return getattr(ctypes.CDLL(None, use_errno=True), name)
    except (OSError, AttributeError, TypeError):
        return None


def processor_count() -> int:
    """Return the number of processors that this process may use; if the system does not report it, of all of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def sync_file(fd: int) -> None:
    """Wait until the disk has stored an open file, or the entries of an open folder. Raises OSError.

    On macOS, `fsync` does not wait for the cache of the disk; only `F_FULLFSYNC` does. File systems without it get
    `fsync`.
    """
    if sys.platform == "darwin":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(fd, getattr(fcntl, "F_FULLFSYNC", 51))
            return
    os.fsync(fd)


def sync_data(fd: int) -> None:
    """Wait until the disk has stored the content and size of an open file. Raises OSError."""
    if hasattr(os, "fdatasync") and sys.platform != "darwin":
        os.fdatasync(fd)
    else:
        sync_file(fd)


def drop_cached(fd: int) -> None:
    """Let the next read of an open file come from its disk or server, if the system can do that. Raises OSError."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def reserve(fd: int, size: int) -> None:
    """Reserve `size` bytes of the disk for an open file. Raises OSError (ENOSPC, EDQUOT) if there is too little room.

    Without `posix_fallocate`, only compare the size with the free space.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
        return
    volume = os.fstatvfs(fd)
    if size > volume.f_bavail * volume.f_frsize:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def memory_file(name: str) -> int:
    """Return a descriptor of a new file in memory, only if `HAS_MEMORY_FILES`. Raises OSError.

    `name`: shown in `/proc`.
    """
    return os.memfd_create(name, os.MFD_CLOEXEC)


def copy_extended_attributes(source: int, target: int) -> None:
    """Copy the extended attributes of an open file to another, except those that the system does not permit.

    Do nothing on systems whose Python has no calls for them (macOS).
    """
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        for name in os.listxattr(source):
            with suppress(OSError):
                os.setxattr(target, name, os.getxattr(source, name))
