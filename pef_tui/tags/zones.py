"""Offsets from UTC: which exist, and which was on the clocks at a place and time.

Offsets are minutes, east positive. Old local mean times have seconds; they are rounded, as tags hold minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from pef_tui.model import EPOCH, Place

# Multiples of 15 minutes up to 14 hours that a zone of the tz database (2026) has had since 1970.
_EAST = """0 60 120 180 210 240 270 300 330 345 360 390 420 450 480 510 525 540 570 585 600 630 660 690 720
           750 765 780 825 840"""
_WEST = "60 90 120 150 180 210 225 240 270 300 360 420 480 510 540 570 600 630 660 720"
REAL_OFFSETS = frozenset((*map(int, _EAST.split()), *(-int(west) for west in _WEST.split())))

_QUARTER = 15 * 60


def real_offset(seconds: float, tolerance: float) -> int | None:
    """The offset that a difference between a clock and UTC stands for; None where no zone has it.

    `tolerance`: seconds by which the difference may miss it.
    """
    quarters = round(seconds / _QUARTER)
    if abs(seconds - quarters * _QUARTER) > tolerance:
        return None
    minutes = quarters * 15
    return minutes if minutes in REAL_OFFSETS else None


def zone_named(name: str) -> ZoneInfo:
    """The zone of the tz database. Raises ValueError with one line for the user."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"timezone {name!r}: no zone of the tz database (as in Europe/Berlin)") from None


def offset_at(zone: ZoneInfo, instant: float) -> int:
    """The offset there at an instant (UTC seconds since 1970)."""
    return _minutes((EPOCH + timedelta(seconds=instant)).astimezone(zone).utcoffset())


def offset_of_clock(zone: ZoneInfo, digits: datetime) -> int:
    """The offset there when the clock on the wall shows `digits` (the first of two such moments)."""
    return _minutes(digits.replace(tzinfo=zone).utcoffset())


def machine_offset(instant: float) -> int:
    """The offset of this machine's zone at an instant."""
    return _minutes((EPOCH + timedelta(seconds=instant)).astimezone().utcoffset())


NAUTICAL = "Etc/"
"""How the names of zones at sea begin. They follow from the longitude; ships and planes keep other clocks."""


def zone_at(place: Place) -> ZoneInfo | None:
    """The zone of a place; at sea the nautical one (`Etc/GMT+3`); None where neither is known."""
    name = _look_up()(place.longitude, place.latitude)
    return _zone_or_none(name) if name else None


def zones_at(place: Place) -> tuple[ZoneInfo, ...]:
    """Every zone in use at a place, the official one first (Xinjiang has two clocks); empty where none is known."""
    return _zones(tuple(_look_up_all()(place.longitude, place.latitude)))


@cache
def _zones(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    return tuple(zone for name in names if (zone := _zone_or_none(name)) is not None)


@cache
def _zone_or_none(name: str) -> ZoneInfo | None:
    try:
        return zone_named(name)
    except ValueError:  # a map newer than the tz database
        return None


@cache
def _look_up() -> Callable[[float, float], str]:
    """The map of zones, loaded at the first place (24 ms)."""
    from tzfpy import get_tz

    look_up: Callable[[float, float], str] = get_tz
    return look_up


@cache
def _look_up_all() -> Callable[[float, float], list[str]]:
    from tzfpy import get_tzs

    look_up: Callable[[float, float], list[str]] = get_tzs
    return look_up


def _minutes(offset: timedelta | None) -> int:
    return round(offset.total_seconds() / 60) if offset else 0
