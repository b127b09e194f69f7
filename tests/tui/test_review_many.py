"""The Review screen: many files decided at once, and the search by terms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from preview_cases import orphan, outcome
from review_app import ReviewApp, driven
from terminal import F5, Terminal
from test_review import decisions, started
from textual.widgets import Input

from pef_tui.model import JsonRecord, Outcome
from pef_tui.testing.exif import Exif
from pef_tui.testing.export import Item, sidecar, takeout
from pef_tui.testing.jpeg import jpeg
from pef_tui.tui.screens.dialogs import ChoiceDialog
from pef_tui.tui.session import searches


def _marked(app: ReviewApp) -> list[int]:
    return [number for number, line in enumerate(app.lines()) if line[2:3] == "+"]


@driven
async def test_files_are_selected_and_decided_together(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("space", "down", "space")
        assert _marked(app) == [0, 2] and app.files.current == 3
        assert "2 selected" in app.text("#filter-words")
        await press("t")
        assert decisions(tmp_path) == [
            {"choice": "google", "file": "Rome/b.jpg"},
            {"choice": "google", "file": "Paris/c.heic"},
        ]
        assert _marked(app) == [] and [line[12] for line in app.lines()[:3]] == ["*", "!", "*"]
        await press("U")
        assert decisions(tmp_path) == [] and app.lines()[0][12] == "!"
        await press("end", "space", "e")
        assert decisions(tmp_path) == [], "a sidecar has no conflict"
        assert _marked(app) == [6]


@driven
async def test_shift_and_arrows_extend_and_escape_ends_the_selection(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("down", "shift+down", "shift+down")
        assert _marked(app) == [1, 2, 3]
        await press("escape")
        assert _marked(app) == []
        await press("end", "shift+up", "K")
        assert _marked(app) == [4, 5, 6]
        await press("home", "J")
        assert _marked(app) == [0, 1, 4, 5, 6]
        await press("slash", *"paris", "enter", "escape")
        assert app.files.has_class("-searching"), "the first Escape ends the selection, the second the search"
        await press("escape")
        assert not app.files.has_class("-searching") and len(app.names()) == 7


@driven
async def test_all_files_of_the_filter_are_selected_and_released(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("o", "slash", *"conflicts", "enter", "a")
        assert _marked(app) == [0, 1, 2]
        await press("a")
        assert _marked(app) == []
        await press("a", "x")
        assert _marked(app) == [0, 1, 2], "a selection stays when the filter is removed"
        await press("D")
        rows = [app.screen.query_one("VirtualList").render_line(0).text]
        assert "Keep the file's: the selected files" in rows[0] and "3" in rows[0]
        await press("enter")
        assert [rule["choice"] for rule in decisions(tmp_path)] == ["keep"] * 3


@driven
async def test_sidecars_are_assigned_to_selected_pictures_together(tmp_path: Path) -> None:
    ambiguous: list[Outcome | JsonRecord] = [
        outcome("IMG_1.jpg", "A", "unmatched", matched=False, reason="ambiguous: x, y"),
        outcome("beach.jpg", "A", "unmatched", matched=False, reason="ambiguous: x, y"),
        outcome("zzz.jpg", "B", "unmatched", matched=False, reason="ambiguous: x, y"),
        orphan("IMG_1.jpeg.json", "A"),
        orphan("beach(1).jpg.json", "A"),
    ]
    async with started(tmp_path, planned_records=ambiguous) as (app, press):
        await press("slash", *"outcome:amb", "enter", "a", "w")
        assert isinstance(app.screen, ChoiceDialog)
        await press("enter")
        assert decisions(tmp_path) == [
            {"file": "A/IMG_1.jpg", "sidecar": "IMG_1.jpeg.json"},
            {"file": "A/beach.jpg", "sidecar": "beach(1).jpg.json"},
        ]
        await press("U")
        assert decisions(tmp_path) == []


@driven
async def test_searches_are_recalled_by_later_starts(tmp_path: Path) -> None:
    async with started(tmp_path) as (app, press):
        await press("slash", *"person:ann", "enter")
        assert app.names() == ["d.jpg"]
        await press("x", "slash", *"year:2019 rome", "enter")
        assert app.names() == ["b.jpg", "a.png"]
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert searches.load(environ) == ["person:ann", "year:2019 rome"]
    async with started(tmp_path) as (app, press):
        field = app.files.query_one(Input)
        await press("slash", *"my", "up")
        assert field.value == "year:2019 rome" and app.names() == ["b.jpg", "a.png"]
        await press("up", "up")
        assert field.value == "person:ann" and app.names() == ["d.jpg"]
        await press("down", "down")
        assert field.value == ""
        await press(*"year:20")
        assert "year: needs a year" in app.text("#filter-words") and len(app.names()) == 7


def test_stored_searches_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    assert searches.load(environ) == []
    searches.remember(environ, "  ")
    searches.remember(environ, "a")
    for number in range(60):
        searches.remember(environ, f"{number}\udcff")
    assert len(searches.load(environ)) == searches.MAX_SEARCHES and searches.load(environ)[-1] == r"59\xff"
    (tmp_path / "pef-tui" / "searches.json").write_text("{")
    assert searches.load(environ) == []


def _export_with_conflicts(folder: Path) -> Path:
    """Make an export of 1,217 pictures, each with one of three kinds of conflicts."""
    texts = ("a sunset", "the beach at noon", "the beach")
    files = {}
    for number in range(1217):
        kind = 0 if number < 700 else 1 if number < 1100 else 2
        date = "2011:01:01 10:00:00" if kind == 2 else "2019:07:01 10:34:56"
        name = f"{kind}_{number:04}.jpg"
        picture = jpeg(number, exif=Exif(date=date, description=texts[kind]))
        fields = sidecar(name, description="the beach")
        files[f"Photos from 2019/{name}"] = Item(fields, picture)
    return takeout(folder, files)


@pytest.mark.long
def test_thousands_of_conflicts_of_three_kinds_are_decided_by_few_keys(tmp_path: Path) -> None:
    source = _export_with_conflicts(tmp_path)
    terminal = Terminal(
        tmp_path,
        str(source),
        "-o",
        str(tmp_path / "out"),
        size=(120, 40),
        XDG_STATE_HOME=str(tmp_path / "state"),
    )
    keys = [F5, b"2", b"t", b"j", b"e", b"j", b"t"]
    try:
        terminal.until("[Choose]")
        terminal.pause()
        terminal.send(keys[0])
        terminal.until("1,217 of 1,217 conflicts undecided", 120)
        for key in keys[1:]:
            terminal.pause()
            terminal.send(key)
        terminal.until("3 decided here")
        assert "undecided" not in terminal.words
    finally:
        terminal.close()
    assert len(keys) <= 12
    (path,) = (tmp_path / "state" / "pef-tui").glob("decisions-*.json")
    rules = json.loads(path.read_text())["decisions"]
    assert [rule["choice"] for rule in rules] == ["google", "keep", "google"]
    assert {(rule["unit"], rule["kind"]) for rule in rules} == {
        ("description", "another text"), ("description", "more text"), ("date", "set by hand in Google Photos"),
    }  # fmt: skip
