"""Read the tags of videos (MP4, QuickTime, M4V, 3GP, 3G2) without ExifTool. Media data is not read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from struct import unpack_from
from typing import BinaryIO

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.mp4 import (
    SECONDS_1904_TO_1970,
    Box,
    Mp4Index,
    Mp4Movie,
    has_long_times,
    read_boxes,
    read_index,
    read_movie,
)
from pef_tui.formats.mp4_tags import (
    ItemList,
    Keys,
    UserData,
    check_track_keys,
    read_item_list,
    read_keys,
    read_user_data,
)
from pef_tui.model import FileMetadata, Value
from pef_tui.readers.blocks import block_tags

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_DATE = "0000:00:00 00:00:00"
_MAX_COUNT = 0xFFFF_FFFF + SECONDS_1904_TO_1970

_TEXT = 1  # type of a UTF-8 text in a `data` box
_DEFAULT_LANGUAGES = (0, 0x55C4, 0x15C7)
"""Languages of texts that count as the default: 0 (unset, the Macintosh character set), `und` and `eng`."""
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?:(Z)|([-+]\d\d):?(\d\d))?", re.ASCII
)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_POINT = re.compile(
    r"([-+]\d{1,2}(?:\.\d{0,10})?)([-+]\d{1,3}(?:\.\d{0,10})?)([-+]\d{1,6}(?:\.\d{0,9})?)?(?:CRS\w+)?/?",
    re.ASCII,
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def mp4_reader(format: str) -> Callable[[BinaryIO], FileMetadata | None]:
    """Return a reader of videos of `format` (see `READERS`)."""
    return partial(read_mp4_metadata, format=format)


def read_mp4_metadata(stream: BinaryIO, format: str) -> FileMetadata | None:
    """Return the metadata of the video in `stream`. `format`: name of its format.

    None if ExifTool must read the file, because programs may read it in different ways: it has fragments, boxes of
    cameras, data after the last box, or texts in several languages. Raises OSError.
    """
    try:
        tags = _read_tags(read_movie(stream))
    except UnsupportedStructure:
        return None
    return None if tags is None else FileMetadata(format=format, tags=tags, reader="native")


def _read_tags(movie: Mp4Movie) -> dict[str, Value] | None:
    moov = movie.moov
    index = read_index(moov)
    check_track_keys(moov, index)
    user_tags = read_user_data(moov, index.user_data)
    if user_tags.xmp is not None and movie.xmp is not None:
        return None
    packet = movie.xmp if user_tags.xmp is None else moov[user_tags.xmp.content : user_tags.xmp.end]
    xmp_tags = block_tags(None, packet)
    if xmp_tags is None:
        return None
    tags: dict[str, Value] = dict(_dates(moov, index))
    texts = dict(_user_texts(moov, user_tags))
    texts |= _item_texts(moov, read_item_list(moov, user_tags.meta))
    other_names = frozenset(tag.partition(":")[2] for tag in texts)
    texts |= _key_texts(moov, read_keys(moov, index.meta), other_names)
    return tags | texts | xmp_tags


def _dates(moov: bytes, index: Mp4Index) -> Iterator[tuple[str, str]]:
    """Yield (tag, date) for the creation and the modification of the video, and for the creation of its first track."""
    created, modified = _times(moov, index.head)
    yield "QuickTime:CreateDate", created
    yield "QuickTime:ModifyDate", modified
    for track in index.tracks[:1]:
        yield "QuickTime:TrackCreateDate", _times(moov, track.head)[0]
        yield "QuickTime:MediaCreateDate", _times(moov, track.media_head)[0]


def _times(moov: bytes, head: Box) -> tuple[str, str]:
    created, modified = unpack_from(">2Q" if has_long_times(moov, head) else ">2I", moov, head.content + 4)
    return _date_text(created), _date_text(modified)


def _date_text(count: int) -> str:
    if count > _MAX_COUNT:
        raise UnsupportedStructure("a date beyond all days")
    # Seconds count from 1904. Some programs count from 1970; their numbers are below SECONDS_1904_TO_1970.
    seconds = count - SECONDS_1904_TO_1970 if count >= SECONDS_1904_TO_1970 else count
    if not seconds:
        return _NO_DATE
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y:%m:%d %H:%M:%S")


def _user_texts(moov: bytes, user_data: UserData) -> Iterator[tuple[str, str]]:
    for tag, box in user_data.tags.items():
        yield tag, _to_shown_text(tag, _user_text(moov, box))


def _user_text(moov: bytes, box: Box) -> str:
    """Return the text in a box of user data: `©…`, `titl` or `dscp`, or `date`.

    Raises UnsupportedStructure for another box, for texts in several languages, and for a text in another than the
    default language.
    """
    data = moov[box.content : box.end]
    if box.kind[:1] in b"\xa9" and len(data) >= 4:
        length, language = unpack_from(">2H", data)
        if length != len(data) - 4 or not length:
            raise UnsupportedStructure("a text in several languages")
        return _decode_default_language(data[4:], language)
    if box.kind in (b"titl", b"dscp") and len(data) >= 6:
        return _decode_default_language(data[6:].rstrip(b"\0"), unpack_from(">H", data, 4)[0] or 1)
    if box.kind == b"date" and data.isascii():
        return data.decode()
    raise UnsupportedStructure("a text of another form")


def _decode_default_language(data: bytes, language: int) -> str:
    if language not in _DEFAULT_LANGUAGES or (not language and not data.isascii()):
        raise UnsupportedStructure("a text in a language")
    return _utf8(data)


def _utf8(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise UnsupportedStructure("a text in letters of another kind") from None
    if _CONTROL.search(text) or text[:1] == "\ufeff":
        raise UnsupportedStructure("a text with control characters")
    return text


def _item_texts(moov: bytes, items: ItemList) -> Iterator[tuple[str, str]]:
    for tag, box in items.tags.items():
        yield tag, _to_shown_text(tag, _data_text(moov, box))


def _key_texts(moov: bytes, keys: Keys, other_names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield (tag, text) for each of QuickTime's metadata keys that has a text.

    `other_names`: names, without group, of tags that the video has outside the keys. If a name is among them, a text
    with a language is not the default text.
    """
    for tag, number in keys.numbers.items():
        if (box := keys.items.get(number)) is not None:
            text = _data_text(moov, box, tag.partition(":")[2] not in other_names)
            yield tag, _to_shown_text(tag, text)


def _data_text(moov: bytes, item: Box, any_language: bool = False) -> str:
    """Return the text in the `data` box of an item. `any_language`: whether it may have any language.

    Raises UnsupportedStructure if the item does not hold exactly one text, or if its language is not allowed.
    """
    boxes = read_boxes(moov, item.content, item.end)
    if len(boxes) != 1 or boxes[0].kind != b"data" or boxes[0].end - boxes[0].content < 8:
        raise UnsupportedStructure("an item with several values, or none")
    kind, country, language = unpack_from(">I2H", moov, boxes[0].content)
    if kind != _TEXT or not (any_language or (not country and language in _DEFAULT_LANGUAGES)):
        raise UnsupportedStructure("a value that is no text, or in a language")
    return _utf8(moov[boxes[0].content + 8 : boxes[0].end])


def _to_shown_text(tag: str, text: str) -> str:
    """Return the text in the form that ExifTool shows: dates with colons, positions as numbers."""
    if tag.endswith(("Date", "DateTimeOriginal")):
        return _zoned_date_text(text)
    return _point_text(text) if tag.endswith(":GPSCoordinates") else text


def _zoned_date_text(text: str) -> str:
    if _YEAR.fullmatch(text):
        return text
    if (match := _DATE.fullmatch(text)) is None:
        raise UnsupportedStructure("a date of another form")
    year, month, day, time, zulu, hours, minutes = match.groups("")
    return f"{year}:{month}:{day} {time}{zulu}{hours}{':' if hours else ''}{minutes}"


def _point_text(text: str) -> str:
    """Return `+48.8580+002.2945+35.000/` (ISO 6709) as `48.858, 2.2945, 35`. Raises UnsupportedStructure."""
    if (match := _POINT.fullmatch(text)) is None:
        raise UnsupportedStructure("a place of another form")
    return ", ".join(_number_text(part) for part in match.groups() if part)


def _number_text(text: str) -> str:
    number = float(text)
    digits = f"{number:.15g}"
    if "e" in digits or digits == "-0":
        raise UnsupportedStructure("a number that readers show in different ways")
    return digits
