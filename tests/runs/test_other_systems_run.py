"""Whole runs without the calls that only Linux has, as on macOS, and the command on Windows."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Line, arguments, run_here, tree
from export_layouts import lay, picture
from other_system import LINUX_FUNCTIONS, LINUX_ONLY

from pef_tui import system_calls
from pef_tui.testing import takeout
from pef_tui.testing.demo_export import demo_files

ROOT = Path(__file__).parents[2]
GUARDED = {
    ("filesystem/copying.py", "copy_file_range"),
    ("filesystem/copying.py", "sendfile"),
    ("signals.py", "sigtimedwait"),
    ("execution/process_worker.py", "prctl"),
}
"""Calls outside `system_calls`, by file. Each is used only if the system has it."""
OTHER_SYSTEM = ROOT / "tests/support/other_system.py"


def command(system: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(OTHER_SYSTEM), system, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def run(*words: str) -> list[Line]:
    result = command("darwin", *words)
    assert (result.returncode, "Traceback" in result.stderr) == (0, False), result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def facts(lines: list[Line]) -> list[tuple[object, ...]]:
    """What must be equal on every system, for each file."""
    names = ("type", "source", "outcome", "output", "taken", "tags", "rule", "reason")
    return sorted((tuple(repr(line.get(name)) for name in names) for line in lines[1:-1]), key=repr)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "source"
    takeout(folder, demo_files())
    return folder


@pytest.mark.timeout(600)
def test_a_whole_export_has_the_same_outputs(demo: Path, tmp_path: Path) -> None:
    expected = run_here(demo, tmp_path / "linux", "--verify")
    lines = run(*arguments(demo, tmp_path / "other", "--verify"))
    assert facts(lines) == facts(expected)
    assert tree(tmp_path / "other") == tree(tmp_path / "linux")
    again = run(*arguments(demo, tmp_path / "other"))
    assert set(again[-1]["media"]) <= {"unchanged", "unmatched"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_archives_have_the_same_outputs(executor: str, tmp_path: Path) -> None:
    files = picture("a.jpg", 1) | picture("b.heic", 2) | picture("c.mp4", 3) | picture("d.png", 4)
    part = lay(tmp_path / "part.zip", files)
    expected = run_here(part, tmp_path / "linux")
    lines = run(*arguments(part, tmp_path / "other", "--executor", executor))
    assert facts(lines) == facts(expected)
    assert tree(tmp_path / "other") == tree(tmp_path / "linux")


@pytest.mark.timeout(600)
def test_a_run_in_place_is_undone(tmp_path: Path) -> None:
    source = lay(tmp_path / "source", picture("a.jpg", 1) | picture("b.mp4", 2))
    before = tree(source)
    assert run("--batch", "--json", "--no-config", "--in-place", str(source))[-1]["media"] == {"written": 2}
    assert tree(source) != before
    assert run("--no-config", "--json", "--undo", "last", str(source))[-1]["restored"] == 2
    assert tree(source) == before


def test_the_doctor_names_what_is_missing(tmp_path: Path) -> None:
    result = command("darwin", "--doctor", "--json", "--no-config", "-o", str(tmp_path))
    findings = [json.loads(line) for line in result.stdout.splitlines()]
    missing = [each["what"] for each in findings if each.get("check") == "system"]
    assert len(missing) == 9
    assert all(text.startswith("this system lacks ") for text in missing[:-1])
    assert "was never tried on" in missing[-1]
    assert (result.returncode, result.stderr) == (0, "")


def test_this_system_lacks_nothing() -> None:
    assert system_calls.missing_features() == []


@pytest.mark.parametrize("words", [["--batch", "x"], ["--help"], [], ["--version"]])
def test_windows_gets_one_sentence(words: list[str]) -> None:
    result = command("win32", *words)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1 and "Use WSL: run `wsl --install`" in result.stderr


def test_no_other_module_uses_a_call_that_only_linux_has() -> None:
    names = {name for names in LINUX_ONLY.values() for name in names} | {"fsync"}
    found = set()
    for path in sorted((ROOT / "pef_tui").rglob("*.py")):
        file = str(path.relative_to(ROOT / "pef_tui"))
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Attribute):
                continue
            owner = ast.unparse(node.value)
            is_call = owner in ("os", "signal") and node.attr in names
            if is_call or (owner.startswith("ctypes.CDLL") and node.attr in LINUX_FUNCTIONS):
                found.add((file, node.attr))
    assert {each for each in found if each[0] != "system_calls.py"} == GUARDED


def test_macos_syncs_the_cache_of_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[object] = []
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("fcntl.fcntl", lambda fd, request: calls.append(request))
    monkeypatch.setattr("os.fsync", lambda fd: calls.append("fsync"))
    monkeypatch.setattr("os.fdatasync", lambda fd: calls.append("fdatasync"))
    system_calls.sync_data(0)
    system_calls.sync_file(0)
    assert calls == [51, 51]

    def refuse(fd: int, request: int) -> None:
        raise OSError(45, "not supported")

    monkeypatch.setattr("fcntl.fcntl", refuse)
    calls.clear()
    system_calls.sync_data(0)
    assert calls == ["fsync"]
