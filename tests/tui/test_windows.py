"""Windows in front of a screen: the help keeps its columns, and notices do not cover a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from app_pilot import make_session, run_app, small_export, text, wait_for_text
from preview_cases import planned_files
from review_app import ReviewApp, driven, session_with
from test_review import records
from textual.widgets import Static

from pef_tui.tui.keys import key_name
from pef_tui.tui.screens.dialogs import text_width
from pef_tui.tui.screens.help import KEY_COLUMN, help_text
from pef_tui.tui.screens.picker import PickScreen


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
def test_continued_rows_of_the_help_begin_below_the_text(tmp_path: Path, size: tuple[int, int]) -> None:
    session = make_session(tmp_path, small_export(tmp_path))

    async def script(pilot: Any) -> None:
        await pilot.press("f5")
        await wait_for_text(pilot, "planned in")
        screen = pilot.app.screen
        await pilot.press("f1")
        await pilot.pause()
        width = text_width(size[0])
        assert pilot.app.screen.query_one("#text Static", Static).size.width >= width
        rows = help_text(pilot.app, {}, screen).plain.split("\n")
        start = next(number for number, row in enumerate(rows) if row.startswith(key_name("f5")))
        key_rows = rows[start : rows.index("", start)]
        assert max(map(len, key_rows)) <= width
        for row in key_rows:
            assert row[:1] != " " or row.startswith(" " * KEY_COLUMN), row
            assert len(row) < KEY_COLUMN or row[KEY_COLUMN - 1] == " " or ", " in row, row
        assert any(row.startswith(" " * KEY_COLUMN) for row in key_rows)

    run_app(session, script, size)


@driven
async def test_a_notice_does_not_cover_a_window_that_opens(tmp_path: Path) -> None:
    app = ReviewApp(session_with(planned_files(*records()), tmp_path))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await wait_for_text(pilot, "3 of 3 conflicts undecided")
        await pilot.press("t")
        await wait_for_text(pilot, "Decided: take Google's")
        await pilot.press("D")
        await wait_for_text(pilot, "every conflict")
        assert isinstance(app.screen, PickScreen) and "Decided" not in text(app)
