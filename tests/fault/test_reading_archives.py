"""Read an archive as the source: kill the run, stop it, let each read fail, and cut the archive anywhere."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_counts import tries
from fault_exports import ArchiveKind, archived
from fault_injection import end_at, every_point, fail_at, failing, no_exiftool, signal_at
from forked_runs import carry_out, quick_place
from run_oracle import Oracle

CODES = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: 137}
READING = ("pread", "fstat")
CUTS = 25


@pytest.fixture(scope="module", params=["zip", "tgz"])
def oracle(request: pytest.FixtureRequest) -> Iterator[Oracle]:
    kind: ArchiveKind = request.param
    with quick_place() as place:
        yield Oracle(archived(place, kind), place, "--workers", "1", prepare=no_exiftool)


@pytest.mark.parametrize("case", CODES, ids=lambda which: which.name)
@tries("kill", "INT, TERM, HUP and kill -9 at every reading call while an archive (zip, tgz) is read")
def test_stopped(oracle: Oracle, place: Path, case: signal.Signals, tried: Callable[[int], None]) -> None:
    points, faults = 0, []
    for number, out, (status, words, _) in every_point(
        oracle, place, READING, lambda number: signal_at(number, case)
    ):
        points += 1
        if status != CODES[case] or "Traceback" in words:
            faults.append((number, f"ends with {status}: {words}"))
        if fault := oracle.half(out) or oracle.finish(out, repeat=number % 10 == 0):
            faults.append((number, fault))
    assert not faults
    assert points > 10
    tried(points)


@tries(
    "fault",
    "a disk error (EIO) at one reading call while an archive (zip, tgz) is read, and at every one from it on",
)
def test_disk_error(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    once = failing(oracle, place, READING, lambda number: fail_at(number, errno.EIO))
    state_after = failing(oracle, place, READING, lambda number: fail_at(number, errno.EIO, stays=True))
    assert once > 10
    tried(once + state_after)


@tries("fault", "an archive (zip, tgz) that is empty from one reading call on, then complete again")
def test_truncated_while_it_is_read(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    tried(failing(oracle, place, ("pread",), end_at))


@tries("fault", "an archive (zip, tgz) that is cut off, and complete in the next run")
def test_cut_off(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    complete = oracle.source.read_bytes()
    cut = place / oracle.source.name
    for number in range(CUTS):
        cut.write_bytes(complete[: len(complete) * number // CUTS])
        out = place / f"out{number}"
        argv = oracle.argv(out)
        argv[argv.index(str(oracle.source))] = str(cut)
        status, words, _ = carry_out(argv, no_exiftool)
        assert status in (1, 2, 3) and "Traceback" not in words, (number, status, words)
        assert oracle.finish(out, repeat=number % 10 == 0) == "", (number, words)
        shutil.rmtree(out, ignore_errors=True)
    os.unlink(cut)
    tried(CUTS)
