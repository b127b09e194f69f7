"""What stands in the way of a run, looked for in a thread while things are chosen."""

from __future__ import annotations

import os
import threading

from pef_tui.display import safe
from pef_tui.guard import reason
from pef_tui.settings import Settings
from pef_tui.tui.before import Word, about_output, about_place, about_room, about_tool, free_space
from pef_tui.tui.flow import Flow

_HEADS = {
    "stop": ("Stop", "bold $text-error"),
    "warning": ("Warning", "bold $text-warning"),
    "note": ("Note", "bold"),
}


class Checks:
    """The answers to the last `begin`. Those before it are forgotten."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._number = 0
        self._found: list[Word] = []
        self.over = True
        """Is nothing looked for any more?"""
        self.free: int | None = None
        """Bytes free where DEST would be."""

    def begin(self) -> None:
        """Look again, with the settings of now."""
        self._number += 1
        self._found = []
        self.over = False
        settings, output = self._flow.settings, self._flow.output
        thread = threading.Thread(
            target=self._look, args=(self._number, settings, output), name="checks", daemon=True
        )
        thread.start()

    def _look(self, number: int, settings: Settings, output: str) -> None:
        found: list[Word] = []
        free = free_space(output) if output else None
        try:
            found += about_tool(settings)
            if settings.in_place and settings.sources:
                found += about_place(settings)
            if output:
                found += about_output(os.path.realpath(output), settings.in_place)
        except Exception as error:
            found.append(Word("warning", f"not everything could be checked: {reason(error)}"))
        if number == self._number:
            self._found, self.free, self.over = found, free, True

    def words(self) -> list[tuple[str, str, str]]:
        """Heading, its style, and words of each thing to know, the gravest first."""
        survey, flow = self._flow.survey, self._flow
        found = list(self._found)
        if survey is not None and survey.over:
            found += [Word("warning", safe(note)) for note in survey.notes]
            if not flow.settings.in_place:
                found += about_room(flow.output, survey.media_bytes + survey.packed, self.free)
        found += [Word("note", safe(note)) for note in flow.notes]
        found.sort(key=lambda word: list(_HEADS).index(word.level))
        return [(*_HEADS[word.level], word.text) for word in found]

    def stopping(self) -> str:
        """Why there can be no preview and no run now; "" for nothing."""
        if not self._flow.settings.sources:
            return "Choose a source first: type its path, or pick it in the tree."
        if self._flow.survey is not None and self._flow.survey.error:
            return self._flow.survey.error
        return next((word.text for word in self._found if word.level == "stop"), "")
