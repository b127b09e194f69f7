"""Text as HTML: whatever comes from files passes here."""

from __future__ import annotations

from html import escape

from pef_tui.display import safe

LONGEST = 400
"""Cells of one text that are written; a caption may have megabytes."""


def text(value: object, longest: int = LONGEST) -> str:
    """A text that is only text: nothing in it acts, neither as HTML nor as a control character."""
    return escape(safe(str(value), longest))


def table(head: tuple[str, ...], rows: list[tuple[object, ...]], numbers: tuple[int, ...] = ()) -> str:
    """A table; `numbers`: columns that are aligned at the right."""
    if not rows:
        return ""
    cls = [' class="n"' if column in numbers else "" for column in range(len(head))]
    top = "".join(f"<th{cls[column]} scope=col>{text(name)}" for column, name in enumerate(head))
    body = (
        "<tr>" + "".join(f"<td{cls[column]}>{text(cell)}" for column, cell in enumerate(row)) for row in rows
    )
    return f"<table><thead><tr>{top}<tbody>{''.join(body)}</table>\n"
