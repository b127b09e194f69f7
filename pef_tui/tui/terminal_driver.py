"""Textual's driver for terminals, made safe for a terminal that disappears, and able to set its title."""

from __future__ import annotations

import contextlib
from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver

from pef_tui.sanitize import safe

_SAVE_TITLE, _RESTORE_TITLE = "\x1b[22;0t", "\x1b[23;0t"
"""The terminal keeps a stack of titles (xterm's control sequences, XTWINOPS). Terminals without one ignore both."""


class TerminalDriver(LinuxDriver):
    """Drops what is written after the terminal has disappeared.

    Textual queues its output for a thread that writes it. An error of the terminal (EIO) would end the thread, and the
    program would wait without end for room in the full queue. SIGCONT, which the kernel sends after a hang-up, fills
    the queue, because it makes Textual start again.
    """

    def __init__(self, app: Any, **options: Any) -> None:
        """`app`: its attribute `terminal` becomes this driver."""
        super().__init__(app, **options)
        self._file: Any = DisappearingFile(self._file)
        self._title = ""
        app.terminal = self

    def set_title(self, title: str) -> None:
        """Show `title` as the title of the terminal until the app ends or is suspended. "" restores the earlier one."""
        if title == self._title:
            return
        if not self._title:
            self.write(_SAVE_TITLE)
        self.write(f"\x1b]2;{safe(title)}\x07" if title else _RESTORE_TITLE)
        self._title = title
        self.flush()

    def stop_application_mode(self) -> None:
        """Restore the terminal and its title."""
        self.set_title("")
        super().stop_application_mode()


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
