"""Test the Review screen, key by key."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import ContentSwitcher, Input

sys.path.insert(0, str(Path(__file__).parents[1] / "planned"))

from preview_cases import hour, orphan, outcome, planned_files
from review_app import ReviewApp, driven, session_with

from pef_tui.model import JsonRecord, Outcome
from pef_tui.preview import RowFilter
from pef_tui.tui.screens.picker import PickScreen
from pef_tui.tui.widgets.world_map import WorldMap

SIZES = [(80, 24), (120, 40)]
HOSTILE = "[@click=app.quit]x\x1b]0;t\x07\u202e[/x]\n.jpg"


def records() -> list[Outcome | JsonRecord]:
    return [
        outcome("b.jpg", "Rome", conflicts=(hour(),), size=3, taken=1_562_000_000, place=(41.9, 12.5)),
        outcome("a.png", "Rome", "copied", format="png", size=9, taken=1_500_000_000, conflicts=(hour(),)),
        outcome(
            "c.heic",
            "Paris",
            "sidecar",
            format="heic",
            size=1,
            conflicts=(hour("differs by 2 h"),),
            warnings=("odd",),
        ),
        outcome("lost.jpg", "Paris", "unmatched", matched=False, reason="no sidecar", taken=None),
        outcome("d.jpg", "Paris", people=("Ann",)),
        orphan("found.json", "Paris"),
        orphan("lost.jpg.json", "Paris", 1_562_000_000),
    ]


@asynccontextmanager
async def started(
    tmp_path: Path,
    size: tuple[int, int] = (120, 40),
    planned_records: list[Outcome | JsonRecord] | None = None,
) -> AsyncIterator[tuple[ReviewApp, Callable[..., Awaitable[None]]]]:
    app = ReviewApp(session_with(planned_files(*(planned_records or records())), tmp_path))
    async with app.run_test(size=size) as pilot:
        press = pressing(app, pilot)
        await press()
        yield app, press


def pressing(app: ReviewApp, pilot: Pilot[None]) -> Callable[..., Awaitable[None]]:
    async def press(*keys: str) -> None:
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()

    return press


def decisions(tmp_path: Path) -> list[dict[str, str]]:
    (path,) = (tmp_path / "state" / "pef-tui").glob("decisions-*.json")
    assert path.stat().st_mode & 0o777 == 0o600
    rules: list[dict[str, str]] = json.loads(path.read_text())["decisions"]
    return rules


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_every_file_is_listed_with_counts_and_the_first_in_focus(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with started(tmp_path, size) as (app, _):
        assert app.names() == ["b.jpg", "a.png", "c.heic", "lost.jpg", "d.jpg", "found.json", "lost.jpg.json"]
        assert app.lines()[0].startswith("› to write  ! 2019-07-01")
        assert "b.jpg" in app.lines()[0]
        counts = app.text("#outcomes").replace("\u00a0", " ")
        for words in ("[all 7]", "to write 2", "orphan 2", "conflicts 3", "warnings 1"):
            assert words in counts
        detail = app.text("FileDetail Static")
        assert "Rule" not in detail and "rule exact" in detail and "EXIF:GPSLatitude" in detail
        assert "3 of 3 conflicts undecided" in app.text("#status")


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_search_narrows_and_escape_ends_it(tmp_path: Path, size: tuple[int, int]) -> None:
    async with started(tmp_path, size) as (app, press):
        await press("slash", *"lost")
        assert app.names() == ["lost.jpg", "lost.jpg.json"]
        await press("enter", "down")
        assert "lost.jpg.json" in app.text("FileDetail Static")
        assert "picture is missing" in app.text("FileDetail Static")
        await press("slash", "escape")
        assert len(app.names()) == 7 and not app.files.query_one(Input).display


@driven
async def test_outcome_folder_format_and_rule_are_picked_from_lists(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("o", "slash", *"copy", "enter")
        assert app.names() == ["a.png"]
        await press("x", "f", "slash", *"paris", "enter")
        assert app.names() == ["c.heic", "lost.jpg", "d.jpg", "found.json", "lost.jpg.json"]
        await press("x", "F", "slash", *"heic", "enter")
        assert app.names() == ["c.heic"]
        await press("x", "m", "slash", *"exact", "enter")
        assert app.names() == ["b.jpg", "a.png", "c.heic", "d.jpg"]
        await press("m", "escape")
        assert len(app.names()) == 4, "nothing picked, nothing changed"
        await press("x", "o", "slash", *"conflicts", "enter")
        assert app.names() == ["b.jpg", "a.png", "c.heic"]
        await press("x")
        assert app.files.filter == RowFilter()


@driven
async def test_the_cursor_stays_on_its_file_when_the_order_changes(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("down", "s")
        planned_files = app.session.planned_files
        assert planned_files and app.files.current == 1
        times = [planned_files.taken[row] for row in app.files.rows]
        assert len(set(times)) > 2 and times == sorted(times)
        await press("s")
        assert app.names() == sorted(app.names())
        await press("s", "S")
        assert app.names()[0] in ("lost.jpg", "d.jpg") and app.files.current == 1


@driven
async def test_jump_goes_to_a_position_a_percentage_or_a_name(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        for typed, row in (("3", 2), ("100%", 6), ("d.", 4), ("FOU", 5), ("1", 0)):
            await press("colon", *typed, "enter")
            assert app.files.current == row, typed
        await press("colon", *"zzz", "enter")
        assert app.screen is not app.review, "the window stays open with the problem"
        await press("escape")


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_a_conflict_is_decided_undone_and_saved(tmp_path: Path, size: tuple[int, int]) -> None:
    async with started(tmp_path, size) as (app, press):
        await press("t")
        assert decisions(tmp_path) == [{"choice": "google", "file": "Rome/b.jpg"}]
        assert app.session.settings.decisions.startswith(str(tmp_path / "state"))
        assert "take Google's" in app.text("FileDetail Static")
        assert app.lines()[0].startswith("› to write  *")
        assert "1 decided here" in app.text("#status")
        await press("down", "e")
        assert decisions(tmp_path)[1] == {"choice": "keep", "file": "Rome/a.png"}
        await press("U")
        assert len(decisions(tmp_path)) == 1
        await press("U")
        assert decisions(tmp_path) == [] and app.lines()[0].startswith("  to write  !")
        await press("U")
        assert decisions(tmp_path) == []


@driven
async def test_a_file_without_conflict_has_nothing_to_decide(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("end", "e", "t", "D")
        assert not (tmp_path / "state").exists()
        assert isinstance(app.screen, PickScreen), "every conflict there is can be decided from anywhere"


@pytest.mark.long
@driven
async def test_an_album_or_a_kind_is_decided_at_once(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("D", "slash", *"google in rome", "enter")
        rule = {"choice": "google", "folder": "Rome", "unit": "date", "kind": "differs by 1 h"}
        assert decisions(tmp_path) == [rule]
        assert [line[12] for line in app.lines()[:3]] == ["*", "*", "!"]
        await press("U", "D", "slash", *"keep everywhere", "enter")
        assert decisions(tmp_path) == [{"choice": "keep", "unit": "date", "kind": "differs by 1 h"}]
        await press("D", "slash", *"keep every conflict", "enter")
        assert [line[12] for line in app.lines()[:3]] == ["*", "*", "*"]


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_groups_of_conflicts_are_decided_together_and_opened(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with started(tmp_path, size) as (app, press):
        await press("2")
        assert app.lines("#conflicts")[0].startswith("› 2 dates: differs by 1 h")
        assert app.lines("#conflicts")[0].endswith("undecided")
        await press("e")
        assert app.lines("#conflicts")[0].endswith("keep the file's")
        await press("down", "D", "slash", *"google paris", "enter")
        assert decisions(tmp_path)[1]["folder"] == "Paris"
        await press("enter")
        assert app.names() == ["c.heic"] and app.review.query_one(ContentSwitcher).current == "files"


@driven
async def test_a_sidecar_is_assigned_the_most_likely_one_first(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("w")
        assert app.screen is app.review, "the picture has a sidecar"
        await press("down", "down", "down", "w", "enter")
        assert decisions(tmp_path) == [{"file": "Paris/lost.jpg", "sidecar": "lost.jpg.json"}]
        assert "assigned by you" in app.text("FileDetail Static")
        await press("U")
        assert "assigned by you" not in app.text("FileDetail Static")


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_charts_and_map_are_drawn(tmp_path: Path, size: tuple[int, int]) -> None:
    async with started(tmp_path, size) as (app, press):
        await press("3")
        charts = app.text("#overview")
        for words in ("Dates of the files in the export", "2023", "2019", "JPEG picture", "Ann"):
            assert words in charts
        await press("4")
        assert ("1 with a location" in app.text("#world") and "•" in app.text("#world")) or "◉" in app.text(
            "#world"
        )
        world_map = app.review.query_one(WorldMap)
        await press("0")
        assert world_map.view.degrees == 4 and round(world_map.view.latitude) == 42
        await press("minus", "left", "up")
        assert world_map.view.degrees == 8 and world_map.view.longitude < 12 and world_map.view.latitude > 42
        await press("plus", "right", "down", "9")
        assert world_map.view.degrees == 360
        await press("1")
        assert app.review.query_one(ContentSwitcher).current == "files"


@driven
async def test_the_details_fill_the_screen_and_shrink_again(tmp_path: Path) -> None:
    async with started(tmp_path, (80, 24)) as (app, press):
        await press("z")
        assert not app.files.display or app.review.has_class("-zoomed")
        await press("z")
        assert not app.review.has_class("-zoomed")
        await press("enter")
        assert app.review.has_class("-zoomed")


@driven
async def test_the_run_is_a_key_away(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("f5")
        assert app.stages == ["run"]


@driven
async def test_the_mouse_moves_picks_and_changes_views(tmp_path: Path) -> None:
    app = ReviewApp(session_with(planned_files(*records()), tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        press = pressing(app, pilot)
        await press()
        await pilot.click("#file-list", offset=(10, 2))
        await press()
        assert app.files.current == 2
        await pilot.click("#views", offset=(30, 0))
        await press()
        assert app.review.query_one(ContentSwitcher).current == "charts"
        await press("4")
        await pilot.click("#world", offset=(30, 5))
        await press()
        assert app.review.query_one(WorldMap).view.longitude < 0


@pytest.mark.parametrize("size", [*SIZES, (60, 20), (200, 60)])
@driven
async def test_hostile_names_are_inert_everywhere(tmp_path: Path, size: tuple[int, int]) -> None:
    hostile_records: list[Outcome | JsonRecord] = [
        outcome(
            HOSTILE,
            HOSTILE,
            conflicts=(hour(HOSTILE),),
            warnings=(HOSTILE,),
            people=(HOSTILE,),
            tags={HOSTILE: HOSTILE},
        ),
        outcome("x" + HOSTILE, HOSTILE, "unmatched", matched=False, reason=HOSTILE, format=HOSTILE),
        outcome(os.fsdecode(b"caf\xe9" + b"x" * 240)),
        orphan(HOSTILE, HOSTILE),
    ]
    async with started(tmp_path, size, hostile_records) as (app, press):
        screens = []
        for keys in (
            ["k"],
            ["z"],
            ["z", "2"],
            ["d"],
            ["escape", "3"],
            ["1", "f"],
            ["escape", "F"],
            ["escape", "down", "w"],
        ):
            await press(*keys)
            screens.append("".join(strip.text for strip in app.screen._compositor.render_strips()))
        assert "x1b" in screens[0]
        for text in screens:
            assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(text)
        assert app.is_running


@driven
async def test_saved_decisions_are_loaded_and_added_to(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("t")
    session = session_with(planned_files(*records()), tmp_path, decisions=app.session.settings.decisions)
    second_app = ReviewApp(session)
    async with second_app.run_test(size=(80, 24)) as pilot:
        press = pressing(second_app, pilot)
        await press()
        await press("down", "e")
        assert [rule["choice"] for rule in decisions(tmp_path)] == ["google", "keep"]
        await press("l", "slash", *"rome/b", "enter")
        assert [rule["file"] for rule in decisions(tmp_path)] == ["Rome/a.png"]
        await press("l", "escape")
        assert len(decisions(tmp_path)) == 1
