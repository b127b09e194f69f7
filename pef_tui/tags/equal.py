"""Do two values of a tag say the same?"""

from __future__ import annotations

import unicodedata

from pef_tui.model import Value
from pef_tui.tags.clock import SAME, parse_date
from pef_tui.tags.places import coordinates
from pef_tui.tags.text import IPTC_CAPTION, cut_bytes, legible

_NUMBER = 1e-6  # degrees, 0.1 m; and the same part of larger numbers
_COORDINATES = 1e-5  # degrees: films hold 4 or 5 decimals
_METRES = 0.1


def same(tag: str, wanted: Value, held: Value) -> bool:
    """Equal but for what formats do to values: rounding, Unicode forms, blanks at the ends, ways to write dates."""
    if wanted == held:
        return True
    if isinstance(wanted, tuple) or isinstance(held, tuple):
        return [fold(each) for each in members(wanted)] == [fold(each) for each in members(held)]
    if isinstance(wanted, str) and isinstance(held, str):
        if tag.endswith(":GPSCoordinates"):
            return _same_coordinates(wanted, held)
        if tag == "IPTC:Caption-Abstract":
            return fold(held) in (fold(wanted), fold(cut_bytes(wanted, IPTC_CAPTION)))
        return fold(wanted) == fold(held) or _same_date(wanted, held)
    try:
        number, number2 = float(wanted), float(held)
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


def _same_date(wanted: str, held: str) -> bool:
    """The same instant, or the same digits; a date that lacks the offset wanted is another one."""
    date, date2 = parse_date(wanted), parse_date(held)
    if date is None or date2 is None or (date[1] is not None and date2[1] is None):
        return False
    seconds = (date[0] - date2[0]).total_seconds()
    if date[1] is not None and date2[1] is not None:
        seconds -= (date[1] - date2[1]) * 60
    return abs(seconds) <= SAME


def _same_coordinates(wanted: str, held: str) -> bool:
    north, east, up = coordinates(wanted)
    north2, east2, up2 = coordinates(held)
    if north is None or east is None or north2 is None or east2 is None:
        return wanted == held
    near = abs(north - north2) <= _COORDINATES and abs(east - east2) <= _COORDINATES
    return near and abs((up or 0.0) - (up2 or 0.0)) <= _METRES
