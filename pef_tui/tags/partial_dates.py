"""Read partial dates: a year, a month, a day, an hour or a minute. They are less precise than a second.

XMP and EXIF allow them: `1975`, `1975-06`, `1975-06-02` (XMP specification part 1, section 8.2.1.1) and `1975:06: : : :
` (EXIF 2.32, section 4.6.5: blanks for unknown parts). Programs also write zeros for unknown parts. Such a date is an
interval: Google's date agrees with it inside, and contradicts it outside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from pef_tui.model import EPOCH, CaptureTime, Value
from pef_tui.tags.file_date import DateTag, is_valid

_PARTIAL = re.compile(
    r"(\d{4})(?:[:/.-](\d\d)(?:[:/.-](\d\d)(?:[ T](\d\d)(?::(\d\d)(?::(\d\d))?)?)?)?)?[:/.\-T \0]*"
)
_NAIVE_EPOCH = EPOCH.replace(tzinfo=None)


class PartialDate(Struct, frozen=True):
    """A date in a file that is less precise than a second, as an interval of local time."""

    tag: str
    start: datetime
    """Start of the interval: the first possible local time."""
    end: datetime
    """End of the interval in local time. It does not belong to the interval."""

    def contains(self, digits: datetime) -> bool:
        """Return whether the local time `digits` is inside the interval."""
        return self.start <= digits < self.end

    def agrees_with(self, capture_time: CaptureTime) -> bool:
        """Return whether the local time of the capture time is inside the interval.

        If its offset is unknown, its UTC time is compared.
        """
        return self.contains(_digits(capture_time.instant + (capture_time.offset or 0) * 60))

    def agrees_as_utc(self, instant: float) -> bool:
        """Return whether the UTC time of `instant` is inside the interval, as if the camera's clock had shown UTC."""
        return self.contains(_digits(instant))


def read_partial(tags: dict[str, Value], sources: Sequence[DateTag]) -> PartialDate | None:
    """Return the first valid partial date (`1975-06`) among the tags of `sources`; None if there is none."""
    for source in sources:
        value = tags.get(source.tag)
        if isinstance(value, str) and not source.utc and (span := partial_span(value)) is not None:
            return PartialDate(source.tag, *span)
    return None


@lru_cache(256)
def partial_span(value: str) -> tuple[datetime, datetime] | None:
    """Return the start and the end of the interval of a partial date; None for complete dates and for other texts."""
    match = _PARTIAL.fullmatch(value.strip(" \0"))
    if match is None:
        return None
    parts = [int(part) for part in match.groups() if part is not None]
    known_parts = _known_parts(parts)
    if known_parts is None or len(known_parts) > 5:
        return None
    try:
        year, month, day, hour, minute = (*known_parts, *(1, 1, 1, 0, 0)[len(known_parts) :])
        start = datetime(year, month, day, hour, minute)
        end = _interval_end(start, len(known_parts))
    except (ValueError, OverflowError):
        return None
    return (start, end) if is_valid(start) else None


def _known_parts(parts: list[int]) -> list[int] | None:
    """Return the parts before the first unknown (zero) month or day: `1975:06:00` -> 1975, 6.

    None if a known part follows an unknown one (`1975:00:02`): such a date is not valid.
    """
    for index in (1, 2):
        if index < len(parts) and not parts[index]:
            return None if any(parts[index:]) else parts[:index]
    return parts


def _interval_end(start: datetime, precision: int) -> datetime:
    """Return the end of the interval that begins at `start`.

    `precision`: 1 for a year, 2 for a month, 3 for a day, 4 for an hour, 5 for a minute.
    """
    if precision == 1:
        return start.replace(year=start.year + 1)
    if precision == 2:
        return (start + timedelta(days=31)).replace(day=1)
    return start + (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))[precision - 3]


def _digits(seconds: float) -> datetime:
    return _NAIVE_EPOCH + timedelta(seconds=seconds)
