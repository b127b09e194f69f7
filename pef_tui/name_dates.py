"""Dates hidden in file names: the last resort for media without a sidecar and without a date of their own.

Only a whole moment counts: year, month and day, then hour, minute and second, as cameras, phones and screenshots write
them, with or without separators, and all of it real. A day alone would need an invented time. Numbers of other meaning
(telephones, Facebook, UUIDs, counters) do not have that shape, or no real moment in it.
"""

from __future__ import annotations

import re
from datetime import datetime

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_YEAR = r"(?<![0-9])(?P<year>(?:18|19|20)[0-9]{2})"
_DAY = _YEAR + r"(?P<sep>[-_. ]?)(?P<month>[0-9]{2})(?P=sep)(?P<day>[0-9]{2})"
_BETWEEN = r"(?:[-_.: T,]|,? |--|__|[ _-](?:at|um|à|a|om|kl|alle|klo)[ _-])"
"""Between date and time: a sign, or a word, as macOS and WhatsApp write it in several languages."""
_COMPACT_TIME = r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})"
_SEPARATED_TIME = (
    r"(?P<hour>[0-9]{1,2})(?P<colon>[-_.: h])(?P<minute>[0-9]{2})(?:(?P=colon)|m)(?P<second>[0-9]{2})(?![0-9])"
    r"(?:[ \u00a0\u202f_]?(?P<half>[AaPp])\.?[Mm](?![A-Za-z]))?"
)

_MOMENTS = (
    re.compile(_DAY + _BETWEEN + _COMPACT_TIME + r"(?:[0-9]{3})?(?![0-9])"),
    re.compile(_DAY + _BETWEEN + _SEPARATED_TIME),
    re.compile(_YEAR + r"(?P<month>[0-9]{2})(?P<day>[0-9]{2})" + _COMPACT_TIME + r"[0-9]{0,4}(?![0-9])"),
)
"""`20190919-053857`, with milliseconds too; `2016_01_30_11_49_15`, `2023-12-25 at 2.30.45 PM`; `20190216172030`, with
up to four digits of a fraction."""


def date_in_name(name: str) -> datetime | None:
    """The moment a file name tells, as its clock showed it (naive), from 1800 to 2099; None where it tells none.

    Pixel phones (`PXL_`) write UTC into their names; that is for the caller to know.
    """
    if "-" in name:
        name = _UUID.sub("", name)
    for pattern in _MOMENTS:
        for found in pattern.finditer(name):
            moment = _moment(found.groupdict())
            if moment is not None:
                return moment
    return None


def _moment(parts: dict[str, str | None]) -> datetime | None:
    """A real moment of the calendar, or None."""
    numbers = [int(parts[field] or 0) for field in ("year", "month", "day", "hour", "minute", "second")]
    if half := parts.get("half"):
        if not 1 <= numbers[3] <= 12:
            return None
        numbers[3] = numbers[3] % 12 + (12 if half in "Pp" else 0)
    try:
        return datetime(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5])
    except ValueError:
        return None
