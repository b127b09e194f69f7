from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mixed_export import PICTURES, mixed_export
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


def test_a_whole_run_by_numbered_questions(tmp_path: Path, export: Path) -> None:
    first_run = _talk(tmp_path, "0", "nowhere", f"{export}*", "", "", "1", "2", "6", "7", "8", "9", "0")
    assert first_run.returncode == 0 and "\x1b" not in first_run.stdout
    assert "Not found: " in first_run.stdout
    assert "3 pictures, 0 videos, 2 JSON files" in first_run.stdout
    assert "Dry run: nothing was written." in first_run.stdout
    assert "5 files found" in first_run.stdout and "Immich" in first_run.stdout
    assert (tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg").is_file()
    output = tmp_path / "Takeout-fixed"
    assert f"    immich upload --recursive {output}\n" in first_run.stdout
    assert "3 files read back, 0 differ" in first_run.stdout and "nothing to undo" in first_run.stdout
    assert f"Report: {output}/" in first_run.stdout and "  finished: 5 files\n" in first_run.stdout
    second_run = _talk(tmp_path, "1", "", "0")
    assert "~/Takeout" in second_run.stdout and "3 files are complete from earlier runs" in second_run.stdout


def test_an_export_that_is_found_is_taken_by_its_number(tmp_path: Path) -> None:
    downloads = mixed_export(tmp_path / "Downloads", 5, 2, missing=(2,))
    process = _talk(tmp_path, "1", "", "2", "0")
    assert "  1  Takeout of 2026-01-15 in ~/Downloads: 4 parts and 2 folders, " in process.stdout
    assert "; part 2 is missing\n" in process.stdout
    assert f"{6 * PICTURES} pictures, 0 videos" in process.stdout
    assert len(list((downloads / "Photos-fixed").rglob("*.jpg"))) == 6 * PICTURES


def test_options_are_asked_for_and_checked(tmp_path: Path, export: Path) -> None:
    answers = ("~/mine", "10", "3", "1", "replace", "1", "overwrite", "0", "0")
    process = _talk(tmp_path, *answers, arguments=(str(export),))
    assert "Type a number from 0 to 9." in process.stdout
    assert "existing: fill, overwrite or never, not" in process.stdout
    assert "existing = overwrite" in process.stdout


def _undecided(tmp_path: Path) -> Path:
    """Make an export of two pictures with conflicts, one without a sidecar, and an orphan."""
    content = jpeg(1, exif=Exif("2019:12:05 14:00:00", make="Made up", model="Demo"))
    files: dict[str, Any] = {f"{folder}/a.jpg": Item(sidecar("a.jpg"), content) for folder in ("Trip", "Sea")}
    files["Sea/other.jpg"] = None
    files["Sea/another.jpg.json"] = sidecar("another.jpg")
    return takeout(tmp_path, files)


def _saved_rules(tmp_path: Path) -> list[dict[str, str]]:
    [path] = (tmp_path / ".local" / "state" / "pef-tui").glob("decisions-*.json")
    rules: list[dict[str, str]] = json.loads(path.read_text())["decisions"]
    return rules


def test_conflicts_are_decided_by_kind_and_file_and_undone(tmp_path: Path) -> None:
    export = _undecided(tmp_path)
    by_kind = ("1", "3")
    single = ("1", "1", "1", "1")
    first_run = _talk(tmp_path, "", "1", "5", *by_kind, *single, "0", "0", arguments=(str(export),))
    assert "Decide: 2 conflicts, 1 without a sidecar" in first_run.stdout
    assert "Google 2019:" in first_run.stdout and "the file 2019:12:05 14:00:00" in first_run.stdout
    general_rule, single_rule = _saved_rules(tmp_path)
    assert (
        general_rule["choice"] == "google" and not general_rule.get("file") and general_rule["unit"] == "date"
    )
    assert single_rule["choice"] == "keep" and single_rule["file"].endswith("/a.jpg")
    second_run = _talk(tmp_path, "", "1", "5", "3", "1", "0", "2", "0", arguments=(str(export),))
    assert "Undone: take Google's" in second_run.stdout
    assert _saved_rules(tmp_path) == [single_rule]


def test_an_assigned_sidecar_is_used_by_the_run(tmp_path: Path) -> None:
    export = _undecided(tmp_path)
    process = _talk(tmp_path, "", "1", "5", "2", "1", "1", "0", "2", "0", arguments=(str(export),))
    assert "Which sidecar belongs to other.jpg?" in process.stdout
    [rule] = _saved_rules(tmp_path)
    assert (rule["file"], rule["sidecar"]) == ("Sea/other.jpg", "another.jpg.json")
    assert "3 JSON files: 3 used" in process.stdout


def test_no_screen_is_imported() -> None:
    code = "import sys, pef_tui.tui.plain.app; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_end_of_the_input_ends_the_app(tmp_path: Path, export: Path) -> None:
    process = _talk(tmp_path, arguments=(str(export),))
    assert process.returncode == 0 and "End of input: no more questions." in process.stdout
    assert process.stderr == ""


def test_a_problem_that_blocks_the_preview_is_shown(tmp_path: Path) -> None:
    process = _talk(tmp_path, "", "1", "0", arguments=(str(tmp_path / "gone"),))
    assert process.stdout.count("No such file or directory") == 2


@pytest.mark.parametrize("name", ["esc\x1b[2J.jpg", os.fsdecode(b"\xff.jpg")])
def test_hostile_names_are_inert(tmp_path: Path, name: str) -> None:
    export = takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg")})
    os.rename(export / "Google Photos" / "Photos from 2019" / "a.jpg", export / name)
    process = _talk(tmp_path, "", "2", "0", arguments=(str(export), str(export / name)))
    assert "\x1b" not in process.stdout
