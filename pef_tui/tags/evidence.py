"""What one file alone tells of the moment it was taken, and of the zone of the clocks there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from pef_tui.model import EPOCH, Match, Place, Taken, Value
from pef_tui.tags.classes import tags_of
from pef_tui.tags.clock import SAME, Clock, parse_date, read_clock
from pef_tui.tags.places import file_place
from pef_tui.tags.zones import offset_at, offset_of_clock, real_offset, zone_at

DateInName = Callable[[str], datetime | None]
"""The date in a file's name: what the clock showed, or an aware one where the name tells the zone."""

_FIRST, _LAST = -4_544_208_000, 253_370_764_800  # 1826-01-01 (the oldest photograph), 9999-01-01
_GPS_TOLERANCE = 120.0  # seconds; the fix may be older than the picture
_NAME_TOLERANCE = 10.0  # seconds; a film is named when it begins
_UTC_NAMES = ("PXL_",)  # Pixel phones name pictures in UTC


class Evidence(Struct):
    """One Match and what was found out about it. Either `instant` or `digits` is known."""

    name: str
    tags: dict[str, Value]
    clock: Clock | None
    place: Place | None
    told: str
    date_in_name: DateInName
    instant: float | None = None
    """UTC seconds since 1970."""
    digits: datetime | None = None
    """What the clock showed, where the instant is not known."""

    def taken(self, offset: int | None, zone: str) -> Taken:
        """The answer, once the offset is known; without one, what the clock showed counts as UTC."""
        instant = self.instant if self.instant is not None else self.seconds - (offset or 0) * 60
        return Taken(instant, offset, zone, self.told)

    @property
    def seconds(self) -> float:
        """What the clock showed, counted as if it were UTC; 0.0 where an instant is known."""
        return (self.digits.replace(tzinfo=UTC) - EPOCH).total_seconds() if self.digits else 0.0


def gather(match: Match, date_in_name: DateInName) -> Evidence | None:
    """The evidence of one Match: instant of the sidecar, else the file's own date, else the date in its name.

    None where there is no date at all.
    """
    sidecar, tags = match.sidecar, tags_of(match)
    clock = read_clock(tags) if tags else None
    place = sidecar.place if sidecar is not None else None
    if place is None and tags:
        place = file_place(tags)
    name = match.media.name
    instant = sidecar.taken if sidecar is not None else None
    if instant is not None and _FIRST <= instant < _LAST:
        return Evidence(name, tags, clock, place, "sidecar", date_in_name, instant)
    if clock is not None:
        digits = clock.digits if clock.offset is None else None
        return Evidence(name, tags, clock, place, "file", date_in_name, clock.instant, digits)
    if (dated := _dated(name, date_in_name)) is None:
        return None
    if dated.tzinfo is None:
        return Evidence(name, tags, None, place, "name", date_in_name, None, dated)
    return Evidence(name, tags, None, place, "name", date_in_name, (dated - EPOCH).total_seconds())


def _dated(name: str, date_in_name: DateInName) -> datetime | None:
    dated = date_in_name(name)
    if dated is None or not 1826 <= dated.year < 9999:
        return None
    return dated.replace(tzinfo=UTC) if dated.tzinfo is None and name.startswith(_UTC_NAMES) else dated


def _own_offset(found: Evidence) -> int | None:
    clock = found.clock
    return clock.offset if clock is not None and not clock.utc else None


def _camera_less_instant(found: Evidence) -> int | None:
    """0 tells nothing: Google takes clocks of unknown zones for UTC."""
    if found.clock is None or found.instant is None:
        return None
    return real_offset(found.clock.seconds - found.instant, SAME) or None


def _camera_less_gps(found: Evidence) -> int | None:
    clock, day, time = found.clock, found.tags.get("EXIF:GPSDateStamp"), found.tags.get("EXIF:GPSTimeStamp")
    if clock is None or clock.utc or day is None or time is None:
        return None
    stamp = parse_date(f"{day} {time}".removesuffix("Z"))
    if stamp is None:
        return None
    return real_offset((clock.digits - stamp[0]) / timedelta(seconds=1), _GPS_TOLERANCE)


def _at_place(found: Evidence) -> int | None:
    zone = zone_at(found.place) if found.place is not None else None
    if zone is None:
        return None
    if found.instant is not None:
        return offset_at(zone, found.instant)
    return offset_of_clock(zone, found.digits) if found.digits is not None else None


def _name_less_instant(found: Evidence) -> int | None:
    """0 tells nothing: the name may be in UTC."""
    if found.instant is None or found.told == "name":
        return None
    dated = _dated(found.name, found.date_in_name)
    if dated is None or dated.tzinfo is not None:
        return None
    seconds = (dated.replace(tzinfo=UTC) - EPOCH).total_seconds()
    return real_offset(seconds - found.instant, _NAME_TOLERANCE) or None


_CHAIN: tuple[tuple[str, Callable[[Evidence], int | None]], ...] = (
    ("file", _own_offset),
    ("camera", _camera_less_instant),
    ("gps-time", _camera_less_gps),
    ("gps", _at_place),
    ("name", _name_less_instant),
)


def own_answer(found: Evidence) -> Taken | None:
    """When, where the file itself tells its zone: the first that answers."""
    for zone, ask in _CHAIN:
        offset = ask(found)
        if offset is not None:
            return found.taken(offset, zone)
    return None
