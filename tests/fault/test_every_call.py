"""A small run with a fault at each call that it makes to the system, counted inside the program."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from exports import small
from oracle import Oracle
from running import carry_out, quick_place
from trying import tries

from pef_tui.write import dest as dest_module

WRITING = (
    "open", "write", "pwrite", "ftruncate", "fsync", "fdatasync", "mkdir", "rename", "replace", "unlink", "link",
    "symlink", "fchmod", "utime", "copy_file_range", "sendfile",
)  # fmt: skip
READING = ("stat", "lstat", "fstat", "scandir", "listdir", "pread", "statvfs")
NOT_DISKS = ("watch.py", "console.py")
"""Whose calls are to pipes and terminals."""
HARMLESS = ("stat", "lstat", "fstat", "close", "dup", "unlink")
"""Calls that no full disk fails."""


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with quick_place() as place:
        yield Oracle(small(place / "export"), place, "--workers", "1", before=no_exiftool)


def no_exiftool() -> None:
    os.environ["PATH"] = "/nowhere"


def injected(names: tuple[str, ...], act: Callable[[int], None]) -> None:
    """From here on `act` is called with its number before each of these calls of the package."""
    made = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            nonlocal made
            if sys._getframe(1).f_code.co_filename.endswith(NOT_DISKS):
                return real(*args, **more)
            made += 1
            act(made)
            return real(*args, **more)

        return call

    for name in names:
        setattr(os, name, counted(getattr(os, name)))
    if "fsync" in names:
        dest_module._SYNCFS = counted(dest_module._SYNCFS)  # type: ignore[assignment]
        fcntl.flock = counted(fcntl.flock)  # type: ignore[assignment]
        fcntl.ioctl = counted(fcntl.ioctl)  # type: ignore[assignment]


def kill_at(number: int) -> Callable[[int], None]:
    def act(made: int) -> None:
        if made == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def fail_at(number: int, error: int, *, stays: bool = False) -> Callable[[int], None]:
    def act(made: int) -> None:
        if made == number or (stays and made > number):
            raise OSError(error, os.strerror(error))

    return act


def every_point(
    oracle: Oracle,
    place: Path,
    names: tuple[str, ...],
    act: Callable[[int], Callable[[int], None]],
    step: int = 1,
) -> Iterator[tuple[int, Path, tuple[int, str, bytes]]]:
    """A run into a DEST of its own for each point, until one ends before it; DEST, and how it ended."""
    total = place / "total"
    total.write_bytes(b"")

    def count() -> None:
        no_exiftool()
        real = os.write
        injected(names, lambda made: None)
        fd = os.open(total, os.O_WRONLY | os.O_APPEND)
        injected(names, lambda made: real(fd, b"."))

    shutil.rmtree(place / "counted", ignore_errors=True)
    carry_out(oracle.argv(place / "counted"), count)
    for number in range(1, total.stat().st_size + 1, step):

        def before(number: int = number) -> None:
            no_exiftool()
            injected(names, act(number))

        out = place / f"out{number}"
        yield number, out, carry_out(oracle.argv(out), before)
        shutil.rmtree(out, ignore_errors=True)


@pytest.mark.timeout(400)
@tries("kill", "kill -9 before every call to the system of a small run")
def test_killed(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    points, faults = 0, []
    for number, out, (status, words, _) in every_point(oracle, place, WRITING, kill_at):
        points += status == 137
        if fault := oracle.finish(out, again=number % 10 == 0) or ("Traceback" in words and words):
            faults.append((number, fault))
    assert not faults
    assert points > 60
    tried(points)


Act = Callable[[int], Callable[[int], None]]


def failing(oracle: Oracle, place: Path, names: tuple[str, ...], act: Act, step: int = 1) -> int:
    """How many points were tried."""
    points, faults = 0, []
    for number, out, (status, words, _) in every_point(oracle, place, names, act, step):
        points += 1
        if status not in (0, 1, 2, 3) or "Traceback" in words or "unexpected" in words:
            faults.append((number, f"ends with {status}: {words}"))
        if fault := oracle.finish(out, again=number % 10 == 0):
            faults.append((number, fault))
    assert not faults
    return points


FULL = tuple(name for name in WRITING if name not in HARMLESS)


@pytest.mark.timeout(400)
@tries("fault", "no space (ENOSPC) from one call of a small run on, for every other such call")
def test_no_space_from_then_on(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    tried(failing(oracle, place, FULL, lambda number: fail_at(number, errno.ENOSPC, stays=True), step=2))


@pytest.mark.timeout(400)
@tries(
    "fault",
    "no space (ENOSPC) and a disk error (EIO), by turns, at one writing call of a small run, every other one",
)
def test_one_writing_call(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    errors = errno.ENOSPC, errno.EIO
    tried(failing(oracle, place, FULL, lambda number: fail_at(number, errors[number // 2 % 2]), step=2))


@pytest.mark.timeout(400)
@tries("fault", "a disk error (EIO) at one reading call of a small run, every other one")
def test_one_reading_call(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    tried(failing(oracle, place, READING, lambda number: fail_at(number, errno.EIO), step=2))
