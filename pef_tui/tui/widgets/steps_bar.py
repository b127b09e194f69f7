"""The line above every screen: the stages (Choose, Review, Run, Done), which can be clicked."""

from __future__ import annotations

from typing import Any

from textual.content import Content
from textual.events import Click, Leave, MouseMove
from textual.style import Style
from textual.widgets import Static

from pef_tui.tui.panels import MARK
from pef_tui.tui.session.session import Session

STAGES = {"choose": "Choose", "review": "Review", "run": "Run", "done": "Done"}
TARGETS = {"choose": "Go to the sources", "review": "Go to the preview", "run": "Go to the run"}
"""What a click on a stage does, for its tooltip. A run that has ended shows the stage `done` by itself."""


class StepsBar(Static):
    """Shows the name of the program, then the stages; or the title of a screen that is no stage.

    A stage before the current one has a check mark, the current one is in brackets, and the others are dim.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    StepsBar { dock: top; height: 1; padding: 0 1; background: $panel; color: $text-muted; text-wrap: nowrap; }
    """

    def __init__(self, stage: str) -> None:
        """`stage`: a key of STAGES, or the title of a screen that is not a stage."""
        super().__init__(_bar(stage))
        self._stage = stage
        self._hovered = ""
        """The stage under the mouse; "" if there is none."""

    def on_mouse_move(self, event: MouseMove) -> None:
        """Say in the tooltip what a click on the stage under the mouse does."""
        self._hover(str(event.style.meta.get("stage", "")))

    def on_leave(self, event: Leave) -> None:
        """Remove the tooltip."""
        self._hover("")

    def _hover(self, stage: str) -> None:
        if stage != self._hovered:
            self._hovered = stage
            reason = unreachable_reason(self._session, self._stage, stage) if stage else ""
            self.tooltip = reason or TARGETS.get(stage) if stage not in ("", self._stage) else None

    def on_click(self, event: Click) -> None:
        """Go to the clicked stage, if it can be reached."""
        stage = str(event.style.meta.get("stage", ""))
        if stage and stage != self._stage and not unreachable_reason(self._session, self._stage, stage):
            self.app.call_later(self._go, stage)

    async def _go(self, stage: str) -> None:
        """Go to a stage as its key does, so that what must be checked or asked before is."""
        app: Any = self.app
        if stage == "review" and self._stage == "choose":
            await self.screen.run_action("preview")
        elif stage == "run" and not self._session.is_running:
            from pef_tui.tui.screens.start_run import start_run

            start_run(app, self._session, always_ask=True)
        else:
            app.go(stage)

    @property
    def _session(self) -> Session:
        session: Session = getattr(self.app, "session")  # noqa: B009 - every app with this bar has a session
        return session


def unreachable_reason(session: Session, current: str, stage: str) -> str:
    """Return why the stage `stage` cannot be reached from the stage `current`; "" if it can."""
    run = session.run
    if stage in ("review", "run") and not session.settings.sources:
        return "Choose a source first"
    if stage == "review" and session.is_running:
        return "The run is in progress"
    if stage == "run" and not session.is_running and current != "review":
        return "The preview comes first" if current == "choose" else "The run has ended"
    if stage == "done" and (run is None or session.is_running):
        return "The run has not ended" if run is not None else "The run comes first"
    return ""


def _bar(stage: str) -> Content:
    name: tuple[str, str] = ("pef-tui", "bold $text")
    if stage not in STAGES:
        return Content.assemble(name, "   ", (f"[{stage}]", MARK))
    parts = [Content.styled(*name), Content("  ")]
    current = list(STAGES).index(stage)
    for number, (key, title) in enumerate(STAGES.items()):
        if number:
            parts.append(Content.styled(" ─ ", "$foreground-muted"))
        parts.append(_step(title, number - current).stylize(Style.from_meta({"stage": key})))
    return Content("").join(parts)


def _step(title: str, distance: int) -> Content:
    """Return the text of a stage. `distance`: number of stages after the current one, below 0 for those before."""
    if distance == 0:
        return Content.styled(f"[{title}]", MARK)
    return (
        Content.styled(f"✓ {title}", "$text") if distance < 0 else Content.styled(f" {title} ", "$text-muted")
    )
