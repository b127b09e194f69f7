"""What the Run screen shows on a wide terminal: charts of the speed, formats, the last pictures."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import Any

import pytest
from app_pilot import ControlledRun, make_session, outcome, run_app, text, wait_for_text, wait_until
from textual.geometry import Size

from pef_tui.pipeline import run as pipeline
from pef_tui.reporting.charts import columns
from pef_tui.reporting.rate import RateMeter
from pef_tui.reporting.stats import RunStats
from pef_tui.testing.jpeg import jpeg
from pef_tui.tui.screens import run
from pef_tui.tui.session.run_thread import MAX_RECENT, RunThread
from pef_tui.tui.text.run import formats, speed
from pef_tui.tui.widgets.last_pictures import HEIGHT, WIDTH, LastPictures, Tile
from pef_tui.tui.widgets.thumbnail import SmallImage, thumbnail_of


@pytest.mark.parametrize(
    ("values", "width", "height", "expected"),
    [
        ((), 10, 2, ["", ""]),
        ((0.0, 0.0), 10, 2, ["", ""]),
        ((2.0, 4.0), 10, 2, [" █", "██"]),
        ((4.0, 2.0, 0.001), 10, 2, ["█", "██▁"]),
        ((9.0, 1.0, 4.0), 2, 1, ["▂█"]),
        ((3.0, 4.0), 10, 2, ["▄█", "██"]),
    ],
)
def test_columns_have_the_height_of_their_values(
    values: tuple[float, ...], width: int, height: int, expected: list[str]
) -> None:
    assert columns(values, width, height) == expected


def test_the_speed_is_charted_over_the_width_of_a_high_pane(tmp_path: Path) -> None:
    rate = RateMeter()
    rate.files, rate.bytes = deque([10.0] * 300, maxlen=240), deque([2e6] * 300, maxlen=240)
    session = make_session(tmp_path)
    thread = RunThread(session.settings, session.make_host, lambda record: None)
    rows = speed(thread, rate, Size(103, 6)).plain.split("\n")
    assert "highest 10" in rows[0] and "so far" in rows[0] and "highest 2.0 MB/s" in rows[0]
    assert rows[1:] == ["█" * 50 + "   " + "█" * 50] * 5
    low = speed(thread, rate, Size(60, 3)).plain.split("\n")
    assert len(low) == 3 and all(len(row) <= 60 for row in low)


@pytest.mark.parametrize(
    ("width", "heads"), [(36, "files size"), (46, "files failed size"), (90, "files written failed size")]
)
def test_the_formats_have_the_columns_that_fit(width: int, heads: str) -> None:
    stats = RunStats()
    for number in range(5):
        stats.add(outcome(f"F/{number}.jpg", failed=number == 4))
    stats.add(outcome("F/film.mp4"))
    rows = formats(stats, Size(width, 6)).plain.split("\n")
    assert " ".join(rows[0].split()) == heads
    assert len({len(row) for row in rows}) == 1, "all rows have one width"
    assert [row.split()[0] for row in rows[1:]] == ["JPEG", "MP4"]
    assert rows[1].split()[2] == "5" and rows[2].split()[2] == "1"
    assert ("failed" in heads) == (rows[1].split()[-3] == "1")


def test_a_run_keeps_its_last_outputs_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total = MAX_RECENT + 20
    controlled = ControlledRun(total)
    monkeypatch.setattr(pipeline, "run", controlled)
    session = make_session(tmp_path, tmp_path)
    controlled.give()
    thread = session.start_run()
    thread.join(20)
    session.close()
    outputs = [outcome.output for outcome in thread.recent_outputs]
    assert len(outputs) == MAX_RECENT
    assert outputs[-1] == f"Photos from 2019/{total - 2}.jpg", "the last one failed, so it has no output"


def test_the_last_outputs_are_shown_as_thumbnails(
    tmp_path: Path, export: Path, controlled_run: ControlledRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("PIL")
    monkeypatch.setattr(run, "PICTURE_INTERVAL", 0.05)
    session = make_session(tmp_path, export, output=str(tmp_path / "out"))
    picture = tmp_path / "out" / "Photos from 2019" / "0.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(jpeg(1))

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        controlled_run.give(1)
        await wait_for_text(pilot, "1 written", "Last pictures", "By format", "JPEG picture")
        pictures = pilot.app.screen.query_one(LastPictures)
        await wait_until(pilot, lambda: "▀" in text(pilot.app))
        assert [tile.name for tile in pictures._tiles] == ["0.jpg"]
        await pilot.resize_terminal(80, 24)
        await wait_until(pilot, lambda: not pictures._tiles or not pictures.region)
        assert "Last pictures" not in text(pilot.app) and "1 written" in text(pilot.app)

    run_app(session, script, (200, 60))


@pytest.mark.parametrize("environ", [{}, {"SSH_CONNECTION": "1 2 3 4"}])
def test_over_ssh_and_for_files_that_are_no_pictures_the_names_are_shown(
    tmp_path: Path, export: Path, controlled_run: ControlledRun, environ: dict[str, str]
) -> None:
    session = make_session(tmp_path, export)
    session.environ = {**session.environ, **environ}

    async def script(pilot: Any) -> None:
        pilot.app.go("run")
        controlled_run.give(3)
        await wait_for_text(pilot, "Photos from 2019/2.jpg", "Photos from 2019/0.jpg")

    run_app(session, script, (120, 40))


def test_a_new_thumbnail_replaces_the_oldest(tmp_path: Path) -> None:
    from textual.app import App

    image = SmallImage(2, bytes(2 * 2 * 3 * HEIGHT))

    async def play() -> None:
        app: App[None] = App()
        async with app.run_test(size=(2 * (WIDTH + 1), HEIGHT + 1)) as pilot:
            pictures = LastPictures()
            await app.mount(pictures)
            await pilot.pause()
            assert pictures.capacity == (2, 1)
            for number in range(3):
                pictures.add(Tile(f"{number}.jpg", image))
            await pilot.pause()
            assert text(app).split("\n")[HEIGHT].split() == ["2.jpg", "1.jpg"]

    asyncio.run(play())


def test_a_missing_or_broken_file_has_no_thumbnail(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8")
    for name in ("broken.jpg", "missing.jpg"):
        assert str(thumbnail_of(str(tmp_path / name), 4, 4)).startswith("No thumbnail: ")
