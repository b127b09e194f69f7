"""Measure runs with the workers of a Dask cluster whose machines wait for their storage:

    python bench/cluster.py [--workers 1 2 4 8] [--files 800] [--times 1] [--zip | --tgz] [--json FILE]

Each worker has a mount namespace of its own, with its own mount of one folder: a FUSE file system whose every call
takes --delay-ms, and whose bytes pass at --mb-s in each direction (`tests/support/slow_disk.py`). So each worker
waits for its own connection, as a machine of a cluster does. It shares with the others only the folder, and the
processors of this machine. pef-tui has such a mount too, with source and output. Prints, for each number of workers,
the median of the elapsed seconds, pictures a second, and the processor time of pef-tui; before these, a preview,
which is all work that only pef-tui itself does before workers write, and a run without workers. Needs FUSE, the right
to make mounts (root), and the package `distributed`.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from exports import Spec, build
from msgspec import Struct
from slow_commands import pack

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

from fuse_mount import MountFailed
from slow_mount import mounted

PREVIEW, THREADS = "preview", "no workers"
PARTS = 4
STARTS = 60.0
"""Seconds that the scheduler and the workers have to start."""
CALLS = 64
"""Calls that a mount answers at the same time."""


class Conditions(Struct, frozen=True):
    """The storage, and the export on it."""

    files: int
    kilobytes: int
    archives: str
    """Kind of the archives that have the export: `zip` or `tgz`; "" if it is unpacked."""
    delay_ms: float
    mb_s: float
    """Of each mount, in each direction."""


class Row(Struct, frozen=True):
    """What one command took each time."""

    name: str
    workers: int
    seconds: list[float]
    processor_seconds: list[float]
    """Of pef-tui itself, without workers and storage."""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Bench:
    """An export on slow storage, and the commands over it. All files are in `place`."""

    def __init__(self, place: Path, conditions: Conditions) -> None:
        self._place, self._conditions = place, conditions
        self._below = place / "slow.below"
        export = self._below / "export"
        build(export, Spec(conditions.files, conditions.kilobytes, folders=max(1, conditions.files // 200)))
        self._sources = ["export"]
        if conditions.archives == "zip":
            self._sources = pack(export, self._below / "zips", PARTS)
        elif conditions.archives == "tgz":
            with tarfile.open(self._below / "takeout-001.tgz", "w:gz", compresslevel=1) as archive:
                archive.add(export / "Takeout", "Takeout")
            self._sources = ["takeout-001.tgz"]

    def measure(self, workers: int | None) -> Row:
        """Measure a run with this number of workers: 0 for a run without workers, None for a preview."""
        shutil.rmtree(self._below / "out", ignore_errors=True)
        options = ["--dry-run"] if workers is None else ["--executor", "dask" if workers else "threads"]
        with ExitStack() as stack:
            if workers:
                config = stack.enter_context(cluster(self._place, self._conditions, workers))
                options += ["--config", str(config)]
            else:
                options.append("--no-config")
            mount = stack.enter_context(mount_of(self._place, self._conditions))
            inputs = [str(mount / source) for source in self._sources]
            command = [sys.executable, "-m", "pef_tui", "--batch", "-q", *inputs, "-o", str(mount / "out")]
            environment = {**os.environ, "XDG_STATE_HOME": str(self._place / "state")}
            began = time.monotonic()
            with subprocess.Popen([*command, *options], env=environment, stderr=subprocess.PIPE) as run:
                _, status, usage = os.wait4(run.pid, 0)
                seconds = time.monotonic() - began
                run.returncode = os.waitstatus_to_exitcode(status)
                words = run.stderr.read().decode() if run.stderr else ""
        if run.returncode or "written in threads" in words or "was lost" in words:
            raise SystemExit(f"a run with {workers} workers ended with {run.returncode}: {words[-500:]}")
        name = (
            PREVIEW if workers is None else f"{workers} worker{'s' * (workers > 1)}" if workers else THREADS
        )
        return Row(name, workers or 0, [seconds], [usage.ru_utime + usage.ru_stime])


@contextmanager
def mount_of(place: Path, conditions: Conditions) -> Iterator[Path]:
    """Mount the slow storage for the block and yield its path. Raises MountFailed."""
    with mounted(place, delay_ms=conditions.delay_ms, mb_s=conditions.mb_s, threads=CALLS) as mount:
        yield mount.path


@contextmanager
def cluster(place: Path, conditions: Conditions, workers: int) -> Iterator[Path]:
    """Start a scheduler, and workers on mounts of their own, for the block. Yield a configuration file for pef-tui."""
    address, config = place / "scheduler.json", place / "config.toml"
    address.unlink(missing_ok=True)
    config.write_text(f'[plugins.dask]\nscheduler_file = "{address}"\n')
    dask = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    with (place / "cluster.log").open("w") as log, ExitStack() as stack:
        scheduler = subprocess.Popen(
            [*dask, "--scheduler-file", str(address)], stdout=log, stderr=log, cwd=place
        )
        stack.callback(end, scheduler)
        await_file(address, scheduler)
        for number in range(workers):
            ready = place / f"ready-{number}"
            ready.unlink(missing_ok=True)
            node = [
                sys.executable,
                str(Path(__file__).resolve()),
                "--node",
                str(place),
                "--ready",
                str(ready),
            ]
            node += ["--delay-ms", str(conditions.delay_ms), "--mb-s", str(conditions.mb_s)]
            process = subprocess.Popen(
                ["unshare", "--mount", *node], stdin=subprocess.PIPE, stdout=log, stderr=log
            )
            stack.callback(end, process)
            await_file(ready, process)
        yield config


def await_file(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until `process` has made the file. Raises SystemExit if it ends before, or takes too long."""
    until = time.monotonic() + STARTS
    while not path.exists():
        if process.poll() is not None or time.monotonic() > until:
            log = (path.parent / "cluster.log").read_text()
            raise SystemExit(f"the cluster does not start: {log[-800:]}")
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process: by the end of its standard input if that is a pipe, else by a signal; after 20 s by a kill."""
    if process.stdin is not None:
        process.stdin.close()
    else:
        process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_node(place: Path, ready: Path, conditions: Conditions) -> None:
    """Be one machine of the cluster: mount the storage and run a worker, until standard input ends."""
    with mount_of(place, conditions):
        command = [sys.executable, "-m", "dask", "worker", "--scheduler-file", str(place / "scheduler.json")]
        command += ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        with subprocess.Popen(command, cwd=tempfile.gettempdir()) as worker:
            ready.touch()
            sys.stdin.buffer.read()
            worker.terminate()


def table(rows: Sequence[Row], files: int) -> list[str]:
    """Return the lines of the table of all commands."""
    base = next((row.median for row in rows if row.workers == 1), 0.0)
    lines = [
        "| | s | pictures/s | times one worker | processor time of pef-tui |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        factor = f"{base / row.median:.1f}" if base and row.workers else ""
        busy = f"{statistics.median(row.processor_seconds):.1f} s"
        lines.append(f"| {row.name} | {row.median:.1f} | {files / row.median:,.0f} | {factor} | {busy} |")
    return lines


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8], help="numbers of workers")
    parser.add_argument("--files", type=int, default=800, help="pictures (800)")
    parser.add_argument("--kilobytes", type=int, default=2000, help="of each picture (2000)")
    parser.add_argument("--delay-ms", type=float, default=2.0, help="milliseconds that every call takes (2)")
    parser.add_argument("--mb-s", type=float, default=10.0, help="MB/s of each mount in each direction (10)")
    parser.add_argument("--times", type=int, default=1, help="how often all commands are measured (1)")
    parser.add_argument("--in", dest="folder", help="where to work (a temporary folder)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--node", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ready", type=Path, help=argparse.SUPPRESS)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--zip", action="store_true", help=f"the export is in {PARTS} zip parts")
    kind.add_argument("--tgz", action="store_true", help="the export is in one tgz part")
    return parser.parse_args()


def main() -> None:
    given = parse()
    archives = "zip" if given.zip else "tgz" if given.tgz else ""
    conditions = Conditions(given.files, given.kilobytes, archives, given.delay_ms, given.mb_s)
    if given.node:
        run_node(given.node, given.ready, conditions)
        return
    if importlib.util.find_spec("distributed") is None:
        raise SystemExit("The package `distributed` is needed: pip install plugins/pef-tui-dask.")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        raise SystemExit("The right to make mount namespaces is needed: run this as root.")
    place = Path(tempfile.mkdtemp(prefix="pef-cluster-", dir=given.folder))
    try:
        bench = Bench(place, conditions)
        rows: dict[int | None, list[Row]] = {}
        for _ in range(given.times):
            for workers in (None, 0, *given.workers):
                rows.setdefault(workers, []).append(bench.measure(workers))
                print(f"{rows[workers][-1].name}: {rows[workers][-1].seconds[0]:.1f} s", file=sys.stderr)
    except MountFailed as error:
        raise SystemExit(str(error)) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)
    joined = [
        Row(
            each[0].name,
            each[0].workers,
            [row.seconds[0] for row in each],
            [row.processor_seconds[0] for row in each],
        )
        for each in rows.values()
    ]
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    kind = f" in {archives} parts" if archives else ""
    print(f"{conditions.files:,} pictures of {conditions.kilobytes} kB with sidecars{kind}")
    print(f"{conditions.delay_ms:g} ms for each call, {conditions.mb_s:g} MB/s for each mount; {machine}\n")
    print(*table(joined, conditions.files), sep="\n")
    if given.json:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode([conditions, machine, joined])))


if __name__ == "__main__":
    main()
