"""Inject a fault at each system call of a small run."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_counts import tries
from fault_exports import small
from fault_injection import READING, WRITING, every_point, fail_at, failing, no_exiftool, signal_at
from forked_runs import quick_place
from run_oracle import Oracle


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with quick_place() as place:
        yield Oracle(small(place / "export"), place, "--workers", "1", prepare=no_exiftool)


@pytest.mark.timeout(1200)
@tries("kill", "kill -9 before every writing system call of a small run")
def test_killed(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    points, faults = 0, []
    for number, out, (status, words, _) in every_point(oracle, place, WRITING, signal_at):
        points += status == 137
        if fault := oracle.finish(out, repeat=number % 10 == 0) or ("Traceback" in words and words):
            faults.append((number, fault))
    assert not faults
    assert points > 60
    tried(points)


@pytest.mark.timeout(1200)
@tries("fault", "no space (ENOSPC) from one writing call of a small run on, for every such call")
def test_no_space_from_then_on(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    tried(failing(oracle, place, WRITING, lambda number: fail_at(number, errno.ENOSPC, stays=True)))


@pytest.mark.timeout(1200)
@tries("fault", "no space (ENOSPC) at one writing call of a small run, for every such call")
def test_no_space_once(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    tried(failing(oracle, place, WRITING, lambda number: fail_at(number, errno.ENOSPC)))


@pytest.mark.timeout(1200)
@tries("fault", "a disk error (EIO) at one writing call of a small run, for every such call")
def test_disk_error_at_one_writing_call(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    tried(failing(oracle, place, WRITING, lambda number: fail_at(number, errno.EIO)))


@pytest.mark.timeout(1200)
@tries("fault", "a disk error (EIO) from one writing call of a small run on, for every such call")
def test_disk_error_from_then_on(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    tried(failing(oracle, place, WRITING, lambda number: fail_at(number, errno.EIO, stays=True)))


@pytest.mark.timeout(1200)
@tries("fault", "a disk error (EIO) at one reading call of a small run, for every such call")
def test_disk_error_at_one_reading_call(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    tried(failing(oracle, place, READING, lambda number: fail_at(number, errno.EIO)))
