"""Convert edits of a video to the values that its boxes store, and decline edits with unusual values.

ExifTool may write an unusual value in another form, so such edits are left to ExifTool.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from pef_tui.formats.mp4 import SECONDS_1904_TO_1970
from pef_tui.model import TagEdit, Value
from pef_tui.native import Declined
from pef_tui.native.exif_edits import embedded_edits

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SECONDS = 0xFFFF_FFFF

_DATE = re.compile(
    r"([12]\d{3}):(0[1-9]|1[0-2]):(0[1-9]|[12]\d|3[01]) ((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)"
    r"(Z|[-+](?:0\d|1[0-4]):[0-5]\d)?",
    re.ASCII,
)
_POINT = re.compile(
    r"(-?\d{1,2}(?:\.\d{1,9})?), (-?\d{1,3}(?:\.\d{1,9})?)(?:, (-?\d{1,6}(?:\.\d{1,6})?))?", re.ASCII
)
# Matches a text that is left to ExifTool: it is empty, has lone surrogates, DEL or characters that XML cannot hold, or
# has blanks at an end (ExifTool may remove these).
_ODD_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]|^\\s|\\s$|^$")

DATES = ("CreateDate", "ModifyDate", "TrackCreateDate", "MediaCreateDate")


class Mp4Edits(Struct, frozen=True):
    """The converted edits of one video, by the part of the video that stores them."""

    dates: Mapping[str, int]
    """Seconds since 1904, by the name of the date, which is in DATES."""
    user_data: Mapping[str, bytes]
    """Texts in UTF-8 for the boxes of user data (`udta`), by tag name."""
    items: Mapping[str, bytes]
    """Texts in UTF-8 for the item list of iTunes, by tag name."""
    keys: Mapping[str, bytes]
    """Texts in UTF-8 for the keys of QuickTime, by tag name."""
    xmp: tuple[TagEdit, ...]


def mp4_edits(edits: Iterable[TagEdit]) -> Mp4Edits:
    """Convert the edits of one video. Raises Declined if one of the edits is not supported."""
    dates: dict[str, int] = {}
    texts: dict[str, dict[str, bytes]] = {"UserData": {}, "ItemList": {}, "Keys": {}}
    xmp_edits: list[TagEdit] = []
    for edit in edits:
        group, _, name = edit.tag.partition(":")
        if (text := _TEXTS.get(edit.tag)) is not None:
            texts[group][edit.tag] = text(edit.value).encode()
        elif group == "QuickTime" and name in DATES:
            dates[name] = _seconds_since_1904(edit.value)
        elif group.startswith("XMP-"):
            xmp_edits.append(edit)
        else:
            raise Declined(f"{edit.tag} is left to ExifTool")
    return Mp4Edits(dates, texts["UserData"], texts["ItemList"], texts["Keys"], embedded_edits(xmp_edits).xmp)


def _match_date(value: Value | None) -> re.Match[str]:
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Declined("a date of an unusual form")
    return match


def _seconds_since_1904(value: Value | None) -> int:
    """Convert a date in UTC, such as `2019:07:01 12:34:56`, to seconds since 1904.

    Raises Declined for another form, for a date that does not exist, and for a date before 1970 or beyond 32 bits.
    """
    match = _match_date(value)
    try:
        moment = datetime.strptime(match[0], "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise Declined("a date that is none") from None
    count = int((moment - _EPOCH).total_seconds()) + SECONDS_1904_TO_1970
    if not SECONDS_1904_TO_1970 <= count <= _MAX_SECONDS:
        raise Declined("a date that films cannot hold")
    return count


def _key_date(value: Value | None) -> str:
    """Convert a date such as `2019:07:01 14:34:56+02:00` to the form `2019-07-01T14:34:56+0200`.

    Raises Declined for another form, and for a date without an offset.
    """
    year, month, day, time, offset = _match_date(value).groups("")
    if not offset:
        raise Declined("a date without offset")
    return f"{year}-{month}-{day}T{time}{offset.replace(':', '')}"


def _checked_text(value: Value | None) -> str:
    if not isinstance(value, str) or _ODD_TEXT.search(value):
        raise Declined("a text with blanks or control characters")
    return value


def _point_text(value: Value | None) -> str:
    """Convert a place such as `48.858, 2.2945, 35` to the form `+48.858+002.2945+35.000/` (ISO 6709).

    Raises Declined for another form, and for a number very near to zero.
    """
    match = _POINT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Declined("a place of an unusual form")
    parts = zip(match.groups(), (2, 3, 1), strict=True)
    return "".join(_coordinate_text(text, digits) for text, digits in parts if text is not None) + "/"


def _coordinate_text(text: str, digits: int) -> str:
    """Return the number `text` with its sign, at least `digits` digits before the point, and at least three decimals.

    Google Photos needs the three decimals. Raises Declined for a number so near to zero that programs read it
    differently.
    """
    number = float(text)
    digits_text = f"{abs(number):.15g}"
    if "e" in digits_text or (not number and text.startswith("-")):
        raise Declined("a place so near to zero that readers differ")
    integer, _, decimals = digits_text.partition(".")
    return f"{'-' if number < 0 else '+'}{integer:0>{digits}}.{decimals:0<3}"


_TEXTS: Mapping[str, Callable[[Value | None], str]] = {
    "UserData:GPSCoordinates": _point_text,
    "ItemList:GPSCoordinates": _point_text,
    "ItemList:Description": _checked_text,
    "Keys:GPSCoordinates": _point_text,
    "Keys:CreationDate": _key_date,
    "Keys:Description": _checked_text,
}
