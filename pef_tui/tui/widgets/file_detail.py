"""Details of the file in focus: its facts, and its tags before and after the run, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pef_tui.model import MediaFile
from pef_tui.preview.details import MARKS, Fact, TagLine
from pef_tui.sanitize import cells, safe
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.widgets.rows import TextScroll
from pef_tui.tui.widgets.thumbnail import SmallImage, Thumbnail, ThumbnailReader

STYLES = {
    "new": "$text-success", "changed": "$text-warning", "joined": "$text-success", "removed": "$text-error",
    "kept": "", "conflict": "$text-warning bold", "": "$text-muted",
}  # fmt: skip
FACTS = {"problem": "$text-warning", "title": "bold", "path": "$text-muted", "fact": ""}
THUMBNAIL_DELAY = 0.15
"""Seconds that the cursor must stay on a file before its picture is read."""
MAX_VALUE = 2000
"""Maximum width in cells of a value that is shown."""


class FileDetail(TextScroll):
    """Scrollable details of one file, which `show` sets."""

    DEFAULT_CSS = """
    FileDetail { padding: 0 1; scrollbar-gutter: stable; }
    FileDetail > Static { width: 1fr; height: auto; }
    """

    thumbnail_reader: ThumbnailReader | None = None
    """Reads the thumbnails; None if thumbnails are switched off."""

    def compose(self) -> ComposeResult:
        """Create the thumbnail and the text."""
        yield Thumbnail()
        yield Static("")

    def show_thumbnail(self, media: MediaFile | None) -> None:
        """Show the thumbnail of a file, if thumbnails are switched on and the file is a picture."""
        if self.thumbnail_reader is None or media is None:
            self.workers.cancel_group(self, "picture")
            self.query_one(Thumbnail).show(None)
        else:
            self.run_worker(self._draw(self.thumbnail_reader, media), group="picture", exclusive=True)

    async def _draw(self, thumbnail_reader: ThumbnailReader, media: MediaFile) -> None:
        region = self.scrollable_content_region
        await asyncio.sleep(THUMBNAIL_DELAY)
        size = max(region.width - 2, 4), max(min(region.height // 2, 16), 3)
        image = await asyncio.to_thread(thumbnail_reader.thumbnail, media, *size)
        self.query_one(Thumbnail).show(image if isinstance(image, SmallImage) else None)

    def show(self, facts: Iterable[Fact], tags: Iterable[TagLine], no_tags: str = "") -> None:
        """Show facts and tags of a file. `no_tags`: the text that is shown if there are no tags."""
        width = max(self.scrollable_content_region.width - 2, 24)
        self.query_one(Static).update(
            lines([row for fact in facts for row in _fact(fact, width)] + _table(list(tags), width, no_tags))
        )
        self.scroll_home(animate=False)

    def show_message(self, text: str) -> None:
        """Show a message instead of the details of a file."""
        self.query_one(Static).update(safe_content((text, "$text-muted")))


def _fact(fact: Fact, width: int) -> list[Content]:
    """Return the rows of a fact: its name in the first row, and its wrapped text beside the name."""
    style = FACTS[fact.kind]
    if not fact.name:
        return [safe_content((piece, style)) for piece in _wrapped(fact.text, width)]
    pieces = _wrapped(fact.text, width - 9) or [""]
    names = [fact.name, *[""] * len(pieces)]
    return [
        safe_content((f"{name:<8} ", "$text-muted"), (piece, style))
        for name, piece in zip(names, pieces, strict=False)
    ]


def _table(tags: list[TagLine], width: int, no_tags: str) -> list[Content]:
    """Return the rows of a table: a heading, and for each tag its name and change, with both values below.

    Without tags, return the text `no_tags`; nothing if it is empty.
    """
    if not tags:
        rows = [safe_content((piece, "$text-muted")) for piece in _wrapped(no_tags, width)]
        return [safe_content(""), *rows] if rows else []
    half = (width - 5) // 2
    rows = [safe_content(""), safe_content((f"  {'in the file now':<{half}}   after the run", "bold"))]
    for tag in tags:
        style = STYLES[tag.change]
        if tag.change:
            rows.append(
                safe_content(
                    (f"{MARKS[tag.change]} {safe(tag.tag)}", style),
                    (f"  {safe(tag.outcome, 4 * width)}", style),
                )
            )
        else:
            rows.append(safe_content((f"  {safe(tag.tag)}", style)))
        rows += _values(tag, half)
    return rows


def _values(tag: TagLine, half: int) -> list[Content]:
    """Return the rows with the values of a tag before and after the run, side by side.

    `half`: width of each of the two columns, in cells.
    """
    old_rows, new_rows = _wrapped(tag.before or "(nothing)", half), _wrapped(tag.after or "(nothing)", half)
    rows = []
    for number in range(max(len(old_rows), len(new_rows))):
        old = old_rows[number] if number < len(old_rows) else ""
        new = new_rows[number] if number < len(new_rows) else ""
        between = " → " if number == 0 and tag.before != tag.after else "   "
        style = STYLES[tag.change] if tag.before != tag.after else "$text-muted"
        rows.append(
            safe_content(
                ("  " + old + " " * (half - cells(old)), "$text-muted"), (between, style), (new, style)
            )
        )
    return rows


def _wrapped(text: str, width: int) -> list[str]:
    """Return the text in at most twelve pieces of at most `width` cells, split after blanks and slashes if possible."""
    remaining = safe(text, MAX_VALUE)
    pieces: list[str] = []
    while remaining and len(pieces) < 12:
        size = width
        while cells(remaining[:size]) > width:
            size -= 1
        if len(remaining) > size:
            if remaining[size] == " ":
                size += 1
            elif last := max(remaining.rfind(" ", 0, size), remaining.rfind("/", 0, size)) + 1:
                size = last
        size = max(size, 1)
        pieces.append(remaining[:size].rstrip())
        remaining = remaining[size:]
    return pieces
