"""Reading what films (MP4, QuickTime and kin) already say, without ExifTool; media data is passed over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from struct import unpack_from
from typing import BinaryIO

from pef_tui.formats.film import Box, Doubtful, Film, Index, boxes_in, is_long, read_film, take_apart
from pef_tui.formats.film_tags import ItemList, Keys, UserData, check_tracks, item_list, keys, user_data
from pef_tui.model import State, Value
from pef_tui.state.blocks import block_tags

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FROM_1904 = 2_082_844_800
"""Seconds from 1904, where films begin to count, to 1970. A smaller count is one from 1970, as some write it."""
_NEVER = "0000:00:00 00:00:00"
_LAST = 0xFFFF_FFFF + _FROM_1904

_TEXT = 1  # UTF-8, in a `data` box
_LATIN = (0, 0x55C4, 0x15C7)
"""Languages that count as none: not told, `und`, `eng`; the first in the letters of old Macintoshes."""
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?:(Z)|([-+]\d\d):?(\d\d))?", re.ASCII
)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_PLACE = re.compile(
    r"([-+]\d{1,2}(?:\.\d{0,10})?)([-+]\d{1,3}(?:\.\d{0,10})?)([-+]\d{1,6}(?:\.\d{0,9})?)?(?:CRS\w+)?/?",
    re.ASCII,
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def film_reader(format: str) -> Callable[[BinaryIO], State | None]:
    """A reader of films of one format (`state.natively`)."""
    return partial(read_film_state, format=format)


def read_film_state(stream: BinaryIO, format: str) -> State | None:
    """What the film in `stream` holds. None where anything is there that this reader does not take at its word:
    fragments, boxes of cameras, garbage behind, texts in several languages. Raises OSError.
    """
    try:
        tags = _tags(read_film(stream))
    except Doubtful:
        return None
    return None if tags is None else State(format=format, tags=tags, reader="native")


def _tags(film: Film) -> dict[str, Value] | None:
    moov = film.moov
    index = take_apart(moov)
    check_tracks(moov, index)
    own = user_data(moov, index.user_data)
    if own.xmp is not None and film.xmp is not None:
        return None
    packet = film.xmp if own.xmp is None else moov[own.xmp.content : own.xmp.end]
    found = block_tags(None, packet)
    if found is None:
        return None
    tags: dict[str, Value] = dict(_dates(moov, index))
    texts = dict(_user_texts(moov, own))
    texts |= _item_texts(moov, item_list(moov, own.meta))
    others = frozenset(tag.partition(":")[2] for tag in texts)
    texts |= _key_texts(moov, keys(moov, index.meta), others)
    return tags | texts | found


def _dates(moov: bytes, index: Index) -> Iterator[tuple[str, str]]:
    """When the film was made and changed, and its first track."""
    created, modified = _times(moov, index.head)
    yield "QuickTime:CreateDate", created
    yield "QuickTime:ModifyDate", modified
    for track in index.tracks[:1]:
        yield "QuickTime:TrackCreateDate", _times(moov, track.head)[0]
        yield "QuickTime:MediaCreateDate", _times(moov, track.media_head)[0]


def _times(moov: bytes, head: Box) -> tuple[str, str]:
    created, modified = unpack_from(">2Q" if is_long(moov, head) else ">2I", moov, head.content + 4)
    return _date_text(created), _date_text(modified)


def _date_text(count: int) -> str:
    if count > _LAST:
        raise Doubtful("a date beyond all days")
    seconds = count - _FROM_1904 if count >= _FROM_1904 else count
    if not seconds:
        return _NEVER
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y:%m:%d %H:%M:%S")


def _user_texts(moov: bytes, own: UserData) -> Iterator[tuple[str, str]]:
    for tag, box in own.tags.items():
        yield tag, _decoded(tag, _user_text(moov, box))


def _user_text(moov: bytes, box: Box) -> str:
    """The text in a box of user data; there are four ways to put it."""
    data = moov[box.content : box.end]
    if box.kind[:1] in b"\xa9" and len(data) >= 4:
        length, language = unpack_from(">2H", data)
        if length != len(data) - 4 or not length:
            raise Doubtful("a text in several languages")
        return _in_language(data[4:], language)
    if box.kind in (b"titl", b"dscp") and len(data) >= 6:
        return _in_language(data[6:].rstrip(b"\0"), unpack_from(">H", data, 4)[0] or 1)
    if box.kind == b"date" and data.isascii():
        return data.decode()
    raise Doubtful("a text of another form")


def _in_language(data: bytes, language: int) -> str:
    if language not in _LATIN or (not language and not data.isascii()):
        raise Doubtful("a text in a language")
    return _utf8(data)


def _utf8(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Doubtful("a text in letters of another kind") from None
    if _CONTROL.search(text) or text[:1] == "\ufeff":
        raise Doubtful("a text with control characters")
    return text


def _item_texts(moov: bytes, found: ItemList) -> Iterator[tuple[str, str]]:
    for tag, box in found.tags.items():
        yield tag, _decoded(tag, _data_text(moov, box))


def _key_texts(moov: bytes, found: Keys, others: frozenset[str]) -> Iterator[tuple[str, str]]:
    """`others`: names of the tags that are there besides. One in a language is shown as the default only alone."""
    for tag, number in found.numbers.items():
        if (box := found.items.get(number)) is not None:
            text = _data_text(moov, box, tag.partition(":")[2] not in others)
            yield tag, _decoded(tag, text)


def _data_text(moov: bytes, item: Box, any_language: bool = False) -> str:
    """The text in the `data` box of an item."""
    boxes = boxes_in(moov, item.content, item.end)
    if len(boxes) != 1 or boxes[0].kind != b"data" or boxes[0].end - boxes[0].content < 8:
        raise Doubtful("an item with several values, or none")
    kind, country, language = unpack_from(">I2H", moov, boxes[0].content)
    if kind != _TEXT or not (any_language or (not country and language in _LATIN)):
        raise Doubtful("a value that is no text, or in a language")
    return _utf8(moov[boxes[0].content + 8 : boxes[0].end])


def _decoded(tag: str, text: str) -> str:
    """The text as ExifTool shows it: dates with colons, places as numbers."""
    if tag.endswith(("Date", "DateTimeOriginal")):
        return _date(text)
    return _place(text) if tag.endswith(":GPSCoordinates") else text


def _date(text: str) -> str:
    if _YEAR.fullmatch(text):
        return text
    if (found := _DATE.fullmatch(text)) is None:
        raise Doubtful("a date of another form")
    year, month, day, time, zulu, hours, minutes = found.groups("")
    return f"{year}:{month}:{day} {time}{zulu}{hours}{':' if hours else ''}{minutes}"


def _place(text: str) -> str:
    """`+48.8580+002.2945+35.000/` (ISO 6709) as `48.858, 2.2945, 35`."""
    if (found := _PLACE.fullmatch(text)) is None:
        raise Doubtful("a place of another form")
    return ", ".join(_number(part) for part in found.groups() if part)


def _number(text: str) -> str:
    number = float(text)
    shown = f"{number:.15g}"
    if "e" in shown or shown == "-0":
        raise Doubtful("a number that readers show in different ways")
    return shown
