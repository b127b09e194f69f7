"""Sources and outputs of the last runs started in the app, offered on the Choose screen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

import msgspec
from msgspec import Struct

from pef_tui.tui.session.app_files import user_state_dir, write_private

MAX_RECENT = 8
MAX_BYTES = 1 << 20
"""Maximum number of bytes that are read from `recent.json`."""


class Recent(Struct, frozen=True):
    """Sources and output folder of one run, as absolute paths.

    In `recent.json`, each byte of a path is stored as one latin-1 character (see `_text`).
    """

    sources: tuple[str, ...]
    output: str = ""


def load(environ: Mapping[str, str]) -> list[Recent]:
    """Return the recent runs, the last run first; [] if `recent.json` is missing or cannot be read."""
    folder = user_state_dir(environ)
    if folder is None:
        return []
    try:
        with (folder / "recent.json").open("rb") as file:
            recent = msgspec.json.decode(file.read(MAX_BYTES), type=list[Recent])
    except (OSError, ValueError, RecursionError):
        return []
    return [Recent(tuple(map(_path, entry.sources)), _path(entry.output)) for entry in recent[:MAX_RECENT]]


def remember(environ: Mapping[str, str], run: Recent) -> None:
    """Store `run` as the first entry of `recent.json`, and remove an older entry with the same sources.

    Errors of the file system are ignored, because the file is only a convenience.
    """
    folder = user_state_dir(environ)
    if folder is None:
        return
    older = [entry for entry in load(environ) if entry.sources != run.sources]
    recent = [
        Recent(tuple(map(_text, entry.sources)), _text(entry.output)) for entry in [run, *older][:MAX_RECENT]
    ]
    with suppress(OSError):
        write_private(folder / "recent.json", msgspec.json.encode(recent))


def _text(path: str) -> str:
    """Return a path with one latin-1 character for each byte, because JSON cannot store lone surrogates."""
    return os.fsencode(path).decode("latin-1")


def _path(text: str) -> str:
    return os.fsdecode(text.encode("latin-1", "replace"))
