"""Runs with workers in other processes: the program, or its workers, killed while they write."""

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
from running import Run, children, quick_place
from trying import tries

CHAINS = 3
KILLS = 4
"""One behind the other, before a run comes to its end."""


@pytest.fixture(scope="module")
def oracle() -> Iterator[tuple[Oracle, float]]:
    """The export, and how long a run over it takes; what it should make is made by threads."""
    with quick_place() as place:
        began = time.monotonic()
        made = Oracle(mixed(place / "export"), place, "--executor", "threads")
        made.more = ("--executor", "processes", "--workers", "2")
        yield made, time.monotonic() - began


def at_work(out: Path) -> bool:
    staging = out / ".pef-tui" / "staging"
    return staging.is_dir() and bool(os.listdir(staging))


def still_there(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if ") Z" not in Path(f"/proc/{pid}/stat").read_text():
                found.append(pid)
    return found


def killed(oracle: Oracle, out: Path, moment: float, *, program: bool) -> str:
    """A run that is killed while workers write, or one of them alone; what is wrong then, "" for nothing."""
    run = Run(oracle.argv(out))
    try:
        while not at_work(out) and run.running():
            time.sleep(0.002)
        time.sleep(moment)
        workers = run.family
        theirs = [child for pid in workers for child in children(pid)]
        if program:
            run.kill()
        else:
            for pid in workers[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        run.wait()
        end = time.monotonic() + 5
        while (left := still_there([*workers, *theirs])) and time.monotonic() < end:
            time.sleep(0.01)
        if left:
            return f"processes {left} live on"
        return run.words() if "Traceback" in run.words() else oracle.half(out)
    finally:
        run.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("program", [True, False], ids=["program", "worker"])
@tries(
    "kill", "kill -9 of the program, and of one worker, while processes write 300 pictures of mixed formats"
)
def test_while_workers_write(
    oracle: tuple[Oracle, float],
    place: Path,
    program: bool,
    tried: Callable[[int], None],
    tool: Callable[[str], None],
) -> None:
    tool("exiftool")
    chance = random.Random(int(program))
    made, length = oracle
    faults = []
    for chain in range(CHAINS):
        out = place / f"out{chain}"
        faults += [killed(made, out, chance.uniform(0, length / 2), program=program) for _ in range(KILLS)]
        faults.append(made.finish(out, again=chain == 0))
        shutil.rmtree(out, ignore_errors=True)
    assert not list(filter(None, faults))
    tried(KILLS * CHAINS)
