"""Kill runs over 300 pictures of several formats at random moments. Then run again to the end."""

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
from fault_counts import tries
from fault_exports import mixed
from fault_injection import no_exiftool
from forked_runs import Run, quick_place
from msgspec import Struct
from run_oracle import Oracle

KILLS = 20
"""Number of kills. In ten tests, runs are killed 200 times, and each is then run to its end. In two, ExifTool is killed
40 times.
"""
CHAIN = 5
"""Number of kills in succession before a run may end."""
CHAINS = 3
HALVES = (0.2, 0.4, 0.6, 0.8)
"""Share of the outputs that a half-finished DEST has at least."""


class Kills(Struct):
    """The export, how long a run over it takes, and half-finished DESTs of killed runs."""

    oracle: Oracle
    length: float
    """Duration of a run in seconds."""
    halves: list[Path]


@pytest.fixture(scope="module")
def with_exiftool(tool: Callable[[str], None]) -> Iterator[Kills]:
    tool("exiftool")
    with quick_place() as place:
        yield prepared(Oracle(mixed(place / "export"), place), place)


@pytest.fixture(scope="module")
def without_exiftool() -> Iterator[Kills]:
    with quick_place() as place:
        yield prepared(Oracle(mixed(place / "export"), place, prepare=no_exiftool), place)


def prepared(oracle: Oracle, place: Path) -> Kills:
    began = time.monotonic()
    assert oracle.run(place / "once")[0] == 0
    length = time.monotonic() - began
    halves = [place / f"half{number}" for number in range(len(HALVES))]
    for out, part in zip(halves, HALVES, strict=True):
        stopped_at(oracle, out, part)
    return Kills(oracle, length, halves)


def output_count(out: Path) -> int:
    """Return the number of files with final names."""
    with contextlib.suppress(FileNotFoundError):
        folders = [item.path for item in os.scandir(out) if item.name != ".pef-tui" and item.is_dir()]
        return sum(len(os.listdir(folder)) for folder in folders)
    return 0


def stopped_at(oracle: Oracle, out: Path, part: float) -> None:
    """Make a DEST by killing a run when it has this share of its outputs, but not all."""
    for _ in range(20):
        run = Run(oracle.argv(out), oracle.before)
        with contextlib.closing(run):
            while run.running() and output_count(out) < part * len(oracle.expected):
                time.sleep(0.001)
            run.kill()
            if run.wait() == 137 and output_count(out) < len(oracle.expected):
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
"""A function that kills a run and waits for its end. It returns whether there was a process to kill."""


def moment(kills: Kills, out: Path, run: Run, chance: random.Random) -> None:
    """Wait for a random moment of a run: a random time, or a little after a random number of outputs exists."""
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, kills.length))
        return
    enough = chance.uniform(output_count(out), len(kills.oracle.expected))
    while run.running() and output_count(out) < enough:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, kills.length / 20))


def killed(kills: Kills, out: Path, chance: random.Random, kill: Kill) -> tuple[bool, str]:
    """Start a run into DEST and kill it. Return whether it was killed before its end, and what is wrong then."""
    with contextlib.closing(Run(kills.oracle.argv(out), kills.oracle.before)) as run:
        moment(kills, out, run, chance)
        was = kill(run)
        if not was:  # too late: the run was faster than expected
            kills.length *= 0.8
        if "Traceback" in run.words():
            return was, run.words()
    if kill is kill_exiftool:  # ExifTool failed at these files, so they are copied unchanged
        return was, ""
    return was, kills.oracle.half(out)


def one_by_one(kills: Kills, place: Path, kill: Kill, seed: int) -> list[str]:
    """Kill runs, each into a new or a half-finished DEST, and run each to its end. Return what is wrong."""
    chance = random.Random(seed)
    faults, result = [], 0
    for number in range(5 * KILLS):
        out = place / f"out{number}"
        if number % 2:
            shutil.copytree(chance.choice(kills.halves), out)
        was, fault = killed(kills, out, chance, kill)
        result += was
        faults += [fault, kills.oracle.finish(out, repeat=number % 10 == 0)]
        shutil.rmtree(out)
        if result == KILLS:
            return list(filter(None, faults))
    raise AssertionError(f"only {result} runs were killed before their end")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> Kills:
    """In two of five tests, ExifTool has work, which takes most of the time."""
    result: Kills = request.getfixturevalue(f"{request.param}_exiftool")
    return result


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
@tries("kill", "kill -9 at random moments of five consecutive runs into one DEST; then a run to the end")
def test_on_end(with_exiftool: Kills, place: Path, kill: Kill, tried: Callable[[int], None]) -> None:
    kills = with_exiftool
    chance = random.Random(14)
    faults, result = [], 0
    for chain in range(CHAINS):
        out = place / f"out{chain}"
        for _ in range(CHAIN):
            was, fault = killed(kills, out, chance, kill)
            result += was
            faults.append(fault)
        faults.append(kills.oracle.finish(out, repeat=chain == 0))
        shutil.rmtree(out)
    assert not list(filter(None, faults))
    tried(result)
