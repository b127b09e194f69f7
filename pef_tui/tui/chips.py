"""A line of words to pick one from, by mouse; the one in force is marked."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from pef_tui.display import safe


class Chips(Static):
    """Words side by side, wrapped where there are many."""

    DEFAULT_CSS = """
    Chips { height: auto; max-height: 3; padding: 0 1; }
    """

    class Picked(Message):
        """A word was clicked."""

        def __init__(self, source: Chips, key: str) -> None:
            super().__init__()
            self.source = source
            self.key = key

        @property
        def control(self) -> Chips:
            """The line."""
            return self.source

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self.keys: tuple[str, ...] = ()

    def show(self, chips: Sequence[tuple[str, str]], active: str) -> None:
        """Pairs of key and text, and the key in force."""
        self.keys = tuple(key for key, _ in chips)
        parts = []
        for key, text in chips:
            shown = f"[{safe(text)}]" if key == active else f" {safe(text)} "
            style = Style.from_meta({"chip": key}) + Style(bold=key == active, reverse=key == active)
            parts.append(Content.styled(shown.replace(" ", "\u00a0"), style))
        self.update(Content(" ").join(parts))

    def on_click(self, event: events.Click) -> None:
        """Pick what is under the pointer."""
        key = event.style.meta.get("chip")
        if isinstance(key, str):
            self.post_message(self.Picked(self, key))
