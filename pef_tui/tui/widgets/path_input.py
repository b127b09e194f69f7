"""Input field for a path, with completion. It can also show a path that cannot be typed (not UTF-8), without loss."""

from __future__ import annotations

import asyncio
import os
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.events import Paste
from textual.message import Message
from textual.suggester import Suggester

from pef_tui.sanitize import safe
from pef_tui.tui.keys import bindings
from pef_tui.tui.session.app_files import shown_path, typed_path
from pef_tui.tui.widgets.line_input import LineInput

ARCHIVES = (".zip", ".tgz", ".tar.gz", ".tar")
MAX_ENTRIES = 20_000
"""Maximum number of entries of a directory that are read for a completion."""


def is_archive(name: str) -> bool:
    """Return whether the name has an extension of export archives."""
    return name.lower().endswith(ARCHIVES)


def complete(text: str, archives: bool) -> str | None:
    """Return the path `text`, completed to the first directory (by name) that begins with it; None if there is none.

    `archives`: complete to archives too, not only to directories.
    """
    parent, slash, prefix = text.rpartition("/")
    if not slash:
        return None
    first = None
    try:
        with os.scandir(typed_path(parent) or "/") as entries:
            for number, entry in enumerate(entries):
                name = entry.name
                if number >= MAX_ENTRIES:
                    break
                if not name.startswith(prefix) or safe(name) != name or (name[0] == "." and not prefix):
                    continue
                is_dir = entry.is_dir()
                if (is_dir or (archives and is_archive(name))) and (first is None or name < first[0]):
                    first = name, is_dir
    except (OSError, ValueError):
        return None
    return None if first is None else f"{parent}/{first[0]}" + "/" * first[1]


class PathSuggester(Suggester):
    """Completes paths in a thread, so that a sleeping or remote disk does not block the screen."""

    def __init__(self, archives: bool) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._archives = archives
        self._last: tuple[str, str | None] = "", None

    async def get_suggestion(self, value: str) -> str | None:
        """Return the completion of a typed path; None if there is none."""
        completion = await asyncio.to_thread(complete, value, self._archives)
        self._last = value, completion
        return completion

    def completion_of(self, value: str) -> str:
        """Return the completion that is shown for the typed text `value`; "" if none is shown."""
        return self._last[1] or "" if self._last[0] == value else ""


class PathInput(LineInput):
    """An input field for a path. Tab accepts the completion, if a completion is shown."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("path")

    def __init__(self, path: str = "", archives: bool = False, **options: Any) -> None:
        """`archives`: complete to archives too, not only to directories."""
        self._exact, self._archives = path, archives
        self._completions = PathSuggester(archives)
        super().__init__(_display(path), suggester=self._completions, **options)

    class LinesPasted(Message):
        """Posted when a text of several lines is pasted, into a field for archives and directories."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """Posted when the user goes from the field to the list below it."""

        def __init__(self, field: PathInput) -> None:
            super().__init__()
            self.field = field

    def on_paste(self, event: Paste) -> None:
        """Post `LinesPasted` for a text of several lines; the field itself would take only its first line."""
        if self._archives and len(event.text.strip().splitlines()) > 1:
            event.stop()
            event.prevent_default()
            self.post_message(self.LinesPasted(event.text))

    def validate_value(self, value: str) -> str:
        """Return the text without control characters, because pasted text could contain escape sequences."""
        return "".join(character for character in value if character.isprintable())

    @property
    def path(self) -> str:
        """The path set by `show_path`; after the user edited it, the typed text, with `~` and variables expanded."""
        return self._exact if self.value == _display(self._exact) else typed_path(self.value)

    def show_path(self, path: str) -> None:
        """Show `path`. Until the user edits the field, the property `path` is exactly this path."""
        self._exact = path
        self.value = _display(path)

    def action_complete(self) -> None:
        """Accept the completion; if none is shown, focus the next field."""
        completion = self._completions.completion_of(self.value)
        addition = completion.removeprefix(self.value).strip("/")
        if completion and (addition or self._archives) and self.cursor_position == len(self.value):
            self.value = completion
            self.cursor_position = len(completion)
        else:
            self.screen.focus_next()

    def action_leave(self) -> None:
        """Go from the field to the list below, which the screen determines."""
        self.post_message(self.Left(self))


def _display(path: str) -> str:
    return safe(shown_path(path))
