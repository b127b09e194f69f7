"""What one file alone tells of the moment it was taken, and of the zone of the clocks there.

D is the clock in the file, U the moment that Google tells, Z an offset from UTC. `WITNESSES` is the table of evidence
of Z (docs/tags.md, "Time zones"): which witness goes before which, and how the difference D - U is read beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from pef_tui.model import EPOCH, Match, Place, Sidecar, Taken, Value
from pef_tui.tags.camera_settings import zone_set
from pef_tui.tags.classes import tags_of
from pef_tui.tags.clock import (
    ALL_DATES,
    MODIFY_DATES,
    SAME,
    Clock,
    parse_date,
    parse_offset,
    read_clock,
)
from pef_tui.tags.partial import Partial, read_partial
from pef_tui.tags.places import file_place
from pef_tui.tags.zones import NAUTICAL, REAL_OFFSETS, offset_at, offset_of_clock, real_offset, zones_at

DateInName = Callable[[str], datetime | None]
"""The date in a file's name: what the clock showed, or an aware one where the name tells the zone."""

_FIRST, _LAST = -4_544_208_000, 253_370_764_800  # 1826-01-01 (the oldest photograph), 9999-01-01
_GPS_TOLERANCE = 120.0  # seconds; the fix may be older than the picture
_NAME_TOLERANCE = 10.0  # seconds; a film is named when it begins
UTC_NAMES = ("PXL_",)
"""How names begin that Pixel phones give in UTC."""
_STAMP_TOLERANCE = 10.0  # seconds; the stamp is made when the picture is saved
_FILM_TOLERANCE = 3600.0  # seconds; one date is of the film's beginning, the other of its end
_FILM_DATES = (
    *("XML:CreationDateValue", "UserData:ContentCreateDate", "UserData:DateTimeOriginal"),
    *("ItemList:ContentCreateDate", "Keys:ContentCreateDate"),
)
"""Dates of films that may have an offset, besides `Keys:CreationDate`: Sony, Apple and others."""
_CLOCKS = ("EXIF:", "XMP-", "IPTC:")  # groups whose dates show the clock at the place


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
    sidecar: Sidecar | None = None
    partial: Partial | None = None
    """The file's date of less precision, where it has no other."""
    shared: bool = False
    """It came from another person: by partner sharing, or from a shared album."""
    read_as_utc: bool = False
    """Is U what the clock shows, as Google takes clocks of unknown zones for UTC?"""
    difference: int | None = None
    """D - U in minutes, where zones have such an offset and it is not 0, which tells nothing."""
    contradicted: bool = False
    """Does what proves an offset say another one than D - U, which then is no zone? Filled by `own_answer`."""

    def compare(self) -> None:
        """Fill what follows from clock and instant, once both are known."""
        if self.told != "sidecar" or self.instant is None:
            return
        if self.clock is None:
            self.difference = None
            self.read_as_utc = self.partial is not None and self.partial.agrees_as_utc(self.instant)
            return
        self.clock = self.clock.beside(self.instant)
        ahead = self.clock.ahead(self.instant)
        self.read_as_utc = abs(ahead) <= SAME and self.clock.tag.startswith(_CLOCKS)
        self.difference = real_offset(ahead, SAME) or None

    def taken(self, offset: int | None, zone: str) -> Taken:
        """The answer, once the offset is known; without one, what the clock showed counts as UTC."""
        if self.instant is None:
            return Taken(self.seconds - (offset or 0) * 60, offset, zone, self.told)
        if offset and self.read_as_utc and not self._was_utc(offset):
            return Taken(self.instant - offset * 60, offset, zone, "file")
        return Taken(self.instant, offset, zone, self.told)

    @property
    def seconds(self) -> float:
        """What the clock showed, counted as if it were UTC; 0.0 where an instant is known."""
        return (self.digits.replace(tzinfo=UTC) - EPOCH).total_seconds() if self.digits else 0.0

    def _was_utc(self, offset: int) -> bool:
        """Did the clock show UTC all the same? Proof of an offset of 0 beside another offset in the file says so.

        So does a date of less precision that holds the moment at the place as well.
        """
        if self.clock is None:
            taken = Taken(self.instant or 0.0, offset)
            return self.partial is not None and self.partial.agrees(taken)
        return self.clock.offset is not None and any(0 in ask(self) for _, ask, proof in WITNESSES if proof)

    @property
    def camera(self) -> str:
        """Make and model; "" where the file does not tell the model."""
        model = str(self.tags.get("EXIF:Model", "")).strip() if self.tags else ""
        return f"{self.tags.get('EXIF:Make', '')}\0{model}" if model else ""

    def offset_in(self, zone: ZoneInfo) -> int:
        """The offset in a zone when the file's clock showed what it shows, else at the instant."""
        if self.clock is not None and self.read_as_utc:
            return offset_of_clock(zone, self.clock.digits)
        return (
            offset_of_clock(zone, self.digits)
            if self.instant is None and self.digits
            else offset_at(zone, self.instant or 0.0)
        )


def google_instant(sidecar: Sidecar | None) -> float | None:
    """The moment that a sidecar tells; None where there is none, or none that a picture can have."""
    instant = sidecar.taken if sidecar is not None else None
    return instant if instant is not None and _FIRST <= instant < _LAST else None


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
    instant = google_instant(sidecar)
    if instant is not None:
        found = Evidence(name, tags, clock, place, "sidecar", date_in_name, instant, sidecar=sidecar)
        found.shared = _is_shared(sidecar)
        found.compare()
        return _with_lesser_dates(found) if clock is None and tags else found
    if clock is not None:
        digits = clock.digits if clock.offset is None else None
        return Evidence(name, tags, clock, place, "file", date_in_name, clock.instant, digits)
    if (dated := _dated(name, date_in_name)) is None:
        return None
    if dated.tzinfo is None:
        return Evidence(name, tags, None, place, "name", date_in_name, None, dated)
    return Evidence(name, tags, None, place, "name", date_in_name, (dated - EPOCH).total_seconds())


def _is_shared(sidecar: Sidecar | None) -> bool:
    origin = sidecar.google_photos_origin if sidecar is not None else None
    if origin is None:
        return False
    return origin.from_partner_sharing is not None or origin.from_shared_album is not None


def _with_lesser_dates(found: Evidence) -> Evidence:
    """With what a file tells that has no whole date: a part of one, or when it was changed last.

    That counts where it is Google's moment, as Google reads it where there is nothing else; else the file was edited.
    """
    found.partial = read_partial(found.tags, ALL_DATES)
    found.clock = read_clock(found.tags, MODIFY_DATES) if found.partial is None else None
    found.compare()
    if found.clock is None or found.instant is None or found.read_as_utc:
        return found
    instant = found.clock.instant
    is_same = abs(instant - found.instant) <= SAME if instant is not None else _is_zone(found)
    if not is_same:
        found.clock = None
        found.compare()
    return found


def _is_zone(found: Evidence) -> bool:
    """Is D - U a zone, and does nothing contradict it?"""
    if found.difference is None:
        return False
    own_answer(found)
    return not found.contradicted


def _dated(name: str, date_in_name: DateInName) -> datetime | None:
    dated = date_in_name(name)
    if dated is None or not 1826 <= dated.year < 9999:
        return None
    return dated.replace(tzinfo=UTC) if dated.tzinfo is None and name.startswith(UTC_NAMES) else dated


# -- the witnesses: each answers with the offsets it may mean, the likeliest first


def _own_offset(found: Evidence) -> Iterable[int]:
    """That of the date itself; of a film, whose own dates are UTC, the one that the camera put beside them."""
    clock = found.clock
    if clock is not None and clock.utc:
        return _beside_film_dates(found, clock.seconds)
    return _some(clock.offset) if clock is not None else ()


def _beside_film_dates(found: Evidence, seconds: float) -> Iterator[int]:
    """The zone that Samsung phones write, or that of another date of this very film."""
    zone = parse_offset(found.tags.get("Keys:AndroidTimeZone"))
    if zone is not None and zone in REAL_OFFSETS:
        yield zone
    for tag in _FILM_DATES:
        shown = parse_date(found.tags.get(tag))
        if shown is None or shown[1] is None or shown[1] not in REAL_OFFSETS:
            continue
        instant = (shown[0].replace(tzinfo=UTC) - EPOCH).total_seconds() - shown[1] * 60
        if any(abs(instant - own) <= _FILM_TOLERANCE for own in (seconds, found.instant) if own is not None):
            yield shown[1]


def _camera_less_stamp(found: Evidence) -> Iterable[int]:
    """Samsung phones put the UTC time of the picture behind it."""
    clock, said = found.clock, found.tags.get("Samsung:TimeStamp")
    if clock is None or clock.utc or (stamp := parse_date(said)) is None or stamp[1] is None:
        return ()
    ahead = (clock.digits - stamp[0]).total_seconds() + stamp[1] * 60
    return _some(real_offset(ahead, _STAMP_TOLERANCE))


def camera_setting(found: Evidence) -> Iterator[int]:
    """The zone that the camera was set to. It may be that of the factory or of home, and 0 tells nothing."""
    clock, seconds = found.clock, found.instant
    digits = clock.digits if clock is not None and not clock.utc else None
    shown = digits or found.digits
    if shown is None and seconds is not None:
        shown = (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None)
    zone = zone_set(found.tags, digits, shown) if found.tags and shown is not None else None
    if zone and zone in REAL_OFFSETS:
        yield zone


def _camera_less_gps(found: Evidence) -> Iterable[int]:
    clock, day, time = found.clock, found.tags.get("EXIF:GPSDateStamp"), found.tags.get("EXIF:GPSTimeStamp")
    if clock is None or clock.utc or day is None or time is None:
        return ()
    stamp = parse_date(f"{day} {time}".removesuffix("Z"))
    if stamp is None:
        return ()
    return _some(real_offset((clock.digits - stamp[0]) / timedelta(seconds=1), _GPS_TOLERANCE))


def _some(offset: int | None) -> Iterable[int]:
    return () if offset is None else (offset,)


def _at_place(found: Evidence) -> Iterator[int]:
    return _at(found, nautical=False)


def _at_sea(found: Evidence) -> Iterator[int]:
    return _at(found, nautical=True)


def _at(found: Evidence, nautical: bool) -> Iterator[int]:
    """The offsets at the place that Google shows, then of the other places known."""
    if found.place is None:
        return
    for place in _places(found, found.place):
        for zone in zones_at(place):
            if zone.key.startswith(NAUTICAL) is nautical:
                yield found.offset_in(zone)


def _places(found: Evidence, shown: Place) -> Iterator[Place]:
    """What Google Photos shows, then what it read in the camera's file and what the file says, where they differ."""
    yield shown
    camera = found.sidecar.geo_data_exif if found.sidecar is not None else None
    for place in (
        camera.place if camera is not None else None,
        file_place(found.tags) if found.tags else None,
    ):
        if place is not None and place != shown:
            yield place


def _camera_less_instant(found: Evidence) -> Iterator[int]:
    if found.difference is not None:
        yield found.difference


def _name_less_instant(found: Evidence) -> Iterator[int]:
    """0 tells nothing: the name may be in UTC."""
    if found.instant is None or found.told == "name":
        return
    dated = _dated(found.name, found.date_in_name)
    if dated is None or dated.tzinfo is not None:
        return
    seconds = (dated.replace(tzinfo=UTC) - EPOCH).total_seconds()
    if offset := real_offset(seconds - found.instant, _NAME_TOLERANCE):
        yield offset


Ask = Callable[[Evidence], Iterable[int]]

WITNESSES: tuple[tuple[str, Ask, bool], ...] = (
    # zone, who answers, does it contradict a difference D - U that it does not say?
    ("file", _own_offset, False),
    ("maker", _camera_less_stamp, True),
    ("gps-time", _camera_less_gps, True),
    ("gps", _at_place, True),
    ("camera", _camera_less_instant, False),
    ("gps", _at_sea, False),
    ("name", _name_less_instant, False),
)
"""Who tells the offset, the first that answers before the rest. `taken.py` asks neighbours, the camera's setting, the
option and the machine after these."""


def own_answer(found: Evidence) -> Taken | None:
    """When, where the file itself tells its zone.

    A difference D - U that any witness says is the zone, whoever else says otherwise. Else the first witness answers.
    """
    clock, difference = found.clock, found.difference
    if clock is not None and clock.offset is not None and not clock.utc:
        difference = None
    if difference is not None and (by := _who_says(found, difference)):
        return found.taken(difference, by if clock is not None and clock.utc else "camera")
    for zone, ask, proof in WITNESSES:
        for offset in ask(found):
            found.contradicted = proof and difference is not None
            return found.taken(offset, zone)
    return None


def _who_says(found: Evidence, difference: int) -> str:
    """The first witness, but the difference itself, that says so; "" for none."""
    for zone, ask, _ in WITNESSES:
        if ask is not _camera_less_instant and difference in ask(found):
            return zone
    return "maker" if difference in camera_setting(found) else ""
