"""`--lock-wait`: a run waits for another run that uses DEST, at most the given time. The runs keep their order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commands import PEF_TUI, lines_of, run_apart, run_here

from pef_tui.manifest import DestLock
from pef_tui.testing.export import sidecar, takeout


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg")})


def waiting(*arguments: str) -> subprocess.Popen[bytes]:
    """Start the program. Return when it prints that it waits."""
    command = [*PEF_TUI, "--no-config", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    while b"waiting for its end, at most 10m" not in (line := process.stderr.readline()):
        assert line, process.communicate()
    assert b"another run is at work in " in line and b"process %d on " % os.getpid() in line
    return process


def test_the_run_begins_when_the_other_ends(export: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    with DestLock(out):
        process = waiting("--batch", "--json", str(export), "-o", out, "--lock-wait", "10m")
        time.sleep(0.5)
        assert process.poll() is None and not list(Path(out).glob("*/*.jpg"))
    data, _ = process.communicate(timeout=100)
    assert process.returncode == 0 and b'"outcome":"written"' in data
    assert (Path(out) / "Photos from 2019/a.jpg").exists()


def test_after_the_time_it_ends_as_without_the_option(export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with DestLock(str(out)):
        begin = time.monotonic()
        result = run_apart(export, out, "--lock-wait", "1", timeout=100)
        assert time.monotonic() - begin >= 1
        at_once = run_apart(export, out, timeout=100)
    for each in (result, at_once):
        summary = lines_of(each)[-1]
        assert each.returncode == summary["exit"] == 75
        assert summary["error"].startswith("another run is at work in ")
    assert b"waiting" in result.stderr and b"waiting" not in at_once.stderr


def test_a_signal_ends_the_wait(export: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    with DestLock(out):
        process = waiting("--batch", str(export), "-o", out, "--lock-wait", "10m")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=100)
    assert process.returncode == 143


def test_undo_waits_too_and_the_time_of_the_folder_stays(export: Path) -> None:
    photos = export / "Google Photos"
    source = photos if photos.exists() else export
    os.utime(source, ns=(10**18, 10**18))
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    with DestLock(str(source)):
        os.utime(source, ns=(10**18, 10**18))
        process = waiting("--batch", "--in-place", str(source), "--lock-wait", "10m")
        os.utime(source, ns=(2 * 10**18, 2 * 10**18))  # as a run in place does at its end
    process.communicate(timeout=100)
    assert process.returncode == 0
    with DestLock(str(source)):
        process = waiting("--undo", "last", str(source), "--lock-wait", "10m")
        assert process.poll() is None
    process.communicate(timeout=100)
    assert process.returncode == 0
    assert {path: path.read_bytes() for path in before} == before
    assert source.stat().st_mtime_ns == 2 * 10**18


def test_a_preview_does_not_wait(export: Path, tmp_path: Path) -> None:
    with DestLock(str(tmp_path / "out")):
        lines = run_here(export, tmp_path / "out", "--dry-run", "--lock-wait", "10m")
    assert lines[-1]["exit"] == 0
