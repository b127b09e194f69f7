from __future__ import annotations

import os
from pathlib import Path

import pytest
from app_pilot import make_session

from pef_tui.tui.session.preflight import about_disk_space, about_output, size


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1500, "2 kB"), (52_100_000_000, "52.1 GB"), (3e12, "3.0 TB")],
)
def test_sizes_for_people(count: float, words: str) -> None:
    assert size(count) == words


def test_too_little_disk_space_is_reported_unless_an_earlier_run_wrote_there(tmp_path: Path) -> None:
    assert list(about_disk_space(str(tmp_path), 100, 200)) == []
    [word] = about_disk_space(str(tmp_path), 2_000_000_000, 1_000_000_000)
    assert word.level == "warning" and "1.0 GB free, 1.0 GB more" in word.text
    (tmp_path / ".pef-tui").mkdir()
    assert list(about_disk_space(str(tmp_path), 2_000_000_000, 1_000_000_000)) == []


def test_existing_files_in_the_output_are_reported(tmp_path: Path) -> None:
    assert list(about_output(str(tmp_path / "new"))) == []
    (tmp_path / "mine.txt").touch()
    assert [word.level for word in about_output(str(tmp_path))] == ["note"]


@pytest.mark.parametrize("name", ["file", "file/below", "folder", "new", "new/below"])
def test_an_output_that_cannot_be_a_folder_stops_the_run(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    stops = [message.text for message in about_output(str(tmp_path / name)) if message.level == "stop"]
    assert stops == (
        [f"{tmp_path}/file is not a folder, so the output cannot be written there"] if "file" in name else []
    )


def test_an_output_on_a_read_only_disk_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(tmp_path)

    class ReadOnly:
        f_flag = real.f_flag | os.ST_RDONLY

    monkeypatch.setattr(os, "statvfs", lambda path: ReadOnly())
    [message] = about_output(str(tmp_path / "new"))
    assert message.level == "stop" and "read-only" in message.text


def test_unfinished_and_finished_runs_are_reported(tmp_path: Path, export: Path) -> None:
    from pef_tui.manifest import Manifest, RunOpened

    session = make_session(tmp_path, export)
    run = session.start_run()
    run.join(60)
    [finished] = about_output(session.output)
    assert "3 files are complete from earlier runs" in finished.text
    manifest = Manifest.open(session.output, read_only=False)
    manifest.begin(RunOpened("two", 1_700_000_000_000_000_000, "1", b"", {}, {}))
    manifest.release()
    [unfinished] = about_output(session.output)
    assert "did not finish" in unfinished.text
