"""Decisions about files that SOURCE does not have: noted once if SOURCE has their folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import run_here
from replacement_cases import YEAR, PutExport, write_export

A, B = f"{YEAR}/a.jpg", f"{YEAR}/b.jpg"
HERE = f"Takeout/Google Photos/{YEAR}"
CASES: dict[str, tuple[list[str], str]] = {
    "as in source": ([f"{HERE}/a.jpg", f"{HERE}/b.jpg"], ""),
    "below Google Photos": ([A, B], ""),
    "one misspelled": ([A, f"{YEAR}/A.jpg"], "1 file that decisions name is"),
    "as in source, misspelled": ([f"{HERE}/c.jpg", A], "1 file that decisions name is"),
    "several": ([f"{YEAR}/c.jpg", f"{YEAR}/d.jpg", f"{YEAR}/d.jpg", A], "2 files that decisions name are"),
    "of another export": (["Photos from 2001/a.jpg", "Takeout/Google Photos/Trip/a.jpg"], ""),
    "of no export": (["a.jpg"], ""),
}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.parametrize("export", ["A", "A.zip"])
@pytest.mark.parametrize("case", CASES)
def test_decisions_about_files_that_are_not_there_are_noted(case: str, export: str, tmp_path: Path) -> None:
    files, expected = CASES[case]
    write_export(tmp_path, PutExport(export, {f"Takeout/Google Photos/{path}": path[-5] for path in (A, B)}))
    rules = [{"file": file, "choice": "keep"} for file in files]
    (tmp_path / "d.json").write_text(json.dumps({"decisions": rules}))
    for options in (("-n",), (), (), ("--force",)):
        lines = run_here(
            tmp_path / export, tmp_path / "out", "--decisions", str(tmp_path / "d.json"), *options
        )
        notes = [note for note in lines[-1].get("notes", []) if note.startswith("--decisions")]
        assert len(notes) == bool(expected), options
        if expected:
            missing = next(file for file in files if file[-5] not in "ab")
            assert expected in notes[0] and repr(missing) in notes[0]


def test_a_sidecar_for_a_file_that_is_not_there_is_noted(tmp_path: Path) -> None:
    write_export(tmp_path, PutExport("A", {A: "a"}))
    rules = [{"file": f"{YEAR}/c.jpg", "sidecar": "a.jpg.json"}]
    (tmp_path / "d.json").write_text(json.dumps({"decisions": rules}))
    lines = run_here(tmp_path / "A", tmp_path / "out", "--decisions", str(tmp_path / "d.json"))
    assert any(note.startswith("--decisions: 1 file") for note in lines[-1]["notes"])
