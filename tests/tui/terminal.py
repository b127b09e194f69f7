"""Run the command on a pseudo-terminal, which can change its size or be closed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?<>=$]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>])")
PROGRAM = (sys.executable, "-m", "pef_tui")
F2, F5 = b"\x1bOQ", b"\x1b[15~"


def environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    """Return an environment without the user's variables, except PATH."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PEF_TUI_LOAD_PLUGINS": "",
        **variables,
    }


class Terminal:
    """A terminal with the command running in it."""

    def __init__(
        self,
        tmp_path: Path,
        *arguments: str,
        size: tuple[int, int] = (80, 24),
        command: Sequence[str] = PROGRAM,
        **environ: str,
    ) -> None:
        self._master, self._slave = pty.openpty()
        self.resize(*size)
        self.initial_modes = termios.tcgetattr(self._slave)
        self.output = b""
        self._read_to = 0
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=environment(tmp_path, **environ),
            cwd=tmp_path,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def resize(self, columns: int, rows: int) -> None:
        """Change the size. The kernel sends SIGWINCH to the command."""
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def pause(self, seconds: float = 1.0) -> None:
        """Read the output for some time. (A key just after a new screen counts as a repetition of the key before.)"""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.take()

    def take(self, seconds: float = 0.05) -> bytes:
        """Return the output of the next `seconds`."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return b""
        try:
            new = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return b""
        self.output += new
        return new

    @property
    def words(self) -> str:
        """Return the output since the last `until`, without escape sequences."""
        return ESCAPES.sub(b"", self.output[self._read_to :]).decode("utf-8", "replace")

    def until(self, words: str, seconds: float = 30) -> None:
        """Wait until this text is written."""
        self.until_all((words,), seconds)

    def until_all(self, texts: Sequence[str], seconds: float = 30) -> None:
        """Wait until all these texts are written, in any order: one update of the screen may hold several of them."""
        end = time.monotonic() + seconds
        while missing := [text for text in texts if text not in self.words]:
            assert time.monotonic() < end, f"{missing} did not appear: {self.words[-600:]}"
            assert self.process.poll() is None or self.take(0.2), f"it ended: {self.words[-600:]}"
            self.take()
        self._read_to = len(self.output)

    def comes_to_rest(self, seconds: float = 30) -> bool:
        """Return whether the command writes nothing for two seconds, at the latest after `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = len(self.output)
            self.pause(2)
            if len(self.output) == before:
                return True
        return False

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self._slave)
        os.close(self._master)
        self._slave = self._master = -1

    def ended(self, seconds: float = 60) -> int:
        """Read until the command ends. Returns its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end: {self.words[-600:]}"
            if self._master >= 0:
                self.take()
            else:
                time.sleep(0.05)
        while self._master >= 0 and self.take():
            pass
        return self.process.returncode

    @property
    def restored(self) -> bool:
        """Return True if the terminal is restored: modes, main screen, visible cursor, no mouse reports."""
        main_screen = self.output.rfind(b"\x1b[?1049l") > self.output.rfind(b"\x1b[?1049h")
        cursor_visible = self.output.rfind(b"\x1b[?25h") > self.output.rfind(b"\x1b[?25l")
        mouse_off = self.output.rfind(b"\x1b[?1003l") > self.output.rfind(b"\x1b[?1003h")
        return (
            main_screen
            and cursor_visible
            and mouse_off
            and termios.tcgetattr(self._slave) == self.initial_modes
        )

    def close(self) -> None:
        """Kill the command and close the terminal."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        if self._master >= 0:
            self.hang_up()
