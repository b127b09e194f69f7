"""Text for widgets: whatever comes from files or plugins passes here, and never as markup."""

from __future__ import annotations

from textual.content import Content

from pef_tui.display import safe

Part = str | tuple[str, str]
"""A text, or a text and its style."""


def said(*parts: Part) -> Content:
    """The parts one after the other, each made safe; line breaks only where `lines` puts them."""
    return Content.assemble(
        *((safe(part), "") if isinstance(part, str) else (safe(part[0]), part[1]) for part in parts)
    )


def lines(rows: list[Content]) -> Content:
    """One under the other."""
    return Content("\n").join(rows)
