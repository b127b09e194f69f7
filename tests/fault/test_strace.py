"""Run the installed command under strace: kill it, or refuse a call, at each system call of a small run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_counts import tries
from fault_exports import small
from forked_runs import STRACE, apart, quick_place, traced
from run_oracle import Oracle

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
        yield Oracle(small(place / "export"), place, "--workers", "1", prepare=no_exiftool)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment in which strace is found and ExifTool is not."""
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
    oracle: Oracle, place: Path, env: dict[str, str], points: Points, mode: str, statuses: tuple[int, ...]
) -> int:
    faults = []
    for number, (call, nth) in enumerate(points):
        out = place / f"{call}{nth}"
        prefix = [*STRACE, "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{mode}:when={nth}"]
        result = apart(oracle.argv(out), prefix, env=env)
        if (
            result.returncode not in statuses
            or b"Traceback" in result.stderr
            or b"unexpected" in result.stderr
        ):
            faults.append((call, nth, result.returncode, result.stderr.decode()))
        elif fault := oracle.finish(out, repeat=number % 10 == 0):
            faults.append((call, nth, result.returncode, fault))
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
@tries("fault", "no space (ENOSPC) by strace at every call of a small run that creates something")
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
    foreign = [(call, nth) for call, nth in points if call in making]
    tried(injected(oracle, place, environment, foreign, "error=ENOSPC", (0, 1, 3)))


@pytest.mark.timeout(1200)
@tries("fault", "a disk error (EIO) by strace at every sync of a small run")
def test_disk_error(
    oracle: Oracle, place: Path, environment: dict[str, str], points: Points, tried: Callable[[int], None]
) -> None:
    foreign = [(call, nth) for call, nth in points if call in SYNCING]
    assert {call for call, _ in foreign} >= {"fsync", "fdatasync"}
    tried(injected(oracle, place, environment, foreign, "error=EIO", (1,)))
