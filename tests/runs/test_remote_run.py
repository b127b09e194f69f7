"""Runs with workers in other processes: the same outputs, and nothing is lost with a worker."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest
from commands import arguments, media, outcomes, run_apart, run_here, tree
from local_writer import LocalWriterPlugin

from pef_tui import Executor, hookimpl
from pef_tui.errors import UsageError
from pef_tui.execution import remote as module
from pef_tui.execution.remote import RemoteExecutor, local_only_reason
from pef_tui.execution.remote_worker import BatchResult
from pef_tui.model import Plan
from pef_tui.settings import Settings
from pef_tui.testing import Item, Ran, run_plugin, sidecar, takeout
from pef_tui.testing.media import make

PROCESSES = ("--executor", "processes", "--workers", "2")


def spec(count: int = 60, formats: str = "jpg jpg avi gif png") -> dict[str, Any]:
    """Return pictures with and without sidecars in three folders; one picture is in an album too."""
    sample: dict[str, Any] = {}
    endings = formats.split()
    for number in range(count):
        name = f"P{number:03}.{endings[number % len(endings)]}"
        sidecar_json = sidecar(name, taken=1.5e9 + number, place=(48.2, 16.4), people=["Ann"])
        sample[f"Photos from {2000 + number % 3}/{name}"] = Item(sidecar_json if number % 7 else None)
    sample["Trip/metadata.json"] = {"title": "Trip"}
    sample["Trip/P001.jpg"] = Item(sidecar("P001.jpg", taken=1.5e9 + 1, people=["Ann"]))
    return sample


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return takeout(tmp_path / "export", spec())


def staged_files(out: Path) -> list[str]:
    return os.listdir(out / ".pef-tui" / "staging")


def children(pid: int) -> list[int]:
    results: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        results += map(int, (task / "children").read_text().split())
    return results


@pytest.mark.parametrize("options", [(), ("--albums", "link", "--layout", "{year}/{name}")], ids=str)
def test_processes_and_threads_make_the_same(source: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    by_threads = outcomes(run_here(source, tmp_path / "threads", "--executor", "threads", *options))
    lines = run_here(source, tmp_path / "processes", *PROCESSES, *options)
    assert outcomes(lines) == by_threads and len(by_threads) > 60
    assert tree(tmp_path / "processes") == tree(tmp_path / "threads") and not staged_files(
        tmp_path / "processes"
    )
    second_run = media(run_here(source, tmp_path / "processes", *options)).values()
    assert {line["outcome"] for line in second_run} == {"unchanged"}


def test_auto_takes_processes_once_a_run_is_large(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    real = module.RemoteExecutor.send

    def send(self: RemoteExecutor, copies: Any) -> object:
        sent.append(len(copies))
        return real(self, copies)

    monkeypatch.setattr(module.RemoteExecutor, "send", send)
    run_here(source, tmp_path / "small")
    assert not sent
    monkeypatch.setattr("pef_tui.pipeline.write_stages.AUTO_FROM", 1)
    monkeypatch.setattr(module.RemoteExecutor, "_start_in_background", module.RemoteExecutor.start)
    run_here(source, tmp_path / "large")
    assert sum(sent) > 50 and tree(tmp_path / "large") == tree(tmp_path / "small")


def test_auto_uses_the_processes_it_started_in_the_background(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[int] = []
    accepts, send = module.RemoteExecutor.accepts, module.RemoteExecutor.send

    def accept_when_ready(self: RemoteExecutor, plan: Plan) -> bool:
        accepted = accepts(self, plan)
        until = time.monotonic() + 60
        while not (self._is_ready or self._has_given_up or caplog.records) and time.monotonic() < until:
            time.sleep(0.01)
        return accepted

    def note(self: RemoteExecutor, copies: Any) -> Any:
        sent.append(len(copies))
        return send(self, copies)

    monkeypatch.setattr(module.RemoteExecutor, "accepts", accept_when_ready)
    monkeypatch.setattr(module.RemoteExecutor, "send", note)
    monkeypatch.setattr("pef_tui.pipeline.write_stages.AUTO_FROM", 1)
    run_here(source, tmp_path / "out", "--workers", "2")
    assert sum(sent) > 30 and not caplog.records


def test_auto_begins_with_the_first_plan_of_a_large_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = takeout(tmp_path / "export", spec(20))
    packed = shutil.make_archive(str(tmp_path / "part"), "zip", root.parent, root.name)
    started: list[str] = []
    calls: list[str] = []
    real = module.RemoteExecutor.accepts

    def accepts(self: RemoteExecutor, plan: Plan) -> bool:
        calls.append(plan.match.media.path)
        return real(self, plan)

    monkeypatch.setattr(module.RemoteExecutor, "accepts", accepts)
    monkeypatch.setattr(
        module.RemoteExecutor, "_start_in_background", lambda self: started.append(f"after {len(calls)}")
    )
    monkeypatch.setattr("pef_tui.pipeline.write_stages.AUTO_FROM", 6)
    run_here(root, tmp_path / "folder")
    assert started == ["after 1"] and len(calls) >= 20
    started.clear()
    for path in sorted((root / "Photos from 2000").glob("P*.jpg"))[:2]:
        path.touch()
    run_here(root, tmp_path / "folder")
    assert not started
    calls.clear()
    run_here(Path(packed), tmp_path / "zip")
    assert started == ["after 1"]


def test_what_must_stay_is_written_in_threads_and_says_so(tmp_path: Path) -> None:
    source = takeout(tmp_path / "export", spec(4))
    command = [
        sys.executable,
        "-m",
        "pef_tui",
        "--batch",
        "--no-config",
        "--in-place",
        str(source),
        *PROCESSES,
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 0
    assert (
        "--executor processes: in place, what undoing needs is kept here, so files are written"
        in result.stderr
    )
    assert local_only_reason(Settings(trace_plugins=True)) and not local_only_reason(Settings())


def test_a_name_no_one_has_is_refused(source: Path, tmp_path: Path) -> None:
    result = run_apart(source, tmp_path / "out", "--executor", "dusk", timeout=60)
    assert result.returncode == 2 and b"only auto, threads, processes" in result.stderr


# -- lost workers


def test_workers_killed_in_mid_run_cost_nothing(tmp_path: Path) -> None:
    source = takeout(tmp_path / "export", spec(500, "jpg"))
    run_here(source, tmp_path / "whole", "--executor", "threads")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pef_tui", *arguments(source, out, *PROCESSES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        killed = 0
        while run.poll() is None and killed < 3:
            if list(out.glob("Photos*")):
                for pid in children(run.pid)[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
            time.sleep(0.05)
        answer, words = run.communicate(timeout=100)
    assert run.returncode == 0 and killed and b"Traceback" not in words
    assert tree(out) == tree(tmp_path / "whole") and not staged_files(out)
    assert Counter(line.count(b'"outcome":"written"') for line in answer.splitlines())[1] > 400


def test_a_stopped_run_ends_its_batches_and_its_workers(tmp_path: Path) -> None:
    source, out = takeout(tmp_path / "export", spec(500, "jpg")), tmp_path / "out"
    command = [sys.executable, "-m", "pef_tui", *arguments(source, out, *PROCESSES)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as run:
        while run.poll() is None and not list(out.glob("Photos*")):
            time.sleep(0.01)
        workers = children(run.pid)
        for item in (run.pid, *workers):  # as a service manager does
            os.kill(item, signal.SIGTERM)
        words = run.communicate(timeout=60)[1]
    assert run.returncode == 143 and b"Traceback" not in words and b"lost" not in words
    assert workers and not any(os.path.exists(f"/proc/{pid}") for pid in workers) and not staged_files(out)
    run_here(source, out)
    run_here(source, tmp_path / "whole", "--executor", "threads")
    assert tree(out) == tree(tmp_path / "whole")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "small"
    path.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=3m", "none", str(path)]
    if not os.path.exists(mount[0]) or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield path
    subprocess.run(["/bin/umount", str(path)], check=True)


def test_a_disk_full_for_a_worker_ends_the_run_as_it_does_for_a_thread(
    tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = {
        f"Photos from 2019/P{n}.jpg": Item(sidecar(f"P{n}.jpg"), make("jpeg", n) + bytes(400_000))
        for n in range(12)
    }
    source = takeout(tmp_path / "export", big)
    monkeypatch.setattr("pef_tui.pipeline.context.check_space", lambda *_: None)
    run_here(source, small_disk / "out", *PROCESSES, status=1)
    assert not staged_files(small_disk / "out") and not tree(small_disk / "out")
    for path in sorted(source.rglob("*.jpg"))[4:]:
        path.unlink()
    run_here(source, small_disk / "out", *PROCESSES)
    assert len(tree(small_disk / "out")) == 4


# -- executors of plugins


class FaultyExecutor:
    """An executor in this process that fails in a certain way."""

    def __init__(self, wrong: Callable[[Callable[..., Any], bytes], Any], *, times: int = 1000) -> None:
        self.wrong, self.times, self.opened, self.calls = wrong, times, 0, 0

    @hookimpl
    def pef_executors(self) -> list[Executor]:
        return [Executor("mine", self.open, workers=lambda made: 2)]

    def open(self) -> futures.Executor:
        self.opened += 1
        return Pool(self)


class Pool(futures.ThreadPoolExecutor):
    def __init__(self, plugin: FaultyExecutor) -> None:
        super().__init__(2)
        self.plugin = plugin

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        self.plugin.calls += 1
        if 1 < self.plugin.calls <= 1 + self.plugin.times:  # the first call only tests the executor
            return super().submit(self.plugin.wrong, fn, *args)
        return super().submit(fn, *args, **kwargs)


def raises(error: BaseException) -> Callable[..., Any]:
    def call(*_: Any) -> Any:
        raise error

    return call


def runs(tmp_path: Path, plugin: object, **settings: Any) -> Ran:
    return run_plugin(tmp_path / "run", plugin, spec(30), executor="mine", workers=2, **settings)


@pytest.mark.parametrize(
    ("wrong", "times", "report"),
    [
        (raises(ValueError("it rains")), 1, "a worker of mine was lost (ValueError: it rains"),
        (raises(ValueError("it rains")), 1000, "a worker of mine was lost"),
        (raises(futures.CancelledError()), 2, "a worker of mine was lost (CancelledError"),
        (raises(futures.BrokenExecutor("gone")), 1, "a worker of mine was lost (BrokenExecutor: gone"),
        (raises(futures.BrokenExecutor("gone")), 1000, "cannot be used, files are written in threads"),
        (lambda fn, data: b"nonsense", 1000, "a worker of mine was lost (UnpicklingError"),
        (lambda fn, data: (fn(data), 1 / 0), 1000, "a worker of mine was lost (ZeroDivisionError"),
    ],
    ids=["once", "always", "cancelled", "breaks once", "breaks always", "nonsense", "dies after its work"],
)
def test_whatever_an_executor_does_nothing_is_lost(
    tmp_path: Path, wrong: Callable[..., Any], times: int, report: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pef_tui.execution.worker_queue.NO_SMALL_BATCH", 4)  # several batches
    ran = runs(tmp_path, FaultyExecutor(wrong, times=times))
    assert [note for note in ran.notes if report in note], ran.notes
    complete = run_plugin(tmp_path / "whole", FaultyExecutor(wrong), spec(30), executor="threads")
    assert tree(ran.output) == tree(complete.output) and not staged_files(ran.output)
    assert Counter(media_file.outcome for media_file in ran.media.values()) == Counter(
        media_file.outcome for media_file in complete.media.values()
    )


@pytest.mark.parametrize(
    ("wrong", "report"),
    [
        (lambda fn, data: pickle.dumps(BatchResult(rejection="no such folder")), "no such folder"),
        (lambda fn, data: pickle.dumps(7), "answers int"),
        (lambda fn, data: b"nonsense", "UnpicklingError"),
        (raises(ValueError("it rains")), "it rains"),
    ],
    ids=["rejected", "another object", "no object", "raises"],
)
def test_auto_goes_on_in_threads_if_a_worker_cannot_be_used(
    tmp_path: Path,
    wrong: Callable[..., Any],
    report: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("pef_tui.pipeline.write_stages.AUTO_FROM", 1)
    monkeypatch.setattr(module, "AUTO_EXECUTOR", "mine")
    ran = run_plugin(tmp_path / "run", FaultyExecutor(wrong), spec(30), executor="auto", workers=2)
    [note] = [note for note in ran.notes if "files are written in threads" in note]
    assert report in note and not caplog.records
    assert {media_file.outcome for media_file in ran.media.values()} >= {"written"}


@pytest.mark.parametrize("created", [lambda: 1 / 0, lambda: 7], ids=["raises", "is none"])
def test_an_executor_that_cannot_be_begun_is_refused_before_anything_is_written(
    tmp_path: Path, created: Callable[[], Any]
) -> None:
    plugin = FaultyExecutor(raises(ValueError()))
    plugin.open = created  # type: ignore[method-assign]
    with pytest.raises(UsageError, match=r"--executor mine: .*; --executor threads does without"):
        runs(tmp_path, plugin)
    assert not tree(tmp_path / "run" / "out")


def test_a_writer_that_no_worker_has_keeps_the_run_in_threads(tmp_path: Path) -> None:
    ran = run_plugin(tmp_path, LocalWriterPlugin(), spec(10), executor="processes")
    [note] = [note for note in ran.notes if "files are written in threads" in note]
    assert "the run's only-here, native, xmp" in note
    assert {media_file.writer for media_file in ran.media.values() if media_file.outcome == "written"} == {
        "only-here"
    }


WRITER = """
from pef_tui import Writer, Written, hookimpl

class Session:
    def write(self, staged):
        for each in staged:
            {does}
            yield Written("written")
    def close(self): pass

@hookimpl
def pef_writers():
    yield Writer("w", lambda plan: plan.match.sidecar is not None, Session, order=1)
"""
MARKS = "open(each.path, 'ab').write(each.plan.match.sidecar.title.encode()); print('printed')"


@pytest.mark.parametrize("does", [MARKS, "raise ValueError('no')"], ids=["writes", "raises"])
def test_writers_of_plugins_work_in_processes_too(tmp_path: Path, does: str) -> None:
    source = takeout(tmp_path / "export", spec(12))
    (tmp_path / "mine.py").write_text(WRITER.format(does=does))
    plugin = ("-p", str(tmp_path / "mine.py"))
    status = 0 if does == MARKS else 3
    lines = run_here(source, tmp_path / "out", *PROCESSES, *plugin, status=status)
    run_here(source, tmp_path / "threads", "--executor", "threads", *plugin, status=status)
    assert tree(tmp_path / "out") == tree(tmp_path / "threads")
    assert {line["outcome"] for line in media(lines).values()} == {
        "written" if status == 0 else "failed",
        "unmatched",
    }
