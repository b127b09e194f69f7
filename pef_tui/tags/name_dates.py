"""Read dates from file names: the last resort, for media without a sidecar and without a date in the file.

Only a complete and valid date counts: year, month, day, hour, minute, second, with or without separators, as cameras,
phones and screenshots write them. A name with only a day is not used: its time would be invented. Other numbers
(telephone numbers, Facebook IDs, UUIDs, counters) do not have this form, or are no valid date.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_YEAR = r"(?<![0-9])(?P<year>(?:18|19|20)[0-9]{2})"
_DAY = _YEAR + r"(?P<sep>[-_. ]?)(?P<month>[0-9]{2})(?P=sep)(?P<day>[0-9]{2})"
_BETWEEN = r"(?:[-_.: T,]|,? |--|__|[ _-](?:at|um|à|a|om|kl|alle|klo)[ _-])"
"""Pattern of the separator between date and time: a character, or a word of macOS or WhatsApp (`at`, `um`)."""
_COMPACT_TIME = r"(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})"
_SEPARATED_TIME = (
    r"(?P<hour>[0-9]{1,2})(?P<colon>[-_.: h])(?P<minute>[0-9]{2})(?:(?P=colon)|m)(?P<second>[0-9]{2})(?![0-9])"
    r"(?:[ \u00a0\u202f_]?(?P<half>[AaPp])\.?[Mm](?![A-Za-z]))?"
)


@cache
def _moments() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of dates in names. They are compiled on first use; most runs need none.

    First: `20190919-053857`, also with milliseconds. Second: `2016_01_30_11_49_15` and `2023-12-25 at 2.30.45 PM`.
    Third: `20190216172030`, with up to four digits of a fraction.
    """
    return (
        re.compile(_DAY + _BETWEEN + _COMPACT_TIME + r"(?:[0-9]{3})?(?![0-9])"),
        re.compile(_DAY + _BETWEEN + _SEPARATED_TIME),
        re.compile(_YEAR + r"(?P<month>[0-9]{2})(?P<day>[0-9]{2})" + _COMPACT_TIME + r"[0-9]{0,4}(?![0-9])"),
    )


def date_in_name(name: str) -> datetime | None:
    """Return the date in a file name, from 1800 to 2099, as a naive datetime; None if there is none.

    The zone is not in the name. Pixel phones write UTC (`PXL_`); the caller must check for that.
    """
    if "-" in name:
        name = _UUID.sub("", name)
    for pattern in _moments():
        for match in pattern.finditer(name):
            moment = _moment(match.groupdict())
            if moment is not None:
                return moment
    return None


def _moment(parts: dict[str, str | None]) -> datetime | None:
    """Return the datetime of `parts`, the named groups of a matched pattern.

    None if there is no such day or time (month 13).
    """
    numbers = [int(parts[field] or 0) for field in ("year", "month", "day", "hour", "minute", "second")]
    if half := parts.get("half"):
        if not 1 <= numbers[3] <= 12:
            return None
        numbers[3] = numbers[3] % 12 + (12 if half in "Pp" else 0)
    try:
        return datetime(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5])
    except ValueError:
        return None
