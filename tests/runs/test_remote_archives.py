"""Runs whose workers read members of archives: the outputs are those of threads, whatever happens to the archive."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from commands import Line, arguments, media, run_here, tree

from pef_tui.execution import remote
from pef_tui.output.staged_outputs import StagedOutput
from pef_tui.testing import Item, sidecar, takeout

PROCESSES = ("--executor", "processes", "--workers", "2")
COUNT = 60
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
)


@pytest.fixture(autouse=True)
def no_exiftool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def spec(count: int) -> dict[str, Any]:
    """Return pictures of several formats, some without a sidecar, some with an XMP file."""
    sample: dict[str, Any] = {}
    endings = ["jpg", "jpg", "avi", "gif", "png"]
    for number in range(count):
        name = f"P{number:04}.{endings[number % len(endings)]}"
        sidecar_json = sidecar(name, taken=1.5e9 + number, place=(48.2, 16.4), people=["Ann"])
        folder = f"Photos from {2000 + number % 3}"
        sample[f"{folder}/{name}"] = Item(sidecar_json if number % 7 else None)
        if number % 10 == 1:
            sample[f"{folder}/{name}.xmp"] = XMP
    return sample


def pack(root: Path, path: Path) -> Path:
    """Pack an export as the name of the archive states."""
    files = sorted(file for file in root.rglob("*") if file.is_file())
    if path.suffix == ".zip":
        method = zipfile.ZIP_DEFLATED if path.stem == "deflated" else zipfile.ZIP_STORED
        with zipfile.ZipFile(path, "w", method) as archive:
            for file in files:
                archive.write(file, file.relative_to(root.parent))
    else:
        with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as packed:
            for file in files:
                packed.add(file, file.relative_to(root.parent))
    return path


@pytest.fixture(params=["stored.zip", "deflated.zip", "plain.tar", "packed.tgz"])
def part(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return pack(takeout(tmp_path / "export", spec(COUNT)), tmp_path / request.param)


def note_sent(
    monkeypatch: pytest.MonkeyPatch, before: Callable[[], object] = lambda: None
) -> tuple[list[str], list[str]]:
    """Return a list of all files that are sent to workers, and a list of those that no worker produces.

    `before`: called before the first batch is sent.
    """
    sent: list[str] = []
    remaining: list[str] = []
    send, lock = remote.RemoteExecutor.send, Lock()

    def note(self: remote.RemoteExecutor, copies: Sequence[StagedOutput]) -> Sequence[StagedOutput]:
        with lock:
            if not sent:
                before()
            sent.extend(copy.plan.match.media.path for copy in copies)
        left = send(self, copies)
        remaining.extend(copy.plan.match.media.path for copy in left)
        return left

    monkeypatch.setattr(remote.RemoteExecutor, "send", note)
    return sent, remaining


def results(lines: list[Line]) -> dict[str, tuple[str, str]]:
    return {path: (line["outcome"], line.get("reason", "")) for path, line in media(lines).items()}


def test_workers_make_the_same_from_archives_as_threads(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_threads = results(run_here(part, tmp_path / "threads", "--executor", "threads"))
    sent, remaining = note_sent(monkeypatch)
    by_workers = results(run_here(part, tmp_path / "out", *PROCESSES))
    assert by_workers == by_threads and len(by_threads) == COUNT
    assert len(sent) == COUNT and not remaining
    assert tree(tmp_path / "out") == tree(tmp_path / "threads") and len(tree(tmp_path / "out")) > COUNT
    assert not os.listdir(tmp_path / "out" / ".pef-tui" / "staging")
    again = results(run_here(part, tmp_path / "out", *PROCESSES))
    assert {outcome for outcome, _ in again.values()} == {"unchanged"}


def test_the_files_of_an_archive_that_is_replaced_are_read_by_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run has the listed archive open. A worker would open another one."""
    part = pack(takeout(tmp_path / "export", spec(COUNT)), tmp_path / "stored.zip")
    run_here(part, tmp_path / "threads", "--executor", "threads")

    def replace() -> None:
        pack(takeout(tmp_path / "other", spec(3)), tmp_path / "new.zip").replace(part)

    sent, remaining = note_sent(monkeypatch, replace)
    lines = run_here(part, tmp_path / "out", *PROCESSES)
    assert sent and sorted(remaining) == sorted(sent)
    assert tree(tmp_path / "out") == tree(tmp_path / "threads")
    [note] = [note for line in lines for note in line.get("notes", ()) if "workers of processes" in note]
    assert str(part) in note and "bytes instead of" in note


def test_an_archive_that_changes_is_the_same_failure_with_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tar archive has no checksums. So nothing of it is read after a change."""
    part = pack(takeout(tmp_path / "export", spec(COUNT)), tmp_path / "plain.tar")
    sent, remaining = note_sent(monkeypatch, lambda: os.utime(part, ns=(1, 1)))
    lines = run_here(part, tmp_path / "out", *PROCESSES, status=3)
    assert sent and sorted(remaining) == sorted(sent) and not tree(tmp_path / "out")
    assert {outcome for outcome, _ in results(lines).values()} == {"failed"}
    assert all("changed while the run was on" in reason for _, reason in results(lines).values())


@pytest.mark.parametrize("name", ["stored.zip", "deflated.zip"])
def test_a_wrong_checksum_is_the_same_failure_with_workers(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = pack(takeout(tmp_path / "export", spec(COUNT)), tmp_path / name)
    data = bytearray(part.read_bytes())
    with zipfile.ZipFile(part) as archive:
        for info in archive.infolist()[::9]:
            if info.filename.endswith((".jpg", ".png")):
                data[info.header_offset + 30 + len(info.filename) + info.compress_size - 5] ^= 8
    part.write_bytes(data)
    by_threads = results(run_here(part, tmp_path / "threads", "--executor", "threads", status=3))
    sent, remaining = note_sent(monkeypatch)
    assert results(run_here(part, tmp_path / "out", *PROCESSES, status=3)) == by_threads
    assert sent and not remaining
    assert tree(tmp_path / "out") == tree(tmp_path / "threads")
    failed = [reason for outcome, reason in by_threads.values() if outcome == "failed"]
    assert failed and all("damaged in the archive" in reason for reason in failed)


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


@pytest.mark.long
@pytest.mark.parametrize("name", ["deflated.zip", "packed.tgz"])
def test_workers_killed_while_they_read_archives_cost_nothing(tmp_path: Path, name: str) -> None:
    part = pack(takeout(tmp_path / "export", spec(500)), tmp_path / name)
    shutil.rmtree(tmp_path / "export")
    run_here(part, tmp_path / "threads", "--executor", "threads")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pef_tui", *arguments(part, out, *PROCESSES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        killed = 0
        while run.poll() is None and killed < 3:
            if list(out.glob("Photos*")):
                for pid in children(run.pid)[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
            time.sleep(0.05)
        _, words = run.communicate(timeout=100)
    assert run.returncode == 0 and killed and b"Traceback" not in words
    assert tree(out) == tree(tmp_path / "threads")
    assert not os.listdir(out / ".pef-tui" / "staging")


@pytest.mark.long
def test_the_run_killed_while_workers_read_archives_is_finished_by_the_next(tmp_path: Path) -> None:
    part = pack(takeout(tmp_path / "export", spec(500)), tmp_path / "packed.tgz")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pef_tui", *arguments(part, out, *PROCESSES)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and not list(out.glob("Photos*")):
            time.sleep(0.01)
        run.kill()
    run_here(part, out, *PROCESSES)
    run_here(part, tmp_path / "threads", "--executor", "threads")
    assert tree(out) == tree(tmp_path / "threads")
    assert not os.listdir(out / ".pef-tui" / "staging")
