from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from app_cases import made_flow, piloted, shown, text, until
from textual.widgets import Input, OptionList

from pef_tui.config import options
from pef_tui.tui.flow import Flow
from pef_tui.tui.settings_screen import HIDDEN

SIZES = [(60, 20), (80, 24), (120, 40)]


def _config(tmp_path: Path) -> Path:
    return tmp_path / "config" / "pef-tui" / "config.toml"


@pytest.mark.parametrize("size", SIZES)
def test_every_setting_is_there_with_meaning_and_origin(tmp_path: Path, size: tuple[int, int]) -> None:
    flow = made_flow(tmp_path, workers="3")

    async def script(pilot: Any) -> None:
        await pilot.press("f2")
        await shown(pilot, "[Settings]", "output", "default")
        rows = pilot.app.screen.query_one(OptionList)
        assert rows.option_count == len(options()) - len(HIDDEN)
        for name in options().keys() - HIDDEN:
            rows.highlighted = rows.get_option_index(name)
            await pilot.pause()
            assert options()[name].flag in text(pilot.app), name
        rows.highlighted = rows.get_option_index("workers")
        await shown(pilot, "3, from flag --workers", "PEF_TUI_WORKERS")

    piloted(flow, script, size)


def test_a_setting_is_changed_put_back_and_saved(tmp_path: Path) -> None:
    path = _config(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("# mine\nworkers = 2 # two\n\n[plugins]\ndisable = []\n")
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        await pilot.press("f2")
        rows = pilot.app.screen.query_one(OptionList)

        async def on(name: str, *keys: str) -> None:
            rows.highlighted = rows.get_option_index(name)
            await pilot.press(*keys)

        await on("existing", "enter")
        await on("unmatched", "enter")
        await on("unmatched", "d")
        await on("workers", "enter")
        await shown(pilot, "parallel writers")
        pilot.app.screen.query_one(Input).value = "many"
        await pilot.press("enter")
        await shown(pilot, "a whole number from 0 to 256")
        pilot.app.screen.query_one(Input).value = "4"
        await pilot.press("enter")
        await on("exclude", "enter")
        pilot.app.screen.query_one(Input).value = '*.gif, "odd".png'
        await pilot.press("enter")
        await pilot.press("w")
        await shown(pilot, "saved to")

    piloted(flow, script)
    assert (flow.settings.existing, flow.settings.unmatched, flow.settings.workers) == (
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
    assert flow.origins["existing"] == str(path)


def test_a_file_that_cannot_be_changed_is_left_and_said(tmp_path: Path) -> None:
    path = _config(tmp_path)
    path.parent.mkdir(parents=True)
    flow = made_flow(tmp_path)
    path.write_text("this is no TOML")

    async def script(pilot: Any) -> None:
        await pilot.press("f2", "w")
        await shown(pilot, "Nothing was changed")
        flow.change(existing="never")
        await pilot.press("w")
        await until(pilot, lambda: any("is not changed" in told.message for told in pilot.app._notifications))

    piloted(flow, script)
    assert path.read_text() == "this is no TOML"


def test_the_theme_changes_at_once(tmp_path: Path) -> None:
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        await pilot.press("f2")
        rows = pilot.app.screen.query_one(OptionList)
        rows.highlighted = rows.get_option_index("theme")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: pilot.app.theme == "textual-light")

    piloted(flow, script)


def _with_plugins(tmp_path: Path) -> Flow:
    (tmp_path / "mine.py").write_text(
        "from pef_tui import hookimpl\n@hookimpl\ndef pef_checks(settings):\n    return ()\n"
    )
    (tmp_path / "broken.py").write_text("raise RuntimeError('[/x] does not work')\n")
    return made_flow(tmp_path, plugin=[str(tmp_path / "mine.py"), str(tmp_path / "broken.py")])


@pytest.mark.parametrize("size", SIZES)
def test_plugins_tell_where_from_and_why_not(tmp_path: Path, size: tuple[int, int]) -> None:
    flow = _with_plugins(tmp_path)

    async def script(pilot: Any) -> None:
        await pilot.press("f3")
        await shown(pilot, "mine", "broken", "takeout", "loaded")
        rows = pilot.app.screen.query_one(OptionList)
        rows.highlighted = next(
            n for n in range(rows.option_count) if "broken" in str(rows.get_option_at_index(n).prompt)
        )
        await shown(pilot, "RuntimeError", "[/x] does not work")

    piloted(flow, script, size)


def test_plugins_are_switched_off_and_on_and_that_is_kept(tmp_path: Path) -> None:
    flow = _with_plugins(tmp_path)
    path = _config(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("existing = 'never' # why\n[plugins]\n# mine\n")

    async def script(pilot: Any) -> None:
        await pilot.press("f3")
        rows = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: rows.option_count)
        names = [
            str(rows.get_option_at_index(number).prompt).split()[0] for number in range(rows.option_count)
        ]
        rows.highlighted = names.index("doctor")
        await pilot.press("enter")
        assert [plugin.state for plugin in flow.make_host().plugins if plugin.name == "doctor"] == ["off"]
        await pilot.press("w")
        await shown(pilot, "Saved to")
        assert tomllib.loads(path.read_text())["plugins"] == {"disable": ["doctor"]}
        assert "# why" in path.read_text() and "# mine" in path.read_text()
        await pilot.press("enter")
        assert [plugin.state for plugin in flow.make_host().plugins if plugin.name == "doctor"] == ["loaded"]
        await pilot.press("w")
        rows.highlighted = names.index("takeout")
        await pilot.press("enter")
        await shown(pilot, "there is no run")

    piloted(flow, script)
    assert tomllib.loads(path.read_text())["plugins"] == {"disable": []}


@pytest.mark.parametrize("size", SIZES)
def test_history_tells_runs_and_files(tmp_path: Path, export: Path, size: tuple[int, int]) -> None:
    flow = made_flow(tmp_path, export)
    run = flow.start_run()
    run.join(60)
    assert run.ending == "done"

    async def script(pilot: Any) -> None:
        await pilot.press("f4")
        await shown(pilot, "3 pictures and videos", "Runs", "Files: all")
        files = pilot.app.screen.query_one("#files", OptionList)
        assert files.option_count == 3 and files.has_focus
        await pilot.press("home", "enter")
        await shown(pilot, "outcome", "output")
        await pilot.press("escape", "f")
        await shown(pilot, "Files: failed")
        await pilot.press("f")
        await until(pilot, lambda: files.option_count == 1)
        await pilot.press("f", "f", "slash", *"b.p")
        await until(pilot, lambda: files.option_count == 1)
        assert "b.png" in str(files.get_option_at_index(0).prompt)
        pilot.app.screen.query_one("#runs").focus()
        await pilot.press("home", "enter")
        await shown(pilot, "begun", "version", "2  written")
        await pilot.press("escape", "escape")

    piloted(flow, script, size)


@pytest.mark.parametrize("where", ["", "nowhere"])
def test_history_without_a_manifest_says_so(tmp_path: Path, where: str) -> None:
    flow = made_flow(tmp_path, output=str(tmp_path / where) if where else "")

    async def script(pilot: Any) -> None:
        await pilot.press("f4")
        await shown(pilot, "No run was made into this folder" if where else "Name an output folder")
        field = pilot.app.screen.query_one("#dest", Input)
        field.focus()
        field.value = str(tmp_path)
        await pilot.press("enter")
        await shown(pilot, "No run was made into this folder")

    piloted(flow, script)
