"""Compare two values of a tag."""

from __future__ import annotations

import unicodedata

from pef_tui.model import Value
from pef_tui.tags.file_date import SAME_SECONDS, parse_date
from pef_tui.tags.places import coordinates
from pef_tui.tags.text import IPTC_CAPTION, clean_text, cut_bytes

_NUMBER = 1e-6  # degrees (0.1 m); a number above 100 may differ by 1e-8 of itself
_DEGREES = 1e-5  # degrees; videos store 4 or 5 decimals
_METRES = 0.1


def equal_values(tag: str, requested: Value, current: Value) -> bool:
    """Return whether two values of `tag` are equal, apart from changes that file formats cause.

    `requested`: the value of an edit. `current`: the value in the file. Ignored are rounding, Unicode forms, spaces at
    the ends, and forms of dates.
    """
    if requested == current:
        return True
    if isinstance(requested, tuple) or isinstance(current, tuple):
        return [fold(member) for member in members(requested)] == [
            fold(member) for member in members(current)
        ]
    if isinstance(requested, str) and isinstance(current, str):
        if tag.endswith(":GPSCoordinates"):
            return _same_coordinates(requested, current)
        if tag == "IPTC:Caption-Abstract":
            return fold(current) in (fold(requested), fold(cut_bytes(requested, IPTC_CAPTION)))
        return fold(requested) == fold(current) or _same_date(requested, current)
    try:
        number, number2 = float(requested), float(current)
    except ValueError:
        return False
    return abs(number - number2) <= _NUMBER * max(1.0, abs(number) / 100)


def members(value: Value) -> tuple[str, ...]:
    """Return the members of a list value. For any other value, return a tuple with its text."""
    return value if isinstance(value, tuple) else (str(value),)


def fold(text: str) -> str:
    """Return `text` in the form in which texts are compared: NFC, line ends as `\\n`, no spaces at the ends."""
    text = str(text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return clean_text(text.replace("\r\n", "\n").replace("\r", "\n"))


def _same_date(requested: str, current: str) -> bool:
    """Return whether two dates are the same instant. If `requested` has no offset, compare only the digits.

    False if `current` lacks the offset that `requested` has, and if one text is no date.
    """
    date, date2 = parse_date(requested), parse_date(current)
    if date is None or date2 is None or (date[1] is not None and date2[1] is None):
        return False
    seconds = (date[0] - date2[0]).total_seconds()
    if date[1] is not None and date2[1] is not None:
        seconds -= (date[1] - date2[1]) * 60
    return abs(seconds) <= SAME_SECONDS


def _same_coordinates(requested: str, current: str) -> bool:
    north, east, up = coordinates(requested)
    north2, east2, up2 = coordinates(current)
    if north is None or east is None or north2 is None or east2 is None:
        return requested == current
    near = abs(north - north2) <= _DEGREES and abs(east - east2) <= _DEGREES
    return near and abs((up or 0.0) - (up2 or 0.0)) <= _METRES
