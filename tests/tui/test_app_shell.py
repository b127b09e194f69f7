from __future__ import annotations

import ast
import asyncio
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from app_cases import Told, made_flow, piloted, shown, text, until

from pef_tui.tui import keys, stages
from pef_tui.tui.app import PefApp
from pef_tui.tui.choose import ChooseScreen
from pef_tui.tui.help import own_bindings
from pef_tui.tui.run import RunScreen
from pef_tui.tui.themes import theme_name

TUI = Path(stages.__file__).parent


@pytest.mark.parametrize(
    ("key", "title"), [("f2", "[Settings]"), ("f3", "[Plugins]"), ("f4", "[History]"), ("f1", "Tab goes to")]
)
@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
def test_screens_open_from_anywhere_and_close(
    tmp_path: Path, export: Path, key: str, title: str, size: tuple[int, int]
) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await pilot.press(key)
        await shown(pilot, title)
        await pilot.press(key)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))

    piloted(flow, script, size)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_leaving_without_a_run_asks_nothing(tmp_path: Path, key: str) -> None:
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one("#options").focus()
        await pilot.press(key)

    assert piloted(flow, script).return_value == 0


def test_the_command_palette_has_every_key_of_the_screen(tmp_path: Path) -> None:
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        names = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {"Preview", "Clear", "Help", "Settings", "Plugins", "History", "Quit"} <= names
        await pilot.press("ctrl+p")
        await pilot.press(*"hist")
        await shown(pilot, "History")
        await pilot.press("down", "enter")
        await shown(pilot, "[History]")

    piloted(flow, script)


def test_keys_can_be_remapped_and_help_tells_the_new_ones(tmp_path: Path) -> None:
    flow = made_flow(tmp_path, keys={"app.settings": "f9", "choose.preview": "ctrl+b", "choose.clear": "f8"})

    async def script(pilot: Any) -> None:
        await shown(pilot, "[keys] choose.preview")
        await pilot.press("f9")
        await shown(pilot, "[Settings]")
        await pilot.press("escape", "f1")
        await shown(pilot, "choose.clear")
        line = next(line for line in text(pilot.app).splitlines() if "choose.clear" in line)
        assert "F8" in line and " x " not in line

    piloted(flow, script, (100, 50))


def test_no_key_is_one_that_the_terminal_keeps() -> None:
    source = "\n".join(path.read_text() for path in TUI.glob("*.py"))
    given = re.findall(r'Binding\(\s*"([^"]+)"', source)
    assert given
    assert not {key for group in given for key in group.split(",")} & keys.TAKEN


def test_every_key_of_our_own_has_a_name_of_its_own() -> None:
    names = []
    for path in sorted(TUI.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "Binding"
                and len(node.args) > 1
            ):
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                if isinstance(node.args[0], ast.Constant):
                    assert "id" in given, f"{path.name}:{node.lineno}"
                    names.append((ast.literal_eval(given["id"]), ast.literal_eval(node.args[1])))
    actions: dict[str, set[str]] = {}
    for name, action in names:
        actions.setdefault(name, set()).add(action)
    assert all(len(each) == 1 for each in actions.values()), actions


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
    tmp_path: Path, export: Path, told: Told, number: int, on_hangup: str, stops: bool
) -> None:
    flow = made_flow(tmp_path, export, on_hangup=on_hangup)

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        pilot.app.signalled(number)
        assert flow.run is not None and flow.run.progress.stop.is_set() is stops

    assert piloted(flow, script).return_value == 0


def test_a_failure_of_the_screen_is_logged_and_the_next_app_tells_it(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export)
    flow.log = "/somewhere/log"
    apps: list[PefApp] = []

    async def breaks(pilot: Any) -> None:
        apps.append(pilot.app)

        def fail() -> None:
            raise ZeroDivisionError("[/x]\x1b")

        pilot.app.call_later(fail)
        await pilot.pause(0.2)

    with pytest.raises(ZeroDivisionError):
        piloted(flow, breaks)
    assert apps[0].failed.startswith("ZeroDivisionError: [/x]\\x1b")
    second = PefApp(flow, apps[0].failed)

    async def told_first() -> None:
        async with second.run_test() as pilot:
            await shown(pilot, "Something went wrong", "ZeroDivisionError", "[/x]", "/somewhere/log")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(second.screen, ChooseScreen))

    asyncio.run(told_first())


@pytest.mark.parametrize(
    ("wanted", "environ", "name"),
    [
        ("auto", {"TERM": "linux"}, "ansi-dark"),
        ("auto", {"TERM": "xterm"}, "ansi-dark"),
        ("auto", {"TERM": "xterm", "COLORTERM": "truecolor"}, "textual-dark"),
        ("auto", {"TERM": "xterm-256color"}, "textual-dark"),
        ("auto", {"TERM": "xterm-kitty"}, "textual-dark"),
        ("light", {"TERM": "linux"}, "textual-light"),
        ("ansi-light", {"TERM": "xterm-256color"}, "ansi-light"),
    ],
)
def test_themes_go_by_the_setting_and_the_terminal(wanted: str, environ: dict[str, str], name: str) -> None:
    assert theme_name(wanted, environ) == name


def test_own_keys_come_before_those_of_the_app(tmp_path: Path) -> None:
    flow = made_flow(tmp_path)

    async def script(pilot: Any) -> None:
        names = [binding.id for binding in own_bindings(pilot.app, pilot.app.screen)]
        assert names[0] == "choose.preview" and "app.quit" in names and len(names) == len(set(names))

    piloted(flow, script)
