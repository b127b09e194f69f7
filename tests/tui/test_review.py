"""The Review screen, key by key."""

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

from planned_cases import hour, orphan, outcome, planned
from review_app import ReviewApp, driven, flow_over

from pef_tui.model import JsonRecord, Outcome
from pef_tui.planned import Filter
from pef_tui.tui.pick import PickScreen
from pef_tui.tui.world_map import WorldMap

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
    tmp_path: Path, size: tuple[int, int] = (120, 40), given: list[Outcome | JsonRecord] | None = None
) -> AsyncIterator[tuple[ReviewApp, Callable[..., Awaitable[None]]]]:
    app = ReviewApp(flow_over(planned(*(given or records())), tmp_path))
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
    kept: list[dict[str, str]] = json.loads(path.read_text())["decisions"]
    return kept


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_every_file_is_listed_with_counts_and_the_first_in_focus(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with started(tmp_path, size) as (app, _):
        assert app.shown() == ["b.jpg", "a.png", "c.heic", "lost.jpg", "d.jpg", "found.json", "lost.jpg.json"]
        assert app.lines()[0].startswith("› written   ! 2019-07-01")
        assert "b.jpg" in app.lines()[0]
        counts = app.text("#outcomes").replace("\u00a0", " ")
        for words in ("[all 7]", "written 2", "orphan 2", "conflicts 3", "warnings 1"):
            assert words in counts
        detail = app.text("Detail Static")
        assert "Rule" not in detail and "rule exact" in detail and "EXIF:GPSLatitude" in detail
        assert "3 of 3 conflicts undecided" in app.text("#status")


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_search_narrows_and_escape_ends_it(tmp_path: Path, size: tuple[int, int]) -> None:
    async with started(tmp_path, size) as (app, press):
        await press("slash", *"lost")
        assert app.shown() == ["lost.jpg", "lost.jpg.json"]
        await press("enter", "down")
        assert "lost.jpg.json" in app.text("Detail Static")
        assert "picture is missing" in app.text("Detail Static")
        await press("slash", "escape")
        assert len(app.shown()) == 7 and not app.files.query_one(Input).display


@driven
async def test_outcome_folder_format_and_rule_are_picked_from_lists(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("o", *"copied", "enter")
        assert app.shown() == ["a.png"]
        await press("x", "f", *"paris", "enter")
        assert app.shown() == ["c.heic", "lost.jpg", "d.jpg", "found.json", "lost.jpg.json"]
        await press("x", "y", *"heic", "enter")
        assert app.shown() == ["c.heic"]
        await press("x", "m", *"exact", "enter")
        assert app.shown() == ["b.jpg", "a.png", "c.heic", "d.jpg"]
        await press("m", "escape")
        assert len(app.shown()) == 4, "nothing picked, nothing changed"
        await press("x", "o", *"conflicts", "enter")
        assert app.shown() == ["b.jpg", "a.png", "c.heic"]
        await press("x")
        assert app.files.filter == Filter()


@driven
async def test_sorted_and_turned_round_the_cursor_stays_on_its_file(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("down", "s")
        assert app.shown()[-1] == "b.jpg" or app.shown()[2] == "a.png"
        taken = app.shown()
        assert taken.index("a.png") < taken.index("b.jpg")
        assert app.flow.planned and app.files.current == 1
        await press("s")
        assert app.shown() == sorted(app.shown())
        await press("s", "S")
        assert app.shown()[0] in ("lost.jpg", "d.jpg") and app.files.current == 1


@driven
async def test_jump_goes_to_a_number_a_part_or_a_name(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        for typed, row in (("3", 2), ("100%", 6), ("d.", 4), ("FOU", 5), ("1", 0)):
            await press("g", *typed, "enter")
            assert app.files.current == row, typed
        await press("g", *"zzz", "enter")
        assert app.screen is not app.review, "told that there is none"
        await press("escape")


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_a_conflict_is_decided_undone_and_kept(tmp_path: Path, size: tuple[int, int]) -> None:
    async with started(tmp_path, size) as (app, press):
        await press("t")
        assert decisions(tmp_path) == [{"choice": "google", "file": "Rome/b.jpg"}]
        assert app.flow.settings.decisions.startswith(str(tmp_path / "state"))
        assert "take Google's" in app.text("Detail Static")
        assert app.lines()[0].startswith("› written   *")
        assert "1 decided here" in app.text("#status")
        await press("down", "k")
        assert decisions(tmp_path)[1] == {"choice": "keep", "file": "Rome/a.png"}
        await press("u")
        assert len(decisions(tmp_path)) == 1
        await press("u")
        assert decisions(tmp_path) == [] and app.lines()[0].startswith("  written   !")
        await press("u")
        assert decisions(tmp_path) == []


@driven
async def test_a_file_without_conflict_has_nothing_to_decide(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("end", "k", "t", "d")
        assert not (tmp_path / "state").exists()
        assert isinstance(app.screen, PickScreen), "every conflict there is can be decided from anywhere"


@driven
async def test_an_album_or_a_kind_is_decided_at_once(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("d", *"google in rome", "enter")
        rule = {"choice": "google", "folder": "Rome", "unit": "date", "kind": "differs by 1 h"}
        assert decisions(tmp_path) == [rule]
        assert [line[12] for line in app.lines()[:3]] == ["*", "*", "!"]
        await press("u", "d", *"keep everywhere", "enter")
        assert decisions(tmp_path) == [{"choice": "keep", "unit": "date", "kind": "differs by 1 h"}]
        await press("d", *"keep every conflict", "enter")
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
        await press("k")
        assert app.lines("#conflicts")[0].endswith("keep the file's")
        await press("down", "d", *"google paris", "enter")
        assert decisions(tmp_path)[1]["folder"] == "Paris"
        await press("enter")
        assert app.shown() == ["c.heic"] and app.review.query_one(ContentSwitcher).current == "files"


@driven
async def test_a_picture_is_given_a_sidecar_the_likely_one_first(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("w")
        assert app.screen is app.review, "it has one"
        await press("down", "down", "down", "w", "enter")
        assert decisions(tmp_path) == [{"file": "Paris/lost.jpg", "sidecar": "lost.jpg.json"}]
        assert "given by you" in app.text("Detail Static")
        await press("u")
        assert "given by you" not in app.text("Detail Static")


@pytest.mark.parametrize("size", SIZES)
@driven
async def test_charts_and_map_are_drawn(tmp_path: Path, size: tuple[int, int]) -> None:
    async with started(tmp_path, size) as (app, press):
        await press("3")
        charts = app.text("#overview")
        for words in ("As the export dates the files", "2023", "2019", "JPEG picture", "Ann"):
            assert words in charts
        await press("4")
        assert ("1 with a place" in app.text("#world") and "•" in app.text("#world")) or "◉" in app.text(
            "#world"
        )
        shown = app.review.query_one(WorldMap)
        await press("0")
        assert shown.view.degrees == 4 and round(shown.view.latitude) == 42
        await press("minus", "left", "up")
        assert shown.view.degrees == 8 and shown.view.longitude < 12 and shown.view.latitude > 42
        await press("plus", "right", "down", "9")
        assert shown.view.degrees == 360
        await press("1")
        assert app.review.query_one(ContentSwitcher).current == "files"


@driven
async def test_the_file_in_focus_fills_the_screen_and_gives_way_again(tmp_path: Path) -> None:
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
        assert app.went == ["run"]


@driven
async def test_the_mouse_moves_picks_and_changes_views(tmp_path: Path) -> None:
    app = ReviewApp(flow_over(planned(*records()), tmp_path))
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
    given: list[Outcome | JsonRecord] = [
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
    async with started(tmp_path, size, given) as (app, press):
        screens = []
        for keys in (
            ["k"],
            ["z"],
            ["z", "2"],
            ["d"],
            ["escape", "3"],
            ["1", "f"],
            ["escape", "y"],
            ["escape", "down", "w"],
        ):
            await press(*keys)
            screens.append("".join(strip.text for strip in app.screen._compositor.render_strips()))
        assert "x1b" in screens[0]
        for text in screens:
            assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(text)
        assert app.is_running


@driven
async def test_decisions_of_before_are_taken_up_and_added_to(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("t")
    again = flow_over(planned(*records()), tmp_path, decisions=app.flow.settings.decisions)
    other = ReviewApp(again)
    async with other.run_test(size=(80, 24)) as pilot:
        press = pressing(other, pilot)
        await press()
        await press("down", "k")
        assert [rule["choice"] for rule in decisions(tmp_path)] == ["google", "keep"]
        await press("l", *"rome/b", "enter")
        assert [rule["file"] for rule in decisions(tmp_path)] == ["Rome/a.png"]
        await press("l", "escape")
        assert len(decisions(tmp_path)) == 1
