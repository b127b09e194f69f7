"""Inject a fault at each system call of a small run whose calls run in threads, as on a slow disk."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_exports import small
from fault_injection import WRITING, every_point, fail_at, failing, no_exiftool, signal_at
from forked_runs import quick_place
from run_oracle import Oracle
from threaded_io import force_threads


def prepare() -> None:
    no_exiftool()
    force_threads()


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    with quick_place() as place:
        yield Oracle(small(place / "export"), place, prepare=no_exiftool)


@pytest.mark.timeout(1200)
@pytest.mark.fault
def test_killed(oracle: Oracle, place: Path) -> None:
    """Kill the run (SIGKILL) before every writing system call."""
    points, faults = 0, []
    for number, out, (status, words, _) in every_point(oracle, place, WRITING, signal_at, prepare):
        points += status == 137
        if fault := oracle.finish(out, repeat=number % 10 == 0) or ("Traceback" in words and words):
            faults.append((number, fault))
    assert not faults
    assert points > 60


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
@pytest.mark.fault
def test_errors(oracle: Oracle, place: Path, error: int) -> None:
    """Let one writing call, or all writing calls from one on, fail with a full disk or a disk error."""
    for stays in (False, True):

        def act(number: int, stays: bool = stays) -> Callable[[int], bytes | None]:
            return fail_at(number, error, stays=stays)

        assert failing(oracle, place, WRITING, act, prepare=prepare) > 60
