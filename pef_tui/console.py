"""Standard error for words, standard output for data, and never one in the other."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from pef_tui.display import safe
from pef_tui.guard import unclosed

FLUSH_AT = 64 << 10
"""Bytes of data held back at most; what is held for longer than a moment is written by `Data.flush`."""


class Console:
    """Words on standard error, and on a terminal one line that is written over. May be used by several threads."""

    def __init__(self, quiet: bool = False, environ: Mapping[str, str] = os.environ, fd: int = 2) -> None:
        self._fd = fd
        self._quiet = quiet
        self._lock = threading.Lock()
        self._showing = False
        self.terminal = _is_terminal(fd) and environ.get("TERM") != "dumb"
        """Can a line be written over?"""
        self.colour = self.terminal and not environ.get("NO_COLOR")

    def say(self, text: str, always: bool = False) -> None:
        """One line of words, left out when quiet unless `always`. The text is safe already."""
        if always or not self._quiet:
            self._write(self._cleared() + text + "\n", showing=False)

    def error(self, text: str) -> None:
        """What went wrong, in one line, quiet or not."""
        mark = "\x1b[1;31mpef-tui:\x1b[0m" if self.colour else "pef-tui:"
        self.say(f"{mark} {text}", always=True)

    def show(self, text: str) -> None:
        """The line that is written over, cut to the terminal's width."""
        if self.terminal and not self._quiet:
            self._write("\r" + safe(text, _width(self._fd) - 1) + "\x1b[K", showing=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._showing:
            self._write(self._cleared(), showing=False)

    def _cleared(self) -> str:
        return "\r\x1b[K" if self._showing else ""

    def _write(self, text: str, showing: bool) -> None:
        """A terminal that went away is no reason to stop."""
        with self._lock, suppress(OSError):
            self._showing = showing
            encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
            _write_all(self._fd, text.encode(encoding, "backslashreplace"))


class Data:
    """Standard output as a stream of whole lines."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._held: list[bytes] = []
        self._size = 0
        self._lock = threading.Lock()
        self.closed = False
        """Nobody reads any more."""

    def write(self, line: bytes) -> None:
        """Add a line; it is written with others, at the latest at the next `flush`."""
        with self._lock:
            self._held.append(line)
            self._size += len(line)
        if self._size >= FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        """Write all that is held."""
        with self._lock:
            block, self._held, self._size = b"".join(self._held), [], 0
            if self.closed or not block:
                return
            try:
                _write_all(self._fd, block)
            except OSError:
                self.closed = True


@contextmanager
def data_out() -> Iterator[Data]:
    """Standard output as Data. What plugins, or programs they start, print meanwhile lands on standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    data = Data(kept)
    os.dup2(2, 1)
    try:
        with unclosed():
            yield data
    finally:
        data.flush()
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _write_all(fd: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(fd, view) :]


def _is_terminal(fd: int) -> bool:
    try:
        return os.isatty(fd)
    except OSError:
        return False


def _width(fd: int) -> int:
    try:
        return os.get_terminal_size(fd).columns or 80
    except OSError:
        return 80
