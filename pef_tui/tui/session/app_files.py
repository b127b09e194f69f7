"""The files of the app itself (recent sources, decisions), and paths in the form that users read and type."""

from __future__ import annotations

import glob
import os
import shlex
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pef_tui.filesystem.directories import user_state_dir as user_state_dir


def write_private(path: Path, content: bytes) -> None:
    """Write `content` to `path`; an existing file is replaced atomically. Only the owner can read the file.

    Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def shown_path(path: str) -> str:
    """Return a path with `~` for the home directory. Control characters in it are not escaped yet."""
    home = os.path.expanduser("~")
    if home != "/" and (path == home or path.startswith(home + "/")):
        return "~" + path[len(home) :]
    return path


def typed_path(text: str) -> str:
    """Return the path that the user typed, with `~` and `$VARIABLES` expanded, and without surrounding blanks."""
    return os.path.expanduser(os.path.expandvars(text.strip()))


def typed_sources(text: str) -> tuple[list[str], list[str]]:
    """Return the absolute paths that a typed or pasted text names, and the parts of it that name no existing file.

    Each line is a path, a pattern (`takeout-*.zip`), a `file://` address, or one or several paths in the quoting of a
    shell, as terminals and file managers paste them.
    """
    paths: list[str] = []
    missing: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        matches = _existing(line)
        if not matches:
            words = _shell_words(line)
            by_word = [_existing(word) for word in words]
            matches = [path for found in by_word for path in found]
            missing += (
                [word for word, found in zip(words, by_word, strict=True) if not found] if matches else [line]
            )
        paths += matches
    return list(dict.fromkeys(paths)), missing


def _shell_words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quote without its end
        return [line.strip("'\"")]


def _existing(word: str) -> list[str]:
    """Return the absolute path that `word` names, or the sorted matches of its pattern; nothing if none exists."""
    if word.lower().startswith("file://"):
        word = unquote(urlsplit(word).path, errors="surrogateescape")
    if not word or "\0" in word:
        return []
    for path in (word, typed_path(word)):  # `$` and `~` may be part of a name
        if os.path.lexists(path):
            return [os.path.abspath(path)]
    return sorted(map(os.path.abspath, glob.glob(typed_path(word))))
