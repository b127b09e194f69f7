"""The line above every screen: the stages (Choose, Review, Run, Done), with a mark on the current stage."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

STAGES = {"choose": "Choose", "review": "Review", "run": "Run", "done": "Done"}


class StepsBar(Static):
    """Shows the name of the program, then the stages with a mark on the current stage; or the title of a screen.

    The title is shown for screens that are no stage.
    """

    DEFAULT_CSS = """
    StepsBar { dock: top; height: 1; padding: 0 1; background: $panel; color: $text-muted; text-wrap: nowrap; }
    """

    def __init__(self, stage: str) -> None:
        """`stage`: a key of STAGES, or the title of a screen that is not a stage."""
        super().__init__(_bar(stage))


def _bar(stage: str) -> Content:
    parts: list[str | tuple[str, str]] = [("pef-tui", "bold"), "   "]
    if stage not in STAGES:
        return Content.assemble(*parts, (f"[{stage}]", "bold"))
    for number, (name, title) in enumerate(STAGES.items()):
        parts += [" > "] * (number > 0)
        parts.append((f"[{title}]", "bold $text") if name == stage else f" {title} ")
    return Content.assemble(*parts)
