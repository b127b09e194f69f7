"""Textual's driver for terminals, made safe for a terminal that disappears."""

from __future__ import annotations

import contextlib
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Drops what is written after the terminal has disappeared.

    Textual queues its output for a thread that writes it. An error of the terminal (EIO) would end the thread, and the
    program would wait without end for room in the full queue. SIGCONT, which the kernel sends after a hang-up, fills
    the queue, because it makes Textual start again.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._file: Any = DisappearingFile(self._file)


class DisappearingFile:
    """The part of a text file that Textual uses. Errors of the file are ignored."""

    def __init__(self, file: IO[str]) -> None:
        self._wrapped = file

    def write(self, text: str) -> None:
        """Write `text`, or drop it if the file is gone."""
        with contextlib.suppress(OSError, ValueError):  # ValueError: the file is closed
            self._wrapped.write(text)

    def flush(self) -> None:
        """Write what is buffered, or drop it if the file is gone."""
        with contextlib.suppress(OSError, ValueError):
            self._wrapped.flush()

    def fileno(self) -> int:
        """Return the number of the file descriptor."""
        return self._wrapped.fileno()

    def isatty(self) -> bool:
        """Return whether the file is a terminal."""
        return self._wrapped.isatty()
