"""The line of the stages: its marks, and what a click on a stage does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_pilot import ControlledRun, make_session, run_app, text, wait_for_text, wait_until

from pef_tui.tui.screens.choose import ChooseScreen
from pef_tui.tui.screens.dialogs import ChoiceDialog
from pef_tui.tui.screens.done import DoneScreen
from pef_tui.tui.screens.review import ReviewScreen
from pef_tui.tui.screens.run import RunScreen
from pef_tui.tui.widgets.steps_bar import STAGES, StepsBar, unreachable_reason


def _first_line(app: Any) -> str:
    return text(app).split("\n")[0]


async def _click(pilot: Any, title: str) -> None:
    await pilot.click(StepsBar, offset=(_first_line(pilot.app).index(title) + 1, 0))
    await pilot.pause()


async def _tooltip(pilot: Any, title: str) -> object:
    await pilot.hover(StepsBar, offset=(_first_line(pilot.app).index(title) + 1, 0))
    await pilot.pause()
    return pilot.app.screen.query_one(StepsBar).tooltip


def test_clicks_go_through_the_stages(tmp_path: Path, export: Path, controlled_run: ControlledRun) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        app = pilot.app
        await wait_until(pilot, lambda: session.survey is not None and session.survey.is_over)
        controlled_run.give()
        await _click(pilot, "Review")
        await wait_for_text(pilot, "planned in", "✓ Choose")
        assert isinstance(app.screen, ReviewScreen)
        await _click(pilot, "Choose")
        assert isinstance(app.screen, ChooseScreen)
        await _click(pilot, "Review")
        await wait_for_text(pilot, "planned in")
        await _click(pilot, "Run")
        await wait_until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        assert session.run is None, "a click asks before the run starts"
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, RunScreen))
        await _click(pilot, "Choose")
        assert isinstance(app.screen, ChooseScreen)
        await _click(pilot, "Run")
        await wait_until(pilot, lambda: isinstance(app.screen, RunScreen))
        controlled_run.give()
        await wait_for_text(pilot, "[Done]")
        assert isinstance(app.screen, DoneScreen)
        assert _first_line(app).split() == [
            "pef-tui", "✓", "Choose", "─", "✓", "Review", "─", "✓", "Run", "─", "[Done]",
        ]  # fmt: skip

    run_app(session, script)


def test_a_click_on_a_stage_out_of_reach_does_nothing(tmp_path: Path) -> None:
    session = make_session(tmp_path)

    async def script(pilot: Any) -> None:
        await wait_for_text(pilot, "[Choose]")
        for title in ("Review", "Run", "Done", "[Choose]"):
            await _click(pilot, title)
            assert isinstance(pilot.app.screen, ChooseScreen)
            assert session.run is None and session.preview is None
        assert await _tooltip(pilot, "Review") == "Choose a source first"
        assert await _tooltip(pilot, "Choose") is None

    run_app(session, script)


@pytest.mark.parametrize(
    ("current", "state", "reachable"),
    [
        ("choose", "new", {"choose", "review"}),
        ("review", "new", {"choose", "review", "run"}),
        ("choose", "running", {"choose", "run"}),
        ("run", "running", {"choose", "run"}),
        ("choose", "ended", {"choose", "review", "done"}),
        ("review", "ended", {"choose", "review", "run", "done"}),
        ("done", "ended", {"choose", "review", "done"}),
    ],
)
def test_which_stages_can_be_reached(
    tmp_path: Path, export: Path, controlled_run: ControlledRun, current: str, state: str, reachable: set[str]
) -> None:
    session = make_session(tmp_path, export)
    try:
        if state != "new":
            session.start_run()
        if state == "ended":
            assert session.run is not None
            controlled_run.give()
            session.run.join(20)
        assert {stage for stage in STAGES if not unreachable_reason(session, current, stage)} == reachable
    finally:
        if session.run is not None:
            session.run.stop()
            session.run.join(20)
        session.close()
