"""Take the screenshots of the app for the docs: `make screens`."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pef_tui.config import load
from pef_tui.testing.demo_export import demo_files
from pef_tui.testing.export import takeout
from pef_tui.tui.app import PefApp
from pef_tui.tui.session.session import Session

SIZE = (120, 36)
TARGET = Path(__file__).parents[1] / "docs" / "screens"


def main() -> None:
    """Make a small export, visit each screen of the app, and save a picture of it."""
    TARGET.mkdir(exist_ok=True)
    with _home() as home:
        os.environ.update(HOME=str(home), PEF_TUI_LOAD_PLUGINS="")
        os.chdir(home)
        takeout(home, demo_files())
        environ = {"HOME": str(home), "TERM": "xterm-256color", "PEF_TUI_LOAD_PLUGINS": ""}
        session = Session(load({"sources": ["Takeout"], "no_exiftool_advice": True}, environ), environ)
        asyncio.run(_through(PefApp(session), session))
        session.close()


@contextmanager
def _home() -> Iterator[Path]:
    """Yield an empty home directory, which is removed at the end: `/home/you`, or a temporary one if that is taken."""
    home = Path("/home/you")
    try:
        home.mkdir()
    except OSError:
        home = Path(tempfile.mkdtemp())
    try:
        yield home
    finally:
        os.chdir("/")
        shutil.rmtree(home)


async def _through(app: PefApp, session: Session) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await _until(pilot, lambda: session.survey is not None and session.survey.is_over)
        await _keep(pilot, "choose")
        await pilot.press("f5")
        await _until(pilot, lambda: session.preview is not None and session.preview.is_over)
        await _keep(pilot, "review")
        await pilot.press("3")
        await _keep(pilot, "charts")
        await pilot.press("4")
        await _keep(pilot, "map")
        await pilot.press("f5")
        await _until(pilot, lambda: session.run is not None and session.run.is_over)
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
    if unique:  # a number that changes in each picture would change every file
        picture = picture.replace(f"terminal-{unique[1]}-", "terminal-")
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.S)  # no downloads
    (TARGET / f"{name}.svg").write_text(picture)
    print(f"docs/screens/{name}.svg")


if __name__ == "__main__":
    main()
