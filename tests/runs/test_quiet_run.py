"""Runs with `--quiet`: no output for a good run, one line for everything that was lost or not read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import PEF_TUI
from export_layouts import Y as YEAR
from export_layouts import lay, picture

STAGE = """
import pef_tui

def run(matches):
    for match in matches:
        raise RuntimeError("no places today")
        yield match

@pef_tui.hookimpl
def pef_stages():
    yield pef_tui.Stage("places", run)
"""
MAPPER = """
import pef_tui

def tags(match):
    raise RuntimeError("no people today")

@pef_tui.hookimpl
def pef_tag_mappers():
    yield pef_tui.TagMapper("people2", tags)
"""


def unpacked(path: Path) -> Path:
    return lay(path, picture("a.jpg", 1) | picture("b.jpg", 2))


def zipped(path: Path) -> Path:
    return lay(path, picture("a.jpg", 1) | picture("b.jpg", 2))


def quiet(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    home = os.environ.copy() | variables
    command = [*PEF_TUI, "--batch", "-q", "--no-config", *map(str, arguments)]
    return subprocess.run(command, env=home, capture_output=True, text=True, check=False)


def cut_zip(tmp_path: Path) -> list[str | Path]:
    part = zipped(tmp_path / "takeout-20240101T000000Z-001.zip")
    content = part.read_bytes()
    part.write_bytes(content[: len(content) * 2 // 3])
    return [part]


def missing_number(tmp_path: Path) -> list[str | Path]:
    return [zipped(tmp_path / "takeout-20240101T000000Z-002.zip")]


def unfinished_download(tmp_path: Path) -> list[str | Path]:
    source = unpacked(tmp_path / "source")
    (source / "takeout-20240101T000000Z-002.zip.crdownload").write_bytes(b"PK")
    return [source]


def failing_stage(tmp_path: Path) -> list[str | Path]:
    (tmp_path / "mine.py").write_text(STAGE)
    return [unpacked(tmp_path / "source"), "-p", tmp_path / "mine.py"]


def failing_mapper(tmp_path: Path) -> list[str | Path]:
    (tmp_path / "mine.py").write_text(MAPPER)
    return [unpacked(tmp_path / "source"), "-p", tmp_path / "mine.py"]


def broken_plugin(tmp_path: Path) -> list[str | Path]:
    (tmp_path / "mine.py").write_text("import no_such_module")
    return [unpacked(tmp_path / "source"), "-p", tmp_path / "mine.py"]


@pytest.mark.parametrize(
    ("make_export", "words"),
    [
        (cut_zip, ["incomplete or damaged, get this part again"]),
        (missing_number, ["part 001 is not among the sources"]),
        (unfinished_download, ["an unfinished download"]),
        (failing_stage, ["stage places of plugin mine: RuntimeError: no places today"]),
        (failing_mapper, ["mapper people2 of plugin mine: RuntimeError: no people today"]),
        (broken_plugin, ["no_such_module", "it is left out"]),
    ],
)
def test_a_loss_is_told_and_is_exit_code_3(
    make_export: Callable[[Path], list[str | Path]], words: list[str], tmp_path: Path
) -> None:
    arguments = [*make_export(tmp_path), "-o", tmp_path / "out"]
    for options in (["--dry-run"], []):
        result = quiet(*arguments, *options)
        assert result.returncode == 3, result.stderr
        assert all(word in result.stderr for word in words), result.stderr
        assert "found" not in result.stderr
        assert result.stdout == ""


def test_a_missing_number_is_told_again_if_nothing_changed(tmp_path: Path) -> None:
    arguments = [*missing_number(tmp_path), "-o", tmp_path / "out"]
    for _ in range(3):
        result = quiet(*arguments)
        assert (result.returncode, result.stderr.count("\n")) == (3, 1)
        assert "part 001 is not among the sources" in result.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a link", "symbolic link, not followed"),
        ("another archive", "is not opened"),
        ("no ExifTool", "ExifTool is not installed"),
    ],
)
def test_what_is_left_out_is_told(name: str, words: str, tmp_path: Path) -> None:
    source = unpacked(tmp_path / "source")
    variables = {}
    if name == "a link":
        (source / YEAR / "c.jpg").symlink_to("a.jpg")
    elif name == "another archive":
        (source / "backup.zip").write_bytes(b"PK")
    else:
        variables["PATH"] = "/nowhere"
    for _ in range(2):
        result = quiet(source, "-o", tmp_path / "out", **variables)
        assert result.returncode == 0
        assert words in result.stderr


def test_a_good_run_says_nothing(tmp_path: Path) -> None:
    source = unpacked(tmp_path / "source")
    for _ in range(2):
        result = quiet(source, "-o", tmp_path / "out")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_shipped_recipes_hide_nothing() -> None:
    contrib = Path(__file__).parents[2] / "contrib"
    units = [*contrib.rglob("*.service")]
    assert len(units) >= 4
    assert not [path for path in units if "SuccessExitStatus" in path.read_text()]
