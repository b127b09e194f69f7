"""Input field of one line."""

from __future__ import annotations

from typing import Any

from textual.widgets import Input


class LineInput(Input):
    """The input field of Textual, with a cursor that does not blink, because over SSH every blink is traffic."""

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(value, compact=True, **options)
        self.cursor_blink = False
