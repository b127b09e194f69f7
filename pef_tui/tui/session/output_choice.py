"""Propose an output folder whose disk has room for the output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.tui.session.preflight import SPACE_FACTOR, free_space, write_problem

NAME = "Photos-fixed"
"""Name of a proposed output folder that is not beside the sources."""


def roomy_output(
    default: str, needed: int, volumes: Iterable[str], free: Callable[[str], int | None] = free_space
) -> str:
    """Return the first output folder that has room for `needed` bytes; `default` if none has.

    The first is `default`, the next one is in the home folder, then one on each of `volumes`, the one with the most
    room first. `free`: returns the free bytes on the disk of a path. An output folder of earlier runs always has room.
    """
    if os.path.isdir(os.path.join(default, STATE_DIR)) or _has_room(default, needed, free):
        return default
    home = os.path.join(os.path.expanduser("~"), NAME)
    if _has_room(home, needed, free):
        return home
    others = [os.path.join(volume, NAME) for volume in volumes]
    usable = [path for path in others if _has_room(path, needed, free)]
    return max(usable, key=lambda path: free(path) or 0, default=default)


def _has_room(output: str, needed: int, free: Callable[[str], int | None]) -> bool:
    space = free(output)
    return not write_problem(output) and (space is None or needed * SPACE_FACTOR <= space)
