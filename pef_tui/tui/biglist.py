"""A list of any length: only the lines in view are made, so that a million rows scroll as ten do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pef_tui.display import cells, safe

Kind = Literal["", "dim", "good", "warn", "bad", "name"]
Cell = tuple[str, int, Kind]
"""A text, made safe here; how many cells it gets (0: what is left, shared among all such); how it looks."""
Draw = Callable[[int, int], Sequence[Cell]]
"""From a row and the width to its cells."""


class BigList(ScrollView, can_focus=True):
    """Rows drawn when they come into view, one of them the cursor's."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "biglist--cursor", "biglist--dim", "biglist--good", "biglist--warn", "biglist--bad", "biglist--name",
    }  # fmt: skip
    DEFAULT_CSS = """
    BigList { scrollbar-size-horizontal: 0; }
    BigList > .biglist--cursor { background: $block-cursor-blurred-background; text-style: bold; }
    BigList:focus > .biglist--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    BigList > .biglist--dim { color: $text-muted; }
    BigList > .biglist--good { color: $text-success; }
    BigList > .biglist--warn { color: $text-warning; }
    BigList > .biglist--bad { color: $text-error; }
    BigList > .biglist--name { text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, id="list.up"),
        Binding("down", "move(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="list.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="list.page-down"),
        Binding("home", "end(-1)", "First", show=False, id="list.first"),
        Binding("end", "end(1)", "Last", show=False, id="list.last"),
        Binding("enter", "choose", "Choose", show=False, id="list.choose"),
    ]

    cursor = reactive(0)

    class Moved(Message):
        """The cursor is on another row, or the rows are others."""

        def __init__(self, source: BigList, place: int) -> None:
            super().__init__()
            self.source = source
            self.place = place

        @property
        def control(self) -> BigList:
            """The list."""
            return self.source

    class Chosen(Moved):
        """A row was chosen: Enter, or a click on the cursor."""

    def __init__(self, draw: Draw, *, id: str | None = None, empty: str = "nothing") -> None:
        super().__init__(id=id)
        self._draw = draw
        self._count = 0
        self._empty = empty

    def show(self, count: int, cursor: int = 0) -> None:
        """Show other rows."""
        self._count = count
        self.virtual_size = Size(self.scrollable_content_region.width, max(count, 1))
        place = min(max(cursor, 0), max(count - 1, 0))
        self.set_reactive(BigList.cursor, place)
        self._follow()
        self.refresh()
        self.post_message(self.Moved(self, place))

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._count

    def jump(self, place: int) -> None:
        """Put the cursor on a row."""
        self.cursor = place

    def render_line(self, y: int) -> Strip:
        """One line in view."""
        place = y + round(self.scroll_offset.y)
        width = self.scrollable_content_region.width
        if place >= self._count:
            text = self._empty if not self._count and y == 0 else ""
            return self._strip([(text, 0, "dim")], width, False)
        return self._strip(self._draw(place, width - 2), width, place == self.cursor)

    def _strip(self, row: Sequence[Cell], width: int, cursor: bool) -> Strip:
        row = (("›" if cursor else "", 1, ""), *row)
        base = self.rich_style
        over = self.get_component_rich_style("biglist--cursor", partial=True) if cursor else None
        segments = []
        for text, room, kind in _fitted(row, width):
            style = base
            if kind and not (over and self.has_focus):
                style += self.get_component_rich_style(f"biglist--{kind}", partial=True)
            shown = safe(text, room)
            segments.append(Segment(shown + " " * (room - cells(shown)), style + over if over else style))
        return Strip(segments).adjust_cell_length(width, base + over if over else base)

    # -- the cursor

    def validate_cursor(self, place: int) -> int:
        """The nearest row there is."""
        return min(max(place, 0), max(self._count - 1, 0))

    def watch_cursor(self, _before: int, place: int) -> None:
        """Keep it in view and tell of it."""
        self._follow()
        self.refresh()
        self.post_message(self.Moved(self, place))

    def _follow(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def on_resize(self, _event: events.Resize) -> None:
        """Lines are made for the new width."""
        self.virtual_size = Size(self.scrollable_content_region.width, max(self._count, 1))
        self._follow()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; on the cursor: choose."""
        place = event.y + round(self.scroll_offset.y)
        if place >= self._count:
            return
        if place == self.cursor and (event.chain > 1 or self.has_class("one-click")):
            self.action_choose()
        self.cursor = place

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor += by

    def action_page(self, by: int) -> None:
        """Move it by what is in view."""
        self.cursor += by * max(self.size.height - 1, 1)

    def action_end(self, where: int) -> None:
        """Move it to the first or the last row."""
        self.cursor = 0 if where < 0 else self._count - 1

    def action_choose(self) -> None:
        """Choose the row of the cursor."""
        if self._count:
            self.post_message(self.Chosen(self, self.cursor))


def _fitted(row: Sequence[Cell], width: int) -> list[tuple[str, int, Kind]]:
    """The cells with the width that each gets, a blank after each but the last; what does not fit is left out."""
    fixed = sum(room + 1 for _, room, _ in row if room)
    free = sum(not room for _, room, _ in row)
    share, rest = divmod(max(width - fixed, 0), free) if free else (0, 0)
    fitted: list[tuple[str, int, Kind]] = []
    left = width
    for number, (text, room, kind) in enumerate(row):
        wanted = room + 1 if room else share + (rest if number == len(row) - 1 else 0)
        given = min(wanted, left)
        if given <= 0:
            break
        blank = 1 if given > 1 and number < len(row) - 1 else 0
        fitted.append((text, given - blank, kind))
        if blank:
            fitted.append(("", 1, ""))
        left -= given
    return fitted
