import pef_tui_places
import pytest
from pef_tui_places import Options, look_up, map_places
from pef_tui_places_index import Index, Town

from pef_tui.config import ConfigError
from pef_tui.testing import made_match, plugin_host, run_mapper, sidecar

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
def test_the_nearest_town(point, farthest, expected):
    found = TOWNS.nearest(*point, farthest)
    assert (found and found.name) == expected


def test_the_stage_yields_every_match_and_loads_towns_only_where_there_is_a_place():
    loads = []

    def load():
        loads.append(1)
        return TOWNS

    stage = look_up(load, 30.0)
    nowhere = [made_match(sidecar(f"{number}.jpg"), f"{number}.jpg") for number in range(600)]
    assert list(stage(iter(nowhere))) == nowhere
    assert loads == []
    there = made_match(sidecar("a.jpg", place=(48.2, 16.37)))
    found = list(stage(iter([*nowhere, there, there])))
    assert [match.media for match in found] == [match.media for match in [*nowhere, there, there]]
    assert found[-1].facts["places.city"] == "Wien" and not found[0].facts
    assert loads == [1]


def test_what_the_file_says_goes_before_google():
    match = made_match(
        sidecar("a.jpg", place=(48.2, 16.37)), tags={"EXIF:GPSLatitude": 48.15, "EXIF:GPSLongitude": 17.11}
    )
    [found] = look_up(lambda: TOWNS, 30.0)(iter([match]))
    assert found.facts == {"places.city": "Bratislava", "places.country": "Slovensko", "places.code": "SK"}


def test_the_mapper_writes_what_was_found():
    written = run_mapper(map_places, {"url": "x"}, facts={"places.city": "Wien", "places.code": "AT"})
    assert written == {"XMP-photoshop:City": "Wien", "XMP-iptcCore:CountryCode": "AT"}


def test_a_whole_run_writes_the_town_of_the_data_set(pef_run):
    files = {"Trip/a.jpg": sidecar("a.jpg", place=(41.89, 12.51)), "Trip/b.jpg": sidecar("b.jpg")}
    ran = pef_run(pef_tui_places, files, tables={"places": {"smallest": 100_000}})
    tags = ran.tags("a.jpg")
    assert tags["XMP-photoshop:City"] == "Rome" and tags["XMP-photoshop:State"] == "Lazio"
    assert tags["XMP-photoshop:Country"] == "Italy" and tags["XMP-iptcCore:CountryCode"] == "IT"
    assert not any(tag.startswith("XMP-photoshop:C") for tag in ran.tags("b.jpg"))
    assert not [note for note in ran.notes if "plugin" in note]


def test_the_table_is_checked():
    with pytest.raises(ConfigError, match="farthest"):
        plugin_host(pef_tui_places, tables={"places": {"farthest": -1}})
    assert plugin_host(pef_tui_places).settings.plugins["places"] == Options()


def test_the_check_finds_vienna():
    assert [finding.level for finding in pef_tui_places.check()] == ["ok"]
