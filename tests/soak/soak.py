"""`make soak`: histories without end, by several processes, each with a seed of its own.

    python tests/soak/soak.py --minutes 120 --seed 1 --workers 2

What is broken is reduced, printed as a script, and kept in `--keep`. Ends with 1 where any rule was broken.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from queue import Empty
from typing import Any

from after import Fault
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import History
from reducing import reduced, script

BATCH = 20
"""Number of histories from one seed."""
LENGTH = 30
"""Largest number of steps of a history, without the initial ones."""
REDUCE = 150.0
"""Time limit in seconds for shortening one history."""
AGAIN = 3
"""Largest number of histories of one rule that are shortened. Others are only counted."""
EVERY = 60.0
"""Seconds between two lines of progress."""

Message = tuple[str, Any]


def draw(number: int, histories: int = BATCH, length: int = LENGTH) -> Fault | None:
    """Draw histories from one seed. Return the first rule that is broken. `History.noted` has the steps."""
    mode = settings(
        max_examples=histories,
        stateful_step_count=length,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(History), settings=mode)
    except Fault as fault:
        return fault
    except Exception as error:  # report a fault of the test itself like others, and continue with other seeds
        return Fault("the test itself", "".join(traceback.format_exception(error)[-3:]))
    return None


def work(first: int, step: int, until: float, messages: Any) -> None:
    """Work in one process: test one seed after the other until the time is over."""
    sys.stdout = io.StringIO()  # hypothesis prints the steps of a broken history
    number, known_values = first, Counter[str]()
    while time.time() < until:
        state_before = History.histories, History.steps
        fault = draw(number)
        messages.put(("done", (History.histories - state_before[0], History.steps - state_before[1])))
        if fault is not None:
            known_values[fault.rule] += 1
            if known_values[fault.rule] <= AGAIN:
                steps, records = reduced(
                    list(History.noted), fault, min(REDUCE, max(20.0, until - time.time()))
                )
                messages.put(("fault", (number, records.rule, records.seen, script(steps))))
            else:
                messages.put(("fault", (number, fault.rule, fault.seen, "")))
        number += step
    messages.put(("end", None))


def main() -> int:
    """Start the processes, print their messages, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0, help="0: a random one, which is printed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, default=Path("build/soak"), help="folder for reduced histories")
    arguments = parser.parse_args()
    first = arguments.seed or random.SystemRandom().randrange(1, 10**9)
    print(f"seed {first}, {arguments.workers} processes, {arguments.minutes:g} minutes", flush=True)
    queue: Any = multiprocessing.Queue()
    until = time.time() + arguments.minutes * 60
    crew = [
        multiprocessing.Process(target=work, args=(first + at, arguments.workers, until, queue), daemon=False)
        for at in range(arguments.workers)
    ]
    for process in crew:
        process.start()
    return Telling(arguments.keep, first).all_of(queue, crew)


class Telling:
    """Prints the progress and the result."""

    def __init__(self, keep: Path, first: int) -> None:
        self._keep = keep
        self._first = first
        self._histories = self._steps = self._since = 0
        self._faults: Counter[str] = Counter()
        self._began = self._said = time.monotonic()

    def all_of(self, queue: Any, crew: list[Any]) -> int:
        """Take messages until every process has ended."""
        ended = 0
        while ended < len(crew):
            try:
                kind, label = queue.get(timeout=5)
            except Empty:
                if not any(process.is_alive() for process in crew):
                    print("a process died", flush=True)
                    return 1
                continue
            if kind == "done":
                self._histories += label[0]
                self._steps += label[1]
                self._since += label[0]
            elif kind == "fault":
                self._fault(*label)
            else:
                ended += 1
            if time.monotonic() - self._said > EVERY:
                self._say()
        self._say()
        return 1 if self._faults else 0

    def _fault(self, number: int, rule: str, records: str, text: str) -> None:
        self._faults[rule] += 1
        self._since = 0
        if not text:
            return
        self._keep.mkdir(parents=True, exist_ok=True)
        name = f"{rule.replace(' ', '-')}-{number}"
        (self._keep / f"{name}.py").write_text(
            f'"""{rule}\n\n{records[:3000]}\n"""\n\n{text}\n', "utf-8", "replace"
        )
        print(f"\n=== seed {number}: {rule}\n{records[:3000]}\n\n{text}\n", flush=True)

    def _say(self) -> None:
        self._said = time.monotonic()
        seconds = self._said - self._began
        words = (
            f"{seconds / 60:.0f} min: {self._histories:,} histories, {self._steps:,} steps "
            f"({self._steps / max(1, seconds):.1f}/s), {self._since:,} since the last fault; "
        )
        print(words + (json.dumps(dict(self._faults)) if self._faults else "no fault"), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
