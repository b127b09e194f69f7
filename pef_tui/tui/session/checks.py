"""Checks of the settings before a run, made in a thread while the user chooses sources and options."""

from __future__ import annotations

import asyncio
import os
import threading
import time

from pef_tui.plugins.calls import describe_error
from pef_tui.sanitize import safe
from pef_tui.settings import Settings
from pef_tui.tui.session.preflight import (
    PreflightMessage,
    about_disk_space,
    about_exiftool,
    about_in_place,
    about_output,
    free_space,
)
from pef_tui.tui.session.session import Session

WAIT_SECONDS = 3.0
NOTE, WARNING = "Note", "Warning"
"""Headings of messages that a run can start with; the user must know the warnings before."""
MessageRow = tuple[str, str, str]
"""Heading, style of the heading, and text of a message."""
_HEADINGS = {
    "stop": ("Stop", "bold $text-error"),
    "warning": (WARNING, "bold $text-warning"),
    "note": (NOTE, "bold"),
}


class Checks:
    """The checks of the settings, and their messages. Messages of checks that are no longer current are discarded."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._number = 0
        self._messages: list[PreflightMessage] = []
        self.is_over = True
        """False while a check is in progress."""
        self.free: int | None = None
        """Free bytes on the disk of DEST; None if unknown."""

    def start(self) -> None:
        """Check the current settings in a new thread."""
        self._number += 1
        self._messages = []
        self.is_over = False
        settings, output = self._session.settings, self._session.output
        thread = threading.Thread(
            target=self._check, args=(self._number, settings, output), name="checks", daemon=True
        )
        thread.start()

    async def wait(self) -> None:
        """Wait until the checks in progress are over, at most WAIT_SECONDS, because one of them may forbid a run."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.is_over and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    def _check(self, number: int, settings: Settings, output: str) -> None:
        messages: list[PreflightMessage] = []
        free = free_space(output) if output else None
        try:
            messages += about_exiftool(settings)
            if settings.in_place and settings.sources:
                messages += about_in_place(settings)
            if output:
                messages += about_output(os.path.realpath(output), settings.in_place)
        except Exception as error:
            messages.append(
                PreflightMessage("warning", f"not everything could be checked: {describe_error(error)}")
            )
        if number == self._number:
            self._messages, self.free, self.is_over = messages, free, True

    def rows(self) -> list[MessageRow]:
        """Return all messages, the most severe first."""
        survey, session = self._session.survey, self._session
        messages = list(self._messages)
        if survey is not None and survey.is_over:
            messages += [PreflightMessage("warning", safe(text)) for text in survey.warnings]
            messages += [PreflightMessage("note", safe(text)) for text in survey.remarks]
            if not session.settings.in_place:
                messages += about_disk_space(
                    session.output, survey.media_bytes + survey.packed_bytes, self.free
                )
        messages += [PreflightMessage("note", safe(note)) for note in session.notes]
        messages.sort(key=lambda message: list(_HEADINGS).index(message.level))
        return [(*_HEADINGS[message.level], message.text) for message in messages]

    def warnings(self) -> list[str]:
        """Return the texts of the warnings, which the user must know before a run. Notes are not included."""
        return [text for heading, _, text in self.rows() if heading == WARNING]

    def stop_reason(self) -> str:
        """Return why no preview and no run can start with the current settings; "" if they can start."""
        if not self._session.settings.sources:
            return "Choose a source first: type its path, or pick it in the tree."
        if self._session.survey is not None and self._session.survey.error:
            return self._session.survey.error
        return next((message.text for message in self._messages if message.level == "stop"), "")
