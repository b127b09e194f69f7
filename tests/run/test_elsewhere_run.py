"""Runs whose files are written elsewhere: the same outputs, and nothing lost with a worker."""

from __future__ import annotations

import os
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

from pef_tui import Executor, Staged, Writer, Written, hookimpl
from pef_tui.errors import UsageError
from pef_tui.run import elsewhere as module
from pef_tui.run.elsewhere import must_stay
from pef_tui.settings import Settings
from pef_tui.testing import Item, Ran, run_plugin, sidecar, takeout
from pef_tui.testing.media import make

PROCESSES = ("--executor", "processes", "--workers", "2")


def spec(count: int = 60, formats: str = "jpg jpg avi gif png") -> dict[str, Any]:
    """Pictures with and without sidecars in three folders, one of them in an album too."""
    made: dict[str, Any] = {}
    endings = formats.split()
    for number in range(count):
        name = f"P{number:03}.{endings[number % len(endings)]}"
        said = sidecar(name, taken=1.5e9 + number, place=(48.2, 16.4), people=["Ann"])
        made[f"Photos from {2000 + number % 3}/{name}"] = Item(said if number % 7 else None)
    made["Trip/metadata.json"] = {"title": "Trip"}
    made["Trip/P001.jpg"] = Item(sidecar("P001.jpg", taken=1.5e9 + 1, people=["Ann"]))
    return made


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return takeout(tmp_path / "export", spec())


def left(out: Path) -> list[str]:
    return os.listdir(out / ".pef-tui" / "staging")


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


@pytest.mark.parametrize("more", [(), ("--albums", "link", "--layout", "{year}/{name}")], ids=str)
def test_processes_and_threads_make_the_same(source: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    by_threads = outcomes(run_here(source, tmp_path / "threads", "--executor", "threads", *more))
    lines = run_here(source, tmp_path / "processes", *PROCESSES, *more)
    assert outcomes(lines) == by_threads and len(by_threads) > 60
    assert tree(tmp_path / "processes") == tree(tmp_path / "threads") and not left(tmp_path / "processes")
    again = media(run_here(source, tmp_path / "processes", *more)).values()
    assert {line["outcome"] for line in again} == {"unchanged"}


def test_auto_takes_processes_once_a_run_is_large(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    real = module.Elsewhere.send
    monkeypatch.setattr(
        module.Elsewhere, "send", lambda self, copies: (sent.append(len(copies)), real(self, copies))[1]
    )
    run_here(source, tmp_path / "small")
    assert not sent
    monkeypatch.setattr("pef_tui.chain.AUTO_FROM", 1)
    monkeypatch.setattr(module.Elsewhere, "_begin_meanwhile", module.Elsewhere.start)
    run_here(source, tmp_path / "large")
    assert sum(sent) > 50 and tree(tmp_path / "large") == tree(tmp_path / "small")


def test_auto_begins_with_the_first_plan_of_a_large_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = takeout(tmp_path / "export", spec(20))
    packed = shutil.make_archive(str(tmp_path / "part"), "zip", root.parent, root.name)
    begun: list[str] = []
    seen: list[str] = []
    takes = module.Elsewhere.takes
    monkeypatch.setattr(
        module.Elsewhere,
        "takes",
        lambda self, plan: (seen.append(plan.match.media.path), takes(self, plan))[1],
    )
    monkeypatch.setattr(module.Elsewhere, "_begin_meanwhile", lambda self: begun.append(f"after {len(seen)}"))
    monkeypatch.setattr("pef_tui.chain.AUTO_FROM", 6)
    run_here(root, tmp_path / "folder")
    assert begun == ["after 1"] and len(seen) >= 20
    begun.clear()
    for path in sorted((root / "Photos from 2000").glob("P*.jpg"))[:2]:
        path.touch()
    run_here(root, tmp_path / "folder")
    run_here(Path(packed), tmp_path / "zip")
    assert not begun


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
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0
    assert (
        "--executor processes: in place, what undoing needs is kept here, so files are written" in done.stderr
    )
    assert must_stay(Settings(trace_plugins=True)) and not must_stay(Settings())


def test_an_archive_is_read_by_the_run_itself(tmp_path: Path) -> None:
    root = takeout(tmp_path / "export", spec(20))
    packed = shutil.make_archive(str(tmp_path / "part"), "zip", root.parent, root.name)
    run_here(root, tmp_path / "folder", "--executor", "threads")
    run_here(Path(packed), tmp_path / "zip", *PROCESSES)
    assert tree(tmp_path / "zip").keys() == tree(tmp_path / "folder").keys()
    assert {k: v[0] for k, v in tree(tmp_path / "zip").items()} == {
        k: v[0] for k, v in tree(tmp_path / "folder").items()
    }


def test_a_name_nobody_has_is_refused(source: Path, tmp_path: Path) -> None:
    done = run_apart(source, tmp_path / "out", "--executor", "dusk", timeout=60)
    assert done.returncode == 2 and b"only auto, threads, processes" in done.stderr


# -- workers that are lost


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
        said, words = run.communicate(timeout=100)
    assert run.returncode == 0 and killed and b"Traceback" not in words
    assert tree(out) == tree(tmp_path / "whole") and not left(out)
    assert Counter(line.count(b'"outcome":"written"') for line in said.splitlines())[1] > 400


def test_a_stopped_run_ends_its_batches_and_its_workers(tmp_path: Path) -> None:
    source, out = takeout(tmp_path / "export", spec(500, "jpg")), tmp_path / "out"
    command = [sys.executable, "-m", "pef_tui", *arguments(source, out, *PROCESSES)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as run:
        while run.poll() is None and not list(out.glob("Photos*")):
            time.sleep(0.01)
        workers = children(run.pid)
        for each in (run.pid, *workers):  # as a service manager does
            os.kill(each, signal.SIGTERM)
        words = run.communicate(timeout=60)[1]
    assert run.returncode == 143 and b"Traceback" not in words and b"lost" not in words
    assert workers and not any(os.path.exists(f"/proc/{pid}") for pid in workers) and not left(out)
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
    monkeypatch.setattr("pef_tui.run.opening.check_space", lambda *_: None)
    run_here(source, small_disk / "out", *PROCESSES, status=1)
    assert not left(small_disk / "out") and not tree(small_disk / "out")
    for path in sorted(source.rglob("*.jpg"))[4:]:
        path.unlink()
    run_here(source, small_disk / "out", *PROCESSES)
    assert len(tree(small_disk / "out")) == 4


# -- executors of plugins


class Mine:
    """An executor in this process that goes wrong in some way."""

    def __init__(self, wrong: Callable[[Callable[..., Any], bytes], Any], *, times: int = 1000) -> None:
        self.wrong, self.times, self.opened, self.calls = wrong, times, 0, 0

    @hookimpl
    def pef_executors(self) -> list[Executor]:
        return [Executor("mine", self.open, workers=lambda made: 2)]

    def open(self) -> futures.Executor:
        self.opened += 1
        return Pool(self)


class Pool(futures.ThreadPoolExecutor):
    def __init__(self, plugin: Mine) -> None:
        super().__init__(2)
        self.plugin = plugin

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        self.plugin.calls += 1
        if 1 < self.plugin.calls <= 1 + self.plugin.times:  # the first asks whether it works at all
            return super().submit(self.plugin.wrong, fn, *args)
        return super().submit(fn, *args, **kwargs)


def raises(error: BaseException) -> Callable[..., Any]:
    def call(*_: Any) -> Any:
        raise error

    return call


def runs(tmp_path: Path, plugin: object, **settings: Any) -> Ran:
    return run_plugin(tmp_path / "run", plugin, spec(30), executor="mine", workers=2, **settings)


@pytest.mark.parametrize(
    ("wrong", "times", "told"),
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
    tmp_path: Path, wrong: Callable[..., Any], times: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pef_tui.run.workshop.NO_SMALL_BATCH", 4)  # several batches
    ran = runs(tmp_path, Mine(wrong, times=times))
    assert [note for note in ran.notes if told in note], ran.notes
    whole = run_plugin(tmp_path / "whole", Mine(wrong), spec(30), executor="threads")
    assert tree(ran.output) == tree(whole.output) and not left(ran.output)
    assert Counter(each.word for each in ran.media.values()) == Counter(
        each.word for each in whole.media.values()
    )


@pytest.mark.parametrize("made", [lambda: 1 / 0, lambda: 7], ids=["raises", "is none"])
def test_an_executor_that_cannot_be_begun_is_refused_before_anything_is_written(
    tmp_path: Path, made: Callable[[], Any]
) -> None:
    plugin = Mine(raises(ValueError()))
    plugin.open = made  # type: ignore[method-assign]
    with pytest.raises(UsageError, match=r"--executor mine: .*; --executor threads does without"):
        runs(tmp_path, plugin)
    assert not tree(tmp_path / "run" / "out")


class OnlyHere:
    """A writer that no other process has."""

    @hookimpl
    def pef_writers(self) -> list[Writer]:
        return [Writer("only-here", lambda plan: True, Marks, order=1)]


class Marks:
    def write(self, staged: list[Staged]) -> Iterator[Written]:
        for each in staged:
            with Path(each.path).open("ab") as file:
                file.write(b"mark")
            yield Written("written")

    def close(self) -> None:
        pass


def test_a_writer_that_no_worker_has_keeps_the_run_in_threads(tmp_path: Path) -> None:
    ran = run_plugin(tmp_path, OnlyHere(), spec(10), executor="processes")
    [note] = [note for note in ran.notes if "files are written in threads" in note]
    assert "the run's only-here, native, xmp" in note
    assert {each.writer for each in ran.media.values() if each.word == "written"} == {"only-here"}


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
