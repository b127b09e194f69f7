"""Tests with a Dask scheduler and two workers, which run as processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pef_tui.testing import Item, sidecar, takeout
from pef_tui.testing.media import make

PICTURES = 1200


class Cluster:
    """A `dask scheduler` and its workers, reachable on the loopback interface."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.running: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "log").open("wb")
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self._until(self.file.exists)

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    def worker(self, *options: str) -> subprocess.Popen[bytes]:
        words = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", *options)
        return self._start("worker", *words)

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(self.file)]
        env = {**os.environ, "PEF_TUI_LOAD_PLUGINS": ""}
        self.running.append(
            subprocess.Popen(command, stdout=self._log, stderr=self._log, env=env, cwd=self.file.parent)
        )
        return self.running[-1]

    @staticmethod
    def _until(ready: object, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not ready():  # type: ignore[operator]
            assert time.monotonic() < end
            time.sleep(0.02)

    def close(self) -> None:
        for process in reversed(self.running):
            process.kill()
            process.wait()
        self._log.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    sample = Cluster(tmp_path_factory.mktemp("cluster"))
    yield sample
    sample.close()


def config(folder: Path, **options: object) -> Path:
    lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    path = folder / "config.toml"
    path.write_text("\n".join(["[plugins.dask]", *lines, ""]))
    return path


def command(source: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "pef_tui", "--batch", "--json", str(source), "-o", str(out), *options]


def tree(out: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(out)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in out.rglob("*")
        if path.is_file() and ".pef-tui" not in path.parts
    }


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec: dict[str, Item] = {}
    for number in range(PICTURES):
        name = f"P{number:04}.{'avi' if number % 50 == 3 else 'jpg'}"
        data = make("jpeg", number) if name.endswith("jpg") else None
        spec[f"Photos from {2000 + number // 300}/{name}"] = Item(
            sidecar(name, taken=1.5e9 + number, place=(48.2, 16.4), people=["Ann"]), data
        )
    return takeout(tmp_path_factory.mktemp("export"), spec)


@pytest.fixture(scope="module")
def by_threads(export: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, int]]:
    out = tmp_path_factory.mktemp("threads")
    subprocess.run(
        command(export, out, "--executor", "threads", "--no-config"),
        check=True,
        capture_output=True,
        timeout=300,
    )
    return tree(out)


@pytest.mark.parametrize("rest_count", [1, 0])
def test_a_worker_killed_in_mid_run_costs_nothing(
    rest_count: int,
    cluster: Cluster,
    export: Path,
    by_threads: dict[str, tuple[bytes, int]],
    tmp_path: Path,
) -> None:
    """If there is no other worker, pef-tui continues in its own threads."""
    victim, *remaining = [cluster.worker() for _ in range(1 + rest_count)]
    out, file = tmp_path / "out", config(tmp_path, scheduler=cluster.address, seconds=10 if rest_count else 3)
    run = subprocess.Popen(
        command(export, out, "--executor", "dask", "--config", str(file)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    cluster._until(lambda: run.poll() is not None or list(out.glob("Photos*/*")))
    assert run.poll() is None, run.communicate()
    victim.send_signal(signal.SIGKILL)
    outputs = sum(1 for _ in out.glob("Photos*/*"))
    answer, words = run.communicate(timeout=300)
    assert run.returncode == 0, words
    lines = [json.loads(line) for line in answer.splitlines()]
    result = [line["outcome"] for line in lines if line["type"] == "media"]
    assert len(result) == PICTURES and set(result) <= {"written", "sidecar"}
    assert tree(out) == by_threads and len(by_threads) >= PICTURES
    assert not list((out / ".pef-tui" / "staging").iterdir())
    assert "Traceback" not in words.decode(), words.decode()
    if rest_count or outputs > PICTURES // 2:  # then nothing more may have been sent there
        assert b"written in threads" not in words or not rest_count
    else:
        assert b"was lost" in words or b"written in threads" in words
    second_run = subprocess.run(
        command(export, out, "--no-config"), check=True, capture_output=True, timeout=300
    ).stdout
    assert {
        line["outcome"] for line in map(json.loads, second_run.splitlines()) if line["type"] == "media"
    } == {"unchanged"}
    for worker in remaining:
        worker.kill()


@pytest.fixture(scope="module", params=["zip", "tgz"])
def part(request: pytest.FixtureRequest, export: Path) -> Path:
    """The export as one archive. Half of the members of a zip archive are compressed."""
    path = export.parent / f"part.{request.param}"
    files = [(file, file.relative_to(export.parent)) for file in sorted(export.rglob("*")) if file.is_file()]
    if request.param == "zip":
        with zipfile.ZipFile(path, "w") as packed:
            for number, (file, name) in enumerate(files):
                packed.write(file, name, zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED)
    else:
        with tarfile.open(path, "w:gz", compresslevel=1) as tar:
            for file, name in files:
                tar.add(file, name)
    return path


@pytest.mark.parametrize("kill", [False, True], ids=["no kill", "kill"])
def test_workers_read_the_members_of_archives(
    kill: bool, cluster: Cluster, part: Path, by_threads: dict[str, tuple[bytes, int]], tmp_path: Path
) -> None:
    workers = [cluster.worker() for _ in range(2)]
    out, file = tmp_path / "out", config(tmp_path, scheduler=cluster.address, seconds=60)
    run = subprocess.Popen(
        command(part, out, "--executor", "dask", "--config", str(file)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    cluster._until(lambda: run.poll() is not None or list(out.glob("Photos*/*")))
    spools = list((out / ".pef-tui" / "staging").glob("scratch-*"))
    if kill:
        assert run.poll() is None, run.communicate()
        workers.pop().kill()
    answer, words = run.communicate(timeout=300)
    assert run.returncode == 0, words
    assert len(spools) == (part.suffix == ".tgz")
    result = [line["outcome"] for line in map(json.loads, answer.splitlines()) if line["type"] == "media"]
    assert len(result) == PICTURES and set(result) <= {"written", "sidecar"}
    assert tree(out) == by_threads
    assert not list((out / ".pef-tui" / "staging").iterdir())
    assert b"Traceback" not in words and b"cannot read it" not in words, words.decode()
    assert kill or b"written in threads" not in words
    for worker in workers:
        worker.kill()


HIDE = """
import os

def open_other_than(path, *args, original=os.open, **kwargs):
    if path == {path!r}:
        raise FileNotFoundError(2, "No such file or directory")
    return original(path, *args, **kwargs)

os.open = open_other_than
"""
"""Code for a worker, which then sees no file at `path`."""


def test_an_archive_that_no_worker_has_is_read_by_the_run(
    cluster: Cluster, part: Path, by_threads: dict[str, tuple[bytes, int]], tmp_path: Path
) -> None:
    """The decompressed data of a compressed tar archive is in DEST, so workers need no archive."""
    (tmp_path / "hide.py").write_text(HIDE.format(path=str(part)))
    worker = cluster.worker("--preload", str(tmp_path / "hide.py"))
    out, file = tmp_path / "out", config(tmp_path, scheduler=cluster.address, seconds=60)
    result = subprocess.run(
        command(part, out, "--executor", "dask", "--config", str(file)),
        capture_output=True,
        timeout=300,
        check=False,
    )
    worker.kill()
    note = f"{part}: workers of dask cannot read it".encode()
    assert result.returncode == 0 and (note in result.stderr) == (part.suffix == ".zip"), result.stderr
    assert tree(out) == by_threads


def test_a_cluster_without_workers_is_refused_before_anything_is_written(
    cluster: Cluster, export: Path, tmp_path: Path
) -> None:
    file = config(tmp_path, scheduler_file=str(cluster.file), seconds=2)
    result = subprocess.run(
        command(export, tmp_path / "out", "--executor", "dask", "--config", str(file)),
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert (
        result.returncode == 2 and b"--executor dask: " in result.stderr and b"Traceback" not in result.stderr
    )
    assert tree(tmp_path / "out") == {}


@pytest.mark.parametrize(
    ("options", "reason"),
    [({}, b"needs `scheduler"), ({"scheduler": "tcp://127.0.0.1:9", "seconds": 1}, b"--executor dask: ")],
)
def test_what_cannot_be_reached_is_told_in_one_line(
    export: Path, tmp_path: Path, options: dict[str, object], reason: bytes
) -> None:
    file = config(tmp_path, **options)
    result = subprocess.run(
        command(export, tmp_path / "out", "--executor", "dask", "--config", str(file)),
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 2 and reason in result.stderr and b"Traceback" not in result.stderr
