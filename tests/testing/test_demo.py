from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pef_tui.formats import HEAD, detect
from pef_tui.testing import demo, takeout
from pef_tui.testing.demo_export import LONG, demo_files

ROOT = Path(__file__).parents[2]


def run(folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    """Run the demo as `make demo` does, in this folder. Programs are found only in `path`."""
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "pef_tui.testing.demo"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def shown(text: str, label: str) -> list[str]:
    """Return what the lines of the demo with this label show after the fix."""
    return [line[39:].strip() for line in text.splitlines() if line.startswith(f"  {label}")]


def fits_a_screen(text: str) -> bool:
    lines = text.splitlines()
    return len(lines) <= 60 and max(map(len, lines)) <= 80


def test_the_export_has_what_real_ones_have(tmp_path: Path) -> None:
    source = takeout(tmp_path, demo_files())
    files = [path for path in source.rglob("*") if path.is_file()]
    formats = {actual.name for path in files if (actual := detect(path.read_bytes()[:HEAD]))}
    names = {path.name for path in files}
    assert len(formats) >= 12
    assert len(LONG) == 60 and LONG not in names
    assert {"IMG_0007.jpg(1).json", "camera.jpg.supplemental-metadata.json", "metadata.json"} <= names
    assert {path.parent.name for path in files} == {
        "Google Photos",
        "Photos from 2019",
        "Photos from 2020",
        "Rio 🏖",
    }


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = tmp_path / "Takeout" / "mine.jpg"
    foreign.parent.mkdir()
    foreign.write_bytes(b"mine")
    assert demo.main([str(tmp_path)]) == 2
    assert foreign.read_bytes() == b"mine"
    assert "contains other files" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["a", "b"]])
def test_what_is_no_folder_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo.main(words) == 2
    assert "the folder" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_what_is_missing_is_reported(tmp_path: Path) -> None:
    fixed = takeout(tmp_path, demo_files()) / "Google Photos"
    assert len(demo.missing(tmp_path / "nowhere")) == len(demo.SHOWN_FILES)
    problems = demo.missing(fixed)
    assert problems and all(problem.endswith("still has the time of the export") for problem in problems)


@pytest.mark.exiftool
@pytest.mark.skipif(not shutil.which("exiftool") and "CI" not in os.environ, reason="needs ExifTool")
def test_the_demo_fixes_and_shows(tmp_path: Path) -> None:
    result = run(tmp_path, os.environ["PATH"])
    assert (result.returncode, result.stderr) == (0, "")
    assert shown(result.stdout, "taken")[0] == "2019:07:01 12:34:56+02:00"
    assert "-33.8568, +151.2153" in shown(result.stdout, "place")
    assert "Ann, Bob" in shown(result.stdout, "people")
    assert "shared.heic -> shared.jpg" in result.stdout
    assert fits_a_screen(result.stdout)
    assert run(tmp_path, os.environ["PATH"]).returncode == 0


def test_the_demo_without_exiftool_states_what_is_missing(tmp_path: Path) -> None:
    result = run(tmp_path, str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")
    assert "apt install libimage-exiftool-perl" in result.stdout
    assert shown(result.stdout, "file time")[0] == "2019-07-01 10:34:56 UTC"
    assert "+48.8606, +2.3376" in shown(result.stdout, "place")
    assert fits_a_screen(result.stdout)
