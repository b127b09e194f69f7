"""A run over 300 pictures of mixed formats, killed at a random moment; then one that goes on, killed as well."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exports import mixed
from oracle import Oracle
from running import Run, quick_place
from trying import tries

KILLS = 5
"""One behind the other, before a run comes to its end."""
CHAINS = 5
"""In each of the eight tests: 200 kills in all."""


@pytest.fixture(scope="module")
def oracle() -> Iterator[tuple[Oracle, float]]:
    """The export, and how long a run over it takes."""
    with quick_place() as place:
        began = time.monotonic()
        made = Oracle(mixed(place / "export"), place)
        yield made, time.monotonic() - began


def kill_program(run: Run) -> None:
    run.kill()


def kill_group(run: Run) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)


def kill_exiftool(run: Run) -> None:
    for pid in run.family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def killed(oracle: Oracle, out: Path, moment: float, kill: Callable[[Run], None]) -> str:
    """A run that is killed; what is wrong then, "" for nothing."""
    run = Run(oracle.argv(out))
    try:
        time.sleep(moment)
        kill(run)
        run.wait()
        if "Traceback" in run.words():
            return run.words()
        return (
            "" if kill is kill_exiftool else oracle.half(out)
        )  # what ExifTool failed at is put there as it was
    finally:
        run.close()


def many(
    oracle: tuple[Oracle, float],
    place: Path,
    kill: Callable[[Run], None],
    seed: int,
    tried: Callable[[int], None],
) -> None:
    chance = random.Random(seed)
    made, length = oracle
    faults = []
    for chain in range(CHAINS):
        out = place / f"out{chain}"
        faults += [killed(made, out, chance.uniform(0, length / 2), kill) for _ in range(KILLS)]
        faults.append(made.finish(out, again=chain == 0))
        shutil.rmtree(out)
    assert not list(filter(None, faults))
    tried(KILLS * CHAINS)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [1, 2, 3])
@tries("kill", "kill -9 of the program at a random moment, 300 pictures of mixed formats")
def test_program(
    oracle: tuple[Oracle, float],
    place: Path,
    seed: int,
    tried: Callable[[int], None],
    tool: Callable[[str], None],
) -> None:
    tool("exiftool")
    many(oracle, place, kill_program, seed, tried)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [4, 5, 6])
@tries("kill", "kill -9 of the process group at a random moment, the same 300 pictures")
def test_group(
    oracle: tuple[Oracle, float],
    place: Path,
    seed: int,
    tried: Callable[[int], None],
    tool: Callable[[str], None],
) -> None:
    tool("exiftool")
    many(oracle, place, kill_group, seed, tried)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [7, 8])
@tries("kill", "kill -9 of every ExifTool alone at a random moment, the same 300 pictures")
def test_exiftool(
    oracle: tuple[Oracle, float],
    place: Path,
    seed: int,
    tried: Callable[[int], None],
    tool: Callable[[str], None],
) -> None:
    tool("exiftool")
    many(oracle, place, kill_exiftool, seed, tried)
