"""Output of the program: messages go only to standard error, data only to standard output."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal

from pef_tui.plugins.calls import protect_streams
from pef_tui.sanitize import safe

Level = Literal["error", "warning", "info"]
"""How important a message is."""
PRIORITIES: dict[Level, str] = {"error": "<3>", "warning": "<4>", "info": "<6>"}
"""Prefixes by which the journal of systemd recognises the priority of a line (sd-daemon(3))."""
FLUSH_AT = 64 << 10
"""Number of bytes in the buffer from which `Data.write` writes the buffer. `Data.flush` writes it at any size."""


class Console:
    """Writes messages to standard error and, on a terminal, a progress line that is overwritten. Thread-safe."""

    def __init__(self, quiet: bool = False, environ: Mapping[str, str] = os.environ, fd: int = 2) -> None:
        self._fd = fd
        self._quiet = quiet
        self._lock = threading.Lock()
        self._has_progress_line = False
        self.terminal = _is_terminal(fd) and environ.get("TERM") != "dumb"
        """True if standard error is a terminal on which a line can be overwritten."""
        self._has_priorities = _is_journal(fd, environ.get("JOURNAL_STREAM", ""))
        self.colour = self.terminal and not environ.get("NO_COLOR")

    def say(self, text: str, always: bool = False, level: Level = "info") -> None:
        """Write a line. A quiet Console writes it only if `always` is set.

        If standard error is the journal of systemd, the line begins with the priority of `level`. Control characters in
        `text` must be escaped by the caller.
        """
        if always or not self._quiet:
            prefix = PRIORITIES[level] if self._has_priorities else ""
            self._write(self._erase_code() + prefix + text + "\n", has_progress_line=False)

    def error(self, text: str) -> None:
        """Write an error message of one line, even if the Console is quiet."""
        mark = "\x1b[1;31mpef-tui:\x1b[0m" if self.colour else "pef-tui:"
        self.say(f"{mark} {text}", always=True, level="error")

    def show(self, text: str) -> None:
        """Show `text` as the progress line, cut to the width of the terminal. No effect if quiet or not a terminal."""
        if self.terminal and not self._quiet:
            self._write("\r" + safe(text, _width(self._fd) - 1) + "\x1b[K", has_progress_line=True)

    def clear(self) -> None:
        """Erase the progress line, if there is one."""
        if self._has_progress_line:
            self._write(self._erase_code(), has_progress_line=False)

    def _erase_code(self) -> str:
        """Return the control sequence that erases the progress line; "" if there is no progress line."""
        return "\r\x1b[K" if self._has_progress_line else ""

    def _write(self, text: str, has_progress_line: bool) -> None:
        """Write `text`. Errors are ignored, because a closed terminal must not end the run.

        `has_progress_line`: whether the text leaves a progress line on the terminal.
        """
        with self._lock, suppress(OSError):
            self._has_progress_line = has_progress_line
            encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
            _write_all(self._fd, text.encode(encoding, "backslashreplace"))


class Data:
    """Writes complete lines to standard output, through a buffer. Thread-safe."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._buffer: list[bytes] = []
        self._size = 0
        self._lock = threading.Lock()
        self.closed = False
        """True after a write failed, for instance because the reader closed the pipe. Further data is dropped."""

    def write(self, line: bytes) -> None:
        """Add a line to the buffer, which is written by the next `flush`, or when it has `FLUSH_AT` bytes."""
        with self._lock:
            self._buffer.append(line)
            self._size += len(line)
        if self._size >= FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        """Write the buffer, and empty it."""
        with self._lock:
            block, self._buffer, self._size = b"".join(self._buffer), [], 0
            if self.closed or not block:
                return
            try:
                _write_all(self._fd, block)
            except OSError:
                self.closed = True


@contextmanager
def data_out() -> Iterator[Data]:
    """Return a context with a Data that writes to standard output.

    In the context, everything that plugins and child processes write to standard output goes to standard error, so that
    it cannot mix with the data.
    """
    sys.stdout.flush()
    stdout_fd = os.dup(1)
    data = Data(stdout_fd)
    os.dup2(2, 1)
    try:
        with protect_streams():
            yield data
    finally:
        data.flush()
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os.dup2(stdout_fd, 1)
        os.close(stdout_fd)


def _write_all(fd: int, block: bytes) -> None:
    """Write all bytes of `block`. Raises OSError."""
    view = memoryview(block)
    while view:
        view = view[os.write(fd, view) :]


def _is_terminal(fd: int) -> bool:
    try:
        return os.isatty(fd)
    except OSError:
        return False


def _is_journal(fd: int, stream: str) -> bool:
    """Return whether `fd` is the connection to the journal that the variable JOURNAL_STREAM names (`device:inode`).

    It is another file if standard error was redirected since the service was started.
    """
    try:
        status = os.fstat(fd)
    except OSError:
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"


def _width(fd: int) -> int:
    """Return the width of the terminal in columns; 80 if it is unknown."""
    try:
        return os.get_terminal_size(fd).columns or 80
    except OSError:
        return 80
