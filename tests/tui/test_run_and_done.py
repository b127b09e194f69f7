from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_cases import Told, made_flow, piloted, shown, text, until
from textual.widgets import OptionList

from pef_tui import pipeline
from pef_tui.errors import DestHeld
from pef_tui.tui.app import AT_ONCE
from pef_tui.tui.choose import ChooseScreen
from pef_tui.tui.done import DoneScreen
from pef_tui.tui.run import RunScreen
from pef_tui.tui.settings_screen import SettingsScreen

SIZES = [(60, 20), (80, 24), (120, 40)]


async def _begun(pilot: Any) -> None:
    pilot.app.go("run")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))


@pytest.mark.parametrize("size", SIZES)
def test_a_run_is_shown_as_it_goes(tmp_path: Path, export: Path, told: Told, size: tuple[int, int]) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _begun(pilot)
        await shown(pilot, "Takeout-fixed", "reading the sources")
        told.give(5)
        await shown(pilot, "4 written", "1 failed", "writing", "Photos from 2019")
        await shown(pilot, r"disk of [red]DEST[/red] is full \x1b[31m"[:12])
        assert "\x1b" not in text(pilot.app)
        told.give()
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await shown(pilot, "8    written", "2    failed", "10  files found", "but 2 failed")

    piloted(flow, script, size)


def test_a_run_pauses_and_goes_on(tmp_path: Path, export: Path, told: Told) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _begun(pilot)
        told.give(2)
        await shown(pilot, "2 written")
        await pilot.press("p")
        await shown(pilot, "paused")
        told.give()
        await pilot.pause(0.3)
        assert told.begun == 2
        await pilot.press("space")
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))

    piloted(flow, script)
    assert told.begun == 10


@pytest.mark.parametrize("key", ["s", "ctrl+c", "q"])
def test_a_run_is_stopped_after_the_batch_only_when_that_is_answered(
    tmp_path: Path, export: Path, told: Told, key: str
) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _begun(pilot)
        told.give(1)
        await shown(pilot, "1 written")
        await pilot.press(key)
        await shown(pilot, "Stop the run?", "Go on watching")
        await pilot.press("escape")
        await pilot.press(key, "enter")
        await pilot.pause()
        assert flow.running
        await pilot.press(key, "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await shown(pilot, "Stopped.", "A later run goes on from there")

    piloted(flow, script)
    assert flow.run is not None and flow.run.ending == "stopped"


@pytest.mark.parametrize(("downs", "result"), [(2, 0), (3, AT_ONCE)])
def test_the_screen_is_left_while_the_run_goes_on_or_at_once(
    tmp_path: Path, export: Path, told: Told, downs: int, result: int
) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _begun(pilot)
        await pilot.press("ctrl+c", *["down"] * downs, "enter")
        await pilot.pause()
        assert flow.running

    assert piloted(flow, script).return_value == result


def test_a_run_goes_on_behind_another_screen(tmp_path: Path, export: Path, told: Told) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _begun(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen))
        told.give()
        await until(pilot, lambda: not flow.running)
        assert isinstance(pilot.app.screen, SettingsScreen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))

    piloted(flow, script)


def test_a_run_that_fails_says_why_and_the_sources_can_be_chosen_anew(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Any:
        raise DestHeld("another run is at work in [bold]x[/bold]\x1b[2J")
        yield

    monkeypatch.setattr(pipeline, "run", fails)
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        await shown(pilot, "The run failed: another run is at work in [bold]x[/bold]\\x1b[2J")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))

    piloted(flow, script)
    assert flow.run is None


def test_what_nobody_expected_is_one_line(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> Any:
        raise ZeroDivisionError("[/x]")
        yield

    monkeypatch.setattr(pipeline, "run", breaks)
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        await shown(pilot, "unexpected: ZeroDivisionError: [/x]")

    piloted(flow, script)


def test_problems_are_by_cause_with_what_to_do(tmp_path: Path, export: Path, told: Told) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _begun(pilot)
        told.give()
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await shown(pilot, "2  failed", "Immich")
        pilot.app.screen.query_one("#problems", OptionList).focus()
        await pilot.press("home", "enter")
        await shown(pilot, "Make room on the disk", "Photos from 2019/4.jpg")
        await pilot.press("escape", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        assert flow.run is not None and flow.run.settings.retry_failed and not flow.settings.retry_failed
        told.give()
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        assert not flow.run.settings.retry_failed

    piloted(flow, script, (120, 40))


def test_choose_to_done_for_real(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await until(pilot, lambda: flow.preview is not None and flow.preview.over)
        await pilot.press("f5")
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen), 30)
        await shown(pilot, "3  pictures and videos", "1    without a sidecar", "5  files found")

    piloted(flow, script)
    assert (tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg").is_file()
    assert flow.run is not None and flow.run.progress.found == flow.expected == 5
    assert flow.run.cost == flow.preview.cost > 0  # type: ignore[union-attr]
