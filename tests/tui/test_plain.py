from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from terminal import environment

from pef_tui.testing.exif import Exif
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg


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
    done = _talk(tmp_path, "nowhere", str(export), "", "", "1", "2", "6")
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


def _undecided(tmp_path: Path) -> Path:
    """Two pictures in conflict with their sidecars; one without a sidecar, and a sidecar without a picture."""
    own = jpeg(1, exif=Exif("2019:12:05 14:00:00", make="Made up", model="Demo"))
    files: dict[str, Any] = {f"{folder}/a.jpg": Item(sidecar("a.jpg"), own) for folder in ("Trip", "Sea")}
    files["Sea/other.jpg"] = None
    files["Sea/another.jpg.json"] = sidecar("another.jpg")
    return takeout(tmp_path, files)


def _kept(tmp_path: Path) -> list[dict[str, str]]:
    [path] = (tmp_path / ".local" / "state" / "pef-tui").glob("decisions-*.json")
    rules: list[dict[str, str]] = json.loads(path.read_text())["decisions"]
    return rules


def test_conflicts_are_decided_by_kind_album_and_file_and_taken_back(tmp_path: Path) -> None:
    export = _undecided(tmp_path)
    by_kind = ("1", "3")
    single = ("1", "1", "1", "1")
    done = _talk(tmp_path, "", "1", "5", *by_kind, *single, "4", "6", arguments=(str(export),))
    assert "Decide: 2 conflicts, 1 without a sidecar" in done.stdout
    assert "Google 2019:" in done.stdout and "the file 2019:12:05 14:00:00" in done.stdout
    everywhere, alone = _kept(tmp_path)
    assert everywhere["choice"] == "google" and not everywhere.get("file") and everywhere["unit"] == "date"
    assert alone["choice"] == "keep" and alone["file"].endswith("/a.jpg")
    again = _talk(tmp_path, "", "1", "5", "3", "1", "4", "2", "6", arguments=(str(export),))
    assert "Taken back: take Google's" in again.stdout
    assert _kept(tmp_path) == [alone]


def test_a_picture_is_given_its_sidecar_and_the_run_goes_by_it(tmp_path: Path) -> None:
    export = _undecided(tmp_path)
    done = _talk(tmp_path, "", "1", "5", "2", "1", "1", "4", "2", "6", arguments=(str(export),))
    assert "Which sidecar is that of other.jpg?" in done.stdout
    [rule] = _kept(tmp_path)
    assert (rule["file"], rule["sidecar"]) == ("Sea/other.jpg", "another.jpg.json")
    assert "3 JSON files: 3 used" in done.stdout


def test_no_screen_is_imported() -> None:
    code = "import sys, pef_tui.tui.plain; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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
