"""Dates as files hold them: reading, judging and writing them.

Dates are texts as ExifTool gives them, `2019:07:01 12:34:56`, in XMP with offset and parts of seconds. What
follows the seconds is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.model import Taken, Value

SAME = 2.0
"""Seconds by which two readings of one moment may differ."""

_DATE = re.compile(
    r"(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d*)?)?\s*(Z|[+-]\d\d?:?\d\d)?"
)
_OFFSET = re.compile(r"([+-])(\d\d?):?(\d\d)")
_LONGEST_OFFSET = 14 * 60
_FIRST_YEAR = 1826  # the oldest photograph
_EPOCH = datetime(1970, 1, 1)
_QUICKTIME_FROM = datetime(1970, 1, 2)  # films of clocks never set


class Source(Struct, frozen=True):
    """A tag that says when a picture was taken."""

    tag: str
    offset: str = ""
    """The tag that holds the offset of this date, and of no other (EXIF 2.32, section 4.6.5, F)."""
    twin: str = ""
    """A date whose offset holds for this one too where both show the same."""
    twin_offset: str = ""
    utc: bool = False
    time: str = ""
    """The tag that holds the time of this day, with its offset."""


EXIF_DATES = (
    Source(
        "EXIF:DateTimeOriginal",
        "EXIF:OffsetTimeOriginal",
        "EXIF:CreateDate",
        "EXIF:OffsetTimeDigitized",
    ),
    Source("EXIF:CreateDate", "EXIF:OffsetTimeDigitized"),
)
MODIFY_DATES = (Source("EXIF:ModifyDate", "EXIF:OffsetTime"),)
"""When the file was changed last. It dates a picture without another date where it agrees with Google's moment."""
XMP_DATES = (
    Source("XMP-exif:DateTimeOriginal"),
    Source("XMP-photoshop:DateCreated"),
    Source("XMP-xmp:CreateDate"),
)
KEYS_DATES = (Source("Keys:CreationDate"),)
QUICKTIME_DATES = tuple(
    Source(f"QuickTime:{name}", utc=True) for name in ("CreateDate", "MediaCreateDate", "TrackCreateDate")
)
IPTC_DATES = (Source("IPTC:DateCreated", time="IPTC:TimeCreated"),)
ALL_DATES = EXIF_DATES + KEYS_DATES + QUICKTIME_DATES + XMP_DATES + IPTC_DATES
"""Where a file says when it was taken, most trusted first."""


class Clock(Struct, frozen=True):
    """A valid date that a file holds."""

    tag: str
    digits: datetime
    """What it shows, without zone."""
    offset: int | None = None
    """Minutes east of UTC, where the file tells them."""
    utc: bool = False
    """The tag is UTC by definition, and says nothing of the clocks at the place."""
    step: int = 1
    """Seconds that it is exact to: 60 where it has no seconds."""

    @property
    def seconds(self) -> float:
        """What it shows, counted as if it were UTC."""
        return (self.digits - _EPOCH).total_seconds()

    @property
    def instant(self) -> float | None:
        """UTC seconds since 1970, where the offset is known."""
        return self.seconds - self.offset * 60 if self.offset is not None else None

    def beside(self, instant: float) -> Clock:
        """The same, without an offset that counts for nothing.

        IPTC has no time without offset, so programs that do not know it put +00:00 there.
        """
        if self.offset == 0 and self.tag.startswith("IPTC:") and abs(self.ahead(instant)) > SAME:
            return replace(self, offset=None)
        return self

    def ahead(self, instant: float) -> float:
        """Seconds by which what it shows is ahead of `instant`, both as exact as it is."""
        return self.seconds - (instant if self.step == 1 else instant // self.step * self.step)


def parse_date(value: object) -> tuple[datetime, int | None] | None:
    """What a date shows and its offset in minutes; None for what is no full date."""
    parsed = _parsed(value) if isinstance(value, str) else None
    return parsed[:2] if parsed is not None else None


@lru_cache(1024)  # a date is asked for by several mappers, and a picture has it in several tags
def _parsed(value: str) -> tuple[datetime, int | None, int] | None:
    """Digits, offset in minutes, and the seconds it is exact to."""
    found = _DATE.fullmatch(value.strip(" \0"))
    if found is None:
        return None
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        digits = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
    except ValueError:
        return None
    return digits, parse_offset(offset), 60 if second is None else 1


def parse_offset(value: object) -> int | None:
    """`+02:00`, `-0330` or `Z` as minutes; None for anything else and for what no place has."""
    if value == "Z":
        return 0
    found = _OFFSET.fullmatch(value.strip(" \0")) if isinstance(value, str) else None
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    return None if minutes > _LONGEST_OFFSET else -minutes if found[1] == "-" else minutes


def read_clock(tags: dict[str, Value], sources: Sequence[Source] = ALL_DATES) -> Clock | None:
    """The first valid date among the tags. Zeros, blanks, before 1826 and after tomorrow are none."""
    for source in sources:
        value = tags.get(source.tag)
        if value is not None and source.time:
            value = f"{value} {tags.get(source.time, '')}"
        if isinstance(value, str) and (parsed := _parsed(value)) is not None:
            digits, offset, step = parsed
            if not is_valid(digits, source.utc):
                continue
            if source.utc:
                return Clock(source.tag, digits, 0, True, step)
            if offset is None and source.offset:
                offset = _tag_offset(tags, source, digits)
            return Clock(source.tag, digits, offset, False, step)
    return None


def _tag_offset(tags: dict[str, Value], source: Source, digits: datetime) -> int | None:
    """The offset in a tag of its own: that of this date, else that of its twin."""
    offset = parse_offset(tags.get(source.offset))
    if offset is None and source.twin_offset and (held := tags.get(source.twin_offset)) is not None:
        twin = parse_date(tags.get(source.twin))
        return parse_offset(held) if twin is not None and twin[0] == digits else None
    return offset


def is_valid(digits: datetime, utc: bool = False) -> bool:
    """Can a picture have been taken then? `utc`: by a counter of QuickTime."""
    if digits.year < _FIRST_YEAR or (utc and digits < _QUICKTIME_FROM):
        return False
    return digits < _STARTED or digits <= _now() + timedelta(days=2)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


_STARTED = _now()  # asking for the time costs a date 1 us


def local_text(taken: Taken) -> str:
    """The clock there with its offset, `2019:07:01 14:34:56+02:00`; UTC where no offset is known."""
    offset = taken.offset or 0
    return utc_text(taken.instant + offset * 60) + offset_text(offset)


def utc_text(instant: float) -> str:
    """UTC without offset, `2019:07:01 12:34:56`."""
    return digits_text(_EPOCH + timedelta(seconds=instant))


def digits_text(digits: datetime) -> str:
    """What a clock shows, `2019:07:01 14:34:56`."""
    return digits.isoformat(" ", "seconds").replace("-", ":", 2)


@cache
def offset_text(minutes: int) -> str:
    """An offset as tags hold it, `+02:00`."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
