"""Make text safe for widgets: control characters are escaped, and Textual does not read the text as markup.

All text from files or plugins passes through this module.
"""

from __future__ import annotations

from textual.content import Content

from pef_tui.sanitize import safe, single_emoji

MUTED = "$text-muted"

Part = str | tuple[str, str]
"""A text, or a text and its style."""


def safe_content(*parts: Part) -> Content:
    """Return the joined `parts` as Content of one line, with control characters escaped, and emoji single.

    The style `dim` is shown in the colour of muted text, because the faint text of terminals has too little contrast.
    """
    return Content.assemble(
        *(
            (safe(single_emoji(part)), "")
            if isinstance(part, str)
            else (safe(single_emoji(part[0])), MUTED if part[1] == "dim" else part[1])
            for part in parts
        )
    )


def lines(rows: list[Content]) -> Content:
    """Return the rows joined by line breaks."""
    return Content("\n").join(rows)
