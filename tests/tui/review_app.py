"""An app with the Review screen alone, over a preview that is already there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path

from textual.app import App

from pef_tui.config import Loaded
from pef_tui.planned import Planned
from pef_tui.settings import Settings
from pef_tui.tui.biglist import BigList
from pef_tui.tui.files import Files
from pef_tui.tui.flow import Flow
from pef_tui.tui.review import ReviewScreen
from pef_tui.tui.work import Work


def flow_over(planned: Planned, home: Path, **settings: object) -> Flow:
    """A Flow whose preview is done and found this."""
    given = Settings(sources=(str(home),), output=str(home / "out"), **settings)  # type: ignore[arg-type]
    flow = Flow(Loaded(given, {}), {"XDG_STATE_HOME": str(home / "state")})
    flow.planned = planned
    flow.preview = Work(flow._started(dry_run=True), flow.make_host, planned.add)
    flow.preview.ending = "done"
    return flow


def driven(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A test that drives an app, as a plain one."""

    @wraps(test)
    def run(*given: object, **named: object) -> None:
        asyncio.run(test(*given, **named))  # type: ignore[arg-type]

    return run


class ReviewApp(App[None]):
    """Remembers where it was asked to go."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow
        self.went: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(ReviewScreen(self.flow))

    def go(self, stage: str) -> None:
        self.went.append(stage)

    @property
    def review(self) -> ReviewScreen:
        screen = self.screen_stack[1]
        assert isinstance(screen, ReviewScreen)
        return screen

    @property
    def files(self) -> Files:
        return self.review.query_one(Files)

    def shown(self) -> list[str]:
        """Names in the list, in its order."""
        planned = self.flow.planned
        assert planned is not None
        return [planned.names[row] for row in self.files.rows]

    def text(self, selector: str) -> str:
        """What a widget of the Review screen says, without the breaks that its width makes."""
        return str(self.review.query_one(selector).render())

    def lines(self, selector: str = "#file-list") -> list[str]:
        """The lines of a list in view."""
        shown = self.screen.query_one(selector, BigList)
        return [shown.render_line(y).text.rstrip() for y in range(min(shown.size.height, shown.count))]
