"""A test presses every key of every screen. Keys that no other test presses are pressed here."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from typing import Any

from app_pilot import ControlledRun, make_session, run_app, text, wait_for_text, wait_until
from textual.app import App, ComposeResult
from textual.widgets import OptionList

from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.keys import KEYS
from pef_tui.tui.screens.done import DoneScreen
from pef_tui.tui.screens.picker import PickScreen
from pef_tui.tui.screens.run import RunScreen
from pef_tui.tui.widgets.option import Option
from pef_tui.tui.widgets.virtual_list import VirtualList

DIRECTORY = Path(__file__).parent

PRESSED = {
    "test_app.test_screens_open_from_anywhere_and_close": (
        "app.help app.settings app.plugins app.history app.back words.back settings.back plugins.back history.back"
    ),
    "test_app.test_leaving_without_a_run_asks_nothing": "app.quit app.interrupt",
    "test_app.test_the_command_palette_has_every_key_of_the_screen": "app.commands",
    "test_choose.test_a_typed_path_counts_without_enter": "choose.preview",
    "test_choose.test_several_sources_are_one_export_and_can_be_removed": "choose.remove",
    "test_choose.test_everything_is_cleared_by_a_key": "choose.clear",
    "test_start_run.test_a_missing_part_is_in_sight_and_asked_about": "choose.messages",
    "test_choose.test_a_path_is_typed_completed_and_added": "path.complete",
    "test_choose_found.test_down_in_the_field_leads_to_the_exports_found": "path.leave",
    "test_choose_found.test_several_rows_are_selected_and_taken_together": (
        "tree.select tree.extend-down tree.extend-up"
    ),
    "test_choose_found.test_all_parts_of_an_export_are_taken_by_a_key": "tree.parts",
    "test_choose.test_the_tree_opens_folders_and_chooses_them": "tree.open tree.close",
    "test_choose.test_options_change_by_enter_or_are_typed": "ask_text.back",
    "test_review.test_search_narrows_and_escape_ends_it": "files.search files.end_search",
    "test_review.test_outcome_folder_format_and_rule_are_picked_from_lists": (
        "files.outcome files.folder files.format files.rule files.clear"
    ),
    "test_review_many.test_files_are_selected_and_decided_together": "files.select",
    "test_review_many.test_shift_and_arrows_extend_and_escape_ends_the_selection": (
        "files.extend-down files.extend-up"
    ),
    "test_review_many.test_all_files_of_the_filter_are_selected_and_released": "files.select-all",
    "test_review_many.test_searches_are_recalled_by_later_starts": "search.older search.newer",
    "test_review.test_the_cursor_stays_on_its_file_when_the_order_changes": "files.sort files.reverse",
    "test_review.test_jump_goes_to_a_position_a_percentage_or_a_name": "files.jump",
    "test_review.test_a_conflict_is_decided_undone_and_saved": "review.keep review.take review.undo",
    "test_review.test_an_album_or_a_kind_is_decided_at_once": "review.decide",
    "test_review.test_groups_of_conflicts_are_decided_together_and_opened": "review.conflicts",
    "test_review.test_a_sidecar_is_assigned_the_most_likely_one_first": "review.sidecar",
    "test_review.test_charts_and_map_are_drawn": (
        "review.charts review.map review.files map.nearer map.farther map.west map.east map.north map.fit map.world"
    ),
    "test_review.test_the_details_fill_the_screen_and_shrink_again": "review.zoom",
    "test_review.test_saved_decisions_are_loaded_and_added_to": "review.decisions",
    "test_review.test_the_run_is_a_key_away": "review.run",
    "test_thumbnail.test_the_review_shows_and_hides_thumbnails": "review.image",
    "test_run_and_done.test_a_run_pauses_and_resumes": "run.pause",
    "test_run_and_done.test_a_run_stops_only_after_confirmation": "run.stop ask.back",
    "test_run_and_done.test_problems_are_listed_by_cause_with_advice": "done.retry done.again done.copy",
    "test_run_and_done.test_a_failed_run_shows_why_and_other_sources_can_be_chosen": "done.new",
    "test_charts_screen.test_a_real_run_ends_in_charts_a_map_and_a_report": (
        "done.pictures done.report pictures.map pictures.back"
    ),
    "test_task.test_verify_finds_a_changed_file_and_retry_restores_it": "done.verify task.back",
    "test_task.test_undo_asks_and_restores_every_file": "done.undo",
    "test_settings_plugins_history.test_history_lists_runs_and_files": "history.kind history.find",
    "test_copy.test_paths_are_copied_on_review_and_history": "review.copy history.copy",
    "test_history_screen.test_one_of_several_runs_is_picked_for_undo": "history.undo",
    "test_history_screen.test_the_outputs_of_an_earlier_run_are_verified": "history.verify",
    "test_history_screen.test_the_report_of_an_earlier_run_is_shown": "history.report",
    "test_history_screen.test_a_run_that_was_left_behind_is_watched_to_its_end": "history.watch",
    "test_history_screen.test_files_of_a_folder_are_listed_and_the_filter_is_removed": "history.folder history.clear",
    "test_settings_plugins_history.test_a_setting_is_changed_reset_and_saved": "settings.save",
    "test_settings_plugins_history.test_plugins_are_switched_off_and_on_and_saved": "plugins.save",
    "test_every_key.test_a_list_moves_and_chooses": (
        "list.up list.down list.page-up list.page-down list.first list.last list.choose "
        "list.half-up list.half-down list.space"
    ),
    "test_keys.test_a_list_is_searched": "list.search list.next-match list.previous-match",
    "test_keys.test_escape_ends_a_search_at_the_row_before": "find.back",
    "test_in_tmux.test_ctrl_z_suspends_and_fg_resumes": "app.suspend",
    "test_every_key.test_a_picker_moves_and_returns_the_option_at_the_cursor": (
        "pick.up pick.down pick.page-up pick.page-down pick.filter"
    ),
    "test_every_key.test_a_picker_returns_nothing_on_escape": "pick.back",
    "test_every_key.test_a_setting_is_reset_to_its_default": "settings.default",
    "test_every_key.test_a_preview_is_made_again": "review.again",
    "test_every_key.test_the_map_moves_south": "map.south",
    "test_every_key.test_the_result_is_shown_after_the_run": "run.next pictures.charts",
}
"""Ids of the bindings whose keys a test presses, by the test."""
NAMES = {"slash": ("slash", "/"), "ctrl+z": ("C-z",)}


def _bindings() -> dict[str, list[str]]:
    """Return the keys of every binding, by its id."""
    return {key.id: key.keys.split(",") for part in KEYS.values() for key in part}


def _words(test: str) -> set[str]:
    """Return every string in a test, with those of its parameters."""
    file, _, name = test.partition(".")
    body = ast.parse((DIRECTORY / f"{file}.py").read_text("utf-8")).body
    nodes = [
        node
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    ]
    assert nodes, f"no such test: {test}"
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
        keys = {alias for key in bindings[name] for alias in NAMES.get(key, (key,))}
        assert keys & _words(test), f"{test} presses none of {keys} ({name})"


class _Lists(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[int] = []

    def compose(self) -> ComposeResult:
        yield VirtualList(lambda index, width: [(f"row {index}", 0, "")], id="rows")

    def on_mount(self) -> None:
        self.query_one(VirtualList).show(100)
        self.query_one(VirtualList).focus()

    def on_virtual_list_row_chosen(self, message: VirtualList.RowChosen) -> None:
        self.chosen.append(message.index)


def test_a_list_moves_and_chooses() -> None:
    app = _Lists()

    async def play() -> None:
        async with app.run_test(size=(40, 12)) as pilot:
            rows = app.query_one(VirtualList)
            moves = (
                ("down", 1),
                ("j", 2),
                ("up", 1),
                ("k", 0),
                ("end", 99),
                ("home", 0),
                ("G", 99),
                ("g", 0),
            )
            halves = (("ctrl+d", 6), ("d", 12), ("ctrl+u", 6), ("u", 0), ("space", 11), ("g", 0))
            for key, index in (*moves, *halves):
                await pilot.press(key)
                assert rows.cursor == index, key
            await pilot.press("pagedown")
            assert (page := rows.cursor) > 5
            await pilot.press("pagedown", "pageup")
            assert rows.cursor == page
            await pilot.press("enter")

    asyncio.run(play())
    assert len(app.chosen) == 1 and app.chosen[0] > 5


def _picked(*keys: str) -> list[str | None]:
    app: App[None] = App()
    results: list[str | None] = []

    async def play() -> None:
        async with app.run_test(size=(60, 20)) as pilot:
            app.push_screen(
                PickScreen("Which?", [Option(f"{n}", f"row {n}") for n in range(100)]), results.append
            )
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()

    asyncio.run(play())
    return results


def test_a_picker_moves_and_returns_the_option_at_the_cursor() -> None:
    assert _picked("down", "down", "down", "up", "enter") == ["2"]
    assert _picked("j", "j", "j", "k", "enter") == ["2"]
    assert _picked("slash", *"row 5", "down", "enter") == ["15"]
    [near] = _picked("slash", "pagedown", "up", "enter")
    assert int(near or 0) > 5
    [far] = _picked("pagedown", "pagedown", "enter")
    [near] = _picked("pagedown", "pagedown", "pageup", "enter")
    assert int(far or 0) > int(near or 0) > 0


def test_a_picker_returns_nothing_on_escape() -> None:
    assert _picked("down", "escape") == [None]


def test_a_setting_is_reset_to_its_default(tmp_path: Path) -> None:
    session = make_session(tmp_path, existing="overwrite")

    async def script(pilot: Any) -> None:
        await pilot.press("f2")
        await wait_for_text(pilot, "[Settings]")
        names = pilot.app.screen.query_one(OptionList)
        while "--existing" not in text(pilot.app):
            await pilot.press("down")
        assert names.has_focus
        await pilot.press("D")
        await pilot.pause()

    run_app(session, script)
    assert session.settings.existing == "fill"


def test_a_preview_is_made_again(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await wait_until(pilot, lambda: session.preview is not None and session.preview.is_over)
        first = session.preview
        await pilot.press("p")
        await wait_until(
            pilot,
            lambda: session.preview is not first and session.preview is not None and session.preview.is_over,
        )
        await wait_for_text(pilot, "planned in")

    run_app(session, script)


def test_the_map_moves_south(tmp_path: Path) -> None:
    files = {"Photos from 2019/a.jpg": sidecar("a.jpg", place=(48.8, 2.3))}
    session = make_session(tmp_path, takeout(tmp_path / "placed", files))

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await wait_for_text(pilot, "1 file planned in")
        await pilot.press("4", "9", "plus")
        await wait_for_text(pilot, "° N")
        await pilot.press(*["down"] * 4)
        await wait_for_text(pilot, "° S")

    run_app(session, script)


def test_the_result_is_shown_after_the_run(
    tmp_path: Path, export: Path, controlled_run: ControlledRun
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await pilot.press("f5")
        await wait_for_text(pilot, "The run is still in progress.")
        controlled_run.give()
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await pilot.press("c", "2")
        await wait_until(pilot, lambda: pilot.app.screen.query_one("#world").display)
        await pilot.press("1")
        await wait_until(pilot, lambda: pilot.app.screen.query_one("#charts").display)

    run_app(session, script)
