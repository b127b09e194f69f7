"""A text that changes while a screen is open."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Pane(Static):
    """A text that is drawn only when it changes, to save traffic over SSH.

    The screen is laid out again only if the height of the text may change, because layout takes longer than drawing.
    """

    def __init__(self, id: str, classes: str = "", grows: bool = False) -> None:
        """`grows`: whether the pane is always as high as its text.

        Only the first line of such a text may wrap, because `show` does not notice that further lines get higher.
        """
        super().__init__(id=id, classes=classes)
        self._grows = grows
        self._text: Content | None = None
        self._shape = 0, 0

    def show(self, text: Content) -> None:
        """Show `text`, unless it is shown already."""
        if self._text is None or not text.is_same(self._text):
            shape = text.plain.count("\n"), text.plain.find("\n")
            self.update(text, layout=self._grows and shape != self._shape)
            self._text, self._shape = text, shape
