"""Start runs of the command that a test kills: in forked processes (fast), or under strace."""

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

import pef_tui.cli.batch
import pef_tui.pipeline.stages  # noqa: F401
from pef_tui.cli.main import main
from pef_tui.plugins.host import BUILT_IN

LATE = (
    *("takeout.matcher", "sources.tar_source", "sources.zip_source"),
    *("output.exiftool_writer", "native.writer", "output.xmp_writer"),
)
"""Modules that the program imports when it needs them."""

for module in (
    *BUILT_IN.values(),
    *(f"pef_tui.{name}" for name in LATE),
):  # import once here, not in every fork
    importlib.import_module(module)

SLOW = 120.0
"""Seconds after which a run counts as hanging."""


def arguments(source: Path, out: Path, *options: str) -> list[str]:
    return ["--batch", "--json", "--no-config", str(source), "-o", str(out), *options]


class Run:
    """The command in a forked process with its own session. Its output goes to files."""

    def __init__(self, argv: list[str], prepare: Callable[[], object] | None = None) -> None:
        self.out = tempfile.TemporaryFile()  # noqa: SIM115
        self.err = tempfile.TemporaryFile()  # noqa: SIM115
        self.status: int | None = None
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            self._child(argv, prepare)

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
        """Return whether the process is running. After its end, `status` has the exit status as in a shell."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                ended = os.waitstatus_to_exitcode(status)
                self.status = ended if ended >= 0 else 128 - ended
        return self.status is None

    def wait(self, seconds: float = SLOW) -> int:
        """Return the exit status as in a shell: for a killed process, 128 + number of the signal."""
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
        except ProcessLookupError:  # the process has just started, and has no group yet
            os.kill(self.pid, signal.SIGKILL)

    def words(self) -> str:
        self.err.seek(0)
        return self.err.read().decode("utf-8", "replace")

    def lines(self) -> bytes:
        self.out.seek(0)
        return self.out.read()

    @property
    def family(self) -> list[int]:
        """Return the ids of the running child processes."""
        return children(self.pid)

    def close(self) -> None:
        self.out.close()
        self.err.close()


def children(pid: int) -> list[int]:
    results: list[int] = []
    for task in _listed(Path(f"/proc/{pid}/task")):
        with contextlib.suppress(OSError):
            results += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return results


def _listed(path: Path) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def carry_out(argv: list[str], prepare: Callable[[], object] | None = None) -> tuple[int, str, bytes]:
    """Run the command to its end. Return exit status, standard error and standard output."""
    run = Run(argv, prepare)
    try:
        return run.wait(), run.words(), run.lines()
    finally:
        run.close()


STRACE = ["strace", "-f", "-qq", "--seccomp-bpf"]


def apart(
    argv: list[str], prefix: list[str] | None = None, **options: object
) -> subprocess.CompletedProcess[bytes]:
    """Run the installed command in a separate process; under strace if `prefix` is given."""
    environment = dict(options.pop("env", None) or os.environ)  # type: ignore[call-overload]
    environment.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    command = [*(prefix or []), sys.executable, "-m", "pef_tui", *argv]
    return subprocess.run(command, capture_output=True, check=False, timeout=SLOW, env=environment, **options)  # type: ignore[call-overload,no-any-return]


def traced(
    argv: list[str], calls: tuple[str, ...], log: Path, env: Mapping[str, str]
) -> list[tuple[str, int]]:
    """Return every point of a run that makes one of `calls`: name of the call, and its number within its thread."""
    result = apart(argv, [*STRACE, "-e", f"trace={','.join(calls)}", "-o", str(log)], env=env)
    assert result.returncode in (0, 3), result.stderr.decode()
    counts: dict[tuple[str, str], int] = {}
    for thread, call in re.findall(r"^(\d+) +(\w+)\(", log.read_text("utf-8", "replace"), re.M):
        counts[thread, call] = counts.get((thread, call), 0) + 1
    most: dict[str, int] = {}
    for (_, call), count in counts.items():
        most[call] = max(most.get(call, 0), count)
    return [(call, number) for call in calls for number in range(1, most.get(call, 0) + 1)]


@contextlib.contextmanager
def quick_place() -> Iterator[Path]:
    """Yield a temporary folder. It is in memory if the system has /dev/shm, because thousands of runs write into it.

    If `PEF_TUI_TEST_PLACE` is set, the folder is in that directory (`tests/fault/on_slow_disk.py`).
    """
    memory = Path(os.environ.get("PEF_TUI_TEST_PLACE", "/dev/shm"))
    place = Path(tempfile.mkdtemp(prefix="pef-tui-fault-", dir=memory if memory.is_dir() else None))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
