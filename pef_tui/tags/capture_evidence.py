"""Find out when a file was taken, and its UTC offset, from the file and its sidecar alone.

D is the date on the clock in the file, U is the (Google) time in the sidecar, Z is the offset of local time from UTC.
`OFFSET_SOURCES` lists the sources of Z in their order (docs/tags.md, "Time zones"). The difference D - U is one of
them. Reliable sources can contradict it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from pef_tui.model import EPOCH, CaptureTime, GeoPoint, Match, Sidecar, Value
from pef_tui.tags.camera_zones import zone_set
from pef_tui.tags.file_date import (
    ALL_DATES,
    MODIFY_DATES,
    SAME_SECONDS,
    FileDate,
    parse_date,
    parse_offset,
    read_file_date,
)
from pef_tui.tags.partial_dates import PartialDate, read_partial
from pef_tui.tags.places import file_point
from pef_tui.tags.tag_lists import tags_of
from pef_tui.tags.time_zones import NAUTICAL, REAL_OFFSETS, offset_at, offset_of_clock, real_offset, zones_at

DateInName = Callable[[str], datetime | None]
"""Returns the date in a file's name; None without one. It is naive local time, or aware if the name states the zone."""

_FIRST, _LAST = -4_544_208_000, 253_370_764_800  # 1826-01-01 (the oldest photograph), 9999-01-01
_GPS_TOLERANCE = 120.0  # seconds; the GPS time may be older than the picture
_NAME_TOLERANCE = 10.0  # seconds; a video gets its name when it begins
UTC_NAMES = ("PXL_",)
"""Prefixes of file names in which Pixel phones write the time in UTC."""
_STAMP_TOLERANCE = 10.0  # seconds; Samsung's stamp is written when the picture is saved
_VIDEO_TOLERANCE = 3600.0  # seconds; one date is when the video begins, another when it ends
_VIDEO_DATES = (
    *("XML:CreationDateValue", "UserData:ContentCreateDate", "UserData:DateTimeOriginal"),
    *("ItemList:ContentCreateDate", "Keys:ContentCreateDate"),
)
"""Tags of videos (by Sony, Apple and others) whose dates may have an offset. `Keys:CreationDate` is another one."""
_CLOCKS = ("EXIF:", "XMP-", "IPTC:")  # groups of tags whose dates are local time


class Evidence(Struct):
    """What a Match states about its capture time and zone. Either `instant` or `digits` is None, the other is known."""

    name: str
    tags: dict[str, Value]
    clock: FileDate | None
    point: GeoPoint | None
    source: str
    date_in_name: DateInName
    instant: float | None = None
    """The capture time in seconds since 1970 (UTC); None if unknown."""
    digits: datetime | None = None
    """The local time that the clock showed, if `instant` is unknown; else None."""
    sidecar: Sidecar | None = None
    partial: PartialDate | None = None
    """A date of the file that is less precise than a second (`1975-06`); None if there is a complete date."""
    shared: bool = False
    """Whether the file came from another person, by partner sharing or from a shared album."""
    read_as_utc: bool = False
    """Whether Google's time has the digits of the clock. (Google reads clocks of unknown zones as UTC.)"""
    difference: int | None = None
    """Clock minus Google's time in minutes, if a zone has this offset; else None. None for 0: it proves nothing."""
    contradicted: bool = False
    """Whether a reliable source contradicts `difference`. It is then no zone. Set by `resolve_from_file`."""

    def compare(self) -> None:
        """Set `read_as_utc` and `difference` from `clock` and `instant`. Call it again after changing `clock`.

        Also remove an IPTC offset of 0 from `clock` if the instant contradicts it. Without Google's time, do nothing.
        """
        if self.source != "sidecar" or self.instant is None:
            return
        if self.clock is None:
            self.difference = None
            self.read_as_utc = self.partial is not None and self.partial.agrees_as_utc(self.instant)
            return
        self.clock = self.clock.without_placeholder_offset(self.instant)
        seconds_ahead = self.clock.seconds_ahead(self.instant)
        self.read_as_utc = abs(seconds_ahead) <= SAME_SECONDS and self.clock.tag.startswith(_CLOCKS)
        self.difference = real_offset(seconds_ahead, SAME_SECONDS) or None

    def to_capture_time(self, offset: int | None, zone: str) -> CaptureTime:
        """Return the capture time for an offset in minutes (None if unknown). `zone`: name of the source of the offset.

        If both instant and offset are unknown, the digits of the clock count as UTC.
        """
        if self.instant is None:
            return CaptureTime(self.seconds - (offset or 0) * 60, offset, zone, self.source)
        if offset and self.read_as_utc and not self._was_utc(offset):
            return CaptureTime(self.instant - offset * 60, offset, zone, "file")
        return CaptureTime(self.instant, offset, zone, self.source)

    @property
    def seconds(self) -> float:
        """`digits` in seconds since 1970, read as UTC; 0.0 without `digits`."""
        return (self.digits.replace(tzinfo=UTC) - EPOCH).total_seconds() if self.digits else 0.0

    def _was_utc(self, offset: int) -> bool:
        """Return whether the clock really showed UTC. Google's time, which has its digits, is then right.

        True if the file's date has an offset, and a reliable source has the offset 0. For a file with only a partial
        date (`1975-06`): True if the local time at `offset` agrees with it.
        """
        if self.clock is None:
            capture_time = CaptureTime(self.instant or 0.0, offset)
            return self.partial is not None and self.partial.agrees_with(capture_time)
        return self.clock.offset is not None and any(
            0 in find_offsets(self) for _, find_offsets, is_reliable in OFFSET_SOURCES if is_reliable
        )

    @property
    def camera(self) -> str:
        """Make and model of the camera, joined to one key; "" if the file has no model."""
        model = str(self.tags.get("EXIF:Model", "")).strip() if self.tags else ""
        return f"{self.tags.get('EXIF:Make', '')}\0{model}" if model else ""

    def offset_in(self, zone: ZoneInfo) -> int:
        """Return the offset of `zone`, in minutes, at the time of the picture.

        If the instant is unknown, or if Google read the clock as UTC, the clock's local time is used.
        """
        if self.clock is not None and self.read_as_utc:
            return offset_of_clock(zone, self.clock.digits)
        return (
            offset_of_clock(zone, self.digits)
            if self.instant is None and self.digits
            else offset_at(zone, self.instant or 0.0)
        )


def google_instant(sidecar: Sidecar | None) -> float | None:
    """Return the capture time in `sidecar`, in seconds since 1970 (UTC).

    None without a sidecar or time, and for times before 1826 or after 9998: no picture can have them.
    """
    instant = sidecar.taken if sidecar is not None else None
    return instant if instant is not None and _FIRST <= instant < _LAST else None


def collect_evidence(match: Match, date_in_name: DateInName) -> Evidence | None:
    """Return the evidence of one Match; None if it has no date.

    The date is the instant in the sidecar, else the date in the file, else the date in its name.
    """
    sidecar, tags = match.sidecar, tags_of(match)
    clock = read_file_date(tags) if tags else None
    point = sidecar.point if sidecar is not None else None
    if point is None and tags:
        point = file_point(tags)
    name = match.media.name
    instant = google_instant(sidecar)
    if instant is not None:
        evidence = Evidence(name, tags, clock, point, "sidecar", date_in_name, instant, sidecar=sidecar)
        evidence.shared = _is_shared(sidecar)
        evidence.compare()
        return _with_secondary_dates(evidence) if clock is None and tags else evidence
    if clock is not None:
        digits = clock.digits if clock.offset is None else None
        return Evidence(name, tags, clock, point, "file", date_in_name, clock.instant, digits)
    if (name_date := _date_from_name(name, date_in_name)) is None:
        return None
    if name_date.tzinfo is None:
        return Evidence(name, tags, None, point, "name", date_in_name, None, name_date)
    return Evidence(name, tags, None, point, "name", date_in_name, (name_date - EPOCH).total_seconds())


def _is_shared(sidecar: Sidecar | None) -> bool:
    origin = sidecar.google_photos_origin if sidecar is not None else None
    if origin is None:
        return False
    return origin.from_partner_sharing is not None or origin.from_shared_album is not None


def _with_secondary_dates(evidence: Evidence) -> Evidence:
    """Add the weaker date of a file without complete date: a partial date, else the date of the last change.

    The latter counts only if it equals the time in the sidecar: Google uses it for files without other dates. If it
    differs, the file was edited later. Return `evidence`, which is changed.
    """
    evidence.partial = read_partial(evidence.tags, ALL_DATES)
    evidence.clock = read_file_date(evidence.tags, MODIFY_DATES) if evidence.partial is None else None
    evidence.compare()
    if evidence.clock is None or evidence.instant is None or evidence.read_as_utc:
        return evidence
    instant = evidence.clock.instant
    is_same = abs(instant - evidence.instant) <= SAME_SECONDS if instant is not None else _is_zone(evidence)
    if not is_same:
        evidence.clock = None
        evidence.compare()
    return evidence


def _is_zone(evidence: Evidence) -> bool:
    """Return whether `evidence.difference` is the offset of a zone, and no reliable source contradicts it."""
    if evidence.difference is None:
        return False
    resolve_from_file(evidence)
    return not evidence.contradicted


def _date_from_name(name: str, date_in_name: DateInName) -> datetime | None:
    name_date = date_in_name(name)
    if name_date is None or not 1826 <= name_date.year < 9999:
        return None
    return (
        name_date.replace(tzinfo=UTC)
        if name_date.tzinfo is None and name.startswith(UTC_NAMES)
        else name_date
    )


# -- the sources of the offset: each yields its possible offsets, the most likely first


def _from_file_offset(evidence: Evidence) -> Iterable[int]:
    """Return the offset of the date in the file.

    The header of a video has UTC. So for a video, return offsets of its other dates.
    """
    clock = evidence.clock
    if clock is not None and clock.utc:
        return _from_other_video_dates(evidence, clock.seconds)
    return _as_tuple(clock.offset) if clock is not None else ()


def _from_other_video_dates(evidence: Evidence, seconds: float) -> Iterator[int]:
    """Yield the offset that Samsung phones write into a video, then the offsets of its other dates.

    `seconds`: the header's date in seconds since 1970 (UTC). A date counts if it is at most an hour from the header's
    date, or from Google's time.
    """
    zone = parse_offset(evidence.tags.get("Keys:AndroidTimeZone"))
    if zone is not None and zone in REAL_OFFSETS:
        yield zone
    for tag in _VIDEO_DATES:
        parsed = parse_date(evidence.tags.get(tag))
        if parsed is None or parsed[1] is None or parsed[1] not in REAL_OFFSETS:
            continue
        instant = (parsed[0].replace(tzinfo=UTC) - EPOCH).total_seconds() - parsed[1] * 60
        if any(
            abs(instant - moment) <= _VIDEO_TOLERANCE
            for moment in (seconds, evidence.instant)
            if moment is not None
        ):
            yield parsed[1]


def _from_maker_stamp(evidence: Evidence) -> Iterable[int]:
    """Return the difference between the clock and the UTC time that Samsung phones append to the picture.

    Empty without such a time, or if no zone has this offset.
    """
    clock, text = evidence.clock, evidence.tags.get("Samsung:TimeStamp")
    if clock is None or clock.utc or (stamp := parse_date(text)) is None or stamp[1] is None:
        return ()
    seconds_ahead = (clock.digits - stamp[0]).total_seconds() + stamp[1] * 60
    return _as_tuple(real_offset(seconds_ahead, _STAMP_TOLERANCE))


def camera_setting(evidence: Evidence) -> Iterator[int]:
    """Yield the offset to which the camera was set, in minutes; nothing if it is unknown, or 0 (which proves nothing).

    The evidence is weak: the camera may still have the zone of the factory, or of the owner's home.
    """
    clock, seconds = evidence.clock, evidence.instant
    digits = clock.digits if clock is not None and not clock.utc else None
    local_time = digits or evidence.digits
    if local_time is None and seconds is not None:
        local_time = (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None)
    zone = zone_set(evidence.tags, digits, local_time) if evidence.tags and local_time is not None else None
    if zone and zone in REAL_OFFSETS:
        yield zone


def _from_gps_time(evidence: Evidence) -> Iterable[int]:
    clock, day, time = (
        evidence.clock,
        evidence.tags.get("EXIF:GPSDateStamp"),
        evidence.tags.get("EXIF:GPSTimeStamp"),
    )
    if clock is None or clock.utc or day is None or time is None:
        return ()
    stamp = parse_date(f"{day} {time}".removesuffix("Z"))
    if stamp is None:
        return ()
    return _as_tuple(real_offset((clock.digits - stamp[0]) / timedelta(seconds=1), _GPS_TOLERANCE))


def _as_tuple(offset: int | None) -> Iterable[int]:
    return () if offset is None else (offset,)


def _from_point(evidence: Evidence) -> Iterator[int]:
    return _from_zones_at(evidence, nautical=False)


def _from_nautical_zone(evidence: Evidence) -> Iterator[int]:
    return _from_zones_at(evidence, nautical=True)


def _from_zones_at(evidence: Evidence, nautical: bool) -> Iterator[int]:
    """Yield the offsets at the point that Google shows, then at the other known points.

    `nautical`: True for only the zones at sea, False for only the other zones.
    """
    if evidence.point is None:
        return
    for point in _points(evidence, evidence.point):
        for zone in zones_at(point):
            if zone.key.startswith(NAUTICAL) is nautical:
                yield evidence.offset_in(zone)


def _points(evidence: Evidence, google_point: GeoPoint) -> Iterator[GeoPoint]:
    """Yield `google_point`, then each other known point.

    The others are the point that Google read in the camera's file (geoDataExif), and the present point in the file.
    """
    yield google_point
    camera_geo = evidence.sidecar.geo_data_exif if evidence.sidecar is not None else None
    for point in (
        camera_geo.point if camera_geo is not None else None,
        file_point(evidence.tags) if evidence.tags else None,
    ):
        if point is not None and point != google_point:
            yield point


def _from_clock_difference(evidence: Evidence) -> Iterator[int]:
    if evidence.difference is not None:
        yield evidence.difference


def _from_name(evidence: Evidence) -> Iterator[int]:
    """Yield the difference between the date in the name and the instant, if a zone has this offset.

    0 is left out: the name may be in UTC.
    """
    if evidence.instant is None or evidence.source == "name":
        return
    name_date = _date_from_name(evidence.name, evidence.date_in_name)
    if name_date is None or name_date.tzinfo is not None:
        return
    seconds = (name_date.replace(tzinfo=UTC) - EPOCH).total_seconds()
    if offset := real_offset(seconds - evidence.instant, _NAME_TOLERANCE):
        yield offset


FindOffsets = Callable[[Evidence], Iterable[int]]

OFFSET_SOURCES: tuple[tuple[str, FindOffsets, bool], ...] = (
    # zone, source, is_reliable (whether the source contradicts a different D - U)
    ("file", _from_file_offset, False),
    ("maker", _from_maker_stamp, True),
    ("gps-time", _from_gps_time, True),
    ("gps", _from_point, True),
    ("camera", _from_clock_difference, False),  # D - U itself, if no source above contradicts it
    ("gps", _from_nautical_zone, False),  # ships and planes use other clocks
    ("name", _from_name, False),
)
"""Sources of the offset: the first one that has an offset counts. If none has one, `capture_time.py` uses the zone of
neighbours, the camera's setting, the option, or the machine's zone."""


def resolve_from_file(evidence: Evidence) -> CaptureTime | None:
    """Return the capture time if the file itself has evidence of its zone; else None.

    The first source that has an offset counts, with one exception: if any source confirms `evidence.difference` (clock
    minus Google's time), this offset counts, because two independent values agree. If the source that counts is
    reliable and contradicts the difference, `evidence.contradicted` is set.
    """
    clock, difference = evidence.clock, evidence.difference
    if clock is not None and clock.offset is not None and not clock.utc:
        difference = None
    if difference is not None and (source := _confirming_source(evidence, difference)):
        return evidence.to_capture_time(difference, source if clock is not None and clock.utc else "camera")
    for zone, find_offsets, is_reliable in OFFSET_SOURCES:
        for offset in find_offsets(evidence):
            evidence.contradicted = is_reliable and difference is not None
            return evidence.to_capture_time(offset, zone)
    return None


def _confirming_source(evidence: Evidence, difference: int) -> str:
    """Return the name of the first source with the offset `difference`, except the difference itself; else ""."""
    for zone, find_offsets, _ in OFFSET_SOURCES:
        if find_offsets is not _from_clock_difference and difference in find_offsets(evidence):
            return zone
    return "maker" if difference in camera_setting(evidence) else ""
