"""The place unit: filled, kept, or a conflict if the user moved the picture."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_cases import geo, match

from pef_tui.model import Geo, GeoPoint, Match, Value
from pef_tui.tags.gps import gps
from pef_tui.tags.places import coordinates, distance, file_point
from pef_tui.tags.policy import TagDecision, decide
from pef_tui.tags.tag_lists import as_xmp_target

SYDNEY = geo(-33.8567844, 151.2152967, 58.125)
OPERA = geo(-33.8567844, 151.2152967)
LAT, LON, ALT = "EXIF:GPSLatitude", "EXIF:GPSLongitude", "EXIF:GPSAltitude"
XLAT, XLON, XALT, XREF = (
    "XMP-exif:GPSLatitude",
    "XMP-exif:GPSLongitude",
    "XMP-exif:GPSAltitude",
    "XMP-exif:GPSAltitudeRef",
)
FILM_TAGS = ("Keys:GPSCoordinates", "UserData:GPSCoordinates", "ItemList:GPSCoordinates")
EXIF = {LAT: -33.8567844, LON: 151.2152967, ALT: 58.12}
XMP = {XLAT: -33.8567844, XLON: 151.2152967, XALT: 58.12, XREF: 0}
FILM = dict.fromkeys(FILM_TAGS, "-33.85678, 151.21530, 58.12")


def decided(file_match: Match, existing: Any = "fill") -> TagDecision:
    return decide(file_match, gps(file_match), existing)


def values(result: TagDecision) -> dict[str, Value | None]:
    return {edit.tag: edit.value for edit in result.edits}


@pytest.mark.parametrize(
    ("format", "expected"),
    [("jpeg", EXIF), ("heic", EXIF), ("mp4", FILM), ("gif", XMP), ("nef", XMP), ("avi", XMP), ("", XMP)],
)
def test_all_tags_of_each_format(format: str, expected: dict[str, Value]) -> None:
    file_match = match(format=format, place=SYDNEY)
    assert values(decided(file_match)) == expected
    assert {edit.unit for edit in gps(file_match)} == {"place"}


@pytest.mark.parametrize(
    ("place", "camera", "latitude"),
    [(SYDNEY, None, -33.8567844), (geo(0, 0), SYDNEY, -33.8567844), (None, SYDNEY, -33.8567844),
     (geo(1, 1), SYDNEY, 1.0),
     (geo(91, 0), None, None), (geo(0, 181), None, None), (Geo("nan", "1"), None, None), (Geo(1e308, 0), None, None),
     (geo(0, 12), None, 0.0), (Geo("-1.5", "2"), None, -1.5)],
)  # fmt: skip
def test_geo_data_then_the_cameras_then_nothing(
    place: Geo | None, camera: Geo | None, latitude: float | None
) -> None:
    assert values(decided(match(place=place, camera=camera))).get(LAT) == latitude


@pytest.mark.parametrize(("altitude", "expected"), [(-12.345, -12.35), (0.0, None), (8848.86, 8848.86)])
def test_altitude(altitude: float, expected: float | None) -> None:
    file_match = match(place=geo(1, 1, altitude))
    assert values(decided(file_match)).get(ALT) == (pytest.approx(expected, abs=0.011) if expected else None)
    below = values(decided(as_xmp_target(file_match), "never"))
    assert below.get(XREF) == (None if not expected else int(altitude < 0))
    assert not str(below.get(XALT, 0)).startswith("-")


KEPT = [
    {LAT: -33.0, LON: 151.0},
    {XLAT: -33.0, XLON: 151.0},
    {LAT: -33.8567, LON: 151.2151, ALT: 0},
]


@pytest.mark.parametrize("tags", KEPT)
def test_a_place_in_the_file_is_kept(tags: dict[str, Value]) -> None:
    same_as_camera = match(tags, place=SYDNEY, camera=OPERA)
    assert decided(same_as_camera) == decided(same_as_camera, "overwrite") == TagDecision()


@pytest.mark.parametrize("text", ["-33.0, 151.0, 5", "-33 151", "-33.00000+151.00000/"])
@pytest.mark.parametrize("tag", FILM_TAGS)
def test_a_place_in_a_film_is_kept(text: str, tag: str) -> None:
    assert decided(match({tag: text}, format="mp4", place=SYDNEY, camera=SYDNEY)) == TagDecision()


@pytest.mark.parametrize(
    ("tags", "added"),
    [
        ({LAT: 0.0, LON: 0.0}, EXIF),
        ({LAT: 0.0, LON: 0.0, ALT: 3.0}, EXIF),
        ({LAT: -33.0}, EXIF),
        ({LAT: 95.0, LON: 400.0}, EXIF),
        ({LAT: "x", LON: "y"}, EXIF),
        ({ALT: 3.0}, EXIF),
        ({"EXIF:GPSDateStamp": "2019:07:01"}, EXIF),
    ],
)
def test_what_is_no_place_is_replaced(tags: dict[str, Value], added: dict[str, Value]) -> None:
    decision = decided(match(tags, place=SYDNEY))
    assert values(decision) == added
    assert not decision.conflicts


def test_an_altitude_of_no_place_goes() -> None:
    assert values(decided(match({ALT: 3.0}, place=OPERA))) == {LAT: EXIF[LAT], LON: EXIF[LON], ALT: None}


MOVED = [
    # file, geoData, geoDataExif, moved?
    ({LAT: -33.0, LON: 151.0}, OPERA, geo(-33.0, 151.0), True),
    ({LAT: -33.0, LON: 151.0}, OPERA, None, True),
    ({LAT: -33.0, LON: 151.0}, OPERA, OPERA, False),
    ({LAT: -33.855, LON: 151.2152967}, OPERA, geo(-33.0, 151.0), False),  # 198 m
    ({LAT: -33.8549, LON: 151.2152967}, OPERA, geo(-33.0, 151.0), True),  # 210 m
    ({LAT: -33.0, LON: 151.0}, geo(0, 0), OPERA, False),
]


@pytest.mark.parametrize(("tags", "place", "camera", "moved"), MOVED)
def test_a_picture_moved_in_google_photos_is_a_conflict(
    tags: dict[str, Value], place: Geo, camera: Geo | None, moved: bool
) -> None:
    file_match = match(tags, place=place, camera=camera)
    decision = decided(file_match)
    assert decision.edits == ()
    assert [(conflict.unit, conflict.tag, conflict.file) for conflict in decision.conflicts] == [
        ("place", LAT, tags[LAT])
    ] * moved
    outputs = values(decided(file_match, "overwrite"))
    assert outputs.get(LAT) == (OPERA.latitude if moved else None)


def test_overwriting_leaves_no_other_place_behind() -> None:
    tags: dict[str, Value] = {LAT: 1.0, LON: 1.0, ALT: 9.0, XLAT: 1.0, XLON: 1.0, XALT: 9.0}
    file_match = match(tags, place=OPERA)
    assert values(decided(file_match, "overwrite")) == {
        LAT: OPERA.latitude, LON: OPERA.longitude, ALT: None,
        XLAT: OPERA.latitude, XLON: OPERA.longitude, XALT: None,
    }  # fmt: skip
    film = match({FILM_TAGS[1]: "1, 1"}, format="mp4", place=OPERA)
    assert decided(film).conflicts[0].tag == FILM_TAGS[1]
    assert decided(film).edits == ()
    assert values(decided(film, "overwrite")) == dict.fromkeys(FILM_TAGS, "-33.85678, 151.21530")


def test_a_raw_picture_in_another_place_is_a_conflict() -> None:
    decision = decided(match({LAT: 1.0, LON: 1.0}, format="nef", place=OPERA))
    assert decision.edits == ()
    assert decision.conflicts[0].tag == LAT


@pytest.mark.parametrize(
    ("first", "second", "metres"),
    [
        (GeoPoint(0, 0), GeoPoint(0, 1), 111_195), (GeoPoint(89.9999, 0), GeoPoint(89.9999, 180), 22.2),
        (GeoPoint(0, 179.9999), GeoPoint(0, -179.9999), 22.2), (GeoPoint(10, 20), GeoPoint(10, 20), 0),
        (GeoPoint(0, 0), GeoPoint(0, 180), 20_015_087),
    ],
)  # fmt: skip
def test_distance(first: GeoPoint, second: GeoPoint, metres: float) -> None:
    assert distance(first, second) == pytest.approx(metres, rel=0.01, abs=0.01)


PLACES = st.builds(GeoPoint, st.floats(-90, 90), st.floats(-180, 180), st.none() | st.floats(-500, 9000))


@given(PLACES, st.sampled_from(["jpeg", "mp4", "gif"]))
def test_what_was_written_reads_back_and_is_kept(place: GeoPoint, format: str) -> None:
    file_match = match(format=format, place=geo(place.latitude, place.longitude, place.altitude or 0.0))
    outputs = {edit.tag: edit.value for edit in decided(file_match).edits if edit.value is not None}
    content = file_point(outputs)
    assert bool(content) is bool(outputs) or (abs(place.latitude) < 1e-5 and abs(place.longitude) < 1e-5)
    if content is not None:
        assert distance(content, place) < 2
        assert decided(match(outputs, format=format, place=file_match.sidecar.geo_data)) == TagDecision()  # type: ignore[union-attr]


@given(PLACES, PLACES)
def test_distance_is_symmetric_and_bounded(one: GeoPoint, other: GeoPoint) -> None:
    assert distance(one, other) == pytest.approx(distance(other, one), abs=1e-3)
    assert 0 <= distance(one, other) <= 20_015_100


@pytest.mark.parametrize("text", ["", "x", "1", "1,", "-"])
def test_coordinates_of_broken_texts_are_no_place(text: str) -> None:
    latitude, longitude, _ = coordinates(text)
    assert latitude is None or longitude is None
    assert file_point({FILM_TAGS[0]: text}) is None
