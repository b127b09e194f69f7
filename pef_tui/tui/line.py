"""A line to type in."""

from __future__ import annotations

from typing import Any

from textual.widgets import Input


class Line(Input):
    """As Textual's, but its cursor does not blink: every blink is bytes on the line to the terminal."""

    def __init__(self, value: str = "", **more: Any) -> None:
        super().__init__(value, compact=True, **more)
        self.cursor_blink = False
