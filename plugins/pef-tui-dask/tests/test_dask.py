"""A scheduler and two workers as processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pef_tui.testing import Item, sidecar, takeout
from pef_tui.testing.media import make

PICTURES = 1200


class Cluster:
    """`dask scheduler` and workers, on loopback."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.running: list[subprocess.Popen[bytes]] = []
        self._log = (folder / "log").open("wb")
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self._until(self.file.exists)

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    def worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")

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
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


def config(folder: Path, **options: object) -> Path:
    lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    path = folder / "config.toml"
    path.write_text("\n".join(["[plugins.dask]", *lines, ""]))
    return path


def command(source: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "pef_tui", "--batch", "--json", str(source), "-o", str(out), *more]


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


@pytest.mark.parametrize("others", [1, 0])
def test_a_worker_killed_in_mid_run_costs_nothing(
    others: int,
    cluster: Cluster,
    export: Path,
    by_threads: dict[str, tuple[bytes, int]],
    tmp_path: Path,
) -> None:
    """Without another the run goes on by itself."""
    victim, *left = [cluster.worker() for _ in range(1 + others)]
    out, file = tmp_path / "out", config(tmp_path, scheduler=cluster.address, seconds=10 if others else 3)
    run = subprocess.Popen(
        command(export, out, "--executor", "dask", "--config", str(file)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    cluster._until(lambda: run.poll() is not None or list(out.glob("Photos*/*")))
    assert run.poll() is None, run.communicate()
    victim.send_signal(signal.SIGKILL)
    placed = sum(1 for _ in out.glob("Photos*/*"))
    said, words = run.communicate(timeout=300)
    assert run.returncode == 0, words
    lines = [json.loads(line) for line in said.splitlines()]
    done = [line["outcome"] for line in lines if line["type"] == "media"]
    assert len(done) == PICTURES and set(done) <= {"written", "sidecar"}
    assert tree(out) == by_threads and len(by_threads) >= PICTURES
    assert not list((out / ".pef-tui" / "staging").iterdir())
    assert "Traceback" not in words.decode(), words.decode()
    if others or placed > PICTURES // 2:  # then nothing more may have been sent there
        assert b"written in threads" not in words or not others
    else:
        assert b"was lost" in words or b"written in threads" in words
    again = subprocess.run(
        command(export, out, "--no-config"), check=True, capture_output=True, timeout=300
    ).stdout
    assert {line["outcome"] for line in map(json.loads, again.splitlines()) if line["type"] == "media"} == {
        "unchanged"
    }
    for worker in left:
        worker.kill()


def test_a_cluster_without_workers_is_refused_before_anything_is_written(
    cluster: Cluster, export: Path, tmp_path: Path
) -> None:
    file = config(tmp_path, scheduler_file=str(cluster.file), seconds=2)
    done = subprocess.run(
        command(export, tmp_path / "out", "--executor", "dask", "--config", str(file)),
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 2 and b"--executor dask: " in done.stderr and b"Traceback" not in done.stderr
    assert tree(tmp_path / "out") == {}


@pytest.mark.parametrize(
    ("options", "why"),
    [({}, b"needs `scheduler"), ({"scheduler": "tcp://127.0.0.1:9", "seconds": 1}, b"--executor dask: ")],
)
def test_what_cannot_be_reached_is_told_in_one_line(
    export: Path, tmp_path: Path, options: dict[str, object], why: bytes
) -> None:
    file = config(tmp_path, **options)
    done = subprocess.run(
        command(export, tmp_path / "out", "--executor", "dask", "--config", str(file)),
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 2 and why in done.stderr and b"Traceback" not in done.stderr
