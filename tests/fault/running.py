"""Runs of the command to be killed: in forked processes (fast), or under strace."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pef_tui.batch
import pef_tui.chain  # noqa: F401
from pef_tui.cli import main
from pef_tui.plugins import BUILT_IN

LATE = (
    *("takeout.match", "takeout.tars", "takeout.zips"),
    *("write.exiftool_writer", "write.native.writer", "write.xmp_writer"),
)
"""Rooms that are loaded when they are needed."""

for module in (*BUILT_IN.values(), *(f"pef_tui.{name}" for name in LATE)):  # once here, not in every fork
    importlib.import_module(module)

SLOW = 120.0
"""Seconds after which a run hangs."""


def arguments(source: Path, out: Path, *more: str) -> list[str]:
    return ["--batch", "--json", "--no-config", str(source), "-o", str(out), *more]


class Run:
    """The command in a forked process of its own session; what it says goes to files."""

    def __init__(self, argv: list[str], before: Callable[[], object] | None = None) -> None:
        self.out = tempfile.TemporaryFile()  # noqa: SIM115
        self.err = tempfile.TemporaryFile()  # noqa: SIM115
        self.status: int | None = None
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            self._child(argv, before)

    def _child(self, argv: list[str], before: Callable[[], object] | None) -> None:
        status = 99
        try:
            os.setsid()
            for number, file in ((1, self.out), (2, self.err)):
                os.dup2(file.fileno(), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            signal.setitimer(signal.ITIMER_REAL, 0)
            if before is not None:
                before()
            status = main(argv)
            sys.stdout.flush()
        finally:
            os._exit(status)

    def running(self) -> bool:
        """Has it not ended yet? Its exit status is in `status` once it has, as a shell tells it."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                ended = os.waitstatus_to_exitcode(status)
                self.status = ended if ended >= 0 else 128 - ended
        return self.status is None

    def wait(self, seconds: float = SLOW) -> int:
        """Exit status as a shell tells it: 128 + the signal's number for a killed process."""
        end = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > end:
                self.kill()
                raise AssertionError(f"hangs: {self.words()}")
            time.sleep(0.003)
        assert self.status is not None
        return self.status

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.running():
            os.kill(self.pid, number)

    def kill_group(self) -> None:
        if not self.running():
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:  # so young that it has no group of its own yet, nor anybody in it
            os.kill(self.pid, signal.SIGKILL)

    def words(self) -> str:
        self.err.seek(0)
        return self.err.read().decode("utf-8", "replace")

    def lines(self) -> bytes:
        self.out.seek(0)
        return self.out.read()

    @property
    def family(self) -> list[int]:
        """Processes that it started and that still run."""
        return children(self.pid)

    def close(self) -> None:
        self.out.close()
        self.err.close()


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in _listed(Path(f"/proc/{pid}/task")):
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def _listed(path: Path) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def carry_out(argv: list[str], before: Callable[[], object] | None = None) -> tuple[int, str, bytes]:
    """One run to its end: status, words, lines."""
    run = Run(argv, before)
    try:
        return run.wait(), run.words(), run.lines()
    finally:
        run.close()


STRACE = ["strace", "-f", "-qq", "--seccomp-bpf"]


def apart(
    argv: list[str], prefix: list[str] | None = None, **how: object
) -> subprocess.CompletedProcess[bytes]:
    """The command as it is installed, in a process of its own, maybe under strace."""
    environment = dict(how.pop("env", None) or os.environ)  # type: ignore[call-overload]
    environment.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    command = [*(prefix or []), sys.executable, "-m", "pef_tui", *argv]
    return subprocess.run(command, capture_output=True, check=False, timeout=SLOW, env=environment, **how)  # type: ignore[call-overload,no-any-return]


def traced(
    argv: list[str], calls: tuple[str, ...], log: Path, env: Mapping[str, str]
) -> list[tuple[str, int]]:
    """Every point of a run where one of the calls is made: its name and its number within its thread."""
    done = apart(argv, [*STRACE, "-e", f"trace={','.join(calls)}", "-o", str(log)], env=env)
    assert done.returncode in (0, 3), done.stderr.decode()
    counts: dict[tuple[str, str], int] = {}
    for thread, call in re.findall(r"^(\d+) +(\w+)\(", log.read_text("utf-8", "replace"), re.M):
        counts[thread, call] = counts.get((thread, call), 0) + 1
    most: dict[str, int] = {}
    for (_, call), count in counts.items():
        most[call] = max(most.get(call, 0), count)
    return [(call, number) for call in calls for number in range(1, most.get(call, 0) + 1)]


@contextlib.contextmanager
def quick_place() -> Iterator[Path]:
    """A folder in memory where the system has one: thousands of runs write there."""
    memory = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="pef-tui-fault-", dir=memory if memory.is_dir() else None))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
