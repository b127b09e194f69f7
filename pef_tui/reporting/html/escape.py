"""Escape text for HTML. All text from files passes through this module."""

from __future__ import annotations

from html import escape

from msgspec import Struct

from pef_tui.sanitize import safe

MAX_CELLS = 400
"""Default maximum width of a text in cells. There is a limit because a caption may have megabytes."""


def text(value: object, longest: int = MAX_CELLS) -> str:
    """Return the value as text, with HTML and control characters escaped, cut to `longest` cells."""
    return escape(safe(str(value), longest))


class FileLink(Struct, frozen=True):
    """A cell that shows the files of a problem in the list of files."""

    label: str
    find: str
    """What the search finds: this text in the row of a file."""
    outcome: str = ""
    """Outcome of the files; "" for any."""

    @property
    def html(self) -> str:
        """Return the link in HTML. Without scripts it leads to the list."""
        outcome = f' data-outcome="{text(self.outcome)}"' if self.outcome else ""
        return f'<a href="#files" data-find="{text(self.find)}"{outcome}>{text(self.label)}</a>'


def table(head: tuple[str, ...], rows: list[tuple[object, ...]], numbers: tuple[int, ...] = ()) -> str:
    """Return a table in HTML with the column headings `head` and the cells `rows`; "" if there are no rows.

    A cell is a FileLink, or is shown as text. `numbers`: indexes of the columns with numbers, which are aligned right.
    """
    if not rows:
        return ""
    cls = [' class="n"' if column in numbers else "" for column in range(len(head))]
    top = "".join(f"<th{cls[column]} scope=col>{text(name)}" for column, name in enumerate(head))
    body = (
        "<tr>" + "".join(f"<td{cls[column]}>{_cell(cell)}" for column, cell in enumerate(row)) for row in rows
    )
    return f"<table><thead><tr>{top}<tbody>{''.join(body)}</table>\n"


def _cell(cell: object) -> str:
    return cell.html if isinstance(cell, FileLink) else text(cell)
