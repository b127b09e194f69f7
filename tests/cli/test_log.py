from __future__ import annotations

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pef_tui import log_file as logs
from pef_tui.cli.main import main
from pef_tui.config import ConfigError
from pef_tui.settings import Settings
from pef_tui.testing.export import sidecar, takeout


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path / "state" / "pef-tui"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    sidecar_json = sidecar("secret.jpg", place=(48.85, 2.35), people=["Ana Secret"], description="a secret")
    return takeout(
        tmp_path / "export",
        {"Trip/secret.jpg": sidecar_json, "Trip/bad \x1b[31m\n.jpg": b"text, no picture at all"},
    )


def run(export: Path, *options: str) -> int:
    return main(["--batch", "-q", "--no-config", str(export), "-o", str(export.parent / "out"), *options])


def test_a_failed_run_can_be_understood_from_its_log(export: Path, state: Path) -> None:
    assert run(export, "--timezone", "Europe/Berlin") == 3
    text = (state / "log").read_text()
    for report in (
        "pef-tui ",
        "Python ",
        "'timezone': 'Europe/Berlin'",
        str(export),
        "ExifTool none",
        "exit code 3",
    ):
        assert report in text
    failure = next(line for line in text.splitlines() if " ERROR " in line)
    assert r"failed: Google Photos/Trip/bad \x1b[31m\n.jpg" in failure and "the file is text" in failure
    assert "\x1b" not in text


def test_no_more_names_than_needed_unless_asked_for(export: Path, state: Path) -> None:
    run(export)
    text = (state / "log").read_text()
    assert "secret.jpg" not in text and "Ana" not in text and "48.85" not in text
    run(export, "-v", "--force")
    text = (state / "log").read_text()
    assert "secret.jpg" in text and "Ana" not in text and "48.85" not in text


def test_it_is_private(export: Path, state: Path) -> None:
    run(export)
    assert state.stat().st_mode & 0o777 == 0o700 and (state / "log").stat().st_mode & 0o777 == 0o600


def test_another_place(export: Path, state: Path, tmp_path: Path) -> None:
    run(export, "--log", str(tmp_path / "my.log"))
    assert "exit code" in (tmp_path / "my.log").read_text() and not state.exists()
    with pytest.raises(ConfigError, match="cannot be written"):
        logs.open_log(Settings(log="/nowhere/at/all"), {})


def test_a_dry_run_writes_none(export: Path, state: Path) -> None:
    run(export, "-n")
    assert not state.exists()


@pytest.mark.parametrize("home", [None, "", "relative", "/dev/null", "/proc/nowhere"])
def test_without_a_home_there_is_none(
    home: str | None, export: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", home or "")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert run(export) == 3
    assert "Traceback" not in capfd.readouterr().err


def test_a_large_one_is_begun_again_and_few_are_kept(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    logs.open_log(Settings(), {"XDG_STATE_HOME": str(state.parent)})
    for number in range(400):
        logging.getLogger("pef_tui.test").warning("note %d", number)
    retained = sorted(path.name for path in state.iterdir())
    assert retained == ["log", "log.1", "log.2", "log.3"]
    assert all(
        path.stat().st_size <= 2000 and path.stat().st_mode & 0o777 == 0o600 for path in state.iterdir()
    )
    assert "note 399" in (state / "log").read_text()


def test_a_full_disk_stops_no_run(state: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    logs.open_log(Settings(log="/dev/full"), {})
    logging.getLogger("pef_tui.test").error("told nobody")
    assert capfd.readouterr().err == ""


def test_a_new_one_that_cannot_be_opened_stops_no_run(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 600)
    logs.open_log(Settings(), {"XDG_STATE_HOME": str(state.parent)})
    note, real, tried = logging.getLogger("pef_tui.test").warning, os.open, []

    def full(*arguments: Any, **fields: Any) -> int:
        tried.append(arguments)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.open", full)
    for number in range(20):
        note("lost %d", number)
    assert tried, "the file was full meanwhile"
    monkeypatch.setattr("os.open", real)
    note("written again")
    assert "written again" in (state / "log").read_text()


def test_what_goes_wrong_in_the_program_is_reported_with_its_lines(state: Path) -> None:
    logs.open_log(Settings(), {"XDG_STATE_HOME": str(state.parent)})
    try:
        raise ValueError("a\nb\x1b[31m")
    except ValueError:
        logging.getLogger("pef_tui.test").exception("unexpected\nsecond")
    lines = (state / "log").read_text().splitlines()
    assert r"ERROR unexpected\nsecond" in lines[2] and "Traceback" in lines[3]
    assert "\x1b" not in "\n".join(lines)


@pytest.fixture(autouse=True)
def closed() -> object:
    yield None
    logger = logging.getLogger("pef_tui")
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        with suppress(OSError):
            handler.close()
