"""Sources that contain the output folder of an earlier run, or of this run."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event

import pytest
from commands import Line, outcomes, run_here, run_with, tree
from export_layouts import Y, lay, picture

from pef_tui.model import Source
from pef_tui.sources.directory import DirectoryReader

FILES = picture("a.jpg", 1) | picture("b.jpg", 2)
NOTE = "the output folder of an earlier run (it has .pef-tui), left out"


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def adds_up(lines: list[Line]) -> bool:
    summary = lines[-1]
    counts = sum(summary["media"].values()) + sum(summary["json"].values()) + summary["other"]
    return bool(summary["found"] == counts == len(lines) - 2)


def notes(lines: list[Line]) -> str:
    return "\n".join(lines[-1].get("notes", ()))


@pytest.mark.parametrize("place", ["Takeout-fixed", "Takeout/Google Photos/fixed", "a/b/c"])
def test_an_earlier_output_is_left_out_and_told(place: str, tmp_path: Path) -> None:
    source = lay(tmp_path / "source", FILES)
    expected = outcomes(run_here(source, tmp_path / "expected"))
    shutil.copytree(tmp_path / "expected", source / place)
    before = tree(source)
    for number in range(3):
        lines = run_here(source, tmp_path / "out", *(("--dry-run",) if number == 0 else ()))
        assert notes(lines).count(f"'{place}': {NOTE}") == 1
        assert lines[-1]["problems"] == [f"'{place}': {NOTE}"]
        assert adds_up(lines)
        assert set(outcomes(lines)) == set(expected)
    assert tree(tmp_path / "out") == tree(tmp_path / "expected")
    assert tree(source) == before


def test_an_earlier_output_is_told_if_nothing_changed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = lay(tmp_path / "source", FILES)
    run_here(source, source / "fixed")
    capfd.readouterr()
    for _ in range(3):
        run_with(["--batch", "-q", "--no-config", str(source), "-o", str(tmp_path / "out")])
        assert capfd.readouterr().err == f"'fixed': {NOTE}\n"


def test_a_folder_that_was_written_in_place_is_a_part_of_the_export(tmp_path: Path) -> None:
    source = lay(tmp_path / "source", {f"one/{name}": data for name, data in FILES.items()})
    run_with(["--batch", "--json", "--no-config", "--in-place", str(source / "one")])
    lines = run_here(source, tmp_path / "out")
    assert NOTE not in notes(lines)
    assert sum(lines[-1]["media"].values()) == 2
    run_with(["--no-config", "-q", "--undo", "last", str(source / "one")])
    assert sum(run_here(source, tmp_path / "out2")[-1]["media"].values()) == 2


def test_the_output_folder_in_a_source_is_told(tmp_path: Path) -> None:
    source = lay(tmp_path / "source", FILES)
    for _ in range(2):
        lines = run_here(source, source / Y / "fixed")
        assert f"DEST {source / Y / 'fixed'}: is in SOURCE {source};" in notes(lines)
        assert NOTE not in notes(lines)
        assert adds_up(lines) and lines[-1]["found"] == 4


def test_a_source_that_is_an_output_folder_is_told(tmp_path: Path) -> None:
    run_here(lay(tmp_path / "source", FILES), tmp_path / "out")
    assert f"SOURCE {tmp_path / 'out'}: is the output folder of an earlier run" in notes(
        run_here(tmp_path / "out", tmp_path / "again")
    )


def test_the_files_of_an_earlier_output_are_not_counted(tmp_path: Path) -> None:
    source = lay(tmp_path / "source", FILES)
    run_here(source, source / "fixed")
    reader = DirectoryReader(Source(0, str(source), "directory"))
    assert reader.count_files(Event()) == 4
    assert sum(len(listing.files) for listing in reader.listings()) == 4
