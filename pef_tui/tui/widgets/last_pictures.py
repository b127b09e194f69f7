"""The last pictures of a run as thumbnails in a grid; their names, where no thumbnails can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from pef_tui.sanitize import cells, safe
from pef_tui.tui.widgets.thumbnail import SmallImage, thumbnail_line

WIDTH, HEIGHT = 22, 9
"""Size of a thumbnail in cells. Its name is in the line below, and a blank column is beside it."""


class Tile(NamedTuple):
    """A thumbnail with the name of its file."""

    name: str
    image: SmallImage


class LastPictures(Widget):
    """Shows as many files as fit. A new thumbnail replaces the oldest one, so that only its cells are drawn again."""

    DEFAULT_CSS = "LastPictures { height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tiles: list[Tile] = []
        self._next = 0
        """Index of the tile that the next thumbnail replaces."""
        self._names: Sequence[str] = ()

    @property
    def capacity(self) -> tuple[int, int]:
        """Number of tiles in a line, and number of lines of tiles."""
        return (self.size.width + 1) // (WIDTH + 1), self.size.height // (HEIGHT + 1)

    def show_names(self, names: Sequence[str]) -> None:
        """Show the paths `names`, one in each line, unless there are thumbnails."""
        if not self._tiles and names != self._names:
            self._names = names
            self.refresh()

    def add(self, tile: Tile) -> None:
        """Show a thumbnail, in place of the oldest one if there is no room for another."""
        columns, lines = self.capacity
        count = columns * lines
        if not count:
            return
        if len(self._tiles) < count:
            self._next = len(self._tiles)
            self._tiles.append(tile)
        else:
            self._next %= count
            self._tiles[self._next] = tile
        line, column = divmod(self._next, columns)
        region = Region(column * (WIDTH + 1), line * (HEIGHT + 1), WIDTH, HEIGHT + 1)
        self.refresh(*(() if len(self._tiles) == 1 else (region,)))
        self._next += 1

    def on_resize(self) -> None:
        """Drop the thumbnails that no longer fit."""
        columns, lines = self.capacity
        del self._tiles[columns * lines :]

    def render_line(self, y: int) -> Strip:
        """Return one line of the widget."""
        width, base = self.size.width, self.rich_style
        if not self._tiles:
            text = safe(self._names[y], width) if y < len(self._names) else ""
            return Strip([Segment(text, base)]).adjust_cell_length(width, base)
        columns, lines = self.capacity
        line, row = divmod(y, HEIGHT + 1)
        tiles = self._tiles[line * columns : (line + 1) * columns] if line < lines else []
        strips = []
        for tile in tiles:
            strips += [
                _tile_line(tile, row, base).adjust_cell_length(WIDTH, base),
                Strip([Segment(" ", base)]),
            ]
        return Strip.join(strips).adjust_cell_length(width, base)


def _tile_line(tile: Tile, row: int, base: Style) -> Strip:
    """Return one line of a tile: a line of the thumbnail, or the name in the line below it."""
    if row < tile.image.height:
        return thumbnail_line(tile.image, row)
    if row > tile.image.height:
        return Strip([])
    name = safe(tile.name, WIDTH)
    return Strip([Segment(name, base)], cells(name))
