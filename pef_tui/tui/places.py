"""Where the app keeps what is its own: recent sources, its log."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

LOG_BYTES = 1 << 20


def state_folder(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_STATE_HOME/pef-tui`, by default below `~/.local/state`; None where there is no home."""
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification: a relative path is ignored
        home = environ.get("HOME") or os.path.expanduser("~")
        if not os.path.isabs(home):
            return None
        base = f"{home}/.local/state"
    return Path(base) / "pef-tui"


def log_file(environ: Mapping[str, str]) -> str:
    """The app's own log, where no other is asked for: begun anew when it is large. "" where there can be none."""
    folder = state_folder(environ)
    if folder is None:
        return ""
    path = folder / "log"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_BYTES:
            os.replace(path, folder / "log.1")
        with path.open("a"):
            pass
    except OSError:
        return ""
    return str(path)


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
