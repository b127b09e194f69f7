"""The map of the world: zoom and pan by keys and wheel."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from pef_tui.charts import WORLD, View, fitted, world
from pef_tui.charts.world import MARKS
from pef_tui.figures import Places


class WorldMap(Widget, can_focus=True):
    """Places as marks on coastlines."""

    DEFAULT_CSS = """
    WorldMap { height: 1fr; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "zoom(2)", "Nearer", key_display="+", id="map.nearer"),
        Binding("minus", "zoom(0.5)", "Farther", key_display="-", id="map.farther"),
        Binding("left", "pan(-0.2, 0)", "West", show=False, id="map.west"),
        Binding("right", "pan(0.2, 0)", "East", show=False, id="map.east"),
        Binding("up", "pan(0, 0.2)", "North", show=False, id="map.north"),
        Binding("down", "pan(0, -0.2)", "South", show=False, id="map.south"),
        Binding("0", "fit", "All places", id="map.fit"),
        Binding("9", "whole", "World", id="map.world"),
    ]
    view: reactive[View] = reactive(WORLD)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._points: list[tuple[float, float, int]] = []
        self._total = 0

    def show(self, places: Places) -> None:
        """Show these places."""
        self._points, self._total = places.points(), places.total
        self.refresh()

    def render(self) -> Content:
        """The map, and a line under it that says what is seen."""
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
            return "No picture has a place."
        view = self.view
        north, east = "N" if view.latitude >= 0 else "S", "E" if view.longitude >= 0 else "W"
        few, some, many = tuple(MARKS)
        return (
            f"{self._total:,} with a place: {few} few {some} more {many} most; "
            f"middle {abs(view.latitude):.1f}° {north} {abs(view.longitude):.1f}° {east}, {view.degrees:.0f}° wide"
        )

    def action_zoom(self, factor: float) -> None:
        """Nearer or farther."""
        self.view = self.view.zoomed(factor)

    def action_pan(self, right: float, up: float) -> None:
        """Another part of the world."""
        self.view = self.view.moved(right, up)

    def action_fit(self) -> None:
        """As near as all places allow."""
        self.view = fitted(self._points)

    def action_whole(self) -> None:
        """The whole world."""
        self.view = WORLD

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Nearer."""
        event.stop()
        self.action_zoom(1.25)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Farther."""
        event.stop()
        self.action_zoom(0.8)

    def on_click(self, event: events.Click) -> None:
        """What was clicked becomes the middle."""
        self.focus()
        right = (event.x + 0.5) / max(self.size.width, 1) - 0.5
        up = (
            (0.5 - (event.y + 0.5) / max(self.size.height - 1, 1))
            * self.size.height
            * 2
            / max(self.size.width, 1)
        )
        self.view = self.view.moved(right, up * 3)
