"""An archive as the source: killed, stopped and failing at every reading of it, and cut off anywhere."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exports import ArchiveKind, archived
from injecting import end_at, every_point, fail_at, failing, no_exiftool, signal_at
from oracle import Oracle
from running import carry_out, quick_place
from trying import tries

CODES = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: 137}
READING = ("pread", "fstat")
CUTS = 25


@pytest.fixture(scope="module", params=["zip", "tgz"])
def oracle(request: pytest.FixtureRequest) -> Iterator[Oracle]:
    kind: ArchiveKind = request.param
    with quick_place() as place:
        yield Oracle(archived(place, kind), place, "--workers", "1", before=no_exiftool)


@pytest.mark.parametrize("which", CODES, ids=lambda which: which.name)
@tries("kill", "INT, TERM, HUP and kill -9 at every reading call while an archive (zip, tgz) is read")
def test_stopped(oracle: Oracle, place: Path, which: signal.Signals, tried: Callable[[int], None]) -> None:
    points, faults = 0, []
    for number, out, (status, words, _) in every_point(
        oracle, place, READING, lambda number: signal_at(number, which)
    ):
        points += 1
        if status != CODES[which] or "Traceback" in words:
            faults.append((number, f"ends with {status}: {words}"))
        if fault := oracle.half(out) or oracle.finish(out, again=number % 10 == 0):
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
    after = failing(oracle, place, READING, lambda number: fail_at(number, errno.EIO, stays=True))
    assert once > 10
    tried(once + after)


@tries("fault", "an archive (zip, tgz) that holds nothing more from one reading call on, then is whole again")
def test_truncated_while_it_is_read(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    tried(failing(oracle, place, ("pread",), end_at))


@tries("fault", "an archive (zip, tgz) that is cut off, got anew and whole for the next run")
def test_cut_off(oracle: Oracle, place: Path, tried: Callable[[int], None]) -> None:
    whole = oracle.source.read_bytes()
    cut = place / oracle.source.name
    for number in range(CUTS):
        cut.write_bytes(whole[: len(whole) * number // CUTS])
        out = place / f"out{number}"
        argv = oracle.argv(out)
        argv[argv.index(str(oracle.source))] = str(cut)
        status, words, _ = carry_out(argv, no_exiftool)
        assert status in (1, 2, 3) and "Traceback" not in words, (number, status, words)
        assert oracle.finish(out, again=number % 10 == 0) == "", (number, words)
        shutil.rmtree(out, ignore_errors=True)
    os.unlink(cut)
    tried(CUTS)
