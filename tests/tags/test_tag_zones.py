"""UTC offsets: which exist, and which applied at a place and time."""

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.model import EPOCH, CaptureTime, GeoPoint
from pef_tui.tags.file_date import local_text, parse_date
from pef_tui.tags.time_zones import (
    REAL_OFFSETS,
    machine_offset,
    offset_at,
    offset_of_clock,
    real_offset,
    zone_at,
    zone_by_name,
)


def seconds(text: str) -> float:
    return (datetime.fromisoformat(text) - EPOCH).total_seconds()


@pytest.mark.parametrize(
    ("difference", "offset"),
    [
        (0, 0), (7200, 120), (7201.9, 120), (-12600, -210), (20700, 345), (50400, 840), (-43200, -720),
        (45900, 765), (7203, None), (900, None), (54000, None), (-46800, None), (86400, None), (4500, None),
    ],
)  # fmt: skip
def test_only_differences_that_zones_have_are_offsets(difference: float, offset: int | None) -> None:
    assert real_offset(difference, 2) == offset


def test_every_whole_quarter_that_a_zone_has_is_real() -> None:
    days = [datetime(year, month, 1) for year in range(1990, 2040, 3) for month in (1, 7)]
    zones = [ZoneInfo(name) for name in available_timezones() if name[:1].isupper()]
    had = {(zone.utcoffset(day) or timedelta()) / timedelta(minutes=1) for zone in zones for day in days}
    assert {int(offset) for offset in had if offset % 15 == 0 and abs(offset) <= 840} <= REAL_OFFSETS
    assert all(offset % 15 == 0 and abs(offset) <= 840 for offset in REAL_OFFSETS)


PLACES = [
    # place, instant, offset
    (GeoPoint(52.5, 13.4), "2019-07-01T10:00Z", 120),
    (GeoPoint(52.5, 13.4), "2019-01-01T10:00Z", 60),
    (GeoPoint(52.5, 13.4), "2019-10-27T00:59:59Z", 120),  # the clock goes back at 01:00 UTC
    (GeoPoint(52.5, 13.4), "2019-10-27T01:00Z", 60),
    (GeoPoint(52.5, 13.4), "1965-07-01T10:00Z", 60),  # no daylight saving then
    (GeoPoint(52.5, 13.4), "2050-07-01T10:00Z", 120),
    (GeoPoint(-33.87, 151.21), "2019-01-01T00:00Z", 660),
    (GeoPoint(27.7, 85.3), "2019-01-01T00:00Z", 345),
    (GeoPoint(27.7, 85.3), "1980-01-01T00:00Z", 330),
    (GeoPoint(52.37, 4.9), "1930-01-01T00:00Z", 20),  # 00:19:32, or 00:20 by newer tables
    (GeoPoint(6.3, -10.8), "1960-01-01T00:00Z", -44),  # Liberia, -00:44:30
    (GeoPoint(-16.8, 179.9), "2015-06-01T00:00Z", 720),  # Fiji, on both sides of the date line
    (GeoPoint(-16.8, -179.9), "2015-06-01T00:00Z", 720),
    (GeoPoint(-14.3, -170.7), "2015-06-01T00:00Z", -660),
    (GeoPoint(0.0, -150.0), "2015-06-01T00:00Z", -600),  # at sea
    (GeoPoint(0.0, 179.9), "2015-06-01T00:00Z", 720),
    (GeoPoint(0.0, -179.9), "2015-06-01T00:00Z", -720),
    (GeoPoint(0.0, 180.0), "2015-06-01T00:00Z", 720),
    (GeoPoint(-43.95, -176.55), "2019-01-01T00:00Z", 825),
    (GeoPoint(-90.0, 0.0), "2019-01-01T00:00Z", 780),
]


@pytest.mark.parametrize(("place", "instant", "offset"), PLACES)
def test_offset_at_a_place(place: GeoPoint, instant: str, offset: int) -> None:
    zone = zone_at(place)
    assert zone is not None
    assert offset_at(zone, seconds(instant)) == offset


@pytest.mark.parametrize(
    ("digits", "offset"),
    [((2019, 10, 27, 2, 30), 120), ((2019, 3, 31, 2, 30), 60), ((2019, 10, 27, 3, 0), 60)],
)
def test_a_clock_that_shows_a_time_twice_shows_the_first(digits: tuple[int, ...], offset: int) -> None:
    assert offset_of_clock(ZoneInfo("Europe/Berlin"), datetime(*digits)) == offset  # type: ignore[arg-type]


@given(
    st.floats(-90, 90), st.floats(-180, 180),
    st.integers(int(seconds("1850-01-01T00:00Z")), int(seconds("2200-01-01T00:00Z"))),
)  # fmt: skip
def test_instant_to_clock_and_back(latitude: float, longitude: float, instant: int) -> None:
    zone = zone_at(GeoPoint(latitude, longitude))
    assert zone is not None
    offset = offset_at(zone, instant)
    parsed = parse_date(local_text(CaptureTime(instant, offset)))
    assert parsed is not None
    assert parsed[1] == offset
    assert (parsed[0] - datetime(1970, 1, 1)).total_seconds() - offset * 60 == instant
    exact = (EPOCH + timedelta(seconds=instant)).astimezone(zone).utcoffset() or timedelta()
    assert abs(exact.total_seconds() / 60 - offset) <= 0.5


@pytest.mark.parametrize(
    "name", ["Mars/Phobos", "../../etc/passwd", "/etc/passwd", "Europe", "a\nb", "x" * 300, "\0", "\ud800"]
)
def test_no_zone_is_one_clear_line(name: str) -> None:
    with pytest.raises(ValueError, match="timezone") as caught:
        zone_by_name(name)
    assert "\n" not in str(caught.value)


def test_the_machine_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        assert machine_offset(seconds("2019-01-01T00:00Z")) == 345
        assert math.isclose(machine_offset(seconds("1930-01-01T00:00Z")), 330)
    finally:
        monkeypatch.undo()
        time.tzset()
