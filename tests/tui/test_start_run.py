"""Before a run, the app asks the user what must be decided. A key that opens a screen does not act on that screen."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from app_pilot import ControlledRun, make_session, run_app, text, wait_for_text, wait_until
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import OptionList

from pef_tui.manifest.lock import DestLock
from pef_tui.tui.screens.start_run import reasons_to_ask
from pef_tui.tui.widgets.path_input import PathInput

MISSING_PART = ("takeout-20260115T101112Z-001", "takeout-20260115T101112Z-003")


@pytest.fixture
def parts(export: Path, tmp_path: Path) -> list[Path]:
    """Return two parts of an export whose second part is missing."""
    paths = [tmp_path / name for name in MISSING_PART]
    for path in paths:
        shutil.copytree(export, path / "Takeout")
    return paths


def files_of(folder: Path) -> dict[Path, tuple[bytes, int]]:
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("in_place", [False, True])
def test_the_key_of_the_preview_does_not_start_the_run(export: Path, tmp_path: Path, in_place: bool) -> None:
    session = make_session(tmp_path, export, in_place=in_place)
    before = files_of(export)

    async def script(pilot: Pilot[Any]) -> None:
        await wait_for_text(pilot, "3 pictures")
        for _ in range(3):  # `Pilot.press` would wait for the screen after each key
            pilot.app.post_message(Key("f5", None))
        await wait_for_text(pilot, "planned in", "[Review]")
        assert "Start the run?" not in text(pilot.app)

    run_app(session, script)
    assert session.run is None
    assert files_of(export) == before


def test_in_place_is_asked_for_and_back_is_the_first_answer(export: Path, tmp_path: Path) -> None:
    session = make_session(tmp_path, export, in_place=True)
    before = files_of(export)

    async def script(pilot: Pilot[Any]) -> None:
        await wait_for_text(pilot, "3 pictures")
        await pilot.press("f5")
        await wait_for_text(pilot, "planned in")
        await pilot.pause(1)
        await pilot.press("f5")
        await wait_for_text(pilot, "Change the files in the source?", "changes 2 files", "To undo the run")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Change the files" not in text(pilot.app))
        assert session.run is None and files_of(export) == before
        await pilot.press("f5")
        await wait_for_text(pilot, "Change the files in the source?")
        await pilot.press("down", "enter")
        await wait_for_text(pilot, "[Done]")

    run_app(session, script)
    assert session.run is not None and session.run.ending == "done"
    assert files_of(export) != before


@pytest.mark.long
@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
def test_a_missing_part_is_in_sight_and_asked_about(
    parts: list[Path], tmp_path: Path, size: tuple[int, int], controlled_run: ControlledRun
) -> None:
    session = make_session(tmp_path, *parts)

    async def script(pilot: Pilot[Any]) -> None:
        await wait_for_text(pilot, "6 pictures", "Warning", "takeout-20260115T101112Z")
        await pilot.press("f6")
        await wait_for_text(pilot, "part 002")
        await pilot.press("escape", "f5")
        await wait_for_text(pilot, "[Review]")
        session.preview.join(20)  # type: ignore[union-attr]
        await pilot.pause(1)
        await pilot.press("f5")
        await wait_for_text(pilot, "Start the run?", "part 002")
        await pilot.press("down", "enter")
        await wait_for_text(pilot, "[Run]")

    run_app(session, script, size)


@pytest.mark.parametrize("relative", [False, True])
def test_an_output_folder_in_use_stops_the_preview_at_once(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    session = make_session(tmp_path, export)

    async def script(pilot: Pilot[Any]) -> None:
        await wait_for_text(pilot, "3 pictures")
        pilot.app.screen.query_one("#output", PathInput).value = "out" if relative else str(tmp_path / "out")
        await pilot.press("f5")
        await wait_for_text(pilot, "another run is writing there", "[Choose]")

    with DestLock(str(tmp_path / "out")):
        run_app(session, script)
    assert session.preview is None


async def _change(pilot: Pilot[Any], name: str, *keys: str) -> None:
    """Change a setting on the Settings screen, and go back to the Review screen."""
    await pilot.press("f2")
    rows = pilot.app.screen.query_one(OptionList)
    rows.highlighted = rows.get_option_index(name)
    await pilot.press("enter", *keys, "enter")
    await pilot.press("escape")
    await wait_for_text(pilot, "[Review]")


def test_a_setting_changed_after_the_preview_makes_it_again(export: Path, tmp_path: Path) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Pilot[Any]) -> None:
        await wait_for_text(pilot, "3 pictures")
        await pilot.press("f5")
        await wait_for_text(pilot, "planned in")
        first = session.preview
        await _change(pilot, "theme", "down")
        assert session.preview is first
        await _change(pilot, "existing", "down")
        await wait_until(pilot, lambda: session.preview is not first)
        await wait_for_text(pilot, "planned in")
        assert session.preview is not None and session.preview.settings.existing == "overwrite"
        assert not session.is_preview_outdated

    run_app(session, script)


def test_a_setting_changed_after_the_preview_is_checked(parts: list[Path], tmp_path: Path) -> None:
    session = make_session(tmp_path, *parts)

    async def script(pilot: Pilot[Any]) -> None:
        await wait_for_text(pilot, "6 pictures")
        await pilot.press("f5")
        await wait_for_text(pilot, "planned in")
        await _change(pilot, "in_place", "down")
        await pilot.pause(1)
        await pilot.press("f5")
        await wait_for_text(pilot, "takes one SOURCE")

    run_app(session, script)
    assert session.run is None


def test_a_run_without_problems_starts_at_once(export: Path, tmp_path: Path) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Pilot[Any]) -> None:
        await wait_for_text(pilot, "3 pictures")
        await pilot.press("f5")
        await wait_for_text(pilot, "planned in")
        assert not [reason for reason in reasons_to_ask(session) if "ExifTool" not in reason]
        await pilot.pause(1)
        await pilot.press("f5")
        await wait_for_text(pilot, "[Done]")

    run_app(session, script)


def test_an_incomplete_preview_is_asked_about(
    export: Path, tmp_path: Path, controlled_run: ControlledRun
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Pilot[Any]) -> None:
        await wait_for_text(pilot, "3 pictures")
        await pilot.press("f5")
        await wait_for_text(pilot, "[Review]")
        await pilot.pause(1)
        await pilot.press("f5")
        await wait_for_text(pilot, "Start the run?", "The preview is not complete")
        await pilot.press("escape")
        await wait_until(pilot, lambda: "Start the run?" not in text(pilot.app))
        assert session.run is None
        controlled_run.give()

    run_app(session, script)
