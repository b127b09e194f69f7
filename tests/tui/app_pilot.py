"""Helpers to drive the app: a small export, a run controlled by the test, the text on the screen."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from pef_tui.config import load
from pef_tui.model import Match, MediaFile, Outcome, Plan, Record
from pef_tui.pipeline import run as pipeline
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.testing.export import sidecar, takeout
from pef_tui.tui.app import PefApp
from pef_tui.tui.session.session import Session

Script = Callable[[Pilot[Any]], Awaitable[None]]


def small_export(folder: Path) -> Path:
    """Make an export of two pictures with sidecars and one without."""
    files = {
        "Photos from 2019/a.jpg": sidecar("a.jpg", description="first"),
        "Photos from 2019/b.png": sidecar("b.png"),
        "Photos from 2020/alone.jpg": None,
    }
    return takeout(folder, files)


def make_session(tmp_path: Path, *sources: Path, **settings: object) -> Session:
    """Return a session that does not use the environment of the user."""
    environ = {
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PEF_TUI_LOAD_PLUGINS": "",
        "TERM": "xterm-256color",
    }
    values = {"sources": [str(source) for source in sources], **settings} if sources else dict(settings)
    return Session(load(values, environ), environ)


def run_app(session: Session, script: Script, size: tuple[int, int] = (80, 24)) -> PefApp:
    """Run the app with a script, end it, and stop its run. Returns the app."""
    app = PefApp(session)

    async def play() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            await script(pilot)

    try:
        asyncio.run(play())
    finally:
        if session.run is not None:
            session.run.progress.pause.clear()
            session.run.stop()
            session.run.join(20)
        session.close()
    return app


def text(app: Any) -> str:
    """Return the text on the screen. Textual has no public method for it."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def wait_until(pilot: Pilot[Any], condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until a condition is true. Fail after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"did not appear:\n{text(pilot.app)}"
        await pilot.pause(0.03)


async def wait_for_text(pilot: Pilot[Any], *words: str) -> None:
    """Wait until all of these texts are on the screen."""
    await wait_until(pilot, lambda: all(word in text(pilot.app) for word in words))


class ControlledRun:
    """A run that processes files only when the test calls `give`, and then ends."""

    def __init__(self, total: int = 10) -> None:
        self.total = total
        self._gate = threading.Semaphore(0)
        self.started = 0

    def give(self, count: int | None = None) -> None:
        """Let the run process a number of files (default: all)."""
        for _ in range(self.total if count is None else count):
            self._gate.release()

    def __call__(self, settings: Settings, host: PluginHost, progress: Progress) -> Iterator[Record]:
        progress.sources, progress.output = settings.sources, settings.output
        for number in range(self.total):
            while not self._gate.acquire(timeout=0.02):
                if progress.stop.is_set():
                    return
            with progress.processing(1, f"Photos from 2019/{number}.jpg"):
                self.started += 1
            yield outcome(f"Photos from 2019/{number}.jpg", failed=number % 5 == 4)


def outcome(path: str, failed: bool = False) -> Outcome:
    """Return the outcome of a picture that does not exist."""
    match = Match(MediaFile(0, path, 1_000_000, 0), path.rpartition("/")[0])
    plan = Plan(match, "written", output=path, writer="exiftool")
    if failed:
        return Outcome(plan, "failed", reason="disk of [red]DEST[/red] is full \x1b[31m")
    return Outcome(plan, "written", output=path, writer="exiftool", size=1_000_000)


@pytest.fixture
def controlled_run(monkeypatch: pytest.MonkeyPatch) -> ControlledRun:
    """Replace the pipeline by a run that the test controls."""
    run = ControlledRun()
    monkeypatch.setattr(pipeline, "run", run)
    return run
