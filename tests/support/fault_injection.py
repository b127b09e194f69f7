"""Run the command with a fault at one of its system calls. The calls are counted inside the program."""

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

from forked_runs import carry_out
from run_oracle import Oracle

from pef_tui.filesystem import renaming
from pef_tui.output import output_dir as output_dir_module

WRITING = (
    "open", "write", "pwrite", "ftruncate", "fsync", "fdatasync", "mkdir", "rename", "replace", "unlink", "link",
    "symlink", "fchmod", "utime", "copy_file_range", "sendfile",
)  # fmt: skip
READING = ("stat", "lstat", "fstat", "scandir", "listdir", "pread", "statvfs", "read")
"""`read` means reading from a file that `os.fdopen` opened. Writing to such a file counts as `write`."""
NOT_DISKS = ("signals.py", "console.py")
"""Modules whose system calls go to pipes and terminals. These calls are not counted."""

Act = Callable[[int], bytes | None]
"""Called before each counted call, with its number. A result other than None replaces the result of the call."""


def no_exiftool() -> None:
    os.environ["PATH"] = "/nowhere"


def injected(names: tuple[str, ...], act: Act) -> None:
    """From now on, call `act` before each of these system calls of the package, with the number of the call."""
    made = 0

    def told() -> bytes | None:
        nonlocal made
        made += 1
        return act(made)

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **fields: Any) -> Any:
            instead = None if sys._getframe(1).f_code.co_filename.endswith(NOT_DISKS) else told()
            return real(*args, **fields) if instead is None else instead

        return call

    for name in names:
        if name != "read":  # reads of this module are from pipes
            setattr(os, name, counted(getattr(os, name)))
    if "fsync" in names:
        for module, name in (
            (output_dir_module, "_SYNCFS"), (renaming, "_RENAMEAT2"), (fcntl, "flock"), (fcntl, "ioctl"),
        ):  # fmt: skip
            setattr(module, name, counted(getattr(module, name)))
    _count_files(told, reading="read" in names, writing="write" in names)


def _count_files(report: Callable[[], object], *, reading: bool, writing: bool) -> None:
    """Count the system calls for files that `os.fdopen` opens."""
    real = os.fdopen

    class Counted(io.FileIO):
        def readinto(self, buffer: Any) -> int | None:
            if reading:
                report()
            return super().readinto(buffer)

        def readall(self) -> bytes:
            if reading:
                report()
            return super().readall()

        def write(self, data: Any) -> int | None:  # type: ignore[override]
            if writing:
                report()
            return super().write(data)

    def fdopen(fd: int, mode: str = "r", buffering: int = -1, *args: Any, **fields: Any) -> Any:
        if mode not in ("rb", "wb") or sys._getframe(1).f_code.co_filename.endswith(NOT_DISKS):
            return real(fd, mode, buffering, *args, **fields)
        raw = Counted(fd, mode[0], fields.get("closefd", True))
        size = buffering if buffering > 0 else io.DEFAULT_BUFFER_SIZE
        return io.BufferedReader(raw, size) if mode == "rb" else io.BufferedWriter(raw, size)

    os.fdopen = fdopen


def signal_at(number: int, case: signal.Signals = signal.SIGKILL) -> Act:
    def act(created: int) -> None:
        if created == number:
            os.kill(os.getpid(), case)
            time.sleep(0.05)

    return act


def fail_at(number: int, error: int, *, stays: bool = False) -> Act:
    def act(created: int) -> None:
        if created == number or (stays and created > number):
            raise OSError(error, os.strerror(error))

    return act


def end_at(number: int) -> Act:
    """Return an Act: from this call on, reads return no bytes, as for a truncated file."""
    return lambda made: b"" if made >= number else None


Ended = tuple[int, str, bytes]
"""Exit status, standard error and standard output of a run."""


def every_point(
    oracle: Oracle,
    place: Path,
    names: tuple[str, ...],
    act: Callable[[int], Act],
    prepare: Callable[[], None] = no_exiftool,
) -> Iterator[tuple[int, Path, Ended]]:
    """For each call that an undisturbed run makes, run into a new DEST with a fault there. Yield number, DEST and
    result.

    `prepare`: called in the process of each run, before it begins.
    """
    for number in range(1, calls(oracle, place, names, prepare) + 1):

        def before(number: int = number) -> None:
            prepare()
            injected(names, act(number))

        out = place / f"out{number}"
        yield number, out, carry_out(oracle.argv(out), before)
        shutil.rmtree(out, ignore_errors=True)


def calls(
    oracle: Oracle, place: Path, names: tuple[str, ...], prepare: Callable[[], None] = no_exiftool
) -> int:
    """Return how many of these calls a run makes."""
    result = calls_of(oracle.argv(place / "counted"), place, names, prepare)
    shutil.rmtree(place / "counted", ignore_errors=True)
    return result


def calls_of(
    argv: list[str], place: Path, names: tuple[str, ...], prepare: Callable[[], None] = no_exiftool
) -> int:
    """Return how many of these calls this command makes."""
    total = place / "total"
    total.write_bytes(b"")

    def count() -> None:
        prepare()
        real = os.write
        fd = os.open(total, os.O_WRONLY | os.O_APPEND)

        def write_byte(created: int) -> None:
            real(fd, b".")

        injected(names, write_byte)

    carry_out(argv, count)
    return total.stat().st_size


def failing(
    oracle: Oracle,
    place: Path,
    names: tuple[str, ...],
    act: Callable[[int], Act],
    statuses: tuple[int, ...] = (0, 1, 2, 3),
    prepare: Callable[[], None] = no_exiftool,
) -> int:
    """Inject a fault at each of these calls, and check that a later run repairs the result. Return the number of
    calls.
    """
    points, faults = 0, []
    for number, out, (status, words, _) in every_point(oracle, place, names, act, prepare):
        points += 1
        if status not in statuses or "Traceback" in words or "unexpected" in words:
            faults.append((number, f"ends with {status}: {words}"))
        if fault := oracle.finish(out, repeat=number % 10 == 0):
            faults.append((number, fault))
    assert not faults, "\n".join(f"{number}: {kind}" for number, kind in faults)
    return points
