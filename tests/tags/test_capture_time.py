"""The stage of the capture time: the instant, and the first source of the zone."""

import time
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
from capture_time_cases import (
    AT_SEA,
    BERLIN,
    CREATED,
    DTO,
    NOON,
    OFFSET,
    OFFSET2,
    URUMQI,
    date_in_name,
    one,
    told,
)
from tag_cases import geo, match, seconds

from pef_tui.model import CaptureTime, Match, Sidecar, Timestamp
from pef_tui.settings import Settings
from pef_tui.tags.capture_time import stage


@pytest.fixture(autouse=True)
def _machine_in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


GPS_TIME = {"EXIF:GPSDateStamp": "2019:07:01", "EXIF:GPSTimeStamp": "10:01:30"}
EXIF_PLACE = {"EXIF:GPSLatitude": -33.87, "EXIF:GPSLongitude": 151.21}

CHAIN = [
    ("file", 180, {"tags": {DTO: "2019:07:01 12:00:00", OFFSET: "+03:00"}, "place": BERLIN}),
    ("file", 120, {"tags": {DTO: "2019:07:01 12:00:07", CREATED: "2019:07:01 12:00:07", OFFSET2: "+02:00"}}),
    ("assumed", 540, {"tags": {DTO: "2019:07:01 12:00:07", CREATED: "2019:07:01 12:00:08", OFFSET2: "+02:00"}}),
    ("assumed", 540, {"tags": {DTO: "2019:07:01 12:00:07", "EXIF:OffsetTime": "+02:00"}}),
    ("file", -210, {"tags": {"XMP-exif:DateTimeOriginal": "2019:07:01 06:30:00.25-03:30"}}),
    ("file", 60, {"tags": {"Keys:CreationDate": "2019:07:01 11:00:00+01:00"}, "format": "mov"}),
    ("camera", 60, {"tags": {DTO: "2019:07:01 11:00:01"}}),
    ("camera", 120, {"tags": {DTO: "2019:07:01 12:00:01"}, "place": BERLIN}),
    ("gps", 120, {"tags": {DTO: "2019:07:01 11:00:01"}, "place": BERLIN}),  # the evidence contradicts it
    ("camera", 600, {"tags": {DTO: "2019:07:01 20:00:00", **EXIF_PLACE}, "place": BERLIN}),  # the file's own place
    ("camera", 60, {"tags": {DTO: "2019:07:01 11:00:00"}, "place": AT_SEA}),  # ships keep other clocks
    ("camera", 480, {"tags": {DTO: "2019:07:01 18:00:00"}, "place": URUMQI}),
    ("camera", 360, {"tags": {DTO: "2019:07:01 16:00:00"}, "place": URUMQI}),
    ("gps", -600, {"place": AT_SEA}),
    ("camera", 345, {"tags": {"EXIF:CreateDate": "2019:07:01 15:45:00"}}),
    ("camera", 120, {"tags": {DTO: "2019:07:01 12:00:00", OFFSET: "   :  "}}),
    ("camera", 120, {"tags": {"QuickTime:CreateDate": "2019:07:01 12:00:00"}, "format": "mp4"}),
    ("gps-time", 60, {"tags": {DTO: "2019:07:01 11:01:00", **GPS_TIME}, "place": BERLIN}),
    ("gps-time", 0, {"tags": {DTO: "2019:07:01 10:00:00", **GPS_TIME}, "place": BERLIN}),
    ("gps", 120, {"tags": {DTO: "2019:07:01 12:00:07"}, "place": BERLIN}),
    ("gps", 600, {"tags": EXIF_PLACE}),
    ("gps", 120, {"tags": EXIF_PLACE, "place": BERLIN}),
    ("gps", 120, {"tags": {}, "camera": BERLIN, "name": "IMG_20190701_110000.jpg"}),
    ("gps", 120, {"tags": {DTO: "0000:00:00 00:00:00", OFFSET: "+09:00"}, "place": BERLIN}),
    ("gps", 120, {"tags": {"QuickTime:CreateDate": "2019:07:01 10:00:00"}, "place": BERLIN, "format": "mp4"}),
    ("name", 60, {"name": "IMG_20190701_110003.jpg"}),
    ("assumed", 540, {"name": "PXL_20190701_110000.jpg"}),  # Pixel names are UTC
    ("assumed", 540, {"name": "IMG_20190701_100000.jpg"}),  # equal digits prove nothing
    ("assumed", 540, {"name": "IMG_20190701_104000.jpg"}),
    ("camera", 60, {"tags": {"EXIF:ModifyDate": "2019:07:01 11:00:00"}}),
    ("file", 60, {"tags": {"EXIF:ModifyDate": "2019:07:01 11:00:00", "EXIF:OffsetTime": "+01:00"}}),
    ("gps", 120, {"tags": {"EXIF:ModifyDate": "2019:07:01 11:00:00"}, "place": BERLIN}),  # edited an hour before
    ("assumed", 540, {"tags": {"EXIF:ModifyDate": "2020:07:01 11:00:00", "EXIF:OffsetTime": "+01:00"}}),
    ("assumed", 540, {"tags": {"EXIF:ModifyDate": "2019:07:01 12:00:00", DTO: "2019:07:01 12:00:07"}}),
    ("file", 60, {"tags": {"IPTC:DateCreated": "2019:07:01", "IPTC:TimeCreated": "11:00:00+01:00"}}),
    ("file", 0, {"tags": {"IPTC:DateCreated": "2019:07:01", "IPTC:TimeCreated": "10:00:00+00:00"}}),
    ("camera", 60, {"tags": {"IPTC:DateCreated": "2019:07:01", "IPTC:TimeCreated": "11:00:00+00:00"}}),
    ("camera", 60, {"tags": {"IPTC:DateCreated": "2019:07:01", "IPTC:TimeCreated": "11:00:00"}}),
    ("assumed", 540, {"tags": {"IPTC:DateCreated": "2019:07:01"}}),
    ("assumed", 540, {"place": geo(0, 0)}),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "offset", "value"), CHAIN)
def test_the_first_that_answers_states_the_zone(zone: str, offset: int, value: dict[str, Any]) -> None:
    assert one(match(moment=NOON, **value)) == CaptureTime(seconds(NOON), offset, zone)


STAMP = {"Samsung:TimeStamp": "2019:07:01 19:00:03.500+09:00"}  # 10:00:03 UTC
NIKON = {"Nikon:TimeZone": 60, "Nikon:DaylightSavings": 1}
CANON = {"Canon:TimeZone": 480}

NOTES = [
    # zone, offset, moved by (minutes), the Match: zones from maker notes
    ("maker", 120, 120, {"tags": {DTO: "2019:07:01 10:00:00", "Samsung:TimeStamp": "2019:07:01 08:00:03+00:00"}}),
    ("camera", 120, 0, {"tags": {DTO: "2019:07:01 12:00:00", **STAMP}, "place": geo(-33.87, 151.21)}),
    ("maker", 180, 0, {"tags": {DTO: "2019:07:01 13:00:00.0", "Samsung:TimeStamp": "2019:07:01 10:00:00+00:00"},
                       "place": BERLIN, "moment": "2019-07-01T09:00:00Z"}),  # a conflict with Google, not the place
    ("file", 60, 0, {"tags": {DTO: "2019:07:01 12:00:00", OFFSET: "+01:00", **STAMP}}),
    ("camera", 120, 0, {"tags": {DTO: "2019:07:01 12:00:00", **NIKON}, "place": geo(-33.87, 151.21)}),  # home time
    ("camera", 480, 0, {"tags": {DTO: "2019:07:01 18:00:00", **CANON}, "place": BERLIN}),
    ("maker", 120, 120, {"tags": {DTO: "2019:07:01 10:00:00", **NIKON}}),
    ("maker", 480, 480, {"tags": {DTO: "2019:07:01 10:00:00", **CANON}}),
    ("gps", 120, 120, {"tags": {DTO: "2019:07:01 10:00:00", **CANON}, "place": BERLIN}),  # the setting may be old
    ("camera", 60, 0, {"tags": {DTO: "2019:07:01 11:00:00", **CANON}}),
    ("maker", 120, 0, {"tags": NIKON}),
    ("assumed", 540, 540, {"tags": {DTO: "2019:07:01 10:00:00", **CANON, "Canon:TimeZone": 0}}),
    ("assumed", 540, 540, {"tags": {DTO: "2019:07:01 10:00:00", "Nikon:TimeZone": 1234}}),
    ("assumed", 540, 0, {"tags": {DTO: "2019:07:01 12:00:07", "Samsung:TimeStamp": "nothing"}}),
    ("maker", 120, 120, {"tags": {DTO: "2019:07:01 10:00:00", "EXIF:TimeZoneOffset": 2}}),
    ("assumed", 540, 540, {"tags": {DTO: "2019:07:01 10:00:00", "EXIF:TimeZoneOffset": 0}}),
    ("assumed", 540, 540, {"tags": {DTO: "2019:07:01 10:00:00", "EXIF:TimeZoneOffset": 99}}),
    ("maker", 330, 330, {"tags": {DTO: "2019:07:01 10:00:00", "Ricoh:TimeZone": "+05:30"}}),
    ("maker", 120, 120, {"tags": {DTO: "2019:07:01 10:00:00", "Pentax:City": 21, "Pentax:DaylightSavings": 1}}),
    ("maker", 60, 60, {"tags": {DTO: "2019:07:01 10:00:00", "Pentax:City": 21, "Pentax:DaylightSavings": 0}}),
    ("maker", 345, 345, {"tags": {DTO: "2019:07:01 10:00:00", "Pentax:City": 38, "Pentax:DaylightSavings": 0}}),
    ("assumed", 540, 540, {"tags": {DTO: "2019:07:01 10:00:00", "Pentax:City": 75, "Pentax:DaylightSavings": 1}}),
    ("maker", 120, 120, {"tags": {DTO: "2019:07:01 10:00:00", "Olympus:DateTimeUTC": "2019:07:01 08:00:00"}}),
    ("assumed", 540, 540, {"tags": {DTO: "2019:07:01 10:00:00", "Olympus:DateTimeUTC": "2019:07:01 08:07:00"}}),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "offset", "moved", "value"), NOTES)
def test_what_maker_notes_tell(zone: str, offset: int, moved: int, value: dict[str, Any]) -> None:
    moment = value.get("moment", NOON)
    actual = one(match(**{"moment": moment, **value}))
    assert actual == CaptureTime(seconds(moment) - moved * 60, offset, zone, "file" if moved else "sidecar")


def test_a_setting_comes_before_the_option_and_after_neighbours() -> None:
    nikon = match({DTO: "2019:07:01 10:00:00", **NIKON}, moment=NOON)
    assert one(nikon, timezone="Asia/Shanghai") == CaptureTime(seconds(NOON) - 7200, 120, "maker", "file")
    sydney = match(moment="2019-07-01T00:30:00Z", place=geo(-33.87, 151.21))
    assert told(sydney, nikon)[1] == ("neighbour", 600)


OWN = {"QuickTime:CreateDate": "2019:07:01 10:00:00"}
FILMS = [
    ("file", 330, {"Keys:AndroidTimeZone": "+0530"}),
    (
        "file",
        330,
        {"Keys:AndroidTimeZone": "+0530", "UserData:ContentCreateDate": "2019:07:01 12:00:00+02:00"},
    ),
    ("file", 120, {"UserData:ContentCreateDate": "2019:07:01 12:00:40+02:00"}),
    ("file", 120, {"XML:CreationDateValue": "2019:07:01 12:00:00+02:00", "QuickTime:TimeZone": 60}),
    ("file", 0, {"XML:CreationDateValue": "2019:07:01 10:00:00Z"}),
    ("file", 120, {"UserData:DateTimeOriginal": "2019:07:01 12:00:00+02:00"}),
    ("maker", 60, {"QuickTime:TimeZone": 60}),
    (
        "assumed",
        540,
        {"UserData:ContentCreateDate": "2010:05:03 07:00:00+02:00"},
    ),  # the zone of the factory
    ("assumed", 540, {"UserData:ContentCreateDate": "2019:07:01 12:00:00"}),
    ("assumed", 540, {"Keys:AndroidTimeZone": "somewhere"}),
]


@pytest.mark.parametrize(("zone", "offset", "tags"), FILMS)
def test_what_films_tell_beside_their_own_dates(zone: str, offset: int, tags: dict[str, Any]) -> None:
    assert one(match({**OWN, **tags}, moment=NOON, format="mp4")) == CaptureTime(seconds(NOON), offset, zone)


def test_a_film_of_local_time_whose_zone_stands_beside() -> None:
    tags: dict[str, Any] = {
        "QuickTime:CreateDate": "2019:07:01 12:00:00",
        "XML:CreationDateValue": "2019:07:01 12:00:00+02:00",
    }
    assert one(match(tags, moment=NOON, format="mp4")) == CaptureTime(seconds(NOON), 120, "file")


READ_AS_UTC = [
    # Google's time has the digits of the clock: the zone of the clock, and the settings
    ("gps", 120, {"tags": {DTO: "2019:07:01 10:00:00"}, "place": BERLIN}, {}),
    ("gps", 600, {"tags": {DTO: "2019:07:01 10:00:01", **EXIF_PLACE}}, {}),
    ("gps", 120, {"tags": {CREATED: "2019:07:01 10:00:00"}, "place": BERLIN}, {"timezone": "Asia/Shanghai"}),
    ("option", 480, {"tags": {DTO: "2019:07:01 10:00:00"}}, {"timezone": "Asia/Shanghai"}),
    ("option", -150, {"tags": {"XMP-photoshop:DateCreated": "2019:07:01 10:00:00"}}, {"timezone": "America/St_Johns"}),
    ("assumed", 540, {"tags": {DTO: "2019:07:01 10:00:00"}}, {}),
    ("gps", -600, {"tags": {DTO: "2019:07:01 10:00:00"}, "place": AT_SEA}, {}),
    ("gps", 120, {"tags": {"EXIF:ModifyDate": "2019:07:01 10:00:00"}, "place": BERLIN}, {}),
    ("file", 480, {"tags": {DTO: "2019:07:01 10:00:00", OFFSET: "+08:00"}}, {}),
    ("option", 480, {"tags": {"XMP-photoshop:DateCreated": "2019:07:01"}, "moment": "2019-07-01T20:00:00Z"},
     {"timezone": "Asia/Shanghai"}),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "offset", "value", "settings"), READ_AS_UTC)
def test_a_clock_that_google_read_as_utc_is_right(
    zone: str, offset: int, value: dict[str, Any], settings: dict[str, Any]
) -> None:
    """The instant is the clock minus its zone. The local time, and so the date in a layout, is that of the clock."""
    date = value.get("moment", NOON)
    moment = CaptureTime(seconds(date) - offset * 60, offset, zone, "file")
    assert one(match(**{"moment": date, **value}), **settings) == moment


@pytest.mark.parametrize(
    ("zone", "offset", "value"),
    [
        ("gps", 0, {"tags": {DTO: "2019:01:01 10:00:00"}, "place": geo(51.5, -0.1), "moment": "2019-01-01T10:00:00Z"}),
        ("file", 120, {"tags": {DTO: "2019:01:01 10:00:00", OFFSET: "+02:00"}, "place": geo(51.5, -0.1),
                       "moment": "2019-01-01T10:00:00Z"}),
        ("gps", 120, {"tags": {"QuickTime:CreateDate": "2019:07:01 10:00:00"}, "place": BERLIN, "format": "mp4"}),
        ("option", 480, {"tags": {"XMP-photoshop:DateCreated": "2019:07:01"}}),
    ],
)  # fmt: skip
def test_google_is_right_where_the_clock_shows_utc(zone: str, offset: int, value: dict[str, Any]) -> None:
    value = {"moment": NOON, **value}
    actual = one(match(**value), timezone="Asia/Shanghai")
    assert actual == CaptureTime(seconds(value["moment"]), offset, zone)


def test_the_option_comes_before_the_machine_and_after_the_rest() -> None:
    assert one(match(moment=NOON), timezone="America/St_Johns") == CaptureTime(seconds(NOON), -150, "option")
    assert one(match(moment=NOON, place=BERLIN), timezone="America/St_Johns") == CaptureTime(
        seconds(NOON), 120, "gps"
    )
    winter = "2019-01-01T10:00:00Z"
    assert one(match(moment=winter), timezone="America/St_Johns") == CaptureTime(
        seconds(winter), -210, "option"
    )


WITHOUT_SIDECAR = [
    # file dates, instant, offset, zone
    ({"tags": {DTO: "2019:07:01 12:00:00", OFFSET: "+02:00"}}, ("file", NOON, 120, "file")),
    ({"tags": {DTO: "2019:07:01 12:00:00", **EXIF_PLACE}}, ("file", "2019-07-01T02:00:00Z", 600, "gps")),
    ({"tags": {DTO: "2019:07:01 12:01:00", **GPS_TIME}}, ("file", "2019-07-01T10:01:00Z", 120, "gps-time")),
    ({"tags": {DTO: "2019:07:01 12:00:00"}}, ("file", "2019-07-01T12:00:00Z", None, "")),
    ({"tags": {"QuickTime:CreateDate": "2019:07:01 10:00:00"}, "format": "mp4"}, ("file", NOON, None, "")),
    ({"tags": {DTO: "2019:07:01 12:00:00"}, "name": "IMG_20200101_000000.jpg"},
     ("file", "2019-07-01T12:00:00Z", None, "")),
    ({"name": "IMG_20190701_120000.jpg"}, ("name", "2019-07-01T12:00:00Z", None, "")),
    ({"name": "IMG_20190701_120000.jpg", "tags": EXIF_PLACE}, ("name", "2019-07-01T02:00:00Z", 600, "gps")),
    ({"name": "PXL_20190701_100000.jpg", "tags": EXIF_PLACE}, ("name", NOON, 600, "gps")),
    ({"name": "IMG_20190701_120000+0200.jpg"}, ("name", NOON, None, "")),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), WITHOUT_SIDECAR)
def test_without_sidecar_own_tags_then_the_name_and_nothing_invented(
    value: dict[str, Any], expected: tuple[str, str, int | None, str]
) -> None:
    report, instant, offset, zone = expected
    assert one(match(sidecar=False, **value)) == CaptureTime(seconds(instant), offset, zone, report)


def test_without_sidecar_the_option_makes_an_instant_of_the_clock() -> None:
    file_match = match({DTO: "2019:07:01 12:00:00"}, sidecar=False)
    assert one(file_match, timezone="Europe/Berlin") == CaptureTime(seconds(NOON), 120, "option", "file")


@pytest.mark.parametrize(
    "tags", [{}, {DTO: "0000:00:00 00:00:00"}, {DTO: "    :  :     :  :  "}, {DTO: "1800:01:01 00:00:00"},
             {DTO: "2999:01:01 00:00:00"}, {DTO: "2019:02:30 00:00:00"}, {DTO: "2019"},
             {"QuickTime:CreateDate": "1970:01:01 00:00:00"}],
)  # fmt: skip
def test_no_date_at_all(tags: dict[str, Any]) -> None:
    assert one(match(tags, sidecar=False)) is None


@pytest.mark.parametrize(
    "timestamp", ["-99999999999", "-62135596801", "99999999999999999", "-4544208001", "nan", "", "0", "x"]
)
def test_instants_that_cannot_be_are_none(timestamp: str) -> None:
    file_match = match(place=BERLIN)
    broken = Match(
        file_match.media,
        file_match.folder,
        Sidecar(photo_taken_time=Timestamp(timestamp)),
        metadata=file_match.metadata,
    )
    assert one(broken) is None


@pytest.mark.parametrize("timestamp", ["-4544208000", "-1", "4102444800", "99999999999"])
def test_instants_far_away_are_taken(timestamp: str) -> None:
    file_match = match(place=BERLIN)
    far = Match(
        file_match.media,
        file_match.folder,
        Sidecar(photo_taken_time=Timestamp(timestamp), geo_data=BERLIN),
        metadata=file_match.metadata,
    )
    answer = one(far)
    assert answer is not None
    assert answer.instant == int(timestamp)
    assert answer.zone == "gps"
    assert answer.local.tzinfo is not UTC


def test_a_zone_that_is_none_is_reported_at_once() -> None:
    with pytest.raises(ValueError, match=r"^timezone 'Middle/Earth': "):
        stage(Settings(timezone="Middle/Earth"), date_in_name)
