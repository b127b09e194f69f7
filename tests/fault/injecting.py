"""A run with a fault at one call that it makes to the system, counted inside the program."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from oracle import Oracle
from running import carry_out

from pef_tui.write import dest as dest_module

WRITING = (
    "open", "write", "pwrite", "ftruncate", "fsync", "fdatasync", "mkdir", "rename", "replace", "unlink", "link",
    "symlink", "fchmod", "utime", "copy_file_range", "sendfile",
)  # fmt: skip
READING = ("stat", "lstat", "fstat", "scandir", "listdir", "pread", "statvfs", "read")
"""`read` stands for reading a file that `os.fdopen` opened; what such a file writes counts as `write`."""
NOT_DISKS = ("watch.py", "console.py")
"""Whose calls are to pipes and terminals."""

Act = Callable[[int], bytes | None]
"""Called with its number before each call; what it returns, where that is not None, stands for the call's answer."""


def no_exiftool() -> None:
    os.environ["PATH"] = "/nowhere"


def injected(names: tuple[str, ...], act: Act) -> None:
    """From here on `act` is called with its number before each of these calls of the package."""
    made = 0

    def told() -> bytes | None:
        nonlocal made
        made += 1
        return act(made)

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            instead = None if sys._getframe(1).f_code.co_filename.endswith(NOT_DISKS) else told()
            return real(*args, **more) if instead is None else instead

        return call

    for name in names:
        if name != "read":  # it is of pipes
            setattr(os, name, counted(getattr(os, name)))
    if "fsync" in names:
        dest_module._SYNCFS = counted(dest_module._SYNCFS)  # type: ignore[assignment]
        fcntl.flock = counted(fcntl.flock)  # type: ignore[assignment]
        fcntl.ioctl = counted(fcntl.ioctl)  # type: ignore[assignment]
    _count_files(told, reading="read" in names, writing="write" in names)


def _count_files(told: Callable[[], object], *, reading: bool, writing: bool) -> None:
    """Count what files do that `os.fdopen` opens, as it reaches the system."""
    real = os.fdopen

    class Counted(io.FileIO):
        def readinto(self, buffer: Any) -> int | None:  # type: ignore[override]
            if reading:
                told()
            return super().readinto(buffer)

        def readall(self) -> bytes:
            if reading:
                told()
            return super().readall()

        def write(self, data: Any) -> int | None:  # type: ignore[override]
            if writing:
                told()
            return super().write(data)

    def fdopen(fd: int, mode: str = "r", buffering: int = -1, *args: Any, **more: Any) -> Any:
        if mode not in ("rb", "wb") or sys._getframe(1).f_code.co_filename.endswith(NOT_DISKS):
            return real(fd, mode, buffering, *args, **more)
        raw = Counted(fd, mode[0], more.get("closefd", True))
        size = buffering if buffering > 0 else io.DEFAULT_BUFFER_SIZE
        return io.BufferedReader(raw, size) if mode == "rb" else io.BufferedWriter(raw, size)

    os.fdopen = fdopen  # type: ignore[assignment]


def signal_at(number: int, which: signal.Signals = signal.SIGKILL) -> Act:
    def act(made: int) -> None:
        if made == number:
            os.kill(os.getpid(), which)
            time.sleep(0.05)

    return act


def fail_at(number: int, error: int, *, stays: bool = False) -> Act:
    def act(made: int) -> None:
        if made == number or (stays and made > number):
            raise OSError(error, os.strerror(error))

    return act


def end_at(number: int) -> Act:
    """From this call on files hold nothing more, as when somebody truncates them."""
    return lambda made: b"" if made >= number else None


Ended = tuple[int, str, bytes]
"""Status, words and lines of a run."""


def every_point(
    oracle: Oracle, place: Path, names: tuple[str, ...], act: Callable[[int], Act]
) -> Iterator[tuple[int, Path, Ended]]:
    """A run into a DEST of its own for each call that an undisturbed one makes; DEST, and how it ended."""
    for number in range(1, calls(oracle, place, names) + 1):

        def before(number: int = number) -> None:
            no_exiftool()
            injected(names, act(number))

        out = place / f"out{number}"
        yield number, out, carry_out(oracle.argv(out), before)
        shutil.rmtree(out, ignore_errors=True)


def calls(oracle: Oracle, place: Path, names: tuple[str, ...]) -> int:
    """How many of these calls a run makes."""
    found = calls_of(oracle.argv(place / "counted"), place, names)
    shutil.rmtree(place / "counted", ignore_errors=True)
    return found


def calls_of(argv: list[str], place: Path, names: tuple[str, ...]) -> int:
    """How many of these calls this command makes."""
    total = place / "total"
    total.write_bytes(b"")

    def count() -> None:
        no_exiftool()
        real = os.write
        fd = os.open(total, os.O_WRONLY | os.O_APPEND)
        injected(names, lambda made: real(fd, b".") and None)

    carry_out(argv, count)
    return total.stat().st_size


def failing(
    oracle: Oracle,
    place: Path,
    names: tuple[str, ...],
    act: Callable[[int], Act],
    statuses: tuple[int, ...] = (0, 1, 2, 3),
) -> int:
    """A fault at each of these calls, after which all must come right; how many points were tried."""
    points, faults = 0, []
    for number, out, (status, words, _) in every_point(oracle, place, names, act):
        points += 1
        if status not in statuses or "Traceback" in words or "unexpected" in words:
            faults.append((number, f"ends with {status}: {words}"))
        if fault := oracle.finish(out, again=number % 10 == 0):
            faults.append((number, fault))
    assert not faults, "\n".join(f"{number}: {what}" for number, what in faults)
    return points
