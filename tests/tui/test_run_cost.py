"""What watching a run is spared, and that it shows the run all the same."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from app_cases import Told, made_flow, piloted, shown, text, until

from pef_tui.tui.app import PefApp
from pef_tui.tui.checks import Checks
from pef_tui.tui.choose import ChooseScreen
from pef_tui.tui.done import DoneScreen
from pef_tui.tui.flow import Flow
from pef_tui.tui.run import Pane, RunScreen


def _count(monkeypatch: pytest.MonkeyPatch, calls: Counter[str], *of: tuple[type, str]) -> None:
    for owner, name in of:
        before: Any = getattr(owner, name)

        def counted(*given: Any, _name: str = name, _before: Any = before) -> Any:
            calls[_name] += 1
            return _before(*given)

        monkeypatch.setattr(owner, name, counted)


def test_choose_looks_for_nothing_from_review_to_done_and_does_again_once_it_is_back(
    tmp_path: Path, export: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()
    _count(monkeypatch, calls, (Checks, "begin"), (ChooseScreen, "_tick"))
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await until(pilot, lambda: calls["_tick"] > 2)
        told.give()
        pilot.app.go("review")
        await until(pilot, lambda: flow.preview is not None and flow.preview.over)
        await shown(pilot, "planned in")
        before = Counter(calls)
        pilot.app.go("run")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        told.give(3)
        await shown(pilot, "3 ")
        told.give()
        await until(pilot, lambda: isinstance(pilot.app.screen, DoneScreen))
        await pilot.pause(0.3)
        assert calls == before
        assert len(pilot.app.screen_stack) == 3
        pilot.app.go("choose")
        await until(pilot, lambda: calls["begin"] > before["begin"] and calls["_tick"] > before["_tick"] + 1)

    piloted(flow, script)


def test_one_preview_serves_for_as_long_as_nothing_is_changed(
    tmp_path: Path, export: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[str] = Counter()
    _count(monkeypatch, calls, (Flow, "start_preview"))
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        pilot.app.go("review")
        told.give(2)
        await shown(pilot, "Planning: 2 files")
        pilot.app.go("choose")  # ... and back, while it is under way
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))
        pilot.app.go("review")
        told.give(told.total - 2)
        await shown(pilot, "10 files planned in")
        pilot.app.go("choose")
        pilot.app.go("review")
        await shown(pilot, "10 files planned in")
        assert calls == {"start_preview": 1}
        pilot.app.go("choose")
        flow.change(albums="none")
        told.give()
        pilot.app.go("review")
        await shown(pilot, "10 files planned in")
        assert calls == {"start_preview": 2}

    piloted(flow, script)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
def test_other_figures_are_shown_without_laying_the_screen_out(
    tmp_path: Path, export: Path, told: Told, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    layouts: list[bool] = []
    update = Pane.update

    def noted(pane: Pane, content: Any = "", *, layout: bool = True) -> None:
        layouts.append(layout)
        update(pane, content, layout=layout)

    monkeypatch.setattr(Pane, "update", noted)
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        await until(pilot, lambda: flow.survey is not None and flow.survey.over)
        pilot.app.go("run")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        told.give(1)
        await shown(pilot, "1 written")
        await pilot.pause(1.2)  # by then every part was drawn
        layouts.clear()
        told.give(3)
        await shown(pilot, "4 written")
        assert layouts and not any(layouts)
        told.give(1)
        await shown(pilot, "1 failed")
        assert any(layouts), "another row needs room"

    piloted(flow, script, size)


def test_the_log_tells_what_a_run_took(tmp_path: Path, export: Path, told: Told) -> None:
    kept: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = kept.append  # type: ignore[method-assign,assignment]
    logger = logging.getLogger("pef_tui")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    flow = made_flow(tmp_path, export)
    try:
        told.give()
        flow.start_run().join(20)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        flow.close()
    [line] = [words for record in kept if " processor time" in (words := record.getMessage())]
    assert line.startswith("run: 10 files in ") and line.endswith(" s of it in other processes")


def _column(app: Any, words: str) -> int:
    last: str = text(app).splitlines()[app.size.height - 1]
    return last.index(words)


def _ground(app: Any, words: str) -> Any:
    return app.screen.get_style_at(_column(app, words), app.size.height - 1).bgcolor


def test_keys_in_the_line_are_pressed_with_the_mouse(tmp_path: Path, export: Path) -> None:
    flow = made_flow(tmp_path, export)

    async def script(pilot: Any) -> None:
        app: PefApp = pilot.app
        await shown(pilot, "F1 Help")
        row = app.size.height - 1
        await pilot.hover(offset=(_column(app, "F2 Settings") + 4, row))
        assert _ground(app, "F2 Settings") != _ground(app, "F1 Help")
        await pilot.hover(offset=(10, 3))
        await until(pilot, lambda: _ground(app, "F2 Settings") == _ground(app, "F1 Help"))
        await pilot.click(offset=(_column(app, "F1 Help") + 4, row))
        await shown(pilot, "Type the path of an export")

    piloted(flow, script)
