"""The app driven by a pilot: a small export, a run that waits to be told, the text that is on the screen."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from pef_tui import pipeline
from pef_tui.config import load
from pef_tui.model import Match, MediaFile, Outcome, Plan, Record
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.app import PefApp
from pef_tui.tui.flow import Flow

Script = Callable[[Pilot[Any]], Awaitable[None]]


def small_export(folder: Path) -> Path:
    """Two pictures with sidecars, one without."""
    files = {
        "Photos from 2019/a.jpg": sidecar("a.jpg", description="first"),
        "Photos from 2019/b.png": sidecar("b.png"),
        "Photos from 2020/alone.jpg": None,
    }
    return takeout(folder, files)


def made_flow(tmp_path: Path, *sources: Path, **settings: object) -> Flow:
    """A flow that knows nothing of this machine's user."""
    environ = {
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PEF_TUI_LOAD_PLUGINS": "",
        "TERM": "xterm-256color",
    }
    given = {"sources": [str(source) for source in sources], **settings} if sources else dict(settings)
    return Flow(load(given, environ), environ)


def piloted(flow: Flow, script: Script, size: tuple[int, int] = (80, 24)) -> PefApp:
    """Run the app, do what the script does, end it; the flow's runs are stopped. Returns the app."""
    app = PefApp(flow)

    async def play() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            await script(pilot)

    try:
        asyncio.run(play())
    finally:
        if flow.run is not None:
            flow.run.progress.pause.clear()
            flow.run.stop()
            flow.run.join(20)
        flow.close()
    return app


def text(app: Any) -> str:
    """What is on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def until(pilot: Pilot[Any], condition: Callable[[], object], seconds: float = 30) -> None:
    """Let the app go on until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"never came:\n{text(pilot.app)}"
        await pilot.pause(0.03)


async def shown(pilot: Pilot[Any], *words: str) -> None:
    """Wait until all of these are on the screen."""
    await until(pilot, lambda: all(word in text(pilot.app) for word in words))


class Told:
    """A run that does nothing but what a test tells it: as many files as `give` says, then the end."""

    def __init__(self, total: int = 10) -> None:
        self.total = total
        self._gate = threading.Semaphore(0)
        self.begun = 0

    def give(self, count: int | None = None) -> None:
        """Let so many files be done (default: all)."""
        for _ in range(self.total if count is None else count):
            self._gate.release()

    def __call__(self, settings: Settings, host: PluginHost, progress: Progress) -> Iterator[Record]:
        progress.sources, progress.output = settings.sources, settings.output
        for number in range(self.total):
            while not self._gate.acquire(timeout=0.02):
                if progress.stop.is_set():
                    return
            with progress.in_hand(1, f"Photos from 2019/{number}.jpg"):
                self.begun += 1
            yield outcome(f"Photos from 2019/{number}.jpg", failed=number % 5 == 4)


def outcome(path: str, failed: bool = False) -> Outcome:
    """What became of one made-up picture."""
    match = Match(MediaFile(0, path, 1_000_000, 0), path.rpartition("/")[0])
    plan = Plan(match, "written", output=path, writer="exiftool")
    if failed:
        return Outcome(plan, "failed", reason="disk of [red]DEST[/red] is full \x1b[31m")
    return Outcome(plan, "written", output=path, writer="exiftool", size=1_000_000)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """The pipeline replaced by a run that waits to be told."""
    run = Told()
    monkeypatch.setattr(pipeline, "run", run)
    return run
