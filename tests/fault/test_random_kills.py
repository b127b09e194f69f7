"""A run over 300 pictures of mixed formats, killed at a random moment and then made again to its end."""

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
from injecting import no_exiftool
from msgspec import Struct
from oracle import Oracle
from running import Run, quick_place
from trying import tries

KILLS = 20
"""In each test: ten tests kill runs 200 times, each kill followed by a run to the end; two kill ExifTool 40 times."""
CHAIN = 5
"""Kills one behind the other, before a run comes to its end."""
CHAINS = 3
HALVES = (0.2, 0.4, 0.6, 0.8)
"""How much of the outputs half-finished DESTs have at least."""


class Kills(Struct):
    """The export, how long a run over it takes, and DESTs of runs that were killed on the way."""

    oracle: Oracle
    length: float
    """Seconds."""
    halves: list[Path]


@pytest.fixture(scope="module")
def with_exiftool(tool: Callable[[str], None]) -> Iterator[Kills]:
    tool("exiftool")
    with quick_place() as place:
        yield prepared(Oracle(mixed(place / "export"), place), place)


@pytest.fixture(scope="module")
def without_exiftool() -> Iterator[Kills]:
    with quick_place() as place:
        yield prepared(Oracle(mixed(place / "export"), place, before=no_exiftool), place)


def prepared(oracle: Oracle, place: Path) -> Kills:
    began = time.monotonic()
    assert oracle.run(place / "once")[0] == 0
    length = time.monotonic() - began
    halves = [place / f"half{number}" for number in range(len(HALVES))]
    for out, part in zip(halves, HALVES, strict=True):
        stopped_at(oracle, out, part)
    return Kills(oracle, length, halves)


def put(out: Path) -> int:
    """How many files have their final names."""
    with contextlib.suppress(FileNotFoundError):
        folders = [each.path for each in os.scandir(out) if each.name != ".pef-tui" and each.is_dir()]
        return sum(len(os.listdir(folder)) for folder in folders)
    return 0


def stopped_at(oracle: Oracle, out: Path, part: float) -> None:
    """A DEST whose run was killed when it had this part of its outputs, and not all."""
    for _ in range(20):
        run = Run(oracle.argv(out), oracle.before)
        with contextlib.closing(run):
            while run.running() and put(out) < part * len(oracle.expected):
                time.sleep(0.001)
            run.kill()
            if run.wait() == 137 and put(out) < len(oracle.expected):
                return
        shutil.rmtree(out)
    raise AssertionError("no run could be killed on the way")


def kill_program(run: Run) -> bool:
    run.kill()
    return run.wait() == 137


def kill_group(run: Run) -> bool:
    run.kill_group()
    return run.wait() == 137


def kill_exiftool(run: Run) -> bool:
    while run.running() and not run.family:
        time.sleep(0.001)
    family = run.family if run.running() else []
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return run.wait() in (0, 1, 3) and bool(family)


Kill = Callable[[Run], bool]
"""Kills, and waits for the end of the run; was there something to kill?"""


def moment(kills: Kills, out: Path, run: Run, chance: random.Random) -> None:
    """Wait for a random moment of a run: by the clock, or when so many outputs are there and a little longer."""
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, kills.length))
        return
    enough = chance.uniform(put(out), len(kills.oracle.expected))
    while run.running() and put(out) < enough:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, kills.length / 20))


def killed(kills: Kills, out: Path, chance: random.Random, kill: Kill) -> tuple[bool, str]:
    """A run into DEST that is killed: was it, before its end; and what is wrong then."""
    with contextlib.closing(Run(kills.oracle.argv(out), kills.oracle.before)) as run:
        moment(kills, out, run, chance)
        was = kill(run)
        if not was:  # too late: the machine has become faster
            kills.length *= 0.8
        if "Traceback" in run.words():
            return was, run.words()
    if kill is kill_exiftool:  # what ExifTool failed at is put there as it was
        return was, ""
    return was, kills.oracle.half(out)


def one_by_one(kills: Kills, place: Path, kill: Kill, seed: int) -> list[str]:
    """Kills, each of a run into a new or a half-finished DEST and followed by a run to the end; what is wrong."""
    chance = random.Random(seed)
    faults, done = [], 0
    for number in range(5 * KILLS):
        out = place / f"out{number}"
        if number % 2:
            shutil.copytree(chance.choice(kills.halves), out)
        was, fault = killed(kills, out, chance, kill)
        done += was
        faults += [fault, kills.oracle.finish(out, again=number % 10 == 0)]
        shutil.rmtree(out)
        if done == KILLS:
            return list(filter(None, faults))
    raise AssertionError(f"only {done} runs were killed before their end")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> Kills:
    """Two tests of five have ExifTool at work, which takes most of the time."""
    found: Kills = request.getfixturevalue(f"{request.param}_exiftool")
    return found


SETUPS = pytest.mark.parametrize(
    ("kills", "seed"),
    [("with", 1), ("with", 2), ("without", 3), ("without", 4), ("without", 5)],
    indirect=["kills"],
)


@pytest.mark.timeout(1200)
@SETUPS
@tries(
    "kill", "kill -9 of the program at a random moment, 300 pictures of mixed formats; then a run to the end"
)
def test_program(kills: Kills, place: Path, seed: int, tried: Callable[[int], None]) -> None:
    assert not one_by_one(kills, place, kill_program, seed)
    tried(KILLS)


@pytest.mark.timeout(1200)
@SETUPS
@tries(
    "kill", "kill -9 of the process group at a random moment, the same 300 pictures; then a run to the end"
)
def test_group(kills: Kills, place: Path, seed: int, tried: Callable[[int], None]) -> None:
    assert not one_by_one(kills, place, kill_group, 10 + seed)
    tried(KILLS)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [21, 22])
@tries(
    "kill", "kill -9 of every ExifTool alone at a random moment, the same 300 pictures; then a run to the end"
)
def test_exiftool(with_exiftool: Kills, place: Path, seed: int, tried: Callable[[int], None]) -> None:
    assert not one_by_one(with_exiftool, place, kill_exiftool, seed)
    tried(KILLS)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kill", [kill_program, kill_group], ids=["program", "group"])
@tries("kill", "kill -9 at random moments of run after run into one DEST, five on end; then a run to the end")
def test_on_end(with_exiftool: Kills, place: Path, kill: Kill, tried: Callable[[int], None]) -> None:
    kills = with_exiftool
    chance = random.Random(14)
    faults, done = [], 0
    for chain in range(CHAINS):
        out = place / f"out{chain}"
        for _ in range(CHAIN):
            was, fault = killed(kills, out, chance, kill)
            done += was
            faults.append(fault)
        faults.append(kills.oracle.finish(out, again=chain == 0))
        shutil.rmtree(out)
    assert not list(filter(None, faults))
    tried(done)
