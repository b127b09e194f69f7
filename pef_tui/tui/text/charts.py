"""The charts as text with colours."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

BLOCKS = "[\u2581-\u258f]+"
"""Pattern of the characters in bars and columns."""


def chart_text(rows: Sequence[str], empty: str = "") -> Content:
    """Return the lines of charts with their bars in colour; without lines, the text `empty`."""
    return Content("\n".join(rows) or empty).highlight_regex(BLOCKS, style="$primary")
