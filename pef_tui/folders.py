"""Folders of the system, by descriptor."""

from __future__ import annotations

import os

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def names_in(folder: int) -> list[str]:
    """The names in a folder, as it is now. Raises OSError.

    Btrfs (Linux 6.5 and later) shows a descriptor nothing that came after it was opened, so another is opened.
    """
    fd = os.open(".", _FOLDER, dir_fd=folder)
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)
