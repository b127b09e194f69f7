"""Test the comparison on slow lines (`bench/slow_lines.py`): its tables, its commands, and its check of the calls."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import fuse_mount
import pytest
from fuse_mount import require_fuse

sys.path.append(str(Path(__file__).parents[2] / "bench"))

import slow_commands
import slow_folders
import slow_lines
import slow_trace

BENCH = Path(slow_lines.__file__).parent
FILES = {"a/1.jpg": b"1", "a/2.jpg": b"2" * 3_000_000, "b/c/3.jpg": b"", "4.json": b"{}"}


def rows() -> list[slow_commands.Row]:
    return [
        slow_commands.Row("cp -r", [9.0, 20.0, 10.0], {"open": 5, "read": 15}, {"read": 40_000_000}),
        slow_commands.Row("pef-tui", [5.0], {"open": 100}, {"read": 10_000_000, "write": 40_000_000}),
    ]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "source"


def test_ratios_are_those_of_the_medians() -> None:
    assert slow_lines.table(rows(), 10)[2:] == [
        "| cp -r | 10.0 | 1.00 |  | 20 | 2.0 | read 15, open 5 |",
        "| pef-tui | 5.0 | 0.50 |  | 100 | 10.0 | open 100 |",
    ]
    assert slow_lines.goals(rows())[2:] == ["| pef-tui / cp -r | 0.35 | 0.50 |"]
    assert slow_lines.goals(rows()[1:]) == []


def test_the_share_of_the_line_is_that_of_the_fuller_direction() -> None:
    assert slow_lines.shares(rows(), 10)[2:] == [
        "| cp -r | 40 | 0 | 4.0 | 0.40 |",
        "| pef-tui | 10 | 40 | 8.0 | 0.80 (goal 0.9) |",
    ]


@pytest.mark.parametrize(("most", "names"), [(9.9, ["pef-tui"]), (10.0, [])])
def test_too_many_calls_are_reported(most: float, names: list[str]) -> None:
    sentences = slow_lines.excess(rows(), 10, {"pef-tui": most})
    assert [sentence.partition(" made 10.0 calls")[0] for sentence in sentences] == names


def test_rows_of_one_command_are_joined() -> None:
    joined = slow_commands.joined([*rows()[:1], slow_commands.Row("cp -r", [1.0], {"open": 7}, {})])
    assert joined == slow_commands.Row("cp -r", [9.0, 20.0, 10.0, 1.0], {"open": 7}, {})


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["cp -r", "copier with 32 threads", "pef-tui", "find", "pef-tui again", "pef-tui preview"]),
        ({"large": True}, ["cp -r", "copier with 32 threads", "pef-tui"]),
        ({"short": True}, ["pef-tui", "pef-tui again", "pef-tui preview"]),
        ({"only": ["pef-tui, slow to local", "cp -r"]}, ["cp -r"]),
    ],
)
def test_which_commands_are_measured(options: dict[str, Any], names: list[str]) -> None:
    given = Namespace(**{"only": None, "short": False, "large": False, **options})
    assert slow_lines.commands_of(given) == [*names, "pef-tui, slow to local"]


def test_an_unknown_command_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"--only: no command mv\. The commands are cp -r, "):
        slow_lines.commands_of(Namespace(only=["mv"]))


def test_the_copier_copies_everything(tmp_path: Path, source: Path) -> None:
    slow_commands.copy_in_threads(source, tmp_path / "copy", 4)
    assert tree(tmp_path / "copy") == FILES


def test_parts_have_all_files_once(tmp_path: Path, source: Path) -> None:
    parts = slow_commands.pack(source, tmp_path / "zips", 3)
    contents: dict[str, bytes] = {}
    for part in parts:
        with zipfile.ZipFile(tmp_path / part) as archive:
            assert not contents.keys() & set(archive.namelist())
            contents |= {name: archive.read(name) for name in archive.namelist()}
    assert contents == FILES


def test_a_command_that_fails_ends_the_comparison() -> None:
    with pytest.raises(SystemExit, match=r"find ended with 1: .*nowhere"):
        slow_commands.find([Path("/nowhere")])


def test_missing_fuse_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuse_mount, "FUSE", None)
    monkeypatch.setattr(sys, "argv", ["slow_lines.py", "--short", "--files", "3"])
    with pytest.raises(SystemExit, match=r"^FUSE is needed, but this machine lacks mfusepy [^\n]*\.$"):
        slow_lines.main()


@pytest.mark.long
def test_every_command_is_measured_on_the_mount(tmp_path: Path) -> None:
    require_fuse()
    file = tmp_path / "figures"
    options = [
        "--files",
        "4",
        "--folders",
        "2",
        "--delay-ms",
        "0.1",
        "--in",
        str(tmp_path),
        "--json",
        str(file),
    ]
    result = subprocess.run(
        [sys.executable, BENCH / "slow_lines.py", *options], capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    measured = {row["name"]: row for row in json.loads(file.read_bytes())[0]["rows"]}
    assert len(measured) == 7
    assert all(row["seconds"][0] > 0 and row["calls"]["getattr"] > 0 for row in measured.values())
    assert measured["cp -r"]["calls"]["create"] == measured["copier with 32 threads"]["calls"]["create"] == 8
    assert measured["pef-tui"]["calls"]["rename"] >= 4
    for name in ("find", "pef-tui preview", "pef-tui, slow to local"):
        assert not measured[name]["calls"].keys() & {"create", "write", "rename", "mkdir", "unlink"}, name
    assert measured["pef-tui again"]["calls"].get("rename", 0) == 0
    assert sorted(os.listdir(tmp_path)) == ["figures"]


@pytest.mark.long
def test_the_short_form_fails_with_too_many_calls(tmp_path: Path) -> None:
    require_fuse()
    options = ["--short", "--files", "2", "--in", str(tmp_path)]  # what a run does once is most of its calls
    result = subprocess.run(
        [sys.executable, BENCH / "slow_lines.py", *options], capture_output=True, text=True
    )
    assert result.returncode == 1
    for name, most in slow_lines.MOST_CALLS.items():
        assert re.search(
            rf"^{name} made .* calls for a picture; at most {most:g} are", result.stderr, re.M
        ), name


def test_calls_are_measured_in_one_and_in_many_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_fuse()
    monkeypatch.setattr(slow_folders, "EXPIRES", 0)
    results = slow_folders.measure(tmp_path, files=6, folders=3, threads=2, delay_ms=0.1)
    assert list(results) == list(slow_folders.works())
    assert all(milliseconds > 0 for milliseconds in results.values())
    left = sorted(path.name for path in (tmp_path / "slow.below").rglob("*") if path.is_file())
    assert left == [f"below{number}" for number in range(6)]


def test_calls_have_the_code_that_made_them() -> None:
    calls = [
        '1.0 getattr "/" 0',
        '2.1 getattr "/a" 0',
        '2.3 getattr "/b" 0',
        '2.4 open "/a" 0',
        '3.2 rename "/a" 0',
    ]
    traced = [
        '[2.0, "open", ["/a"], "x.py:1 f < y.py:2 g"]',
        '[2.2, "stat", ["/b"], "z.py:3 h"]',
        '[3.0, "replace", ["/a", "/b"], "z.py:4 h"]',
    ]
    lines = slow_trace.merged(calls, traced)
    assert slow_trace.shown(lines) == [
        "getattr   '/'    ?",
        "getattr   '/a'    open: x.py:1 f < y.py:2 g",
        "getattr   '/b'    stat: z.py:3 h",
        "open      '/a'    open: x.py:1 f < y.py:2 g",
        "rename    '/a'    replace: z.py:4 h",
        "",
        "     5  calls on the line, by:",
        "     2  open: x.py:1 f",
        "     1  ?",
        "     1  stat: z.py:3 h",
        "     1  replace: z.py:4 h",
    ]
    assert slow_trace.shown(lines, match="b")[2] == "     1  calls on the line, by:"


def test_a_run_is_traced(tmp_path: Path) -> None:
    require_fuse()
    lines = slow_trace.trace(tmp_path, files=2, local=False, flags=[])
    codes = {(kind, path.rpartition("/")[2]): code for kind, path, code in lines}
    assert codes["open", "IMG_0000001.jpg"].startswith("open: sources/directory.py:")
    assert codes["create", "manifest.new"].startswith("open: manifest/journal.py:")
    assert codes["mkdir", ".pef-tui"].startswith("mkdir: manifest/folder.py:")
