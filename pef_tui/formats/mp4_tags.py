"""Find the tags of a video in its index: in user data, in the item list of iTunes, and in the keys of QuickTime.

Only tags that this program uses are searched. The functions raise UnsupportedStructure if another program could find
such a tag in another place, twice, or in several languages. (QuickTime File Format, chapters 2 "User Data Atoms" and 3
"Metadata".)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from struct import unpack_from
from typing import NamedTuple

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.mp4 import Box, Mp4Index, optional_box, read_boxes, single_box

DOMAIN = b"com.apple.quicktime."
USER_DATA: Mapping[bytes, str] = {
    b"\xa9xyz": "UserData:GPSCoordinates",
    b"@xyz": "UserData:GPSCoordinates",
    b"\xa9day": "UserData:ContentCreateDate",
    b"@day": "UserData:ContentCreateDate",
    b"date": "UserData:DateTimeOriginal",
    b"\xa9cmt": "UserData:Comment",
    b"\xa9nam": "UserData:Title",
    b"titl": "UserData:Title",
    b"dscp": "UserData:Description",
}
ITEM_LIST: Mapping[bytes, str] = {
    b"\xa9xyz": "ItemList:GPSCoordinates",
    b"\xa9day": "ItemList:ContentCreateDate",
    b"\xa9cmt": "ItemList:Comment",
    b"\xa9nam": "ItemList:Title",
    b"titl": "ItemList:Title",
    b"\xa9des": "ItemList:Description",
    b"desc": "ItemList:Description",
    b"dscp": "ItemList:Description",
}
KEYS: Mapping[bytes, str] = {
    b"creationdate": "Keys:CreationDate",
    b"location.ISO6709": "Keys:GPSCoordinates",
    b"description": "Keys:Description",
    b"comment": "Keys:Comment",
    b"title": "Keys:Title",
}
"""Tag name, by the name of the key without its prefix `DOMAIN`."""
OTHER_DOMAIN_KEYS: Mapping[bytes, str] = {b"com.samsung.android.utc_offset": "Keys:AndroidTimeZone"}
"""Tag name, by the full name of a key that does not begin with `DOMAIN`."""

_XMP = b"XMP_"
_META = b"meta"
# Kinds of boxes that no program reads as one of the tags above. In videos of some camera, a box of any other kind may
# hold such a tag. Such videos are left to ExifTool.
_OTHER_USER_DATA = re.compile(
    rb"\xa9[A-Za-z][a-z]{2}|name|WLOC|LOOP|SelO|AllF|cprt|auth|perf|gnre|albm|coll|yrrc|loci|urat"
    rb"|manu|modl|vndr|SDLN|smrd|smta|saut|free"
)
_OTHER_ITEMS = re.compile(
    rb"\xa9[A-Za-z][a-z]{2}|aART|covr|cpil|disk|trkn|tmpo|pgap|cprt|gnre|hdvd|stik|ldes|keyw|catg"
)
# Names of keys that may be ignored. A name of up to four letters could be mistaken for the kind of a box, so of these
# only `make` and `year` are accepted.
_PLAIN_KEY = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{4,127}|make|year")
_TAG_NAMES = (
    *(b"creationdate", b"datetimeoriginal", b"contentcreatedate", b"gpscoordinates", b"iso6709"),
    *(b"description", b"comment", b"title"),
)
"""Endings of unknown keys that other programs may read as tags. Case, dots and other separators are ignored."""
_NO_LETTERS = re.compile(rb"[^a-z0-9]")


class UserData(NamedTuple):
    """The content of the box `udta` (user data)."""

    boxes: tuple[Box, ...] = ()
    tags: Mapping[str, Box] = {}
    """The box of each tag, by tag name."""
    xmp: Box | None = None
    meta: Box | None = None
    terminator: bytes = b""
    """The four zero bytes after the last box; b"" without them."""


class ItemList(NamedTuple):
    """The content of the box `meta` inside `udta`: its boxes, and the items of the item list of iTunes (`ilst`)."""

    boxes: tuple[Box, ...] = ()
    list_box: Box | None = None
    items: tuple[Box, ...] = ()
    tags: Mapping[str, Box] = {}


class Keys(NamedTuple):
    """The content of the box `meta` inside `moov`: the names and the values of the keys of QuickTime."""

    boxes: tuple[Box, ...] = ()
    names_box: Box | None = None
    """The box `keys`, which holds the names of the keys."""
    key_count: int = 0
    """Number of names in `names_box`."""
    numbers: Mapping[str, int] = {}
    """The number of the key of each tag, by tag name. The first key has the number 1."""
    list_box: Box | None = None
    items: Mapping[int, Box] = {}
    """The box with the value of each key, by the number of the key."""


def read_user_data(moov: bytes, box: Box | None) -> UserData:
    """Read the box `udta` (user data). The result is empty if `box` is None.

    Raises UnsupportedStructure for a damaged or unknown box, and for a tag that occurs twice.
    """
    if box is None:
        return UserData()
    boxes = read_boxes(moov, box.content, box.end, zeros=True)
    for child in boxes:
        if child.kind in (_XMP, _META) or child.kind in USER_DATA:
            continue
        if not _OTHER_USER_DATA.fullmatch(child.kind):
            raise UnsupportedStructure("user data of an unknown kind")
    terminator = moov[boxes[-1].end if boxes else box.content : box.end]
    xmp, meta = optional_box(boxes, _XMP), optional_box(boxes, _META)
    return UserData(boxes, _boxes_by_tag(boxes, USER_DATA), xmp, meta, terminator)


def read_item_list(moov: bytes, meta: Box | None) -> ItemList:
    """Read the box `meta` inside `udta`. The result is empty if `meta` is None.

    Raises UnsupportedStructure for a damaged or unknown box, and for a tag that occurs twice.
    """
    if meta is None:
        return ItemList()
    if moov[meta.content : meta.content + 4] != b"\0\0\0\0":
        raise UnsupportedStructure("a box meta of another form")
    boxes = read_boxes(moov, meta.content + 4, meta.end)
    _check_handler(moov, boxes, b"mdir")
    if any(child.kind not in (b"hdlr", b"ilst", b"free") for child in boxes):
        raise UnsupportedStructure("a box meta with more than a list")
    list_box = single_box(boxes, b"ilst")
    items = read_boxes(moov, list_box.content, list_box.end)
    for child in items:
        if child.kind not in ITEM_LIST and not _OTHER_ITEMS.fullmatch(child.kind):
            raise UnsupportedStructure("an item of an unknown kind")
    return ItemList(boxes, list_box, items, _boxes_by_tag(items, ITEM_LIST))


def read_keys(moov: bytes, meta: Box | None) -> Keys:
    """Read the box `meta` inside `moov` or inside a track. The result is empty if `meta` is None.

    Raises UnsupportedStructure for a damaged box, for a tag that occurs twice, and for an unknown key that other
    programs may read as a tag.
    """
    if meta is None:
        return Keys()
    boxes = read_boxes(moov, meta.content, meta.end)
    _check_handler(moov, boxes, b"mdta")
    if any(child.kind not in (b"hdlr", b"keys", b"ilst", b"free") for child in boxes):
        raise UnsupportedStructure("a box meta with more than keys and their values")
    names_box, list_box = single_box(boxes, b"keys"), single_box(boxes, b"ilst")
    key_names = _read_key_names(moov, names_box)
    numbers: dict[str, int] = {}
    for number, name in enumerate(key_names, 1):
        if (tag := _tag_of_key(name)) is not None:
            if tag in numbers:
                raise UnsupportedStructure("a key that is there twice")
            numbers[tag] = number
    items: dict[int, Box] = {}
    for child in read_boxes(moov, list_box.content, list_box.end):
        number = int.from_bytes(child.kind, "big")
        if not 1 <= number <= len(key_names) or number in items:
            raise UnsupportedStructure("a value without key, or a second one")
        items[number] = child
    return Keys(boxes, names_box, len(key_names), numbers, list_box, items)


def check_track_keys(moov: bytes, index: Mp4Index) -> None:
    """Raise UnsupportedStructure if a track has keys that may be mistaken for tags of the video.

    Other keys of a track are accepted. (iPhones store the name of the lens in the track.)
    """
    for track in index.tracks:
        if read_keys(moov, track.meta).numbers:
            raise UnsupportedStructure("a track with tags of its own")


def _check_handler(moov: bytes, boxes: tuple[Box, ...], kind: bytes) -> None:
    handler = single_box(boxes, b"hdlr")
    if handler != boxes[0] or moov[handler.content + 8 : min(handler.content + 12, handler.end)] != kind:
        raise UnsupportedStructure("a box meta of another kind")


def _boxes_by_tag(boxes: tuple[Box, ...], names: Mapping[bytes, str]) -> dict[str, Box]:
    """Return the box of each tag, by tag name. `names`: tag name by kind of box; other boxes are left out.

    Raises UnsupportedStructure if two boxes hold the same tag.
    """
    by_tag: dict[str, Box] = {}
    for box in boxes:
        if (name := names.get(box.kind)) is not None:
            if name in by_tag:
                raise UnsupportedStructure("a tag that is there twice")
            by_tag[name] = box
    return by_tag


def _read_key_names(moov: bytes, box: Box) -> list[bytes]:
    """Return the names of the keys, in order. `box`: the box `keys`.

    Raises UnsupportedStructure if the box is damaged, or if a name is not in the namespace `mdta`.
    """
    if box.end - box.content < 8 or moov[box.content : box.content + 4] != b"\0\0\0\0":
        raise UnsupportedStructure("a table of keys that is cut")
    entries = read_boxes(moov, box.content + 8, box.end)
    if len(entries) != unpack_from(">I", moov, box.content + 4)[0] or any(
        entry.kind != b"mdta" for entry in entries
    ):
        raise UnsupportedStructure("keys of an unknown kind")
    return [moov[entry.content : entry.end] for entry in entries]


def _tag_of_key(name: bytes) -> str | None:
    """Return the tag name of the key of this name; None for an unknown key.

    Raises UnsupportedStructure if other programs may read the unknown key as a tag.
    """
    tag = KEYS.get(name.removeprefix(DOMAIN)) if name.startswith(DOMAIN) else OTHER_DOMAIN_KEYS.get(name)
    if tag is not None:
        return tag
    last = name.removeprefix(b"com.").removeprefix(b"apple.quicktime.")
    if not _PLAIN_KEY.fullmatch(last) or _NO_LETTERS.sub(b"", last.lower()).endswith(_TAG_NAMES):
        raise UnsupportedStructure("a key that may be taken for another")
    return None
