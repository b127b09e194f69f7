from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_pilot import ControlledRun, make_session, run_app, text, wait_for_text, wait_until
from textual.widgets import OptionList

from pef_tui.errors import DestLocked
from pef_tui.pipeline import run as pipeline
from pef_tui.tui.app import ABANDON_RUN
from pef_tui.tui.screens.choose import ChooseScreen
from pef_tui.tui.screens.done import DoneScreen
from pef_tui.tui.screens.run import RunScreen
from pef_tui.tui.screens.settings import SettingsScreen

SIZES = [(60, 20), (80, 24), (120, 40)]


async def _start_run(pilot: Any) -> None:
    pilot.app.go("run")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))


@pytest.mark.parametrize("size", SIZES)
def test_the_progress_of_a_run_is_shown(
    tmp_path: Path, export: Path, controlled_run: ControlledRun, size: tuple[int, int]
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _start_run(pilot)
        await wait_for_text(pilot, "Takeout-fixed", "reading the sources")
        controlled_run.give(5)
        await wait_for_text(pilot, "4 written", "1 failed", "writing", "Photos from 2019")
        await wait_for_text(pilot, r"disk of [red]DEST[/red] is full \x1b[31m"[:12])
        assert "\x1b" not in text(pilot.app)
        controlled_run.give()
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await wait_for_text(pilot, "8    written", "2    failed", "10  files found", "but 2 failed")

    run_app(session, script, size)


def test_a_run_pauses_and_resumes(tmp_path: Path, export: Path, controlled_run: ControlledRun) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _start_run(pilot)
        controlled_run.give(2)
        await wait_for_text(pilot, "2 written")
        await pilot.press("p")
        await wait_for_text(pilot, "paused")
        controlled_run.give()
        await pilot.pause(0.3)
        assert controlled_run.started == 2
        await pilot.press("p")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))

    run_app(session, script)
    assert controlled_run.started == 10


@pytest.mark.parametrize("key", ["s", "ctrl+c", "q"])
def test_a_run_stops_only_after_confirmation(
    tmp_path: Path, export: Path, controlled_run: ControlledRun, key: str
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _start_run(pilot)
        controlled_run.give(1)
        await wait_for_text(pilot, "1 written")
        await pilot.press(key)
        await wait_for_text(pilot, "Stop the run?", "Keep watching")
        await pilot.press("escape")
        await pilot.press(key, "enter")
        await pilot.pause()
        assert session.is_running
        await pilot.press(key, "down", "enter")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await wait_for_text(pilot, "Stopped.", "The next run continues")

    run_app(session, script)
    assert session.run is not None and session.run.ending == "stopped"


@pytest.mark.parametrize(("downs", "result"), [(2, 0), (3, ABANDON_RUN)])
def test_the_screen_closes_during_a_run(
    tmp_path: Path, export: Path, controlled_run: ControlledRun, downs: int, result: int
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _start_run(pilot)
        await pilot.press("ctrl+c", *["down"] * downs, "enter")
        await pilot.pause()
        assert session.is_running

    assert run_app(session, script).return_value == result


def test_a_run_continues_behind_another_screen(
    tmp_path: Path, export: Path, controlled_run: ControlledRun
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _start_run(pilot)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))
        await pilot.press("f5")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("f2")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))
        controlled_run.give()
        await wait_until(pilot, lambda: not session.is_running)
        assert isinstance(pilot.app.screen, SettingsScreen)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))

    run_app(session, script)


def test_a_failed_run_shows_why_and_other_sources_can_be_chosen(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Any:
        raise DestLocked("another run is at work in [bold]x[/bold]\x1b[2J")
        yield

    monkeypatch.setattr(pipeline, "run", fails)
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        await wait_for_text(pilot, "The run failed: another run is at work in [bold]x[/bold]\\x1b[2J")
        await pilot.press("s")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))

    run_app(session, script)
    assert session.run is None


def test_an_unexpected_error_is_one_line(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> Any:
        raise ZeroDivisionError("[/x]")
        yield

    monkeypatch.setattr(pipeline, "run", breaks)
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        await wait_for_text(pilot, "unexpected: ZeroDivisionError: [/x]")

    run_app(session, script)


def test_problems_are_listed_by_cause_with_advice(
    tmp_path: Path, export: Path, controlled_run: ControlledRun
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _start_run(pilot)
        controlled_run.give()
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await wait_for_text(pilot, "2  failed", "2 files were not written", "Immich")
        await pilot.press("y", "enter")
        await wait_for_text(pilot, "clipboard of the terminal")
        assert pilot.app.clipboard.startswith("immich upload --recursive")
        await pilot.press("escape", "y", "j", "enter")
        await wait_for_text(pilot, "clipboard of the terminal")
        assert pilot.app.clipboard.startswith("pef-tui --batch ")
        await pilot.press("escape")
        pilot.app.screen.query_one("#problems", OptionList).focus()
        await pilot.press("home", "enter")
        await wait_for_text(pilot, "Free space on the disk", "Photos from 2019/4.jpg")
        await pilot.press("escape", "r")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        assert (
            session.run is not None
            and session.run.settings.retry_failed
            and not session.settings.retry_failed
        )
        controlled_run.give()
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await pilot.press("a")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        assert not session.run.settings.retry_failed

    run_app(session, script, (120, 40))


def test_a_real_run_from_choose_to_done(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await wait_until(pilot, lambda: session.preview is not None and session.preview.is_over)
        await pilot.pause(1)  # a key just after a new screen counts as a repetition of the key before
        await pilot.press("f5")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen), 30)
        await wait_for_text(pilot, "3  pictures and videos", "1    without a sidecar", "5  files found")

    run_app(session, script)
    assert (tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg").is_file()
    assert session.run is not None and session.run.progress.file_count == session.expected_files == 5
    assert session.run.cost == session.preview.cost > 0  # type: ignore[union-attr]
