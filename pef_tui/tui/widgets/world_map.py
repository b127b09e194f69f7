"""A map of the world that keys and the mouse wheel zoom and move."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from pef_tui.reporting.charts import WORLD, View, fit_view, world
from pef_tui.reporting.charts.world import MARKS
from pef_tui.reporting.stats import PointCounts
from pef_tui.tui.keys import bindings


class WorldMap(Widget, can_focus=True):
    """Shows the locations of pictures as marks on a map with coastlines."""

    DEFAULT_CSS = """
    WorldMap { height: 1fr; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("map")
    view: reactive[View] = reactive(WORLD)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._points: list[tuple[float, float, int]] = []
        self._total = 0

    def show(self, points: PointCounts) -> None:
        """Show the pictures counted in `points`."""
        self._points, self._total = points.points(), points.total
        self.refresh()

    def render(self) -> Content:
        """Return the map, and a line below it with the counts and the section shown."""
        width, height = self.size.width, self.size.height
        if height < 3:
            return Content("")
        rows = [
            Content(line).highlight_regex(f"[{MARKS}]", style="bold $text-warning")
            for line in self._map(width, height - 1)
        ]
        return Content("\n").join([*rows, Content(self._words())])

    def _map(self, width: int, height: int) -> list[str]:
        return world(self._points, width, height, self.view)

    def _words(self) -> str:
        if not self._total:
            return "No picture has a location."
        view = self.view
        north, east = "N" if view.latitude >= 0 else "S", "E" if view.longitude >= 0 else "W"
        small, medium, large = tuple(MARKS)
        return (
            f"{self._total:,} with a location: {small} few {medium} more {large} most; "
            f"centre {abs(view.latitude):.1f}° {north} {abs(view.longitude):.1f}° {east}, {view.degrees:.0f}° wide"
        )

    def action_zoom(self, factor: float) -> None:
        """Zoom in by a `factor` above 1, or out by a `factor` below 1."""
        self.view = self.view.zoomed(factor)

    def action_pan(self, right: float, up: float) -> None:
        """Move the visible section by `right` times its width and `up` times its height."""
        self.view = self.view.moved(right, up)

    def action_fit(self) -> None:
        """Zoom so that all pictures are shown."""
        self.view = fit_view(self._points)

    def action_whole(self) -> None:
        """Show the whole world."""
        self.view = WORLD

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        event.stop()
        self.action_zoom(1.25)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        event.stop()
        self.action_zoom(0.8)

    def on_click(self, event: events.Click) -> None:
        """Centre the map on the clicked point."""
        self.focus()
        right = (event.x + 0.5) / max(self.size.width, 1) - 0.5
        up = (
            (0.5 - (event.y + 0.5) / max(self.size.height - 1, 1))
            * self.size.height
            * 2
            / max(self.size.width, 1)
        )
        self.view = self.view.moved(right, up * 3)
