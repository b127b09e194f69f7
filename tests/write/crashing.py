"""Kills a commit before each of its system calls in turn, lets the next run go on, and looks at what is there.

`python crashing.py DIRECTORY` prints one JSON line: how many points were tried, and what was wrong.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from committing import FakeSession, LedgerBooks, beside, opener, plan, staged, tree

from pef_tui.hooks import Written
from pef_tui.manifest import Ledger, RunOpened
from pef_tui.write import dest as dest_module
from pef_tui.write.commit import carry_out
from pef_tui.write.dest import Dest
from pef_tui.write.staging import clean_staging

NAMES = ("x/a.jpg", "x/b.jpg", "y/z/c.jpg", "y/d.jpg")
CALLS = (
    "open",
    "write",
    "pwrite",
    "ftruncate",
    "fsync",
    "fdatasync",
    "mkdir",
    "rename",
    "replace",
    "unlink",
    "stat",
    "fchmod",
    "utime",
    "listdir",
    "pread",
    "copy_file_range",
    "sendfile",
    "close",
)


def other(path: str) -> Written:
    Path(path).write_bytes(b"another way to write it")
    return Written("written")


def run(source: Path, dest: Path, version: bytes) -> None:
    """One whole run: what is not recorded with this version is carried out, in two batches."""
    clean_staging(str(dest))
    ledger = Ledger.open(str(dest), read_only=False)
    ledger.begin(RunOpened("r", 1, "1", b"shape123"))
    books = LedgerBooks(ledger)
    books.version = version
    session = FakeSession(b=beside) if version == b"version1" else FakeSession(a=other, d=beside)
    place = Dest(str(dest))
    for names in (NAMES[:3], NAMES[3:]):
        plans = [
            plan(source, name)
            for name in names
            if (entry := ledger.get(os.fsencode(name))) is None or entry.plan != version
        ]
        if plans:
            carry_out(plans, place, {"fake": session}, opener(source), books)
    ledger.close({})
    place.close()


def forked(work: Callable[[], None]) -> int:
    """Exit status of a child that does the work."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def kill_before(number: int) -> None:
    """From here on the process dies instead of making system call `number`."""
    made = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **more: object) -> object:
            nonlocal made
            made += 1
            if made == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **more)

        return call

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    fcntl.ioctl = counted(fcntl.ioctl)  # type: ignore[assignment]
    dest_module._SYNCFS = counted(dest_module._SYNCFS)  # type: ignore[assignment]


def crashed(source: Path, dest: Path, version: bytes, number: int) -> bool:
    """Run, killed at a point; False when the run ended before it."""

    def work() -> None:
        kill_before(number)
        run(source, dest, version)

    status = forked(work)
    if status and not os.WIFSIGNALED(status):
        raise SystemExit(f"the run itself failed at point {number}")
    return status != 0


def wrong(dest: Path, expected: dict[str, tuple[bytes, int]], version: bytes) -> str:
    """What is not as after a run without a crash; "" for nothing."""
    if tree(dest) != expected:
        return f"tree {sorted(tree(dest))}"
    if staged(dest):
        return f"staging {staged(dest)}"
    ledger = Ledger.open(str(dest), read_only=True)
    entries = list(ledger.entries())
    left, problems = ledger.unfinished, ledger.problems
    ledger.release()
    if sorted(os.fsdecode(entry.key) for entry in entries) != sorted(NAMES):
        return f"entries {[entry.key for entry in entries]}"
    if left or problems or any(entry.plan != version for entry in entries):
        return f"manifest {left} {problems}"
    return ""


def main(place: Path) -> None:
    # A killed process loses nothing that the system has taken: syncing matters to the order of calls only.
    os.fsync = os.fdatasync = lambda fd: None
    dest_module._SYNCFS = lambda fd: 0  # type: ignore[assignment]
    source = place / "source"
    for name in NAMES:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(name.encode() * 1000)
    versions = (b"version1", b"version2")
    expected = []
    for version in versions:
        run(source, place / "whole", version)
        expected.append(tree(place / "whole"))
    points, faults = 0, []
    for turn, version in enumerate(versions):
        number = 0
        while True:
            number += 1
            dest = place / f"{turn}-{number}"
            if turn:
                run(source, dest, versions[0])
            if not crashed(source, dest, version, number):
                break
            points += 1
            again = crashed(source, dest, version, number + 7)
            run(source, dest, version)
            if fault := wrong(dest, expected[turn], version):
                faults.append(f"{version.decode()} at {number}, again {again}: {fault}")
    print(json.dumps({"points": points, "faults": faults}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
