"""The progress of real runs: files of folders and archives are counted ahead, and the counts reach the total."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import zipfile
from pathlib import Path

import pytest
from commands import PEF_TUI, run_batch, run_here

from pef_tui.testing.export import sidecar, takeout


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return takeout(
        tmp_path,
        {f"Photos from 2019/{n}.jpg": sidecar(f"{n}.jpg", taken=1_560_000_000 + n) for n in range(40)},
    )


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--albums", "tag")])
def test_the_last_progress_line_has_all_files(export: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    lines = run_here(export, tmp_path / "out", "--progress", "0.05", *options)
    assert lines[0]["type"] == "start"
    *_, last, summary = lines
    assert last["type"] == "progress" and summary["type"] == "summary"
    assert last["stage"] == ("plan" if "--dry-run" in options else "write")
    assert last["done"] == last["total"] == summary["found"] == 80


def test_a_run_with_nothing_to_do_has_a_progress_line_too(export: Path, tmp_path: Path) -> None:
    run_here(export, tmp_path / "out")
    lines = run_here(export, tmp_path / "out", "--progress", "60")
    assert [line["done"] for line in lines if line["type"] == "progress"] == [80]


def test_a_terminal_shows_the_part_of_all_files_of_an_archive(export: Path, tmp_path: Path) -> None:
    part = tmp_path / "takeout-20260115T101112Z-001.zip"
    with zipfile.ZipFile(part, "w") as archive:
        for path in sorted(export.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(export.parent))
    reading, writing = pty.openpty()
    command = [
        *PEF_TUI,
        "--batch",
        "--no-config",
        str(part),
        "-o",
        str(tmp_path / "out"),
        "--writer",
        "exiftool",
    ]
    environ = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=writing, env=environ)
    os.close(writing)
    text = b""
    while select.select([reading], [], [], 100)[0]:
        try:
            text += os.read(reading, 65536)
        except OSError:  # the program has closed the terminal
            break
    os.close(reading)
    assert process.wait(60) == 0
    assert b"80 files found" in text
    percents = [int(number) for number in re.findall(rb"(\d+) % of 80 files", text)]
    assert percents and percents == sorted(percents) and percents[-1] <= 100


def test_standard_error_has_a_full_line_at_each_interval(export: Path, tmp_path: Path) -> None:
    options = ("--progress", "0.1", "--writer", "exiftool")
    result = run_batch(str(export), "-o", str(tmp_path / "out"), *options, timeout=100)
    assert result.returncode == 0
    assert re.search(rb"^\d+ pictures and videos \| \d+ % of 80 files.* \| ", result.stderr, re.M)
