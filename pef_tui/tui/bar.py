"""The line on top of every screen: where one is between choosing and done."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

STAGES = {"choose": "Choose", "review": "Review", "run": "Run", "done": "Done"}


class StageBar(Static):
    """Name of the program, the stages with the present one marked, and a word at the right."""

    DEFAULT_CSS = """
    StageBar { dock: top; height: 1; padding: 0 1; background: $panel; color: $text-muted; text-wrap: nowrap; }
    """

    def __init__(self, stage: str) -> None:
        """`stage`: one of STAGES, or the title of a screen that is none."""
        super().__init__(_bar(stage))


def _bar(stage: str) -> Content:
    parts: list[str | tuple[str, str]] = [("pef-tui", "bold"), "   "]
    if stage not in STAGES:
        return Content.assemble(*parts, (f"[{stage}]", "bold"))
    for number, (name, title) in enumerate(STAGES.items()):
        parts += [" > "] * (number > 0)
        parts.append((f"[{title}]", "bold $text") if name == stage else f" {title} ")
    return Content.assemble(*parts)
