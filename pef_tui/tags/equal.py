"""Do two values of a tag say the same?"""

from __future__ import annotations

import unicodedata

from pef_tui.model import Value
from pef_tui.tags.clock import SAME, parse_date
from pef_tui.tags.places import coordinates
from pef_tui.tags.text import legible

_NUMBER = 1e-6  # degrees, 0.1 m; and the same part of larger numbers
_COORDINATES = 1e-5  # degrees: films hold 4 or 5 decimals
_METRES = 0.1


def same(tag: str, one: Value, other: Value) -> bool:
    """Equal but for what formats do to values: rounding, Unicode forms, blanks at the ends, ways to write dates."""
    if one == other:
        return True
    if isinstance(one, tuple) or isinstance(other, tuple):
        return [fold(each) for each in members(one)] == [fold(each) for each in members(other)]
    if isinstance(one, str) and isinstance(other, str):
        if tag.endswith(":GPSCoordinates"):
            return _same_coordinates(one, other)
        return fold(one) == fold(other) or _same_date(one, other)
    try:
        number, number2 = float(one), float(other)
    except ValueError:
        return False
    return abs(number - number2) <= _NUMBER * max(1.0, abs(number) / 100)


def members(value: Value) -> tuple[str, ...]:
    """A list as a tuple; anything else as a list of one."""
    return value if isinstance(value, tuple) else (str(value),)


def fold(text: str) -> str:
    """The form in which texts are compared: NFC, line ends as `\\n`, no blanks around."""
    text = str(text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return legible(text.replace("\r\n", "\n").replace("\r", "\n"))


def _same_date(one: str, other: str) -> bool:
    """The same instant; the same digits where not both have an offset."""
    date, date2 = parse_date(one), parse_date(other)
    if date is None or date2 is None:
        return False
    seconds = (date[0] - date2[0]).total_seconds()
    if date[1] is not None and date2[1] is not None:
        seconds -= (date[1] - date2[1]) * 60
    return abs(seconds) <= SAME


def _same_coordinates(one: str, other: str) -> bool:
    north, east, up = coordinates(one)
    north2, east2, up2 = coordinates(other)
    if north is None or east is None or north2 is None or east2 is None:
        return one == other
    near = abs(north - north2) <= _COORDINATES and abs(east - east2) <= _COORDINATES
    return near and abs((up or 0.0) - (up2 or 0.0)) <= _METRES
