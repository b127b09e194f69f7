"""Every key of every screen is pressed by a test; those that no other test presses are pressed here."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from typing import Any

from app_cases import Told, made_flow, piloted, shown, text, until
from textual.app import App, ComposeResult
from textual.widgets import OptionList

from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.biglist import BigList
from pef_tui.tui.done import DoneScreen
from pef_tui.tui.option import Option
from pef_tui.tui.pick import PickScreen
from pef_tui.tui.run import RunScreen

HERE = Path(__file__).parent
TUI = HERE.parents[1] / "pef_tui" / "tui"

PRESSED = {
    "test_app_shell.test_screens_open_from_anywhere_and_close": (
        "app.help app.settings app.plugins app.history app.back words.back settings.back plugins.back history.back"
    ),
    "test_app_shell.test_leaving_without_a_run_asks_nothing": "app.quit app.interrupt",
    "test_app_shell.test_the_command_palette_has_every_key_of_the_screen": "app.commands",
    "test_choose_screen.test_a_typed_path_counts_without_enter": "choose.preview",
    "test_choose_screen.test_several_sources_are_one_export_and_can_be_taken_back": "choose.take_back",
    "test_choose_screen.test_everything_is_cleared_by_a_key": "choose.clear",
    "test_choose_screen.test_a_path_is_typed_completed_and_added": "path.complete",
    "test_choose_screen.test_the_tree_opens_folders_and_chooses_them": "tree.open tree.shut",
    "test_choose_screen.test_options_change_by_enter_or_are_typed": "ask_text.back",
    "test_review.test_search_narrows_and_escape_ends_it": "files.search files.end_search",
    "test_review.test_outcome_folder_format_and_rule_are_picked_from_lists": (
        "files.outcome files.folder files.format files.rule files.clear"
    ),
    "test_review.test_sorted_and_turned_round_the_cursor_stays_on_its_file": "files.sort files.turn",
    "test_review.test_jump_goes_to_a_number_a_part_or_a_name": "files.jump",
    "test_review.test_a_conflict_is_decided_undone_and_kept": "review.keep review.take review.undo",
    "test_review.test_an_album_or_a_kind_is_decided_at_once": "review.decide",
    "test_review.test_groups_of_conflicts_are_decided_together_and_opened": "review.conflicts",
    "test_review.test_a_picture_is_given_a_sidecar_the_likely_one_first": "review.sidecar",
    "test_review.test_charts_and_map_are_drawn": (
        "review.charts review.map review.files map.nearer map.farther map.west map.east map.north map.fit map.world"
    ),
    "test_review.test_the_file_in_focus_fills_the_screen_and_gives_way_again": "review.zoom",
    "test_review.test_decisions_of_before_are_taken_up_and_added_to": "review.decisions",
    "test_review.test_the_run_is_a_key_away": "review.run",
    "test_thumbnail.test_the_review_shows_it_when_asked_and_hides_it_again": "review.image",
    "test_run_and_done.test_a_run_pauses_and_goes_on": "run.pause",
    "test_run_and_done.test_a_run_is_stopped_after_the_batch_only_when_that_is_answered": "run.stop ask.back",
    "test_run_and_done.test_problems_are_by_cause_with_what_to_do": "done.retry done.again",
    "test_run_and_done.test_a_run_that_fails_says_why_and_the_sources_can_be_chosen_anew": "done.new",
    "test_pictures.test_a_real_run_ends_in_charts_a_map_and_a_report": (
        "done.pictures done.report pictures.map pictures.back"
    ),
    "test_chores.test_verify_reads_back_finds_what_changed_and_retry_mends_it": "done.verify chore.back",
    "test_chores.test_undo_asks_and_puts_every_file_back": "done.undo",
    "test_other_screens.test_history_tells_runs_and_files": "history.kind history.find",
    "test_other_screens.test_a_setting_is_changed_put_back_and_saved": "settings.save",
    "test_other_screens.test_plugins_are_switched_off_and_on_and_that_is_kept": "plugins.save",
    "test_every_key.test_a_list_moves_and_chooses": (
        "list.up list.down list.page-up list.page-down list.first list.last list.choose"
    ),
    "test_every_key.test_a_pick_moves_and_gives_what_it_is_on": "pick.up pick.down pick.page-up pick.page-down",
    "test_every_key.test_a_pick_gives_nothing_when_left": "pick.back",
    "test_every_key.test_a_setting_goes_back_to_its_default": "settings.default",
    "test_every_key.test_a_preview_is_made_again": "review.again",
    "test_every_key.test_the_map_moves_south": "map.south",
    "test_every_key.test_the_result_is_there_once_the_run_is_over": "run.next pictures.charts",
}
"""By the test that presses it: names of what keys do."""
NAMES = {"slash": ("slash", "/")}


def _bindings() -> dict[str, list[str]]:
    """The keys of everything, by its name."""
    found: dict[str, list[str]] = {}
    for path in sorted(TUI.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Binding":
                named = {word.arg: word.value for word in node.keywords}
                if "id" in named:
                    found[ast.literal_eval(named["id"])] = ast.literal_eval(node.args[0]).split(",")
    return found


def _words(test: str) -> set[str]:
    """Every text that a test has in it, its parameters too."""
    file, _, name = test.partition(".")
    body = ast.parse((HERE / f"{file}.py").read_text("utf-8")).body
    nodes = [
        node
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    ]
    assert nodes, f"there is no {test}"
    return {
        node.value
        for node in ast.walk(nodes[0])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_key_is_pressed_by_a_test() -> None:
    bindings = _bindings()
    pressed = {name: test for test, names in PRESSED.items() for name in names.split()}
    assert sorted(pressed) == sorted(bindings)
    for name, test in pressed.items():
        keys = {other for key in bindings[name] for other in NAMES.get(key, (key,))}
        assert keys & _words(test), f"{test} presses none of {keys} ({name})"


class _Lists(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[int] = []

    def compose(self) -> ComposeResult:
        yield BigList(lambda place, width: [(f"row {place}", 0, "")], id="rows")

    def on_mount(self) -> None:
        self.query_one(BigList).show(100)
        self.query_one(BigList).focus()

    def on_big_list_chosen(self, message: BigList.Chosen) -> None:
        self.chosen.append(message.place)


def test_a_list_moves_and_chooses() -> None:
    app = _Lists()

    async def play() -> None:
        async with app.run_test(size=(40, 12)) as pilot:
            rows = app.query_one(BigList)
            for key, place in (("down", 1), ("down", 2), ("up", 1), ("end", 99), ("home", 0)):
                await pilot.press(key)
                assert rows.cursor == place
            await pilot.press("pagedown")
            assert (page := rows.cursor) > 5
            await pilot.press("pagedown", "pageup")
            assert rows.cursor == page
            await pilot.press("enter")

    asyncio.run(play())
    assert len(app.chosen) == 1 and app.chosen[0] > 5


def _picked(*keys: str) -> list[str | None]:
    app: App[None] = App()
    given: list[str | None] = []

    async def play() -> None:
        async with app.run_test(size=(60, 20)) as pilot:
            app.push_screen(
                PickScreen("Which?", [Option(f"{n}", f"row {n}") for n in range(100)]), given.append
            )
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()

    asyncio.run(play())
    return given


def test_a_pick_moves_and_gives_what_it_is_on() -> None:
    assert _picked("down", "down", "down", "up", "enter") == ["2"]
    [far] = _picked("pagedown", "pagedown", "enter")
    [near] = _picked("pagedown", "pagedown", "pageup", "enter")
    assert int(far or 0) > int(near or 0) > 0


def test_a_pick_gives_nothing_when_left() -> None:
    assert _picked("down", "escape") == [None]


def test_a_setting_goes_back_to_its_default(tmp_path: Path) -> None:
    flow = made_flow(tmp_path, existing="overwrite")

    async def script(pilot: Any) -> None:
        await pilot.press("f2")
        await shown(pilot, "[Settings]")
        names = pilot.app.screen.query_one(OptionList)
        while "--existing" not in text(pilot.app):
            await pilot.press("down")
        assert names.has_focus
        await pilot.press("d")
        await pilot.pause()

    piloted(flow, script)
    assert flow.settings.existing == "fill"


def test_a_preview_is_made_again(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await until(pilot, lambda: flow.preview is not None and flow.preview.over)
        first = flow.preview
        await pilot.press("p")
        await until(
            pilot, lambda: flow.preview is not first and flow.preview is not None and flow.preview.over
        )
        await shown(pilot, "planned in")

    piloted(flow, script)


def test_the_map_moves_south(tmp_path: Path) -> None:
    files = {"Photos from 2019/a.jpg": sidecar("a.jpg", place=(48.8, 2.3))}
    flow = made_flow(tmp_path, takeout(tmp_path / "placed", files))

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await shown(pilot, "1 file planned in")
        await pilot.press("4", "9", "plus")
        await shown(pilot, "° N")
        await pilot.press(*["down"] * 4)
        await shown(pilot, "° S")

    piloted(flow, script)


def test_the_result_is_there_once_the_run_is_over(tmp_path: Path, export: Path, told: Told) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("f5")
        await shown(pilot, "The run is still on.")
        told.give()
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await pilot.press("c", "2")
        await until(pilot, lambda: pilot.app.screen.query_one("#world").display)
        await pilot.press("1")
        await until(pilot, lambda: pilot.app.screen.query_one("#charts").display)

    piloted(flow, script)
