"""One value of an XMP property: from the text in a packet to the value an edit has, and back.

What is read is what ExifTool shows with `-n`: dates with colons, coordinates signed, fractions divided out.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from pef_tui.model import Value
from pef_tui.xmp.names import Item

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d)(:\d\d)?\s*(\S*)$")
_PART_OF_DATE = re.compile(r"\d{4}(-\d\d){0,2}")
_WRITTEN_DATE = re.compile(r"(\d{4})(?::(\d\d)(?::(\d\d)(?:[ T](.*))?)?)?$", re.DOTALL)
_FRACTION = re.compile(r"(-?\d+)/(-?\d+)$")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,16})?([eE][-+]?\d{1,3})?$")
_ANGLE = re.compile(r"[+-]?(?=\d|\.\d)\d*(?:\.\d*)?(?:[Ee][+-]\d+)?")
_SOUTH_WEST = re.compile(r"[^A-Z](S(outh)?|W(est)?)\s*$", re.IGNORECASE)
_FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DENOMINATOR = 1_000_000


def clean(text: str) -> str:
    """The text without what XML cannot hold: control characters removed, lone surrogates replaced by U+FFFD."""
    return _SURROGATE.sub("\ufffd", _FORBIDDEN.sub("", text))


def number(text: str) -> int | float | str:
    """A number where the text is one, else the text."""
    if not _NUMBER.match(text):
        return text
    return int(text) if text.lstrip("-").isdigit() else float(text)


def quotient(text: str) -> int | float | str:
    """`1/3` divided out to 15 digits; a plain number as it is; `undef` or `inf` for a division by zero."""
    if (found := _FRACTION.match(text)) is None:
        return number(text)
    above, below = int(found[1]), int(found[2])
    if below == 0:
        return "inf" if above else "undef"
    try:
        value = float(f"{above / below:.15g}")
    except OverflowError:
        return text
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def date(text: str, sure: bool = True) -> str:
    """`2019-07-01T12:34:56+02:00` as `2019:07:01 12:34:56+02:00`. Not `sure` to be a date: only a whole one."""
    if found := _DATE.match(text):
        year, month, day, minutes, seconds, rest = found.groups("")
        return f"{year}:{month}:{day} {minutes}{seconds}{rest}"
    return text.replace("-", ":") if sure and _PART_OF_DATE.match(text) else text


def coordinate(text: str) -> float | str:
    """`33,51.407S` as -33.8567833333333; the text itself where it holds no number."""
    parts = [float(part) for part in _ANGLE.findall(text)[:3]]
    if not parts:
        return text
    degrees, minutes, seconds = [*parts, 0.0, 0.0][:3]
    value = degrees + (minutes + seconds / 60) / 60
    return float(f"{-value if _SOUTH_WEST.search(text) else value:.15g}")


def decode(item: Item, text: str) -> str | int | float:
    """The value that stands in a packet as `text`."""
    if item == "number":
        return number(text)
    if item == "rational":
        return quotient(text)
    if item == "date":
        return date(text)
    return coordinate(text) if item == "coordinate" else text


def guess(text: str) -> str | int | float:
    """The value of a property nobody knows: a date or fraction where it looks like one."""
    return quotient(text) if _FRACTION.match(text) else date(text, sure=False)


def encode(item: Item, value: Value, tag: str = "") -> str:
    """How `value` stands in a packet; `tag` tells which way a coordinate goes. What does not fit stays text."""
    text = clean(value if isinstance(value, str) else _plain(value))
    if item == "date":
        return _iso(text)
    if item == "rational":
        return _fraction(text)
    return _minutes(text, "longitude" in tag.lower()) if item == "coordinate" else text


def _plain(value: Value) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return str(value) if isinstance(value, int) else ", ".join(value)


def _iso(text: str) -> str:
    found = _WRITTEN_DATE.match(text)
    if found is None:
        return text
    day = "-".join(part for part in found.groups()[:3] if part)
    return f"{day}T{found[4]}" if found[4] else day


def _fraction(text: str) -> str:
    if _FRACTION.match(text):
        return text
    try:
        exact = Fraction(Decimal(text)).limit_denominator(_DENOMINATOR)
    except (InvalidOperation, ValueError, OverflowError):
        return text
    return f"{exact.numerator}/{exact.denominator}"


def _minutes(text: str, longitude: bool) -> str:
    """Signed degrees as `33,51.40704S`: degrees, and minutes with up to eight decimals (0.02 mm)."""
    try:
        degrees = Decimal(text)
    except InvalidOperation:
        return text
    if not degrees.is_finite():
        return text
    whole, minutes = divmod(round(abs(degrees) * 60, 8), 60)
    way = ("W" if longitude else "S") if degrees < 0 else ("E" if longitude else "N")
    shown = f"{minutes:.8f}".rstrip("0")
    return f"{whole:f},{shown + '0' if shown.endswith('.') else shown}{way}"
