"""Edits of films as what stands in their boxes: which are known to come out as ExifTool writes them, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from pef_tui.model import TagEdit, Value
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.exif_edits import wanted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FROM_1904 = 2_082_844_800
_LARGEST = 0xFFFF_FFFF

_DATE = re.compile(
    r"([12]\d{3}):(0[1-9]|1[0-2]):(0[1-9]|[12]\d|3[01]) ((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)"
    r"(Z|[-+](?:0\d|1[0-4]):[0-5]\d)?",
    re.ASCII,
)
_PLACE = re.compile(
    r"(-?\d{1,2}(?:\.\d{1,9})?), (-?\d{1,3}(?:\.\d{1,9})?)(?:, (-?\d{1,6}(?:\.\d{1,6})?))?", re.ASCII
)
# What XML cannot hold, lone surrogates, and blanks at either end, which ExifTool may take away.
_ODD_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]|^\\s|\\s$|^$")

DATES = ("CreateDate", "ModifyDate", "TrackCreateDate", "MediaCreateDate")


class FilmWanted(Struct, frozen=True):
    """The edits of one film."""

    dates: Mapping[str, int]
    """Seconds since 1904 by the names in DATES."""
    user_data: Mapping[str, bytes]
    """By tag what stands in the box: its text, in UTF-8."""
    items: Mapping[str, bytes]
    keys: Mapping[str, bytes]
    xmp: tuple[TagEdit, ...]


def film_wanted(edits: Iterable[TagEdit]) -> FilmWanted:
    """The edits made ready to be put into a film. Raises Declined for any that is not known here."""
    dates: dict[str, int] = {}
    texts: dict[str, dict[str, bytes]] = {"UserData": {}, "ItemList": {}, "Keys": {}}
    others: list[TagEdit] = []
    for edit in edits:
        group, _, name = edit.tag.partition(":")
        if (text := _TEXTS.get(edit.tag)) is not None:
            texts[group][edit.tag] = text(edit.value).encode()
        elif group == "QuickTime" and name in DATES:
            dates[name] = _count(edit.value)
        elif group.startswith("XMP-"):
            others.append(edit)
        else:
            raise Declined(f"{edit.tag} is left to ExifTool")
    return FilmWanted(dates, texts["UserData"], texts["ItemList"], texts["Keys"], wanted(others).xmp)


def _date(value: Value | None) -> re.Match[str]:
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Declined("a date of an unusual form")
    return found


def _count(value: Value | None) -> int:
    """A date in UTC as seconds since 1904."""
    found = _date(value)
    try:
        moment = datetime.strptime(found[0], "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise Declined("a date that is none") from None
    count = int((moment - _EPOCH).total_seconds()) + _FROM_1904
    if not _FROM_1904 <= count <= _LARGEST:
        raise Declined("a date that films cannot hold")
    return count


def _moment(value: Value | None) -> str:
    """A date with its offset as `2019-07-01T14:34:56+0200`."""
    year, month, day, time, offset = _date(value).groups("")
    if not offset:
        raise Declined("a date without offset")
    return f"{year}-{month}-{day}T{time}{offset.replace(':', '')}"


def _text(value: Value | None) -> str:
    if not isinstance(value, str) or _ODD_TEXT.search(value):
        raise Declined("a text with blanks or control characters")
    return value


def _place(value: Value | None) -> str:
    """`48.858, 2.2945, 35` as `+48.858+002.2945+35.000/` (ISO 6709)."""
    found = _PLACE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Declined("a place of an unusual form")
    parts = zip(found.groups(), (2, 3, 1), strict=True)
    return "".join(_coordinate(text, digits) for text, digits in parts if text is not None) + "/"


def _coordinate(text: str, digits: int) -> str:
    """At least three digits behind the point: Google Photos wants so many."""
    number = float(text)
    shown = f"{abs(number):.15g}"
    if "e" in shown or (not number and text.startswith("-")):
        raise Declined("a place so near to zero that readers differ")
    whole, _, rest = shown.partition(".")
    return f"{'-' if number < 0 else '+'}{whole:0>{digits}}.{rest:0<3}"


_TEXTS: Mapping[str, Callable[[Value | None], str]] = {
    "UserData:GPSCoordinates": _place,
    "ItemList:GPSCoordinates": _place,
    "ItemList:Description": _text,
    "Keys:GPSCoordinates": _place,
    "Keys:CreationDate": _moment,
    "Keys:Description": _text,
}
