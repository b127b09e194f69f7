"""A map of the world in braille characters: coastlines as dots, and marks whose size shows the number of pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from math import cos, floor, radians
from typing import NamedTuple

from pef_tui.reporting.charts.coast import coastlines

MARKS = "•●◉"
"""Marks for characters of the map with pictures, by the number of pictures compared with the largest number in a
character: less than a tenth, at least a tenth, at least a third.
"""
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of the dots of a braille character, by row and column."""

Point = tuple[float, float, int]
"""Latitude and longitude in degrees, and number of pictures."""


class View(NamedTuple):
    """The section that a map shows: its centre, and its width in degrees of longitude."""

    latitude: float = 15.0
    longitude: float = 0.0
    degrees: float = 360.0

    def zoomed(self, factor: float) -> View:
        """Return the view zoomed in by `factor`; a factor below 1 zooms out, at most to the whole world."""
        return self._replace(degrees=min(360.0, max(0.5, self.degrees / factor))).clamped()

    def moved(self, right: float, up: float) -> View:
        """Return the view moved to the right by `right` of its width, and up by `up` of its height."""
        north = self.latitude + up * self.degrees / 3
        return self._replace(longitude=self.longitude + right * self.degrees, latitude=north).clamped()

    def clamped(self) -> View:
        """Return the view with its centre within the limits of the map."""
        east = (self.longitude + 180) % 360 - 180
        return self._replace(longitude=east, latitude=min(85.0, max(-85.0, self.latitude)))


WORLD = View()


def fit_view(points: Iterable[Point], margin: float = 1.4) -> View:
    """Return the view that contains all points; the whole world if there are no points, or if they are far apart.

    `margin`: how much larger the view is than the area of the points: 1.4 times by default.
    """
    places = list(points)
    if not places:
        return WORLD
    north, south = max(point[0] for point in places), min(point[0] for point in places)
    east, west = max(point[1] for point in places), min(point[1] for point in places)
    degrees = max((east - west) * margin, (north - south) * margin * 3, 4.0)
    if degrees >= 200:
        return WORLD
    return View((north + south) / 2, (east + west) / 2, degrees).clamped()


class Canvas:
    """A grid of dots for a view. Each character of the map has 2 by 4 dots."""

    def __init__(self, width: int, height: int, view: View) -> None:
        self.width, self.height = width * 2, height * 4
        self._view = view
        self.cells = [[0] * width for _ in range(height)]
        """Bits of the dots of each character, by row and column."""
        self._dots = self.width / view.degrees
        stretch = 1 / max(cos(radians(view.latitude)), 0.2) if view.degrees < 180 else 1.15
        self._down = self._dots * stretch

    def dot(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Return the position of a point on the map: dots to the right and down from the upper left corner."""
        east = (longitude - self._view.longitude + 180) % 360 - 180
        x = self.width / 2 + east * self._dots
        return x, self.height / 2 - (latitude - self._view.latitude) * self._down

    def cell(self, latitude: float, longitude: float) -> tuple[int, int] | None:
        """Return column and row of the character that contains a point; None if the point is outside the view."""
        x, y = self.dot(latitude, longitude)
        if not (0 <= x < self.width and 0 <= y < self.height):
            return None
        return int(x) // 2, int(y) // 4

    def line(self, first: tuple[float, float], last: tuple[float, float]) -> None:
        """Draw a line between two dots, without the parts outside the view."""
        (x, y), (x2, y2) = first, last
        if abs(x2 - x) > self.width:  # crosses the edge of the map
            return
        if max(x, x2) < 0 or min(x, x2) >= self.width or max(y, y2) < 0 or min(y, y2) >= self.height:
            return
        steps = max(1, min(int(max(abs(x2 - x), abs(y2 - y))), 4 * (self.width + self.height)))
        for step in range(steps + 1):
            self._set(floor(x + (x2 - x) * step / steps), floor(y + (y2 - y) * step / steps))

    def _set(self, x: int, y: int) -> None:
        if 0 <= x < self.width and 0 <= y < self.height:
            self.cells[y // 4][x // 2] |= BITS[y % 4][x % 2]


def world(points: Iterable[Point], width: int, height: int, view: View = WORLD) -> list[str]:
    """Return the map as `height` lines of `width` characters, with coastlines and marks for the points."""
    if width < 4 or height < 2:
        return []
    canvas = Canvas(width, height, view)
    max_jump = canvas.width * 0.6 if view.degrees > 300 else canvas.width * 4
    for coast in coastlines():
        dots = [canvas.dot(latitude, longitude) for longitude, latitude in coast]
        for first, last in itertools.pairwise(dots):
            if abs(first[0] - last[0]) < max_jump:
                canvas.line(first, last)
    lines = [[chr(0x2800 + bits) if bits else " " for bits in row] for row in canvas.cells]
    counts: dict[tuple[int, int], int] = {}
    for latitude, longitude, count in points:
        if (cell := canvas.cell(latitude, longitude)) is not None:
            counts[cell] = counts.get(cell, 0) + count
    top = max(counts.values(), default=1)
    for (column, row), count in counts.items():
        lines[row][column] = MARKS[2 if count * 3 >= top else 1 if count * 10 >= top else 0]
    return ["".join(line) for line in lines]
