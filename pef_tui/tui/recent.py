"""The sources and the output of the last runs begun in the app, to choose them again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

import msgspec
from msgspec import Struct

from pef_tui.tui.places import state_folder, write_private

KEPT = 8
LARGEST = 1 << 20
"""Bytes of the file that are read at most."""


class Recent(Struct, frozen=True):
    """What was chosen once. Paths are absolute; bytes that are no UTF-8 are kept as latin-1 of the exact bytes."""

    sources: tuple[str, ...]
    output: str = ""


def load(environ: Mapping[str, str]) -> list[Recent]:
    """The last first; nothing where there is no such file, or where it is not to be read."""
    folder = state_folder(environ)
    if folder is None:
        return []
    try:
        with (folder / "recent.json").open("rb") as file:
            kept = msgspec.json.decode(file.read(LARGEST), type=list[Recent])
    except (OSError, ValueError, RecursionError):
        return []
    return [Recent(tuple(map(_path, each.sources)), _path(each.output)) for each in kept[:KEPT]]


def remember(environ: Mapping[str, str], chosen: Recent) -> None:
    """Put it at the top. That it cannot be kept is no reason to stop."""
    folder = state_folder(environ)
    if folder is None:
        return
    others = [each for each in load(environ) if each.sources != chosen.sources]
    kept = [Recent(tuple(map(_text, each.sources)), _text(each.output)) for each in [chosen, *others][:KEPT]]
    with suppress(OSError):
        write_private(folder / "recent.json", msgspec.json.encode(kept))


def _text(path: str) -> str:
    """JSON holds no lone surrogates: a path is kept as its bytes, each a character."""
    return os.fsencode(path).decode("latin-1")


def _path(text: str) -> str:
    return os.fsdecode(text.encode("latin-1", "replace"))
