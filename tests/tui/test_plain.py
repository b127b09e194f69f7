from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import environment

from pef_tui.testing.export import sidecar, takeout


def _talk(tmp_path: Path, *answers: str, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pef_tui", "--plain", *arguments],
        input="".join(answer + "\n" for answer in answers),
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_same_questions_as_numbered_lines(tmp_path: Path, export: Path) -> None:
    done = _talk(tmp_path, "nowhere", str(export), "", "", "1", "2", "5")
    assert done.returncode == 0 and "\x1b" not in done.stdout
    assert "There is no" in done.stdout
    assert "3 pictures, 0 videos, 2 JSON files" in done.stdout
    assert "Dry run: nothing was written." in done.stdout
    assert "5 files found" in done.stdout and "Immich" in done.stdout
    assert (tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg").is_file()
    again = _talk(tmp_path, "1", "", "5")
    assert "~/Takeout" in again.stdout and "3 files are done by earlier runs" in again.stdout


def test_options_are_asked_for_and_checked(tmp_path: Path, export: Path) -> None:
    answers = ("~/mine", "9", "3", "1", "replace", "1", "overwrite", "9", "5")
    done = _talk(tmp_path, *answers, arguments=(str(export),))
    assert "A number from 1 to 5." in done.stdout
    assert "existing: fill, overwrite or never, not" in done.stdout
    assert "existing = overwrite" in done.stdout


def test_the_end_of_the_input_is_the_end(tmp_path: Path, export: Path) -> None:
    done = _talk(tmp_path, arguments=(str(export),))
    assert done.returncode == 0 and "Nothing more is asked." in done.stdout
    assert done.stderr == ""


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    done = _talk(tmp_path, "", "1", "5", arguments=(str(tmp_path / "gone"),))
    assert done.stdout.count("No such file or directory") == 2


@pytest.mark.parametrize("name", ["esc\x1b[2J.jpg", os.fsdecode(b"\xff.jpg")])
def test_hostile_names_are_inert(tmp_path: Path, name: str) -> None:
    export = takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg")})
    os.rename(export / "Google Photos" / "Photos from 2019" / "a.jpg", export / name)
    done = _talk(tmp_path, "", "2", "5", arguments=(str(export), str(export / name)))
    assert "\x1b" not in done.stdout
