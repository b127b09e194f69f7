"""The Run screen costs little: no other work during a run, and no layout for new numbers."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from app_pilot import ControlledRun, make_session, run_app, text, wait_for_text, wait_until

from pef_tui.tui.app import PefApp
from pef_tui.tui.screens.choose import ChooseScreen
from pef_tui.tui.screens.done import DoneScreen
from pef_tui.tui.screens.run import RunScreen
from pef_tui.tui.session.checks import Checks
from pef_tui.tui.session.session import Session
from pef_tui.tui.widgets.pane import Pane


def _count(monkeypatch: pytest.MonkeyPatch, calls: Counter[str], *of: tuple[type, str]) -> None:
    for owner, name in of:
        original: Any = getattr(owner, name)

        def counted(*arguments: Any, _name: str = name, _original: Any = original) -> Any:
            calls[_name] += 1
            return _original(*arguments)

        monkeypatch.setattr(owner, name, counted)


def test_choose_reads_nothing_while_other_stages_are_shown(
    tmp_path: Path, export: Path, controlled_run: ControlledRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()
    _count(monkeypatch, calls, (Checks, "start"), (ChooseScreen, "_tick"))
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await wait_until(pilot, lambda: calls["_tick"] > 2)
        controlled_run.give()
        pilot.app.go("review")
        await wait_until(pilot, lambda: session.preview is not None and session.preview.is_over)
        await wait_for_text(pilot, "planned in")
        calls_before_run = Counter(calls)
        pilot.app.go("run")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        controlled_run.give(3)
        await wait_for_text(pilot, "3 ")
        controlled_run.give()
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await pilot.pause(0.3)
        assert calls == calls_before_run
        assert len(pilot.app.screen_stack) == 3
        pilot.app.go("choose")
        await wait_until(
            pilot,
            lambda: (
                calls["start"] > calls_before_run["start"] and calls["_tick"] > calls_before_run["_tick"] + 1
            ),
        )

    run_app(session, script)


def test_a_preview_is_reused_until_a_setting_changes(
    tmp_path: Path, export: Path, controlled_run: ControlledRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()
    _count(monkeypatch, calls, (Session, "start_preview"))
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.go("review")
        controlled_run.give(2)
        await wait_for_text(pilot, "Planning: 2 of 5 files (40 %)")
        pilot.app.go("choose")  # and back, during the run
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))
        pilot.app.go("review")
        controlled_run.give(controlled_run.total - 2)
        await wait_for_text(pilot, "10 files planned in")
        pilot.app.go("choose")
        pilot.app.go("review")
        await wait_for_text(pilot, "10 files planned in")
        assert calls == {"start_preview": 1}
        pilot.app.go("choose")
        session.change(albums="none")
        controlled_run.give()
        pilot.app.go("review")
        await wait_for_text(pilot, "10 files planned in")
        assert calls == {"start_preview": 2}

    run_app(session, script)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
def test_new_numbers_are_drawn_without_layout(
    tmp_path: Path,
    export: Path,
    controlled_run: ControlledRun,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layouts: list[bool] = []
    update = Pane.update

    def noted(pane: Pane, content: Any = "", *, layout: bool = True) -> None:
        layouts.append(layout)
        update(pane, content, layout=layout)

    monkeypatch.setattr(Pane, "update", noted)
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        await wait_until(pilot, lambda: session.survey is not None and session.survey.is_over)
        pilot.app.go("run")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        controlled_run.give(1)
        await wait_for_text(pilot, "1 written")
        await pilot.pause(1.2)  # every pane has been drawn by then
        layouts.clear()
        controlled_run.give(3)
        await wait_for_text(pilot, "4 written")
        assert layouts and not any(layouts)
        controlled_run.give(1)
        await wait_for_text(pilot, "1 failed")
        assert any(layouts), "another row needs room"

    run_app(session, script, size)


def test_the_log_has_the_processor_time_of_a_run(
    tmp_path: Path, export: Path, controlled_run: ControlledRun
) -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign,assignment]
    logger = logging.getLogger("pef_tui")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    session = make_session(tmp_path, export)
    try:
        controlled_run.give()
        session.start_run().join(20)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        session.close()
    [line] = [words for record in records if " processor time" in (words := record.getMessage())]
    assert line.startswith("run: 10 files in ") and line.endswith(" s of it in other processes")


def _column(app: Any, words: str) -> int:
    last: str = text(app).splitlines()[app.size.height - 1]
    return last.index(words)


def _ground(app: Any, words: str) -> Any:
    return app.screen.get_style_at(_column(app, words), app.size.height - 1).bgcolor


def test_keys_can_be_clicked(tmp_path: Path, export: Path) -> None:
    session = make_session(tmp_path, export)

    async def script(pilot: Any) -> None:
        app: PefApp = pilot.app
        await wait_for_text(pilot, "F1 Help")
        row = app.size.height - 1
        await pilot.hover(offset=(_column(app, "F2 Settings") + 4, row))
        assert _ground(app, "F2 Settings") != _ground(app, "F1 Help")
        await pilot.hover(offset=(10, 3))
        await wait_until(pilot, lambda: _ground(app, "F2 Settings") == _ground(app, "F1 Help"))
        await pilot.click(offset=(_column(app, "F1 Help") + 4, row))
        await wait_for_text(pilot, "Enter in the empty field takes the export")

    run_app(session, script)
