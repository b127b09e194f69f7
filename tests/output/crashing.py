"""Kill a commit before each of its system calls in turn, let the next run continue, and check the files.

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

from committing import FakeSession, RecorderOnManifest, beside, opener, plan, staged, tree

from pef_tui.hooks import Written
from pef_tui.manifest import Manifest, RunOpened
from pef_tui.output import output_dir as output_dir_module
from pef_tui.output.commit import carry_out
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.staging import clean_staging

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
    """Run once, in two batches. Files that are not recorded with this version are carried out."""
    clean_staging(str(dest))
    ledger = Manifest.open(str(dest), read_only=False)
    ledger.begin(RunOpened("r", 1, "1", b"shape123"))
    recorder = RecorderOnManifest(ledger)
    recorder.version = version
    session = FakeSession(b=beside) if version == b"version1" else FakeSession(a=other, d=beside)
    place = OutputDir(str(dest))
    for names in (NAMES[:3], NAMES[3:]):
        plans = [
            plan(source, name)
            for name in names
            if (entry := ledger.get(os.fsencode(name))) is None or entry.plan != version
        ]
        if plans:
            carry_out(plans, place, {"fake": session}, opener(source), recorder)
    ledger.close({})
    place.close()


def forked(work: Callable[[], None]) -> int:
    """Call `work` in a child process. Return its exit status."""
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
    """Change this process: it dies instead of making system call `number`."""
    made = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **fields: object) -> object:
            nonlocal made
            made += 1
            if made == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **fields)

        return call

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    fcntl.ioctl = counted(fcntl.ioctl)  # type: ignore[assignment]
    setattr(output_dir_module, "_SYNCFS", counted(getattr(output_dir_module, "_SYNCFS")))  # noqa: B009, B010


def crashed(source: Path, dest: Path, version: bytes, number: int) -> bool:
    """Run, and die at this point. Return False if the run ended before it."""

    def work() -> None:
        kill_before(number)
        run(source, dest, version)

    status = forked(work)
    if status and not os.WIFSIGNALED(status):
        raise SystemExit(f"the run itself failed at point {number}")
    return status != 0


def wrong(dest: Path, expected: dict[str, tuple[bytes, int]], version: bytes) -> str:
    """Return the differences from a run without a crash; "" for none."""
    if tree(dest) != expected:
        return f"tree {sorted(tree(dest))}"
    if staged(dest):
        return f"staging {staged(dest)}"
    ledger = Manifest.open(str(dest), read_only=True)
    entries = list(ledger.entries())
    remaining, problems = ledger.unfinished, ledger.problems
    ledger.release()
    if sorted(os.fsdecode(entry.key) for entry in entries) != sorted(NAMES):
        return f"entries {[entry.key for entry in entries]}"
    if remaining or problems or any(entry.plan != version for entry in entries):
        return f"manifest {remaining} {problems}"
    return ""


def main(place: Path) -> None:
    # A killed process loses no data that the system has received. So only the order of sync calls matters.
    os.fsync = os.fdatasync = lambda fd: None
    output_dir_module._SYNCFS = lambda fd: 0
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
            second_run = crashed(source, dest, version, number + 7)
            run(source, dest, version)
            if fault := wrong(dest, expected[turn], version):
                faults.append(f"{version.decode()} at {number}, again {second_run}: {fault}")
    print(json.dumps({"points": points, "faults": faults}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
