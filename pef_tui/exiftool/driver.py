"""The one subclass of pyexiftool's ExifTool: its command building and parsing, our start, reading and stop.

pyexiftool 0.5.6 reads end-of-file for ever when ExifTool dies, deadlocks over 64 KiB on stderr, and has no time-out.
Here its `execute` speaks to an Exchange in the place of a subprocess: the command written there is carried out whole,
within its time, and the two answers are handed back as files.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from typing import Any

import exiftool

from pef_tui.exiftool.exchange import Died, Exchange, ProcessError, Refused, TimedOut, check

__all__ = ["Died", "Driver", "ProcessError", "Refused", "TimedOut"]

# PERL5OPT, PERL5LIB and EXIFTOOL_HOME would let a stranger's code in; HOME is where ExifTool looks for a configuration.
_KEPT_VARIABLES = ("PATH", "SYSTEMROOT")
_FIXED_VARIABLES = {"LC_ALL": "C", "TZ": "UTC"}
"""UTC, because ExifTool adds the machine's zone to a date that should have one and has none."""

# Started in between, for a moment: asks the kernel (PR_SET_PDEATHSIG) to kill what it becomes when our thread
# dies, then becomes ExifTool. `preexec_fn` would do the same, but runs Python in a fork of a program with threads.
_LAUNCHER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
_GRACE = 2.0
"""Seconds that ExifTool gets to end by itself before the next stronger means."""


class Driver(exiftool.ExifTool):  # type: ignore[misc]
    """One ExifTool process. `execute` raises Refused, Died or TimedOut; then it is of no more use."""

    seconds: float = 60.0
    """How long the next command may take."""

    def __init__(self, path: str) -> None:
        super().__init__(executable=path, common_args=[], config_file=None, encoding="utf-8")
        self.block_size = 1 << 20

    def run(self) -> None:
        """Start ExifTool. Raises OSError when that cannot be."""
        command = [os.path.abspath(self.executable), "-config", "", "-stay_open", "True", "-@", "-"]
        with contextlib.ExitStack() as stack:
            self._process = Exchange(_start(command, _safe_directory(stack)), self)
        self._running = True

    def execute(self, *params: str | bytes, raw_bytes: bool = True) -> Any:
        """Carry out one command, each argument checked first; stdout, as bytes."""
        return super().execute(*[check(each) for each in params], raw_bytes=raw_bytes)

    @property
    def running(self) -> bool:
        """Was it started, and not yet ended by us? (Its death shows in `execute`.)"""
        return bool(self._running)

    @property
    def pid(self) -> int | None:
        """Process number of ExifTool."""
        return self._process.popen.pid if self._running else None

    def terminate(self, timeout: float = _GRACE, _del: bool = False) -> None:
        """End ExifTool: by its own command, else SIGINT (it removes its temporary file), else SIGKILL."""
        if self._running:
            self._process.say_goodbye()
            self._end((None, signal.SIGINT, signal.SIGKILL), timeout)

    def abandon(self) -> None:
        """End an ExifTool that no longer answers: SIGINT, else SIGKILL."""
        if self._running:
            self._end((signal.SIGINT, signal.SIGKILL), _GRACE / 2)

    def _end(self, steps: tuple[signal.Signals | None, ...], timeout: float) -> None:
        exchange: Any = self._process
        self._flag_running_false()
        for means in steps:
            if means is not None:
                exchange.popen.send_signal(means)
            try:
                exchange.popen.wait(timeout)
                break
            except subprocess.TimeoutExpired:
                continue
        exchange.close()


def _start(command: list[str], directory: str) -> subprocess.Popen[bytes]:
    if not os.access(command[0], os.X_OK):
        raise FileNotFoundError(2, "no program that can be run", command[0])
    if sys.platform == "linux" and sys.executable:
        command = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *command]
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=directory,
        env=kept | _FIXED_VARIABLES,
        start_new_session=True,
    )


def _safe_directory(stack: contextlib.ExitStack) -> str:
    """A working directory where nobody can put anything: the kernel's own where the system has it.

    Else one that is gone once ExifTool has started; without a place for it, the root of the file system, where only
    root can put things.
    """
    if os.path.isdir("/proc/self"):
        return "/proc"
    for place in (os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("TMPDIR"), "/dev/shm", "/tmp"):
        with contextlib.suppress(OSError):
            if place:
                directory = tempfile.mkdtemp(prefix="pef-tui-", dir=place)
                stack.callback(os.rmdir, directory)
                return directory
    return "/"
