from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, text, wait_for_text, wait_until
from textual.widgets import Input, OptionList

from pef_tui.config import options
from pef_tui.tui.screens.settings import HIDDEN
from pef_tui.tui.session.session import Session

SIZES = [(60, 20), (80, 24), (120, 40)]


def _config(tmp_path: Path) -> Path:
    return tmp_path / "config" / "pef-tui" / "config.toml"


@pytest.mark.parametrize("size", SIZES)
def test_every_setting_is_listed_with_meaning_and_origin(tmp_path: Path, size: tuple[int, int]) -> None:
    session = make_session(tmp_path, workers="3")

    async def script(pilot: Any) -> None:
        await pilot.press("f2")
        await wait_for_text(pilot, "[Settings]", "output", "default")
        rows = pilot.app.screen.query_one(OptionList)
        assert rows.option_count == len(options()) - len(HIDDEN)
        for name in options().keys() - HIDDEN:
            rows.highlighted = rows.get_option_index(name)
            await pilot.pause()
            assert options()[name].flag in text(pilot.app), name
        rows.highlighted = rows.get_option_index("workers")
        await wait_for_text(pilot, "3, from flag --workers", "PEF_TUI_WORKERS")

    run_app(session, script, size)


def test_a_setting_is_changed_reset_and_saved(tmp_path: Path) -> None:
    path = _config(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("# mine\nworkers = 2 # two\n\n[plugins]\ndisable = []\n")
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await pilot.press("f2")
        rows = pilot.app.screen.query_one(OptionList)

        async def on(name: str, *keys: str) -> None:
            rows.highlighted = rows.get_option_index(name)
            await pilot.press(*keys)

        await on("existing", "enter", "down", "enter")
        await on("unmatched", "enter", "down", "enter")
        await on("unmatched", "D")
        await on("workers", "enter")
        await wait_for_text(pilot, "parallel writers")
        pilot.app.screen.query_one(Input).value = "many"
        await pilot.press("enter")
        await wait_for_text(pilot, "a whole number from 0 to 256")
        pilot.app.screen.query_one(Input).value = "4"
        await pilot.press("enter")
        await on("exclude", "enter")
        pilot.app.screen.query_one(Input).value = '*.gif, "odd".png'
        await pilot.press("enter")
        await pilot.press("w")
        await wait_for_text(pilot, "saved to")

    run_app(session, script)
    assert (session.settings.existing, session.settings.unmatched, session.settings.workers) == (
        "overwrite",
        "copy",
        4,
    )
    saved = tomllib.loads(path.read_text())
    assert saved == {
        "workers": 4,
        "existing": "overwrite",
        "exclude": ["*.gif", '"odd".png'],
        "plugins": {"disable": []},
    }
    assert path.read_text().startswith("# mine\n")
    assert session.origins["existing"] == str(path)


def test_a_file_that_cannot_be_changed_is_kept_and_reported(tmp_path: Path) -> None:
    path = _config(tmp_path)
    path.parent.mkdir(parents=True)
    session = make_session(tmp_path)
    path.write_text("this is no TOML")

    async def script(pilot: Any) -> None:
        await pilot.press("f2", "w")
        await wait_for_text(pilot, "No change to save")
        session.change(existing="never")
        await pilot.press("w")
        await wait_until(
            pilot,
            lambda: any(
                "was not changed" in notification.message for notification in pilot.app._notifications
            ),
        )

    run_app(session, script)
    assert path.read_text() == "this is no TOML"


def test_the_theme_changes_immediately(tmp_path: Path) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await pilot.press("f2")
        rows = pilot.app.screen.query_one(OptionList)
        rows.highlighted = rows.get_option_index("theme")
        await pilot.press("enter", "down", "down", "enter")
        await wait_until(pilot, lambda: pilot.app.theme == "pef-light")

    run_app(session, script)


def _with_plugins(tmp_path: Path) -> Session:
    (tmp_path / "mine.py").write_text(
        "from pef_tui import hookimpl\n@hookimpl\ndef pef_checks(settings):\n    return ()\n"
    )
    (tmp_path / "broken.py").write_text("raise RuntimeError('[/x] does not work')\n")
    return make_session(tmp_path, plugin=[str(tmp_path / "mine.py"), str(tmp_path / "broken.py")])


@pytest.mark.parametrize("size", SIZES)
def test_plugins_show_origin_and_error(tmp_path: Path, size: tuple[int, int]) -> None:
    session = _with_plugins(tmp_path)

    async def script(pilot: Any) -> None:
        await pilot.press("f3")
        await wait_for_text(pilot, "mine", "broken", "takeout", "loaded")
        rows = pilot.app.screen.query_one(OptionList)
        rows.highlighted = next(
            n for n in range(rows.option_count) if "broken" in str(rows.get_option_at_index(n).prompt)
        )
        await wait_for_text(pilot, "RuntimeError", "[/x] does not work")

    run_app(session, script, size)


def test_plugins_are_switched_off_and_on_and_saved(tmp_path: Path) -> None:
    session = _with_plugins(tmp_path)
    path = _config(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("existing = 'never' # why\n[plugins]\n# mine\n")

    async def script(pilot: Any) -> None:
        await pilot.press("f3")
        rows = pilot.app.screen.query_one(OptionList)
        await wait_until(pilot, lambda: rows.option_count)
        names = [
            str(rows.get_option_at_index(number).prompt).split()[0] for number in range(rows.option_count)
        ]
        rows.highlighted = names.index("doctor")
        await pilot.press("enter")
        assert [plugin.state for plugin in session.make_host().plugins if plugin.name == "doctor"] == ["off"]
        await pilot.press("w")
        await wait_for_text(pilot, "Saved to")
        assert tomllib.loads(path.read_text())["plugins"] == {"disable": ["doctor"]}
        assert "# why" in path.read_text() and "# mine" in path.read_text()
        await pilot.press("enter")
        assert [plugin.state for plugin in session.make_host().plugins if plugin.name == "doctor"] == [
            "loaded"
        ]
        await pilot.press("w")
        rows.highlighted = names.index("takeout")
        await pilot.press("enter")
        await wait_for_text(pilot, "A run requires takeout")

    run_app(session, script)
    assert tomllib.loads(path.read_text())["plugins"] == {"disable": []}


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_history_lists_runs_and_files(tmp_path: Path, export: Path, size: tuple[int, int]) -> None:
    session = make_session(tmp_path, export)
    run = session.start_run()
    run.join(60)
    assert run.ending == "done"

    async def script(pilot: Any) -> None:
        await pilot.press("f4")
        await wait_for_text(pilot, "3 pictures and videos", "Runs", "Files: all")
        files = pilot.app.screen.query_one("#files", OptionList)
        assert files.option_count == 3 and files.has_focus
        await pilot.press("home", "enter")
        await wait_for_text(pilot, "outcome", "output")
        await pilot.press("escape", "o", "j", "enter")
        await wait_for_text(pilot, "Files: failed")
        await pilot.press("o", "j", "j", "enter")
        await wait_until(pilot, lambda: files.option_count == 1)
        await pilot.press("o", "enter", "slash", *"b.p")
        await wait_until(pilot, lambda: files.option_count == 1)
        assert "b.png" in str(files.get_option_at_index(0).prompt)
        pilot.app.screen.query_one("#runs").focus()
        await pilot.press("home", "enter")
        await wait_for_text(pilot, "started", "version", "2  written")
        await pilot.press("escape", "escape")
        await wait_until(pilot, lambda: files.option_count == 3)
        await pilot.press("escape")

    run_app(session, script, size)


@pytest.mark.parametrize("output", ["", "nowhere"])
def test_history_without_a_manifest_says_so(tmp_path: Path, output: str) -> None:
    session = make_session(tmp_path, **({"output": str(tmp_path / output)} if output else {}))

    async def script(pilot: Any) -> None:
        await pilot.press("f4")
        await wait_for_text(
            pilot, "No run has written into this folder" if output else "Type the path of an output folder"
        )
        field = pilot.app.screen.query_one("#dest", Input)
        field.focus()
        field.value = str(tmp_path)
        await pilot.press("enter")
        await wait_for_text(pilot, "No run has written into this folder")

    run_app(session, script)
