from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
from app_pilot import ControlledRun, make_session, run_app, text, wait_for_text, wait_until

from pef_tui.tui import screen_names
from pef_tui.tui.app import PefApp
from pef_tui.tui.screens.choose import ChooseScreen
from pef_tui.tui.screens.dialogs import ChoiceDialog
from pef_tui.tui.screens.help import own_bindings
from pef_tui.tui.screens.run import RunScreen
from pef_tui.tui.themes import theme_name

TUI = Path(screen_names.__file__).parent


@pytest.mark.parametrize(
    ("key", "title"), [("f2", "[Settings]"), ("f3", "[Plugins]"), ("f4", "[History]"), ("f1", "Tab moves to")]
)
@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
def test_screens_open_from_anywhere_and_close(
    tmp_path: Path, export: Path, key: str, title: str, size: tuple[int, int]
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await pilot.press(key)
        await wait_for_text(pilot, title)
        await pilot.press(key)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))

    run_app(session, script, size)


@pytest.mark.parametrize(
    "keys",
    [("f2", "f3", "f2"), ("f2", "f4", "f3", "f2"), ("f4", "f2", "f4", "f2"), ("f3", "f3", "f2", "f3", "f2")],
)
def test_no_screen_is_open_twice(tmp_path: Path, export: Path, keys: tuple[str, ...]) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            classes = [type(screen) for screen in pilot.app.screen_stack]
            assert len(classes) == len(set(classes)), classes
        assert screen_names.is_screen(pilot.app.screen, "settings")

    run_app(session, script)


@pytest.mark.parametrize("keys", [("q", "q"), ("q", "ctrl+q"), ("q", "q", "q")])
def test_quit_is_asked_once(tmp_path: Path, export: Path, keys: tuple[str, ...]) -> None:
    """A key just after a new screen is ignored, so the action is started too, as the palette does."""
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one("#options").focus()
        for key in keys:
            await pilot.press(key)
            pilot.app.action_leave()
            await pilot.pause()
        assert [type(screen) for screen in pilot.app.screen_stack].count(ChoiceDialog) == 1

    run_app(session, script)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_leaving_without_a_run_asks_nothing(tmp_path: Path, key: str) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one("#options").focus()
        await pilot.press(key)

    assert run_app(session, script).return_value == 0


def test_the_command_palette_has_every_key_of_the_screen(tmp_path: Path) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        names = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {
            "Plan everything, write nothing",
            "Remove all sources",
            "Show the keys of the screen",
        } <= names
        titles = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
        assert len(titles) == len(names)
        await pilot.press("ctrl+p")
        await pilot.press(*"hist")
        await wait_for_text(pilot, "Show earlier runs")
        await pilot.press("down", "enter")
        await wait_for_text(pilot, "[History]")

    run_app(session, script)


@pytest.mark.parametrize(
    ("key", "title", "name"), [("f2", "[Settings]", " F2 Settings"), ("f4", "[History]", " F4 History")]
)
def test_the_line_of_keys_leaves_out_the_key_of_the_open_screen(
    tmp_path: Path, export: Path, key: str, title: str, name: str
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, name)
        await pilot.press(key)
        await wait_for_text(pilot, title, "F1 Help")
        assert name not in text(pilot.app)
        await pilot.press("escape")
        await wait_for_text(pilot, "[Choose]", name)

    run_app(session, script, (120, 40))


def test_the_names_of_keys_in_windows_follow_the_settings(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export, keys={"words.back": "f9,escape", "find.back": "f8"})

    async def script(pilot: Any) -> None:
        await pilot.press("f1")
        await wait_for_text(pilot, "F9: back")
        await pilot.press("f9")
        pilot.app.screen.query_one("#options").focus()
        await pilot.pause(1)
        await pilot.press("slash")
        await wait_for_text(pilot, "F8 goes back; then n and N")

    run_app(session, script, (100, 40))


def test_keys_can_be_remapped_and_help_lists_the_new_ones(tmp_path: Path) -> None:
    session = make_session(
        tmp_path, keys={"app.settings": "f9", "choose.preview": "ctrl+b", "choose.clear": "f8"}
    )

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "[keys] choose.preview")
        await pilot.press("f9")
        await wait_for_text(pilot, "[Settings]")
        await pilot.press("escape", "f1")
        await wait_for_text(pilot, "choose.clear")
        line = next(line for line in text(pilot.app).splitlines() if "choose.clear" in line)
        assert "F8" in line and " x " not in line

    run_app(session, script, (100, 50))


@pytest.mark.parametrize(
    ("number", "on_hangup", "stops"),
    [
        (signal.SIGHUP, "finish", False),
        (signal.SIGHUP, "stop", True),
        (signal.SIGTERM, "finish", True),
        (signal.SIGINT, "finish", True),
    ],
)
def test_signals_end_the_screen_and_stop_the_run_where_they_should(
    tmp_path: Path, export: Path, controlled_run: ControlledRun, number: int, on_hangup: str, stops: bool
) -> None:
    session = make_session(tmp_path, export, on_hangup=on_hangup)

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        pilot.app.handle_signal(number)
        assert session.run is not None and session.run.progress.stop.is_set() is stops

    assert run_app(session, script).return_value == 0


def test_a_failure_of_the_screen_is_logged_and_shown_by_the_next_app(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)
    session.log = "/somewhere/log"
    apps: list[PefApp] = []

    async def breaks(pilot: Any) -> None:
        apps.append(pilot.app)

        def fail() -> None:
            raise ZeroDivisionError("[/x]\x1b")

        pilot.app.call_later(fail)
        await pilot.pause(0.2)

    with pytest.raises(ZeroDivisionError):
        run_app(session, breaks)
    assert apps[0].failure_text.startswith("ZeroDivisionError: [/x]\\x1b")
    second = PefApp(session, apps[0].failure_text)

    async def told_first() -> None:
        async with second.run_test() as pilot:
            await wait_for_text(pilot, "Something went wrong", "ZeroDivisionError", "[/x]", "/somewhere/log")
            await pilot.press("escape")
            await wait_until(pilot, lambda: isinstance(second.screen, ChooseScreen))

    asyncio.run(told_first())


@pytest.mark.parametrize(
    ("setting", "environ", "name"),
    [
        ("auto", {"TERM": "linux"}, "ansi-dark"),
        ("auto", {"TERM": "xterm"}, "ansi-dark"),
        ("auto", {"TERM": "xterm", "COLORTERM": "truecolor"}, "pef-dark"),
        ("auto", {"TERM": "xterm-256color"}, "pef-dark"),
        ("auto", {"TERM": "xterm-kitty"}, "pef-dark"),
        ("light", {"TERM": "linux"}, "pef-light"),
        ("ansi-light", {"TERM": "xterm-256color"}, "ansi-light"),
    ],
)
def test_themes_go_by_the_setting_and_the_terminal(setting: str, environ: dict[str, str], name: str) -> None:
    assert theme_name(setting, environ) == name


def test_own_keys_come_before_those_of_the_app(tmp_path: Path) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        names = [binding.id for binding in own_bindings(pilot.app, pilot.app.screen)]
        assert names[0] == "choose.preview" and "app.quit" in names and len(names) == len(set(names))

    run_app(session, script)
