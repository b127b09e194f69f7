"""Kill the program, or its worker processes, while they write."""

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
from forked_runs import Run, children, quick_place
from run_oracle import Oracle

CHAINS = 3
KILLS = 4
"""Number of kills in succession before a run may end."""


@pytest.fixture(scope="module")
def oracle() -> Iterator[tuple[Oracle, float]]:
    """Return the oracle of an export (made with threads), and how long a run over it takes."""
    with quick_place() as place:
        began = time.monotonic()
        sample = Oracle(mixed(place / "export"), place, "--executor", "threads")
        sample.more = ("--executor", "processes", "--workers", "2")
        yield sample, time.monotonic() - began


def at_work(out: Path) -> bool:
    staging = out / ".pef-tui" / "staging"
    return staging.is_dir() and bool(os.listdir(staging))


def still_there(pids: list[int]) -> list[int]:
    results = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if ") Z" not in Path(f"/proc/{pid}/stat").read_text():
                results.append(pid)
    return results


def killed(oracle: Oracle, out: Path, moment: float, *, program: bool) -> str:
    """Start a run, and kill it or one of its workers while they write. Return what is wrong then; "" for nothing."""
    run = Run(oracle.argv(out))
    try:
        while not at_work(out) and run.running():
            time.sleep(0.002)
        time.sleep(moment)
        workers = run.family
        reference = [child for pid in workers for child in children(pid)]
        if program:
            run.kill()
        else:
            for pid in workers[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        run.wait()
        end = time.monotonic() + 5
        while (remaining := still_there([*workers, *reference])) and time.monotonic() < end:
            time.sleep(0.01)
        if remaining:
            return f"processes {remaining} live on"
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
    sample, length = oracle
    faults = []
    for chain in range(CHAINS):
        out = place / f"out{chain}"
        faults += [killed(sample, out, chance.uniform(0, length / 2), program=program) for _ in range(KILLS)]
        faults.append(sample.finish(out, repeat=chain == 0))
        shutil.rmtree(out, ignore_errors=True)
    assert not list(filter(None, faults))
    tried(KILLS * CHAINS)
