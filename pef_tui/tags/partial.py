"""Dates that say less than a moment: a year, a month, a day, an hour.

XMP and EXIF allow them: `1975`, `1975-06`, `1975-06-02` (XMP specification part 1, section 8.2.1.1) and
`1975:06:  :  :  :  ` (EXIF 2.32, section 4.6.5: blanks for what is not known). Programs also write zeros for that. Such
a date stands for an interval: Google's date agrees with it inside the interval, and contradicts it outside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from pef_tui.model import EPOCH, Taken, Value
from pef_tui.tags.clock import Source, is_valid

_PARTIAL = re.compile(
    r"(\d{4})(?:[:/.-](\d\d)(?:[:/.-](\d\d)(?:[ T](\d\d)(?::(\d\d)(?::(\d\d))?)?)?)?)?[:/.\-T \0]*"
)
_NAIVE_EPOCH = EPOCH.replace(tzinfo=None)


class Partial(Struct, frozen=True):
    """A date of less precision that a file holds."""

    tag: str
    start: datetime
    """The first moment it may mean, as a clock there showed it."""
    end: datetime
    """The first moment after."""

    def holds(self, digits: datetime) -> bool:
        """Is what a clock showed inside the interval?"""
        return self.start <= digits < self.end

    def agrees(self, taken: Taken) -> bool:
        """May it mean the moment taken?"""
        return self.holds(_digits(taken.instant + (taken.offset or 0) * 60))

    def agrees_as_utc(self, instant: float) -> bool:
        """May it mean the instant, where that was read from a clock as if the clock showed UTC?"""
        return self.holds(_digits(instant))


def read_partial(tags: dict[str, Value], sources: Sequence[Source]) -> Partial | None:
    """The first date of less precision among the tags that a picture can have."""
    for source in sources:
        value = tags.get(source.tag)
        if isinstance(value, str) and not source.utc and (span := partial_span(value)) is not None:
            return Partial(source.tag, *span)
    return None


@lru_cache(256)
def partial_span(value: str) -> tuple[datetime, datetime] | None:
    """The interval that a date of less precision stands for; None for whole dates and for what is no date."""
    found = _PARTIAL.fullmatch(value.strip(" \0"))
    if found is None:
        return None
    parts = [int(part) for part in found.groups() if part is not None]
    known = _known(parts)
    if known is None or len(known) > 5:
        return None
    try:
        year, month, day, hour, minute = (*known, *(1, 1, 1, 0, 0)[len(known) :])
        start = datetime(year, month, day, hour, minute)
        end = _after(start, len(known))
    except (ValueError, OverflowError):
        return None
    return (start, end) if is_valid(start) else None


def _known(parts: list[int]) -> list[int] | None:
    """The parts before a month or day of zero, which is not known; None where one behind that is."""
    for place in (1, 2):
        if place < len(parts) and not parts[place]:
            return None if any(parts[place:]) else parts[:place]
    return parts


def _after(start: datetime, precision: int) -> datetime:
    """The end of the year (1), month (2), day (3), hour (4) or minute (5) that begins at `start`."""
    if precision == 1:
        return start.replace(year=start.year + 1)
    if precision == 2:
        return (start + timedelta(days=31)).replace(day=1)
    return start + (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1))[precision - 3]


def _digits(seconds: float) -> datetime:
    return _NAIVE_EPOCH + timedelta(seconds=seconds)
