"""What the Choose screen shows if it has room, and if there is nothing to say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, text, wait_for_text, wait_until

from pef_tui.tui.session import checks
from pef_tui.tui.widgets.years_chart import YearsChart


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
def test_without_messages_there_is_no_panel_for_them_but_the_free_space(
    tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(checks, "about_exiftool", lambda settings: [])
    monkeypatch.setattr(checks, "free_space", lambda path: 80_300_000_000)
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "80.3 GB free")
        assert session.checks is not None and not session.checks.rows()
        await wait_until(pilot, lambda: "Before the run" not in text(pilot.app))

    run_app(session, script, size)


@pytest.mark.parametrize(
    ("size", "shows_years", "shows_option"),
    [((60, 20), False, False), ((80, 24), False, False), ((120, 40), True, False), ((200, 60), True, True)],
)
def test_a_wide_screen_shows_the_years_and_the_option_under_the_cursor(
    tmp_path: Path, export: Path, size: tuple[int, int], shows_years: bool, shows_option: bool
) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "3 pictures")
        if shows_years:
            await wait_for_text(pilot, "by year", "2020 █", "2019 █")
        assert len([chart for chart in pilot.app.screen.query(YearsChart) if chart.display]) == shows_years
        assert ("PEF_TUI_EXISTING" in text(pilot.app)) == shows_option
        pilot.app.screen.query_one("#options").focus()
        await pilot.press("down")
        if shows_option:
            await wait_for_text(pilot, "PEF_TUI_TIMEZONE")
        pilot.app.screen.action_clear()
        await wait_until(pilot, lambda: "by year" not in text(pilot.app))

    run_app(session, script, size)
