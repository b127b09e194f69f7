"""List a directory by its descriptor, and find the user's state directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_DIR_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def list_names(folder: int) -> list[str]:
    """Return the present names in the directory with the descriptor `folder`. Raises OSError.

    The directory is opened again. On Btrfs (Linux 6.5 and later), an older descriptor does not show new entries.
    """
    fd = os.open(".", _DIR_FLAGS, dir_fd=folder)
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)


def user_state_dir(environ: Mapping[str, str]) -> Path | None:
    """Return `$XDG_STATE_HOME/pef-tui`, or `~/.local/state/pef-tui` if the variable is not an absolute path.

    None if the second path is needed and there is no home directory.
    """
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification: a relative path is ignored
        home = environ.get("HOME") or os.path.expanduser("~")
        if not os.path.isabs(home):
            return None
        base = f"{home}/.local/state"
    return Path(base) / "pef-tui"
