"""Where the app keeps what is its own: recent sources, its log."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pef_tui.folders import state_folder as state_folder


def write_private(path: Path, content: bytes) -> None:
    """Replace a file that only its owner may read, whole or not at all. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(fresh, path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def shown_path(path: str) -> str:
    """A path for people: `~` for the home folder. Not safe to show yet."""
    home = os.path.expanduser("~")
    if home != "/" and (path == home or path.startswith(home + "/")):
        return "~" + path[len(home) :]
    return path


def typed_path(text: str) -> str:
    """What a person typed as a path: `~` and `$VARIABLES` expanded, no blanks around it."""
    return os.path.expanduser(os.path.expandvars(text.strip()))
