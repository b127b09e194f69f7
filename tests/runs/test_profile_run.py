"""`--profile`: how much time each part of a real run took."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import run_apart, run_here

from pef_tui.testing.export import sidecar, takeout


@pytest.fixture
def export(tmp_path: Path) -> Path:
    names = ("a.jpg", "b.jpg", "c.png", "d.mp4")
    return takeout(
        tmp_path / "Takeout",
        {f"Photos from 2019/{name}": sidecar(name, taken=1.5e9, place=(48.85, 2.35)) for name in names},
    )


def profile_of(path: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(path.read_text())
    return result


def test_every_stage_and_what_each_writer_did(tmp_path: Path, export: Path) -> None:
    path = tmp_path / "profile.json"
    run_here(export, tmp_path / "out", "--profile", str(path))
    profile = profile_of(path)
    assert (profile["files"], profile["media"]) == (8, 4)
    stages = [row["stage"] for row in profile["planning"]]
    assert stages[:5] == ["scan", "compare listings", "read sidecars", "match", "read tags"]
    assert stages[-2:] == ["plan", "wait for writers"] and "taken" in stages
    times = {row["stage"]: row["times"] for row in profile["planning"]}
    assert times["plan"] == 4 and times["match"] == 1
    assert all(row["seconds"] >= 0 for key in ("planning", "writing", "telling") for row in profile[key])
    assert sum(row["seconds"] for row in profile["planning"]) <= profile["seconds"] * 1.05
    formats = {(row["writer"], row["format"]): row["files"] for row in profile["formats"]}
    assert sum(formats.values()) == 4 and formats["native", "jpeg"] == 2
    assert profile["bytes"] == sum(row["bytes"] for row in profile["formats"]) > 0
    assert set(profile["at_work"]) == {"planning", "writing", "telling"}


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_what_workers_do_is_reported_wherever_they_are(tmp_path: Path, export: Path, executor: str) -> None:
    path = tmp_path / "profile.json"
    run_here(export, tmp_path / "out", "--profile", str(path), "--executor", executor)
    profile = profile_of(path)
    writing = {row["stage"]: row["times"] for row in profile["writing"]}
    assert {"copy", "check", "sync", "put in place", "record", "write native jpeg"} <= writing.keys()
    assert writing["write native jpeg"] == 2
    assert all(row["seconds"] > 0 for row in profile["formats"] if row["writer"] == "native")
    assert 0 < profile["at_work"]["writing"] <= 1


@pytest.mark.parametrize("state_before", [False, True])
def test_it_is_for_its_owner_alone(tmp_path: Path, export: Path, state_before: bool) -> None:
    path = tmp_path / "profile.txt"
    if state_before:
        path.write_text("as runs left it once")
        path.chmod(0o644)
    run_here(export, tmp_path / "out", "--profile", str(path))
    assert path.stat().st_mode & 0o777 == 0o600 and "once" not in path.read_text()


def test_in_words_with_nothing_to_do(tmp_path: Path, export: Path) -> None:
    run_here(export, tmp_path / "out")
    path = tmp_path / "profile.txt"
    run_here(export, tmp_path / "out", "--profile", str(path))
    text = path.read_text()
    assert "8 files in" in text and "compare listings" in text and "at work: planning" in text
    assert "writer, format" in text and "native" not in text


def test_a_file_that_cannot_be_written_is_reported_before_anything(tmp_path: Path, export: Path) -> None:
    result = run_apart(export, tmp_path / "out", "--profile", str(tmp_path / "gone" / "p.txt"))
    assert result.returncode == 2
    assert result.stderr.decode().count("\n") == 1 and "--profile" in result.stderr.decode()
    assert not (tmp_path / "out").exists()


def test_a_preview_has_a_profile_too(tmp_path: Path, export: Path) -> None:
    path = tmp_path / "p.json"
    run_here(export, tmp_path / "out", "--dry-run", "--profile", str(path))
    assert {row["writer"] for row in profile_of(path)["formats"]} >= {"native"}  # would write
    assert profile_of(path)["bytes"] == 0
    assert not (tmp_path / "out").exists()
