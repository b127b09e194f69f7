"""Runs that continue after a killed run."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from commands import PEF_TUI, arguments

from pef_tui.testing.export import sidecar, takeout

FORMATS = (".jpg", ".png", ".heic", ".jp2", ".mp4", ".gif", ".avi", ".webp")
"""A format that only ExifTool can write (JPEG 2000)."""


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec: dict[str, Any] = {}
    for number in range(140):
        name = f"Photos from 20{10 + number % 5}/P{number:04}{FORMATS[number % len(FORMATS)]}"
        title = name.rpartition("/")[2]
        spec[name] = (
            sidecar(title, taken=1.5e9 + number, place=(48.85, 2.35), people=["Ana"]) if number % 9 else None
        )
    return takeout(tmp_path_factory.mktemp("export") / "Takeout", spec)


def command(source: Path, out: Path, *options: str) -> list[str]:
    return [*PEF_TUI, *arguments(source, out, *options)]


def run(source: Path, out: Path, *options: str) -> list[dict[str, Any]]:
    result = subprocess.run(command(source, out, *options), capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.splitlines()]


def tree(root: Path) -> dict[str, tuple[str, int]]:
    """Return hash and modification time of every output below a folder."""
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".pef-tui" not in path.parts
    }


def words(lines: list[dict[str, Any]]) -> set[str]:
    return {line["outcome"] for line in lines if line["type"] == "media"}


@pytest.fixture(scope="module")
def reference_tree(export: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    out = tmp_path_factory.mktemp("whole") / "out"
    run(export, out)
    return tree(out)


@pytest.mark.long
@pytest.mark.parametrize("moment", [0.4, 0.8, 1.2, 1.8])
def test_a_killed_run_continues(
    export: Path, reference_tree: dict[str, tuple[str, int]], tmp_path: Path, moment: float
) -> None:
    out = tmp_path / "out"
    killed = subprocess.Popen(command(export, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(moment + random.random() / 4)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    run(export, out)
    assert tree(out) == reference_tree
    assert list((out / ".pef-tui" / "staging").iterdir()) == []
    assert words(run(export, out)) == {"unchanged"}
    assert tree(out) == reference_tree


def test_a_preview_says_what_the_run_does(export: Path, tmp_path: Path) -> None:
    tree_before, out = tree(export), tmp_path / "out"
    answer = run(export, out, "--dry-run")
    assert not out.exists()
    did = run(export, out)
    keys = ("source", "outcome", "output", "sidecar", "rule", "taken", "tags", "writer")
    assert _only(answer, keys) == _only(did, keys)
    assert tree(export) == tree_before


def _only(lines: list[dict[str, Any]], keys: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return sorted((tuple(line[key] for key in keys) for line in lines if line["type"] == "media"), key=str)


def test_a_second_run_starts_no_exiftool(export: Path, tmp_path: Path) -> None:
    """The ExifTool of the second run leaves a mark if it is used for more than its version."""
    real = shutil.which("exiftool")
    if real is None:
        assert not os.environ.get("CI"), "exiftool is missing"
        pytest.skip("exiftool is not installed")
    out, mark = tmp_path / "out", tmp_path / "mark"
    spy = tmp_path / "exiftool"
    spy.write_text(f'#!/bin/sh\ncase "$*" in *-stay_open*) touch {mark};; esac\nexec {real} "$@"\n')
    spy.chmod(0o755)
    run(export, out, "--exiftool", str(spy))
    assert mark.exists()
    mark.unlink()
    assert words(run(export, out, "--exiftool", str(spy))) == {"unchanged"}
    assert not mark.exists()


def test_without_exiftool_everything_is_placed_and_dated(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    out = tmp_path / "out"
    result = subprocess.run(command(export, out), capture_output=True, check=False)
    assert result.returncode == 0
    assert b"ExifTool is not installed" in result.stderr and b"install" in result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    for line in lines:
        if line["type"] == "media" and line["sidecar"]:
            output = out / line["output"]
            assert line["outcome"] in ("sidecar", "written")
            assert output.stat().st_mtime_ns // 10**9 >= 1_500_000_000
            if line["outcome"] == "sidecar":
                answer = output.with_name(output.name + ".xmp").read_text("utf-8")
                assert "Ana" in answer and "48,51" in answer
