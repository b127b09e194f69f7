"""A field for a path: completed while it is typed, and able to hold names that cannot be typed."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from textual.binding import Binding
from textual.suggester import Suggester

from pef_tui.display import safe
from pef_tui.tui.line import Line
from pef_tui.tui.places import shown_path, typed_path

ARCHIVES = (".zip", ".tgz", ".tar.gz", ".tar")
LOOKED_AT = 20_000
"""Entries of a folder that are looked at for a completion."""


def is_archive(name: str) -> bool:
    """Is it called like a part of an export?"""
    return name.lower().endswith(ARCHIVES)


def completed(typed: str, archives: bool) -> str | None:
    """What was typed, made longer to the first folder (or archive) that begins so; None where there is none."""
    above, slash, begin = typed.rpartition("/")
    if not slash:
        return None
    found = None
    try:
        with os.scandir(typed_path(above) or "/") as entries:
            for number, entry in enumerate(entries):
                name = entry.name
                if number >= LOOKED_AT:
                    break
                if not name.startswith(begin) or safe(name) != name or (name[0] == "." and not begin):
                    continue
                folder = entry.is_dir()
                if (folder or (archives and is_archive(name))) and (found is None or name < found[0]):
                    found = name, folder
    except (OSError, ValueError):
        return None
    return None if found is None else f"{above}/{found[0]}" + "/" * found[1]


class _Paths(Suggester):
    """Asks the disk in a thread: one that sleeps, or is far away, does not hold the screen."""

    def __init__(self, archives: bool) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._archives = archives

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(completed, value, self._archives)


class PathInput(Line):
    """One line for a path. Tab takes the completion where one is shown."""

    BINDINGS = [
        Binding("tab", "complete", "Complete", id="path.complete", show=False, priority=False),
    ]

    def __init__(self, path: str = "", archives: bool = False, **more: Any) -> None:
        """`archives`: complete to archives too, not only to folders."""
        self._exact, self._archives = path, archives
        super().__init__(_shown(path), suggester=_Paths(archives), **more)

    def validate_value(self, value: str) -> str:
        """Nothing that would act on the terminal can be pasted."""
        return "".join(character for character in value if character.isprintable())

    @property
    def path(self) -> str:
        """The path meant: exact where nobody typed over it, else expanded."""
        return self._exact if self.value == _shown(self._exact) else typed_path(self.value)

    def show_path(self, path: str) -> None:
        """Put another path in, its bytes kept."""
        self._exact = path
        self.value = _shown(path)

    def action_complete(self) -> None:
        """Take the completion, or go to the next field."""
        further = self._suggestion.removeprefix(self.value).strip("/")
        if self._suggestion and (further or self._archives) and self.cursor_position == len(self.value):
            self.action_cursor_right()
        else:
            self.screen.focus_next()


def _shown(path: str) -> str:
    return safe(shown_path(path))
