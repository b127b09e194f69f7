"""A map of the world in braille: coastlines of dots, places as marks that grow with how many pictures are there."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from math import cos, floor, radians
from typing import NamedTuple

from pef_tui.charts.coast import coastlines

MARKS = "•●◉"
"""One picture or a few; a tenth of the fullest cell or more; a third or more."""
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Of a braille character's dots, by row and column."""

Point = tuple[float, float, int]
"""Latitude, longitude, how many."""


class View(NamedTuple):
    """What a map shows: its middle, and how many degrees of longitude from edge to edge."""

    latitude: float = 15.0
    longitude: float = 0.0
    degrees: float = 360.0

    def zoomed(self, factor: float) -> View:
        """Nearer (above 1) or farther; never more than the whole world."""
        return self._replace(degrees=min(360.0, max(0.5, self.degrees / factor))).clamped()

    def moved(self, right: float, up: float) -> View:
        """Moved by parts of what is shown."""
        north = self.latitude + up * self.degrees / 3
        return self._replace(longitude=self.longitude + right * self.degrees, latitude=north).clamped()

    def clamped(self) -> View:
        """With its middle on the map."""
        east = (self.longitude + 180) % 360 - 180
        return self._replace(longitude=east, latitude=min(85.0, max(-85.0, self.latitude)))


WORLD = View()


def fitted(points: Iterable[Point], margin: float = 1.4) -> View:
    """The view that holds every point; the whole world where that is most of it."""
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
    """Dots, two across and four down in a character, seen from a view."""

    def __init__(self, width: int, height: int, view: View) -> None:
        self.width, self.height = width * 2, height * 4
        self._view = view
        self.cells = [[0] * width for _ in range(height)]
        """The braille of each character, as bits."""
        self._dots = self.width / view.degrees
        stretch = 1 / max(cos(radians(view.latitude)), 0.2) if view.degrees < 180 else 1.15
        self._down = self._dots * stretch

    def dot(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Where a place is, in dots from the upper left corner."""
        east = (longitude - self._view.longitude + 180) % 360 - 180
        x = self.width / 2 + east * self._dots
        return x, self.height / 2 - (latitude - self._view.latitude) * self._down

    def cell(self, latitude: float, longitude: float) -> tuple[int, int] | None:
        """The column and row of the character a place is in; None where it is out of sight."""
        x, y = self.dot(latitude, longitude)
        if not (0 <= x < self.width and 0 <= y < self.height):
            return None
        return int(x) // 2, int(y) // 4

    def line(self, first: tuple[float, float], last: tuple[float, float]) -> None:
        """A line between two dots; what is out of sight is left out."""
        (x, y), (x2, y2) = first, last
        if abs(x2 - x) > self.width:  # around the back of the map
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
    """`height` lines of `width` characters: the coasts and the places."""
    if width < 4 or height < 2:
        return []
    canvas = Canvas(width, height, view)
    back = canvas.width * 0.6 if view.degrees > 300 else canvas.width * 4
    for coast in coastlines():
        dots = [canvas.dot(latitude, longitude) for longitude, latitude in coast]
        for first, last in itertools.pairwise(dots):
            if abs(first[0] - last[0]) < back:
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
