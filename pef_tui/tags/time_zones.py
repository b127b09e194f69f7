"""Find out which UTC offsets exist, and which offset applied at a point and time.

Offsets are in minutes, positive to the east. Old local mean times have seconds: they are rounded, because tags store
minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from pef_tui.model import EPOCH, GeoPoint

# Multiples of 15 minutes up to 14 hours that a zone of the tz database (2026) has had since 1970.
_EAST = """0 60 120 180 210 240 270 300 330 345 360 390 420 450 480 510 525 540 570 585 600 630 660 690 720
           750 765 780 825 840"""
_WEST = "60 90 120 150 180 210 225 240 270 300 360 420 480 510 540 570 600 630 660 720"
REAL_OFFSETS = frozenset((*map(int, _EAST.split()), *(-int(west) for west in _WEST.split())))

_QUARTER = 15 * 60


def real_offset(seconds: float, tolerance: float) -> int | None:
    """Return the offset in minutes that explains a difference of `seconds` between a clock and UTC.

    None if no zone has this offset. `tolerance`: largest deviation in seconds.
    """
    quarters = round(seconds / _QUARTER)
    if abs(seconds - quarters * _QUARTER) > tolerance:
        return None
    minutes = quarters * 15
    return minutes if minutes in REAL_OFFSETS else None


def zone_by_name(name: str) -> ZoneInfo:
    """Return the zone `name` of the tz database.

    Raises ValueError, with a message of one line for the user, if the database has no such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"timezone {name!r}: no zone of the tz database (as in Europe/Berlin)") from None


def offset_at(zone: ZoneInfo, instant: float) -> int:
    """Return the offset of a zone at an instant (UTC seconds since 1970)."""
    return _minutes((EPOCH + timedelta(seconds=instant)).astimezone(zone).utcoffset())


def offset_of_clock(zone: ZoneInfo, digits: datetime) -> int:
    """Return the offset of a zone when its clocks show `digits`.

    At the end of summer time, clocks show the same digits twice. The first time counts.
    """
    return _minutes(digits.replace(tzinfo=zone).utcoffset())


def machine_offset(instant: float) -> int:
    """Return the offset of this machine's zone at an instant (UTC seconds since 1970)."""
    return _minutes((EPOCH + timedelta(seconds=instant)).astimezone().utcoffset())


NAUTICAL = "Etc/"
"""Beginning of the names of zones at sea. They follow from the longitude, but ships and planes use other clocks."""


def zone_at(point: GeoPoint) -> ZoneInfo | None:
    """Return the zone of a point; at sea the nautical zone (`Etc/GMT+3`); None if unknown."""
    name = _load_zone_lookup()(point.longitude, point.latitude)
    return _zone_or_none(name) if name else None


@lru_cache(1024)
def zones_at(point: GeoPoint) -> tuple[ZoneInfo, ...]:
    """Return every zone in use at a point, the official one first. (Xinjiang has two.) Empty if none is known."""
    return _zones(tuple(_load_all_zones_lookup()(point.longitude, point.latitude)))


@cache
def _zones(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    return tuple(zone for name in names if (zone := _zone_or_none(name)) is not None)


@cache
def _zone_or_none(name: str) -> ZoneInfo | None:
    try:
        return zone_by_name(name)
    except ValueError:  # the map is newer than the tz database
        return None


@cache
def _load_zone_lookup() -> Callable[[float, float], str]:
    """Return the function that finds the zone at a longitude and latitude.

    The function loads the map of zones on first use (24 ms).
    """
    from tzfpy import get_tz

    lookup: Callable[[float, float], str] = get_tz
    return lookup


@cache
def _load_all_zones_lookup() -> Callable[[float, float], list[str]]:
    from tzfpy import get_tzs

    lookup: Callable[[float, float], list[str]] = get_tzs
    return lookup


def _minutes(offset: timedelta | None) -> int:
    return round(offset.total_seconds() / 60) if offset else 0
