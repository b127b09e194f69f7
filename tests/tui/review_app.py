"""An app with only the Review screen, on a complete preview."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path

from textual.app import App

from pef_tui.config import Loaded
from pef_tui.preview import PlannedFiles
from pef_tui.settings import Settings
from pef_tui.tui.screens.review import ReviewScreen
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.session.session import Session
from pef_tui.tui.widgets.file_list import FileList
from pef_tui.tui.widgets.virtual_list import VirtualList


def session_with(planned_files: PlannedFiles, home: Path, **settings: object) -> Session:
    """Return a session with a complete preview of these files."""
    settings_ = Settings(sources=(str(home),), output=str(home / "out"), **settings)  # type: ignore[arg-type]
    session = Session(Loaded(settings_, {}), {"XDG_STATE_HOME": str(home / "state")})
    session.planned_files = planned_files
    session.preview = RunThread(session.run_settings(dry_run=True), session.make_host, planned_files.add)
    session.preview.ending = "done"
    return session


def driven(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Turn an async test into a plain one."""

    @wraps(test)
    def run(*arguments: object, **options: object) -> None:
        asyncio.run(test(*arguments, **options))  # type: ignore[arg-type]

    return run


class ReviewApp(App[None]):
    """An app with the Review screen. It records the stages to which the screen sends it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.stages: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(ReviewScreen(self.session))

    def go(self, stage: str) -> None:
        self.stages.append(stage)

    @property
    def review(self) -> ReviewScreen:
        screen = self.screen_stack[1]
        assert isinstance(screen, ReviewScreen)
        return screen

    @property
    def files(self) -> FileList:
        return self.review.query_one(FileList)

    def names(self) -> list[str]:
        """Return the names in the list, in its order."""
        planned_files = self.session.planned_files
        assert planned_files is not None
        return [planned_files.names[row] for row in self.files.rows]

    def text(self, selector: str) -> str:
        """Return the text of a widget of the Review screen, not wrapped."""
        return str(self.review.query_one(selector).render())

    def lines(self, selector: str = "#file-list") -> list[str]:
        """Return the lines of a list in view."""
        row_list = self.screen.query_one(selector, VirtualList)
        return [
            row_list.render_line(y).text.rstrip() for y in range(min(row_list.size.height, row_list.count))
        ]
