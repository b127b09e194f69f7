"""The file in focus: its facts, and its tags before and after, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from pef_tui.display import cells, safe
from pef_tui.model import MediaFile
from pef_tui.planned.details import MARKS, Fact, TagLine
from pef_tui.tui.content import lines, said
from pef_tui.tui.thumbnail import Opener, Small, Thumbnail

STYLES = {
    "new": "$text-success", "changed": "$text-warning", "joined": "$text-success", "removed": "$text-error",
    "kept": "", "conflict": "$text-warning bold", "": "$text-muted",
}  # fmt: skip
FACTS = {"problem": "$text-warning", "title": "bold", "path": "$text-muted", "fact": ""}
STILL = 0.15
"""Seconds that the cursor rests on a file before its picture is read."""
LONGEST = 2000
"""Cells of one value that are shown."""


class Detail(VerticalScroll):
    """Scrolls; filled by `show`."""

    DEFAULT_CSS = """
    Detail { padding: 0 1; scrollbar-gutter: stable; }
    Detail > Static { width: 1fr; height: auto; }
    """

    opener: Opener | None = None
    """Where pictures are wanted: who opens them."""

    def compose(self) -> ComposeResult:
        """A picture where one is wanted, and one text."""
        yield Thumbnail()
        yield Static("")

    def look_at(self, media: MediaFile | None) -> None:
        """Show a small picture of it above, where pictures are wanted and it is one."""
        if self.opener is None or media is None:
            self.workers.cancel_group(self, "picture")
            self.query_one(Thumbnail).show(None)
        else:
            self.run_worker(self._draw(self.opener, media), group="picture", exclusive=True)

    async def _draw(self, opener: Opener, media: MediaFile) -> None:
        region = self.scrollable_content_region
        await asyncio.sleep(STILL)
        size = max(region.width - 2, 4), max(min(region.height // 2, 16), 3)
        drawn = await asyncio.to_thread(opener.small, media, *size)
        self.query_one(Thumbnail).show(drawn if isinstance(drawn, Small) else None)

    def show(self, facts: Iterable[Fact], tags: Iterable[TagLine]) -> None:
        """Everything about a file."""
        width = max(self.scrollable_content_region.width - 2, 24)
        self.query_one(Static).update(
            lines([row for fact in facts for row in _fact(fact, width)] + _table(list(tags), width))
        )
        self.scroll_home(animate=False)

    def say(self, text: str) -> None:
        """A sentence instead."""
        self.query_one(Static).update(said((text, "$text-muted")))


def _fact(fact: Fact, width: int) -> list[Content]:
    """The name once, the text beside it, broken where it is long."""
    style = FACTS[fact.kind]
    if not fact.name:
        return [said((piece, style)) for piece in _broken(fact.text, width)]
    pieces = _broken(fact.text, width - 9) or [""]
    names = [fact.name, *[""] * len(pieces)]
    return [
        said((f"{name:<8} ", "$text-muted"), (piece, style))
        for name, piece in zip(names, pieces, strict=False)
    ]


def _table(tags: list[TagLine], width: int) -> list[Content]:
    """A heading, and for each tag its name and what happens to it over the two values."""
    if not tags:
        return [said(""), said(("No tags: nothing is known of what is in it.", "$text-muted"))]
    half = (width - 5) // 2
    rows = [said(""), said((f"  {'in the file now':<{half}}   will be there", "bold"))]
    for tag in tags:
        style = STYLES[tag.change]
        if tag.change:
            rows.append(
                said(
                    (f"{MARKS[tag.change]} {safe(tag.tag)}", style), (f"  {safe(tag.word, 4 * width)}", style)
                )
            )
        else:
            rows.append(said((f"  {safe(tag.tag)}", style)))
        rows += _values(tag, half)
    return rows


def _values(tag: TagLine, half: int) -> list[Content]:
    """The two values side by side, broken where they are long."""
    before, after = _broken(tag.before or "(nothing)", half), _broken(tag.after or "(nothing)", half)
    rows = []
    for number in range(max(len(before), len(after))):
        left = before[number] if number < len(before) else ""
        right = after[number] if number < len(after) else ""
        between = " → " if number == 0 and tag.before != tag.after else "   "
        style = STYLES[tag.change] if tag.before != tag.after else "$text-muted"
        rows.append(
            said(("  " + left + " " * (half - cells(left)), "$text-muted"), (between, style), (right, style))
        )
    return rows


def _broken(text: str, width: int) -> list[str]:
    """The text in pieces of at most `width` cells."""
    rest = safe(text, LONGEST)
    pieces: list[str] = []
    while rest and len(pieces) < 12:
        size = width
        while cells(rest[:size]) > width:
            size -= 1
        blank = rest.rfind(" ", width // 2, size) if len(rest) > size else -1
        size = max(size if blank < 0 else blank + 1, 1)
        pieces.append(rest[:size].rstrip())
        rest = rest[size:]
    return pieces
