"""Read, validate and format dates in the form that files store.

A date is a text as ExifTool returns it: `2019:07:01 12:34:56`. In XMP it may have an offset, and a fraction of a
second, which is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import CaptureTime, Value

SAME_SECONDS = 2.0
"""Largest difference between two values for the same time, in seconds."""

_DATE = re.compile(
    r"(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d*)?)?\s*(Z|[+-]\d\d?:?\d\d)?"
)
_OFFSET = re.compile(r"([+-])(\d\d?):?(\d\d)")
_LONGEST_OFFSET = 14 * 60
_FIRST_YEAR = 1826  # the oldest photograph
_EPOCH = datetime(1970, 1, 1)
_QUICKTIME_FROM = datetime(1970, 1, 2)  # earlier dates are from clocks that were never set


class DateTag(Struct, frozen=True):
    """A tag with the date of a picture, and the tags that complete this date."""

    tag: str
    offset: str = ""
    """The tag with the offset of this date alone (EXIF 2.32, section 4.6.5, F); "" if there is none."""
    twin: str = ""
    """The tag of another date. If both dates have the same digits, its offset applies to this date too."""
    twin_offset: str = ""
    utc: bool = False
    time: str = ""
    """For a `tag` that has only the day (IPTC): the tag with the time of day and its offset; else ""."""


EXIF_DATES = (
    DateTag(
        "EXIF:DateTimeOriginal",
        "EXIF:OffsetTimeOriginal",
        "EXIF:CreateDate",
        "EXIF:OffsetTimeDigitized",
    ),
    DateTag("EXIF:CreateDate", "EXIF:OffsetTimeDigitized"),
)
MODIFY_DATES = (DateTag("EXIF:ModifyDate", "EXIF:OffsetTime"),)
"""Date of the file's last change.

For a picture without another date, it counts if it agrees with the time in the sidecar.
"""
XMP_DATES = (
    DateTag("XMP-exif:DateTimeOriginal"),
    DateTag("XMP-photoshop:DateCreated"),
    DateTag("XMP-xmp:CreateDate"),
)
KEYS_DATES = (DateTag("Keys:CreationDate"),)
QUICKTIME_DATES = tuple(
    DateTag(f"QuickTime:{name}", utc=True) for name in ("CreateDate", "MediaCreateDate", "TrackCreateDate")
)
IPTC_DATES = (DateTag("IPTC:DateCreated", time="IPTC:TimeCreated"),)
ALL_DATES = EXIF_DATES + KEYS_DATES + QUICKTIME_DATES + XMP_DATES + IPTC_DATES
"""All date tags, the most trusted first."""


class FileDate(Struct, frozen=True):
    """A valid date in a file."""

    tag: str
    digits: datetime
    """Date and time as the tag shows them, without zone."""
    offset: int | None = None
    """Offset in minutes east of UTC; None if the file has no offset."""
    utc: bool = False
    """Whether the tag stores UTC by definition (not local time)."""
    step: int = 1
    """Precision in seconds: 60 for a date without seconds."""

    @property
    def seconds(self) -> float:
        """The digits in seconds since 1970, read as UTC."""
        return (self.digits - _EPOCH).total_seconds()

    @property
    def instant(self) -> float | None:
        """The date in seconds since 1970 (UTC); None if the offset is unknown."""
        return self.seconds - self.offset * 60 if self.offset is not None else None

    def without_placeholder_offset(self, instant: float) -> FileDate:
        """Return the date. Remove its offset if that is an IPTC offset of 0 that contradicts `instant`.

        Such an offset is only a placeholder. IPTC times always have an offset, so programs that do not know it write
        +00:00.
        """
        if (
            self.offset == 0
            and self.tag.startswith("IPTC:")
            and abs(self.seconds_ahead(instant)) > SAME_SECONDS
        ):
            return replace(self, offset=None)
        return self

    def seconds_ahead(self, instant: float) -> float:
        """Return by how many seconds the digits, read as UTC, are later than `instant`.

        `instant` is cut to the precision of this date (`step`) before.
        """
        return self.seconds - (instant if self.step == 1 else instant // self.step * self.step)


def parse_date(value: object) -> tuple[datetime, int | None] | None:
    """Return the date and time in `value`, without zone, and the offset in minutes (None if `value` has none).

    None for an incomplete date, and for anything else.
    """
    parsed = _parse(value) if isinstance(value, str) else None
    return parsed[:2] if parsed is not None else None


@lru_cache(1024)  # several mappers read the same date, and a picture has it in several tags
def _parse(value: str) -> tuple[datetime, int | None, int] | None:
    """Return date and time, offset in minutes (or None), and precision in seconds.

    None if `value` is no complete date.
    """
    match = _DATE.fullmatch(value.strip(" \0"))
    if match is None:
        return None
    year, month, day, hour, minute, second, offset = match.groups()
    try:
        digits = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
    except ValueError:
        return None
    return digits, parse_offset(offset), 60 if second is None else 1


def parse_offset(value: object) -> int | None:
    """Return an offset such as `+02:00`, `-0330` or `Z` in minutes.

    None for anything else, and for an offset of more than 14 hours.
    """
    if value == "Z":
        return 0
    match = _OFFSET.fullmatch(value.strip(" \0")) if isinstance(value, str) else None
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return None if minutes > _LONGEST_OFFSET else -minutes if match[1] == "-" else minutes


def read_file_date(tags: dict[str, Value], sources: Sequence[DateTag] = ALL_DATES) -> FileDate | None:
    """Return the first valid date among the tags of `sources`; None if there is none.

    Zeros, blanks, dates before 1826 and dates after tomorrow are not valid.
    """
    for source in sources:
        value = tags.get(source.tag)
        if value is not None and source.time:
            value = f"{value} {tags.get(source.time, '')}"
        if isinstance(value, str) and (parsed := _parse(value)) is not None:
            digits, offset, step = parsed
            if not is_valid(digits, source.utc):
                continue
            if source.utc:
                return FileDate(source.tag, digits, 0, True, step)
            if offset is None and source.offset:
                offset = _tag_offset(tags, source, digits)
            return FileDate(source.tag, digits, offset, False, step)
    return None


def _tag_offset(tags: dict[str, Value], source: DateTag, digits: datetime) -> int | None:
    """Return the offset of the date `digits` in minutes, from the tag `source.offset`; None if unknown.

    Without that tag, the offset of the twin (`source.twin_offset`) counts, if the twin has the same digits.
    """
    offset = parse_offset(tags.get(source.offset))
    if offset is None and source.twin_offset and (twin_text := tags.get(source.twin_offset)) is not None:
        twin = parse_date(tags.get(source.twin))
        return parse_offset(twin_text) if twin is not None and twin[0] == digits else None
    return offset


def is_valid(digits: datetime, utc: bool = False) -> bool:
    """Return whether a picture can have been taken at `digits`.

    `utc`: whether the date is a QuickTime counter. The first day of 1970 is then not valid: cameras whose clock was
    never set write it.
    """
    if digits.year < _FIRST_YEAR or (utc and digits < _QUICKTIME_FROM):
        return False
    return digits < _STARTED or digits <= _utc_now() + timedelta(days=2)


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


_STARTED = _utc_now()  # compared first: reading the clock would cost 1 us for each date


def local_text(capture_time: CaptureTime) -> str:
    """Return the local time with its offset, such as `2019:07:01 14:34:56+02:00`; UTC if the offset is unknown."""
    offset = capture_time.offset or 0
    return utc_text(capture_time.instant + offset * 60) + offset_text(offset)


def utc_text(instant: float) -> str:
    """Return `instant` in UTC as tags store it, without offset: `2019:07:01 12:34:56`."""
    return digits_text(_EPOCH + timedelta(seconds=instant))


def digits_text(digits: datetime) -> str:
    """Return a date and time as tags store it: `2019:07:01 14:34:56`."""
    return digits.isoformat(" ", "seconds").replace("-", ":", 2)


@cache
def offset_text(minutes: int) -> str:
    """Return an offset in minutes as tags store it: `+02:00`."""
    hours, remainder = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{remainder:02}"
