"""Charts, map and report of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, wait_for_text, wait_until
from textual.widgets import Static

from pef_tui.tui.screens.done import DoneScreen
from pef_tui.tui.widgets.world_map import WorldMap


async def _run_to_end(pilot: Any) -> None:
    pilot.app.go("run")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen), 20)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
def test_a_real_run_ends_in_charts_a_map_and_a_report(
    tmp_path: Path, export: Path, size: tuple[int, int]
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        await pilot.press("c")
        await wait_for_text(pilot, "Dates of the files", "J F M" if size[0] >= 60 else "JFM")
        await pilot.press("2")
        await wait_for_text(pilot, "No picture has a location.", "⣀")
        assert pilot.app.screen.query_one(WorldMap).has_focus
        await pilot.click("#views", offset=(3, 0))
        await wait_for_text(pilot, "Dates of the files")
        await pilot.press("escape", "o")
        await wait_for_text(pilot, "Open it in a browser")
        window = pilot.app.screen.query_one("#text Static", Static)
        assert "report.html" in str(window.render())

    run_app(session, script, size)
    report = tmp_path / "Takeout-fixed" / ".pef-tui" / "report.html"
    assert "alone.jpg" in report.read_text() and "a.jpg" in report.read_text()


def test_a_report_is_opened_if_there_is_a_desktop(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(tmp_path, export)
    session.environ = {**session.environ, "DISPLAY": ":0"}
    urls: list[str] = []

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        monkeypatch.setattr(pilot.app, "open_url", lambda url: urls.append(url))
        await pilot.press("o")
        await wait_for_text(pilot, "is opening")

    run_app(session, script)
    assert urls == [(tmp_path / "Takeout-fixed" / ".pef-tui" / "report.html").as_uri()]


def test_a_report_that_cannot_be_written_is_noted_and_the_run_succeeds(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export, report=str(tmp_path / "gone" / "r.html"))

    async def script(pilot: Any) -> None:
        await _run_to_end(pilot)
        assert session.run is not None and any("--report" in note for note in session.run.progress.notes)

    run_app(session, script)
    assert (tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg").exists()
