"""Convert values of XMP properties between the text in a packet and the value in an edit.

Values have the form that ExifTool shows with `-n`: dates with colons, coordinates with a sign, fractions as numbers.
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
_MAX_DENOMINATOR = 1_000_000


def clean(text: str) -> str:
    """Return `text` in a form that XML can hold: no control characters, and U+FFFD for lone surrogates."""
    return _SURROGATE.sub("\ufffd", _FORBIDDEN.sub("", text))


def parse_number(text: str) -> int | float | str:
    """Return the number in `text`; `text` itself if it is not a number."""
    if not _NUMBER.match(text):
        return text
    return int(text) if text.lstrip("-").isdigit() else float(text)


def parse_rational(text: str) -> int | float | str:
    """Return a fraction (`1/3`) as a number of 15 digits. `parse_number` parses a text without a fraction.

    A division by zero gives the text `inf`, and 0/0 gives `undef`.
    """
    if (match := _FRACTION.match(text)) is None:
        return parse_number(text)
    numerator, denominator = int(match[1]), int(match[2])
    if denominator == 0:
        return "inf" if numerator else "undef"
    try:
        value = float(f"{numerator / denominator:.15g}")
    except OverflowError:
        return text
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def parse_date(text: str, is_date: bool = True) -> str:
    """Return a date such as `2019-07-01T12:34:56+02:00` as `2019:07:01 12:34:56+02:00`. Other texts are unchanged.

    `is_date`: False for an unknown property. Only a complete date is then converted.
    """
    if match := _DATE.match(text):
        year, month, day, minutes, seconds, zone = match.groups("")
        return f"{year}:{month}:{day} {minutes}{seconds}{zone}"
    return text.replace("-", ":") if is_date and _PART_OF_DATE.match(text) else text


def parse_coordinate(text: str) -> float | str:
    """Return `33,51.407S` as -33.8567833333333; `text` itself if it holds no number."""
    parts = [float(part) for part in _ANGLE.findall(text)[:3]]
    if not parts:
        return text
    degrees, minutes, seconds = [*parts, 0.0, 0.0][:3]
    value = degrees + (minutes + seconds / 60) / 60
    return float(f"{-value if _SOUTH_WEST.search(text) else value:.15g}")


def decode(item: Item, text: str) -> str | int | float:
    """Return the value that `text` in a packet stands for, by its type `item`."""
    if item == "number":
        return parse_number(text)
    if item == "rational":
        return parse_rational(text)
    if item == "date":
        return parse_date(text)
    return parse_coordinate(text) if item == "coordinate" else text


def guess(text: str) -> str | int | float:
    """Return the value of an unknown property: only a text in the form of a fraction or a date is converted."""
    return parse_rational(text) if _FRACTION.match(text) else parse_date(text, is_date=False)


def encode(item: Item, value: Value, tag: str = "") -> str:
    """Return `value` as the text for a packet. A text that cannot be converted to `item` is unchanged.

    `tag`: tag of a coordinate, which shows whether it is a longitude.
    """
    text = clean(value if isinstance(value, str) else _plain_text(value))
    if item == "date":
        return _iso_date(text)
    if item == "rational":
        return _to_rational(text)
    return _to_coordinate(text, "longitude" in tag.lower()) if item == "coordinate" else text


def _plain_text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return str(value) if isinstance(value, int) else ", ".join(value)


def _iso_date(text: str) -> str:
    match = _WRITTEN_DATE.match(text)
    if match is None:
        return text
    day = "-".join(part for part in match.groups()[:3] if part)
    return f"{day}T{match[4]}" if match[4] else day


def _to_rational(text: str) -> str:
    if _FRACTION.match(text):
        return text
    try:
        exact = Fraction(Decimal(text)).limit_denominator(_MAX_DENOMINATOR)
    except (InvalidOperation, ValueError, OverflowError):
        return text
    return f"{exact.numerator}/{exact.denominator}"


def _to_coordinate(text: str, longitude: bool) -> str:
    """Return signed degrees as `33,51.40704S`: degrees, and minutes with up to eight decimals (0.02 mm).

    `longitude`: whether the letter is E or W (else N or S). `text` is unchanged if it is no finite number.
    """
    try:
        degrees = Decimal(text)
    except InvalidOperation:
        return text
    if not degrees.is_finite():
        return text
    whole_degrees, minutes = divmod(round(abs(degrees) * 60, 8), 60)
    hemisphere = ("W" if longitude else "S") if degrees < 0 else ("E" if longitude else "N")
    minutes_text = f"{minutes:.8f}".rstrip("0")
    return (
        f"{whole_degrees:f},{minutes_text + '0' if minutes_text.endswith('.') else minutes_text}{hemisphere}"
    )
