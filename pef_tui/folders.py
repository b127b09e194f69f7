"""Folders of the system: by descriptor, and the user's own for state."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

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


def state_folder(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_STATE_HOME/pef-tui`, by default below `~/.local/state`; None where there is no home."""
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification: a relative path is ignored
        home = environ.get("HOME") or os.path.expanduser("~")
        if not os.path.isabs(home):
            return None
        base = f"{home}/.local/state"
    return Path(base) / "pef-tui"
