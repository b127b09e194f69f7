"""Keys of vim and less move and search in every list, and do nothing else. One table describes all keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, text, wait_for_text, wait_until
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from pef_tui.tui import keys
from pef_tui.tui.keys import KEYS, Key
from pef_tui.tui.screens.dialogs import ChoiceDialog
from pef_tui.tui.screens.find import FindScreen
from pef_tui.tui.widgets.rows import RowList, Rows
from tools.keys import document

ROOT = Path(__file__).parents[2]
MOVEMENT = frozenset(["j", "k", "g", "G", "d", "u", "n", "N", "ctrl+d", "ctrl+u", "space", "slash"])
"""Keys with which users of vim and less move and search. They leave with `q`."""
IN_PLACE_OF_LISTS = frozenset(("files.search", "history.find", "pick.filter"))
"""Actions of `/` on screens that search with a filter."""
SELECTING = frozenset(("files.select", "tree.select"))
"""Actions of Space in lists in which several rows can be selected."""
LEAVING = "back"


def _all() -> list[tuple[str, Key]]:
    return [(part, key) for part, part_keys in KEYS.items() for key in part_keys]


@pytest.mark.parametrize(("part", "key"), _all(), ids=lambda value: getattr(value, "id", value))
def test_no_action_has_a_key_of_vim_or_less(part: str, key: Key) -> None:
    names = set(key.keys.split(","))
    assert not names & keys.RESERVED_KEYS
    if key.id in SELECTING:
        assert names == {"space"}
    elif not key.id.startswith("list.") and key.id not in IN_PLACE_OF_LISTS and part != "map":
        assert not names & MOVEMENT
    if "q" in names:
        assert key.id == "app.quit" or key.id.endswith(LEAVING)


def test_a_name_stands_for_one_action() -> None:
    by_id: dict[str, set[tuple[str, str]]] = {}
    for _, key in _all():
        by_id.setdefault(key.id, set()).add((key.keys, key.action))
    assert all(len(actions) == 1 for actions in by_id.values())


@pytest.mark.parametrize("part", KEYS)
def test_a_key_has_one_action_in_a_part(part: str) -> None:
    names = [name for key in KEYS[part] for name in key.keys.split(",")]
    assert len(names) == len(set(names))


def test_every_binding_of_the_app_is_from_the_table() -> None:
    sources = [
        path.read_text("utf-8") for path in (ROOT / "pef_tui/tui").rglob("*.py") if path.name != "keys.py"
    ]
    assert not [
        source for source in sources if "Binding(" in source.replace("def get_key_display(self, binding", "")
    ]


def test_the_page_of_keys_is_current() -> None:
    assert (ROOT / "docs/keys.md").read_text("utf-8") == document(), "is not current: make generated"


def test_a_name_without_action_is_a_problem() -> None:
    assert list(keys.problems({"run.pause": "f9", "list.down": "j"})) == []
    [problem] = keys.problems({"run.pasue": "f9"})
    assert "no action has this name" in problem


class _Options(App[None]):
    def compose(self) -> ComposeResult:
        yield RowList(*(Option(f"row {n} {'odd' if n % 2 else 'even'}") for n in range(30)))


def _drive(app: App[Any], script: Callable[[Any], Any]) -> None:
    async def play() -> None:
        async with app.run_test(size=(40, 12)) as pilot:
            await pilot.pause()
            await script(pilot)

    asyncio.run(play())


def test_a_list_is_searched() -> None:
    app = _Options()

    async def script(pilot: Any) -> None:
        rows = app.query_one(RowList)
        rows.focus()
        rows.go_to(2)
        await pilot.press("slash", *"ODD")
        await pilot.pause()
        assert rows.highlighted == 3
        await pilot.press("enter")
        for key, index in (("n", 5), ("n", 7), ("N", 5), ("N", 3), ("N", 1), ("N", 29), ("n", 1)):
            await pilot.press(key)
            assert rows.highlighted == index, key

    _drive(app, script)


def test_escape_ends_a_search_at_the_row_before() -> None:
    app = _Options()

    async def script(pilot: Any) -> None:
        rows = app.query_one(RowList)
        rows.focus()
        rows.go_to(4)
        await pilot.press("slash", *"row 20")
        await pilot.pause()
        assert rows.highlighted == 20 and isinstance(app.screen, FindScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert rows.highlighted == 4 and not isinstance(app.screen, FindScreen)
        await pilot.press("n")
        await pilot.pause()
        assert isinstance(app.screen, FindScreen), "without a search, n asks what to search"

    _drive(app, script)


def test_every_list_moves_alike(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)
    checked: set[str] = set()

    async def check(pilot: Any) -> None:
        screen: Screen[Any] = pilot.app.screen
        lists = [part for part in screen.query("*") if isinstance(part, Rows | OptionList)]
        assert all(isinstance(rows, Rows) for rows in lists)
        for rows in lists:
            if not isinstance(rows, Rows) or rows.size.height < 3 or rows.row_count() < 3:
                continue
            rows.focus()
            rows.go_to(0)
            for key, index in (
                ("j", 1),
                ("k", 0),
                ("G", rows.row_count() - 1),
                ("g", 0),
                ("ctrl+d", None),
                ("u", 0),
            ):
                await pilot.press(key)
                await pilot.pause()
                assert pilot.app.screen is screen
                assert rows.row_index() == index if index is not None else rows.row_index() > 0
            checked.add(f"{type(screen).__name__} {type(rows).__name__}")

    async def script(pilot: Any) -> None:
        await check(pilot)
        for key in ("f2", "f3", "f4"):
            await pilot.press(key)
            await pilot.pause()
            await check(pilot)
            await pilot.press("escape")
        await pilot.press("f5")
        await wait_for_text(pilot, "planned in")
        await check(pilot)
        await pilot.press("o")
        await pilot.pause()
        await check(pilot)
        await pilot.press("escape")

    run_app(session, script)
    expected = {"ChooseScreen SourceTree", "ChooseScreen SettingRows", "SettingsScreen SettingRows"}
    assert checked >= {
        *expected,
        "PluginsScreen RowList",
        "ReviewScreen FileRows",
        "PickScreen VirtualList",
    }


def test_q_asks_if_something_is_set_up(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.screen.query_one("#options").focus()
        await pilot.press("q")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ChoiceDialog))
        assert "Quit?" in text(pilot.app)
        await pilot.press("q")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, ChoiceDialog))
        await pilot.press("q", "j", "enter")

    assert run_app(session, script).return_value == 0


def test_help_names_the_keys_that_the_user_set() -> None:
    assert keys.with_keys("{review.keep}, {review.take}", {"review.keep": "f7,x"}) == "F7, t"


@pytest.mark.parametrize("name", ["choose", "review", "history", "charts"])
def test_texts_of_help_name_actions_of_the_table(name: str) -> None:
    module = __import__(f"pef_tui.tui.screens.{name}", fromlist=["x"])
    helps = [value.HELP for value in vars(module).values() if isinstance(getattr(value, "HELP", None), str)]
    assert helps
    assert all("{" not in keys.with_keys(words, {}) for words in helps)


def test_the_line_of_keys_shows_only_keys_that_act(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        screen = pilot.app.screen
        screen.query_one("#options").focus()
        await pilot.pause()
        assert not screen.check_action("remove_source", ()) and " Delete " not in text(pilot.app)
        screen.query_one("#chosen").focus()
        await wait_for_text(pilot, " Delete Remove")

    run_app(session, script)
