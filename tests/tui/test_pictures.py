"""Charts, map and report of a finished run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from app_cases import made_flow, piloted, shown, text, until

from pef_tui.tui.done import DoneScreen
from pef_tui.tui.world_map import WorldMap


async def _done(pilot: Any) -> None:
    pilot.app.go("run")
    await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen), 20)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
def test_a_real_run_ends_in_charts_a_map_and_a_report(
    tmp_path: Path, export: Path, size: tuple[int, int]
) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await _done(pilot)
        await pilot.press("c")
        await shown(pilot, "As the export dates", "J F M" if size[0] >= 60 else "JFM")
        await pilot.press("2")
        await shown(pilot, "No picture has a place.", "⣀")
        assert pilot.app.screen.query_one(WorldMap).has_focus
        await pilot.click("#views", offset=(3, 0))
        await shown(pilot, "As the export dates")
        await pilot.press("escape", "o")
        await shown(pilot, "Open it in a browser")
        rows = re.findall("│(.*?)│", text(pilot.app))
        assert "report.html" in "".join(row.strip() for row in rows)  # a long path takes several rows

    piloted(flow, script, size)
    report = tmp_path / "Takeout-fixed" / ".pef-tui" / "report.html"
    assert "alone.jpg" in report.read_text() and "a.jpg" in report.read_text()


def test_a_report_is_opened_where_there_is_a_desktop(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = made_flow(tmp_path, export)
    flow.environ = {**flow.environ, "DISPLAY": ":0"}
    opened: list[str] = []

    async def script(pilot: Any) -> None:
        await _done(pilot)
        monkeypatch.setattr(pilot.app, "open_url", lambda url: opened.append(url))
        await pilot.press("o")
        await shown(pilot, "being opened")

    piloted(flow, script)
    assert opened == [(tmp_path / "Takeout-fixed" / ".pef-tui" / "report.html").as_uri()]


def test_a_report_that_cannot_be_written_is_told_and_costs_no_file(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export, report=str(tmp_path / "gone" / "r.html"))

    async def script(pilot: Any) -> None:
        await _done(pilot)
        assert flow.run is not None and any("--report" in note for note in flow.run.progress.notes)

    piloted(flow, script)
    assert (tmp_path / "Takeout-fixed" / "Photos from 2019" / "a.jpg").exists()
