"""One run at a time for each DEST."""

from __future__ import annotations

import fcntl
import os
import re
import socket
from datetime import datetime
from pathlib import Path
from types import TracebackType

from pef_tui.errors import DestHeld
from pef_tui.manifest.folder import open_folder

_NAME = "lock"
_LINE = re.compile(r"\d{1,10} [\w.-]{1,64} \d{4}-\d\d-\d\dT[\d:+-]{5,16}\n?")


class Held(DestHeld):
    """Another run holds DEST. `who` says which."""

    def __init__(self, dest: str, who: str) -> None:
        super().__init__(f"another run is at work in {dest}: {who}")
        self.who = who


class DestLock:
    """Holds DEST for this run: `with DestLock(dest): ...`. Raises Held, OSError.

    The kernel lets go of it when the process ends, however it ends. The file stays: deleting it would let two runs
    hold two different locks.
    """

    def __init__(self, dest: str) -> None:
        self.dest = dest
        self._fd = -1

    def __enter__(self) -> DestLock:
        folder = open_folder(self.dest, create=True)
        assert folder is not None
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            fd = os.open(_NAME, flags, 0o600, dir_fd=folder)
        finally:
            os.close(folder)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _sign(fd)
        except BlockingIOError:
            who = _holder(fd)
            os.close(fd)
            raise Held(self.dest, who) from None
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)
        self._fd = -1


def holder(dest: str) -> str:
    """Who is at work in DEST, in words; "" for nobody, or where the system does not tell. Takes no lock itself."""
    try:
        with Path("/proc/locks").open(encoding="ascii") as file:
            held = {
                line.split()[5].rpartition(":")[2] for line in file if " FLOCK " in line and "->" not in line
            }
        folder = open_folder(dest, create=False)
        if folder is None:
            return ""
        try:
            fd = os.open(_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
    except (OSError, LookupError):
        return ""
    try:
        return _holder(fd) if str(os.fstat(fd).st_ino) in held else ""
    finally:
        os.close(fd)


def _sign(fd: int) -> None:
    host = re.sub(r"[^\w.-]", "_", socket.gethostname())[:64] or "?"
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()} {host} {started}\n".encode(), 0)


def _holder(fd: int) -> str:
    """Who holds the lock, in words; the file's text is only believed where it looks like ours."""
    text = os.pread(fd, 200, 0).decode("utf-8", "replace")
    if not _LINE.fullmatch(text):
        return "an unknown process"
    pid, host, started = text.split()
    return f"process {pid} on {host}, since {started}"
