"""The lock of DEST. Only one run at a time may write into DEST."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType

from pef_tui.errors import DestLocked
from pef_tui.manifest.folder import open_state_dir

POLL_SECONDS = 0.5
"""Seconds between two attempts to take the lock while another run holds it."""
_NAME = "lock"
_LINE = re.compile(r"\d{1,10} [\w.-]{1,64} \d{4}-\d\d-\d\dT[\d:+-]{5,16}\n?")


class DestInUse(DestLocked):
    """Raised if another run holds the lock of DEST. `holder` describes the process of that run."""

    def __init__(self, dest: str, holder: str) -> None:
        super().__init__(f"another run is at work in {dest}: {holder}")
        self.holder = holder


class DestLock:
    """Context manager that holds the lock of DEST. Entering it raises DestInUse if another run holds the lock.

    `wait`: how long to wait for the other run before that. It raises OSError if the lock file cannot be opened or
    locked. The kernel releases the lock when the process ends, even if it is killed. The lock file is never deleted.
    Otherwise one run could hold the lock of the deleted file, and another run the lock of a new file.
    """

    def __init__(
        self,
        dest: str,
        wait: float = 0.0,
        *,
        on_wait: Callable[[DestInUse], None] = lambda error: None,
        stop: threading.Event | None = None,
    ) -> None:
        """`wait`: maximum number of seconds to wait for another run. `on_wait`: called once, before the wait.

        `stop`: if it is set, the wait ends, as if `wait` had passed.
        """
        self.dest = dest
        self._wait = wait
        self._on_wait = on_wait
        self._stop = stop or threading.Event()
        self._fd = -1
        self.folder = -1
        """Descriptor of `DEST/.pef-tui` while the lock is held, else -1."""

    def __enter__(self) -> DestLock:
        deadline = time.monotonic() + self._wait
        is_waiting = False
        while True:
            try:
                self._take()
                return self
            except DestInUse as error:
                if self._stop.is_set() or time.monotonic() >= deadline:
                    raise
                if not is_waiting:
                    is_waiting = True
                    self._on_wait(error)
            self._stop.wait(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))

    def _take(self) -> None:
        """Take the lock. Raises DestInUse, OSError."""
        folder = open_state_dir(self.dest, create=True)
        assert folder is not None
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            fd = os.open(_NAME, flags, 0o600, dir_fd=folder)
        except BaseException:
            os.close(folder)
            raise
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_holder(fd)
        except BlockingIOError:
            holder_text = _holder_of(fd)
            os.close(fd)
            os.close(folder)
            raise DestInUse(self.dest, holder_text) from None
        except BaseException:
            os.close(fd)
            os.close(folder)
            raise
        self._fd, self.folder = fd, folder

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)
        os.close(self.folder)
        self._fd = self.folder = -1


def holder(dest: str) -> str:
    """Return a description of the process that holds the lock of DEST.

    Return "" if no process holds it, or if the system does not report the holder. The lock is not tried, because
    another run could then fail to get it.
    """
    try:
        with Path("/proc/locks").open(encoding="ascii") as file:
            locked_inodes = {
                line.split()[5].rpartition(":")[2] for line in file if " FLOCK " in line and "->" not in line
            }
        folder = open_state_dir(dest, create=False)
        if folder is None:
            return ""
        try:
            fd = os.open(_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
    except (OSError, LookupError):
        return ""
    try:
        return _holder_of(fd) if str(os.fstat(fd).st_ino) in locked_inodes else ""
    finally:
        os.close(fd)


def _write_holder(fd: int) -> None:
    host = re.sub(r"[^\w.-]", "_", socket.gethostname())[:64] or "?"
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()} {host} {started}\n".encode(), 0)


def _holder_of(fd: int) -> str:
    """Return a description of the lock's holder, from the text in the lock file. `fd`: descriptor of that file.

    Return "an unknown process" if the text does not have the expected form.
    """
    text = os.pread(fd, 200, 0).decode("utf-8", "replace")
    if not _LINE.fullmatch(text):
        return "an unknown process"
    pid, host, started = text.split()
    return f"process {pid} on {host}, since {started}"
