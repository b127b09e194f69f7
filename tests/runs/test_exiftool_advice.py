"""The advice to replace an old ExifTool: said once, and silenced by a setting, in runs, the doctor and the app."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from commands import PEF_TUI, run_with

from pef_tui.settings import Settings
from pef_tui.testing import sidecar, takeout
from pef_tui.tui.session.preflight import about_exiftool
from pef_tui.tui.session.run_thread import RunThread


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ExifTool that states an old version."""
    path = tmp_path / "bin" / "exiftool"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\necho 12.40\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    return path


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg")})


def words(*arguments: str, **environment: str) -> str:
    command = [*PEF_TUI, "--no-config", *arguments]
    environ = {**os.environ, **environment}
    result = subprocess.run(command, capture_output=True, env=environ, timeout=100, check=False)
    return (result.stdout + result.stderr).decode()


def test_a_run_says_it_once(old: Path, export: Path, tmp_path: Path) -> None:
    run = ("--batch", str(export), "-o", str(tmp_path / "out"))
    for _ in range(3):  # the first run, one that compares, and one whose ExifTool changed meanwhile
        assert words(*run).count("12.40 is old") == 1
    old.write_text("#!/bin/sh\n\necho 12.41\n")
    assert words(*run).count("is old") == 1


@pytest.mark.parametrize("origin", ["flag", "environment", "config"])
def test_the_setting_silences_it(old: Path, export: Path, tmp_path: Path, origin: str) -> None:
    (tmp_path / "config.toml").write_text("no_exiftool_advice = true\n")
    options = {"flag": ["--no-exiftool-advice"], "config": ["--config", str(tmp_path / "config.toml")]}
    environment = {"PEF_TUI_NO_EXIFTOOL_ADVICE": "1"} if origin == "environment" else {}
    for action in (["--batch", str(export), "-o", str(tmp_path / "out")], ["--doctor"]):
        assert "is old" in words(*action)
        text = words(*action, *options.get(origin, []), **environment)
        assert "is old" not in text and "13.54" not in text


def test_the_flag_has_an_opposite(old: Path, export: Path, tmp_path: Path) -> None:
    run = ("--batch", str(export), "-o", str(tmp_path / "out"), "--exiftool-advice")
    assert "is old" in words(*run, PEF_TUI_NO_EXIFTOOL_ADVICE="1")


def test_the_app_says_it_before_a_run_only(old: Path, export: Path, tmp_path: Path) -> None:
    settings = Settings(sources=(str(export),), output=str(tmp_path / "out"))
    [message] = about_exiftool(settings)
    assert "12.40 is old" in message.text and "13.54" in message.text
    assert not list(about_exiftool(Settings(no_exiftool_advice=True)))
    from pef_tui.plugins.host import PluginHost

    run = RunThread(settings, lambda: PluginHost(settings), lambda record: None)
    run.start()
    run.join(100)
    assert run.ending == "done" and not any("is old" in note for note in run.progress.notes)


def test_show_config_has_it() -> None:
    lines = run_with(["--show-config", "--json", "--no-config", "--no-exiftool-advice"])
    [line] = [line for line in lines if line["name"] == "no_exiftool_advice"]
    assert (line["value"], line["origin"]) == (True, "flag --no-exiftool-advice")
