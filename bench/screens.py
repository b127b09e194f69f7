"""Screenshots of the app for the docs, taken from the app itself: `make screens`."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pef_tui.config import load
from pef_tui.testing.demo_export import demo_files
from pef_tui.testing.export import takeout
from pef_tui.tui.app import PefApp
from pef_tui.tui.flow import Flow

SIZE = (100, 30)
TARGET = Path(__file__).parents[1] / "docs" / "screens"


def main() -> None:
    """Make a small export, go through the app, keep a picture of each screen."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "you"
        home.mkdir()
        os.environ.update(HOME=str(home), PEF_TUI_LOAD_PLUGINS="")
        os.chdir(home)
        takeout(home, demo_files())
        environ = {"HOME": str(home), "TERM": "xterm-256color", "PEF_TUI_LOAD_PLUGINS": ""}
        flow = Flow(load({"sources": ["Takeout"]}, environ), environ)
        asyncio.run(_through(PefApp(flow), flow))
        flow.close()


async def _through(app: PefApp, flow: Flow) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await _until(pilot, lambda: flow.survey is not None and flow.survey.over)
        await _keep(pilot, "choose")
        await pilot.press("f5")
        await _until(pilot, lambda: flow.preview is not None and flow.preview.over)
        await _keep(pilot, "review")
        await pilot.press("3")
        await _keep(pilot, "charts")
        await pilot.press("4")
        await _keep(pilot, "map")
        await pilot.press("f5")
        await _until(pilot, lambda: flow.run is not None and flow.run.over)
        await _keep(pilot, "done")
        for key, name in (("f2", "settings"), ("f4", "history")):
            await pilot.press(key)
            await _keep(pilot, name)
            await pilot.press("escape")


async def _until(pilot: Any, condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            sys.exit("screens: the app did not come so far")
        await pilot.pause(0.05)


async def _keep(pilot: Any, name: str) -> None:
    await pilot.pause(0.6)
    picture = pilot.app.export_screenshot(title="pef-tui")
    unique = re.search(r"terminal-(\d+)-", picture)
    if unique:  # a number that changes with each picture would make each a new one
        picture = picture.replace(f"terminal-{unique[1]}-", "terminal-")
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.S)  # nothing is fetched from elsewhere
    (TARGET / f"{name}.svg").write_text(picture)
    print(f"docs/screens/{name}.svg")


if __name__ == "__main__":
    main()
