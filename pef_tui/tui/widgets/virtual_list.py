"""A list of any length. Only the rows in view are drawn, so that a million rows scroll as fast as ten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pef_tui.sanitize import cells, safe, single_emoji
from pef_tui.tui.keys import bindings
from pef_tui.tui.widgets.rows import Rows

Kind = Literal["", "dim", "good", "warn", "bad", "name"]
Cell = tuple[str, int, Kind]
"""A cell of a row: text, width in terminal cells (0: an equal share of the remaining width), and style. The list
escapes control characters in the text.
"""
Draw = Callable[[int, int], Sequence[Cell]]
"""Function that returns the cells of a row, from the index of the row and the width of the list."""


class VirtualList(ScrollView, Rows, can_focus=True):
    """A list with a cursor that draws only the rows in view."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "virtual-list--cursor",
        "virtual-list--dim",
        "virtual-list--good",
        "virtual-list--warn",
        "virtual-list--bad",
        "virtual-list--name",
    }
    DEFAULT_CSS = """
    VirtualList { scrollbar-size-horizontal: 0; }
    VirtualList > .virtual-list--cursor { background: $block-cursor-blurred-background; text-style: bold; }
    VirtualList:focus > .virtual-list--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    VirtualList > .virtual-list--dim { color: $text-muted; }
    VirtualList > .virtual-list--good { color: $text-success; }
    VirtualList > .virtual-list--warn { color: $text-warning; }
    VirtualList > .virtual-list--bad { color: $text-error; }
    VirtualList > .virtual-list--name { text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("list")

    cursor = reactive(0)

    class CursorMoved(Message):
        """Posted when the cursor moves to another row, or the rows change."""

        def __init__(self, source: VirtualList, index: int) -> None:
            super().__init__()
            self.source = source
            self.index = index

        @property
        def control(self) -> VirtualList:
            """Return the list that posted the message."""
            return self.source

    class RowChosen(CursorMoved):
        """Posted when a row is chosen by Enter or by a click on the cursor."""

    def __init__(
        self, draw: Draw, *, id: str | None = None, empty: str = "nothing", can_search: bool = True
    ) -> None:
        """`can_search`: whether the list searches in its rows (see `Rows.can_search`)."""
        super().__init__(id=id)
        self.can_search = can_search
        self._draw = draw
        self._count = 0
        self._empty = empty

    def show(self, count: int, cursor: int = 0) -> None:
        """Show `count` rows, with the cursor on the row with the index `cursor`, or the nearest existing row."""
        self._count = count
        self.virtual_size = Size(self.scrollable_content_region.width, max(count, 1))
        index = min(max(cursor, 0), max(count - 1, 0))
        self.set_reactive(VirtualList.cursor, index)
        self._follow()
        self.refresh()
        self.post_message(self.CursorMoved(self, index))

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return self._count

    def jump(self, index: int) -> None:
        """Move the cursor to the row with the index `index`."""
        self.cursor = index

    def render_line(self, y: int) -> Strip:
        """Return one line of the view."""
        index = y + round(self.scroll_offset.y)
        width = self.scrollable_content_region.width
        if index >= self._count:
            text = self._empty if not self._count and y == 0 else ""
            return self._strip([(text, 0, "dim")], width, False)
        return self._strip(self._draw(index, width - 2), width, index == self.cursor)

    def _strip(self, row: Sequence[Cell], width: int, cursor: bool) -> Strip:
        row = (("›" if cursor else "", 1, ""), *row)
        base = self.rich_style
        cursor_style = self.get_component_rich_style("virtual-list--cursor", partial=True) if cursor else None
        segments = []
        for text, cell_width, kind in _with_widths(row, width):
            style = base
            if kind and not (cursor_style and self.has_focus):
                style += self.get_component_rich_style(f"virtual-list--{kind}", partial=True)
            safe_text = safe(single_emoji(text), cell_width)
            padded = safe_text + " " * (cell_width - cells(safe_text))
            segments.append(Segment(padded, style + cursor_style if cursor_style else style))
        return Strip(segments).adjust_cell_length(width, base + cursor_style if cursor_style else base)

    # -- the cursor

    def validate_cursor(self, index: int) -> int:
        """Return `index` if a row has this index, else the nearest index of a row; 0 if there are no rows."""
        return min(max(index, 0), max(self._count - 1, 0))

    def watch_cursor(self, _old_index: int, index: int) -> None:
        """Scroll to the cursor and post `CursorMoved`."""
        self._follow()
        self.refresh()
        self.post_message(self.CursorMoved(self, index))

    def _follow(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def on_resize(self, _event: events.Resize) -> None:
        """Draw the rows for the new width."""
        self.virtual_size = Size(self.scrollable_content_region.width, max(self._count, 1))
        self._follow()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the clicked row. A double click on the row under the cursor chooses it."""
        index = event.y + round(self.scroll_offset.y)
        if index >= self._count:
            return
        if index == self.cursor and (event.chain > 1 or self.has_class("one-click")):
            self.action_choose()
        self.cursor = index

    def row_count(self) -> int:
        """Return the number of rows."""
        return self._count

    def row_index(self) -> int:
        """Return the index of the row under the cursor; 0 if there are no rows."""
        return self.cursor

    def row_text(self, index: int) -> str:
        """Return the texts of the cells of a row, with blanks between them."""
        return " ".join(text for text, _, _ in self._draw(index, max(self.size.width, 200)))

    def go_to(self, index: int) -> None:
        """Move the cursor to the row with the index `index`, or to the nearest existing row."""
        self.cursor = index

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self._count:
            self.post_message(self.RowChosen(self, self.cursor))


def _with_widths(row: Sequence[Cell], width: int) -> list[tuple[str, int, Kind]]:
    """Return the cells with their final widths, with a blank after each cell except the last.

    Cells that do not fit into `width` are cut off.
    """
    fixed_total = sum(fixed + 1 for _, fixed, _ in row if fixed)
    flexible = sum(not fixed for _, fixed, _ in row)
    share, remainder = divmod(max(width - fixed_total, 0), flexible) if flexible else (0, 0)
    cells_with_widths: list[tuple[str, int, Kind]] = []
    free = width
    for number, (text, fixed, kind) in enumerate(row):
        is_last = number == len(row) - 1
        cell_width = min(fixed + 1 if fixed else share + (remainder if is_last else 0), free)
        if cell_width <= 0:
            break
        blank = 1 if cell_width > 1 and not is_last else 0
        cells_with_widths.append((text, cell_width - blank, kind))
        if blank:
            cells_with_widths.append(("", 1, ""))
        free -= cell_width
    return cells_with_widths
