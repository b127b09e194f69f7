"""A row of labels. The user picks a label with the mouse; the active label is marked."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from pef_tui.sanitize import safe
from pef_tui.tui.panels import MARK


class ChipRow(Static):
    """Labels side by side. They wrap to further lines if there are many."""

    DEFAULT_CSS = """
    ChipRow { height: auto; max-height: 3; padding: 0 1; }
    """

    class Picked(Message):
        """Posted when a label is clicked."""

        def __init__(self, source: ChipRow, key: str) -> None:
            super().__init__()
            self.source = source
            self.key = key

        @property
        def control(self) -> ChipRow:
            """Return the ChipRow that posted the message."""
            return self.source

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self.keys: tuple[str, ...] = ()

    def show(self, chips: Sequence[tuple[str, str]], active: str) -> None:
        """Show the labels of `chips`, which are pairs of key and label. `active`: key of the marked label."""
        self.keys = tuple(key for key, _ in chips)
        parts = []
        for key, text in chips:
            label = f"[{safe(text)}]" if key == active else f" {safe(text)} "
            chip = Content.styled(label.replace(" ", "\u00a0"), MARK if key == active else "")
            parts.append(chip.stylize(Style.from_meta({"chip": key})))
        self.update(Content(" ").join(parts))

    def on_click(self, event: events.Click) -> None:
        """Pick the label under the pointer."""
        key = event.style.meta.get("chip")
        if isinstance(key, str):
            self.post_message(self.Picked(self, key))
