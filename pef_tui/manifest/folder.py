"""`DEST/.pef-tui`: where the manifest and the lock lie."""

from __future__ import annotations

import errno
import os
from contextlib import suppress

OWN = ".pef-tui"
NAME = "manifest"


def open_folder(dest: str, *, create: bool) -> int | None:
    """A descriptor of `DEST/.pef-tui`; None when it is not there and not to be made. Raises OSError.

    It is never entered through a symbolic link, which could lead the program out of DEST.
    """
    path = os.path.join(dest, OWN)
    if create:
        os.makedirs(dest, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        if create:
            raise
        return None


def sync_folder(fd: int) -> None:
    """Wait until a folder's entries are on the disk. Raises OSError; a disk that cannot do it is left in peace."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
