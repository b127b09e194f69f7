"""Run one ExifTool process, by a subclass of pyexiftool's `ExifTool`.

pyexiftool builds the commands and parses the answers. This module starts the process, reads its outputs and stops it,
because pyexiftool 0.5.6 has three faults: it reads end-of-file forever if ExifTool dies; it deadlocks if ExifTool
writes more than 64 KiB to stderr; it has no time limit.

For this, pyexiftool's `execute` gets an Exchange in place of a subprocess. A command that is written to the Exchange
runs to its end within its time limit. Both answers (stdout and stderr) are returned as files.
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

from pef_tui.exiftool.exchange import Died, Exchange, ProcessError, Refused, TimedOut, check_argument

__all__ = ["Died", "Driver", "ProcessError", "Refused", "TimedOut"]

# All other variables are left out: PERL5LIB, PERL5OPT and EXIFTOOL_HOME could load foreign code, and ExifTool looks for
# a configuration in HOME.
_PASSED_VARIABLES = ("PATH", "SYSTEMROOT")
_FIXED_VARIABLES = {"LC_ALL": "C", "TZ": "UTC"}
"""TZ is UTC: ExifTool adds the machine's time zone to a date that should have a time zone and has none."""

# A program that starts in the process of ExifTool. It asks the kernel to kill the process when the thread that started
# it ends (PR_SET_PDEATHSIG). Then it replaces itself by ExifTool. `preexec_fn` cannot do this: it runs Python in a fork
# of a program with threads.
_LAUNCHER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
_GRACE_SECONDS = 2.0
"""Seconds that ExifTool gets to end, before the next stronger signal is sent."""


class Driver(exiftool.ExifTool):  # type: ignore[misc]
    """One ExifTool process. After `execute` raises Died or TimedOut, the Driver must not be used again."""

    seconds: float = 60.0
    """Time limit of the next command, in seconds."""

    def __init__(self, path: str) -> None:
        super().__init__(executable=path, common_args=[], config_file=None, encoding="utf-8")
        self.block_size = 1 << 20

    def run(self) -> None:
        """Start ExifTool. Raises OSError if ExifTool cannot be started."""
        command = [os.path.abspath(self.executable), "-config", "", "-stay_open", "True", "-@", "-"]
        with contextlib.ExitStack() as stack:
            self._process = Exchange(_start(command, _safe_directory(stack)), self)
        self._running = True

    def execute(self, *params: str | bytes, raw_bytes: bool = True) -> Any:
        """Check each argument, run one command, and return its stdout as bytes.

        Raises Refused for an argument that cannot be sent, Died or TimedOut if there is no complete answer.
        """
        return super().execute(*[check_argument(param) for param in params], raw_bytes=raw_bytes)

    @property
    def running(self) -> bool:
        """Whether ExifTool was started, and not ended by this program. (If ExifTool died, `execute` raises Died.)"""
        return bool(self._running)

    @property
    def pid(self) -> int | None:
        """Process number of ExifTool, None if it is not running."""
        return self._process.popen.pid if self._running else None

    def terminate(self, timeout: float = _GRACE_SECONDS, _del: bool = False) -> None:
        """End ExifTool by its own command. If it still runs, send SIGINT; if it still runs, send SIGKILL.

        On SIGINT, ExifTool removes its temporary file. `timeout`: seconds to wait after each step.
        """
        if self._running:
            self._process.request_stop()
            self._end((None, signal.SIGINT, signal.SIGKILL), timeout)

    def abandon(self) -> None:
        """End an ExifTool that no longer answers: send SIGINT; if it still runs, send SIGKILL."""
        if self._running:
            self._end((signal.SIGINT, signal.SIGKILL), _GRACE_SECONDS / 2)

    def _end(self, steps: tuple[signal.Signals | None, ...], timeout: float) -> None:
        exchange: Any = self._process
        self._flag_running_false()
        for stop_signal in steps:
            if stop_signal is not None:
                exchange.popen.send_signal(stop_signal)
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
    environment = {name: os.environ[name] for name in _PASSED_VARIABLES if name in os.environ}
    return subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=directory,
        env=environment | _FIXED_VARIABLES,
        start_new_session=True,
    )


def _safe_directory(stack: contextlib.ExitStack) -> str:
    """Return a working directory in which other users cannot create files: `/proc` on Linux.

    On other systems, return a new directory, which `stack` removes after ExifTool has started. If none can be created,
    return `/`, in which only root can create files.
    """
    if os.path.isdir("/proc/self"):
        return "/proc"
    for parent in (os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("TMPDIR"), "/dev/shm", "/tmp"):
        with contextlib.suppress(OSError):
            if parent:
                directory = tempfile.mkdtemp(prefix="pef-tui-", dir=parent)
                stack.callback(os.rmdir, directory)
                return directory
    return "/"
