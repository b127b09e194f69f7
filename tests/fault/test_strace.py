"""The command as it is installed, under strace: killed, or refused, at each system call of a small run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exports import small
from oracle import Oracle
from running import STRACE, apart, quick_place, traced
from trying import tries

WRITING = (
    "write", "pwrite64", "ftruncate", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "copy_file_range", "sendfile", "fchmod", "utimensat", "flock",
)  # fmt: skip
SYNCING = ("fsync", "fdatasync", "syncfs")
Points = list[tuple[str, int]]


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    def no_exiftool() -> None:
        os.environ["PATH"] = "/nowhere"

    with quick_place() as place:
        yield Oracle(small(place / "export"), place, "--workers", "1", before=no_exiftool)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Strace is found, ExifTool is not."""
    if (strace := shutil.which("strace")) is None:
        assert not os.environ.get("CI"), "strace is missing"
        pytest.skip("strace is not installed")
    folder = tmp_path_factory.mktemp("bin")
    (folder / "strace").symlink_to(strace)
    return {**os.environ, "PATH": str(folder)}


@pytest.fixture(scope="module")
def points(oracle: Oracle, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Points:
    place = tmp_path_factory.mktemp("traced")
    return traced(oracle.argv(place / "out"), WRITING + SYNCING, place / "log", environment)


def injected(
    oracle: Oracle, place: Path, env: dict[str, str], points: Points, how: str, statuses: tuple[int, ...]
) -> int:
    faults = []
    for number, (call, nth) in enumerate(points):
        out = place / f"{call}{nth}"
        prefix = [*STRACE, "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{how}:when={nth}"]
        done = apart(oracle.argv(out), prefix, env=env)
        if done.returncode not in statuses or b"Traceback" in done.stderr or b"unexpected" in done.stderr:
            faults.append((call, nth, done.returncode, done.stderr.decode()))
        elif fault := oracle.finish(out, again=number % 10 == 0):
            faults.append((call, nth, done.returncode, fault))
        shutil.rmtree(out, ignore_errors=True)
    assert not faults
    return len(points)


@pytest.mark.timeout(1200)
@tries("kill", "kill -9 by strace at every writing and syncing system call of a small run")
def test_kill(
    oracle: Oracle, place: Path, environment: dict[str, str], points: Points, tried: Callable[[int], None]
) -> None:
    assert {"fdatasync", "renameat", "write"} <= {call for call, _ in points}
    tried(injected(oracle, place, environment, points, "signal=KILL", (137, -9, 0)))


@pytest.mark.timeout(1200)
@tries("fault", "no space (ENOSPC) by strace at every call of a small run that makes something")
def test_no_space(
    oracle: Oracle, place: Path, environment: dict[str, str], points: Points, tried: Callable[[int], None]
) -> None:
    making = (
        "pwrite64",
        "ftruncate",
        "mkdir",
        "mkdirat",
        "rename",
        "renameat",
        "renameat2",
        "copy_file_range",
    )
    mine = [(call, nth) for call, nth in points if call in making]
    tried(injected(oracle, place, environment, mine, "error=ENOSPC", (0, 1, 3)))


@pytest.mark.timeout(1200)
@tries("fault", "a disk error (EIO) by strace at every sync of a small run")
def test_disk_error(
    oracle: Oracle, place: Path, environment: dict[str, str], points: Points, tried: Callable[[int], None]
) -> None:
    mine = [(call, nth) for call, nth in points if call in SYNCING]
    assert {call for call, _ in mine} >= {"fsync", "fdatasync"}
    tried(injected(oracle, place, environment, mine, "error=EIO", (1,)))
