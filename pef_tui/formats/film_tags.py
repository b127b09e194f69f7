"""Where the tags of a film lie in its index: user data, the item list of iTunes, the keys of QuickTime.

Only tags that anybody here asks for are told; a film in which another program would find them elsewhere, twice, or
in several languages is Doubtful. (QuickTime File Format, chapters 2 "User Data Atoms" and 3 "Metadata".)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from struct import unpack_from
from typing import NamedTuple

from pef_tui.formats.film import Box, Doubtful, Index, at_most_one, boxes_in, only

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
"""Behind DOMAIN."""
WHOLE_KEYS: Mapping[bytes, str] = {b"com.samsung.android.utc_offset": "Keys:AndroidTimeZone"}
"""Keys of another domain, by their whole names."""

_XMP = b"XMP_"
_META = b"meta"
# Boxes that hold nothing of the above, whoever reads them. All others may, in films of some camera.
_USER_DATA_BESIDES = re.compile(
    rb"\xa9[A-Za-z][a-z]{2}|name|WLOC|LOOP|SelO|AllF|cprt|auth|perf|gnre|albm|coll|yrrc|loci|urat"
    rb"|manu|modl|vndr|SDLN|smrd|smta|saut|free"
)
_ITEM_LIST_BESIDES = re.compile(
    rb"\xa9[A-Za-z][a-z]{2}|aART|covr|cpil|disk|trkn|tmpo|pgap|cprt|gnre|hdvd|stik|ldes|keyw|catg"
)
# Four letters and less may be taken for the kind of a box.
_PLAIN_KEY = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{4,127}|make|year")
_ASKED = (
    *(b"creationdate", b"datetimeoriginal", b"contentcreatedate", b"gpscoordinates", b"iso6709"),
    *(b"description", b"comment", b"title"),
)
"""Names of tags as a key may end with them, in another domain or in other letters."""
_NO_LETTERS = re.compile(rb"[^a-z0-9]")


class UserData(NamedTuple):
    """What lies in the box `udta`."""

    boxes: tuple[Box, ...] = ()
    tags: Mapping[str, Box] = {}
    xmp: Box | None = None
    meta: Box | None = None
    ended: bytes = b""
    """The four zeros behind the last box, where they are."""


class ItemList(NamedTuple):
    """What lies in `udta.meta`: its boxes, and the items of its list."""

    boxes: tuple[Box, ...] = ()
    holder: Box | None = None
    items: tuple[Box, ...] = ()
    tags: Mapping[str, Box] = {}


class Keys(NamedTuple):
    """What lies in `moov.meta`: its boxes, the names of the keys, and the items by the number of their key."""

    boxes: tuple[Box, ...] = ()
    names: Box | None = None
    number: int = 0
    """How many names."""
    numbers: Mapping[str, int] = {}
    """Of each tag, from 1."""
    holder: Box | None = None
    items: Mapping[int, Box] = {}


def user_data(moov: bytes, box: Box | None) -> UserData:
    """The parts of `udta`; None for a film without. Raises Doubtful."""
    if box is None:
        return UserData()
    boxes = boxes_in(moov, box.content, box.end, zeros=True)
    for each in boxes:
        if each.kind in (_XMP, _META) or each.kind in USER_DATA:
            continue
        if not _USER_DATA_BESIDES.fullmatch(each.kind):
            raise Doubtful("user data of an unknown kind")
    ended = moov[boxes[-1].end if boxes else box.content : box.end]
    xmp, meta = at_most_one(boxes, _XMP), at_most_one(boxes, _META)
    return UserData(boxes, _named(boxes, USER_DATA), xmp, meta, ended)


def item_list(moov: bytes, meta: Box | None) -> ItemList:
    """The parts of `udta.meta`; None for a film without. Raises Doubtful."""
    if meta is None:
        return ItemList()
    if moov[meta.content : meta.content + 4] != b"\0\0\0\0":
        raise Doubtful("a box meta of another form")
    boxes = boxes_in(moov, meta.content + 4, meta.end)
    _check_handler(moov, boxes, b"mdir")
    if any(each.kind not in (b"hdlr", b"ilst", b"free") for each in boxes):
        raise Doubtful("a box meta with more than a list")
    held = only(boxes, b"ilst")
    items = boxes_in(moov, held.content, held.end)
    for each in items:
        if each.kind not in ITEM_LIST and not _ITEM_LIST_BESIDES.fullmatch(each.kind):
            raise Doubtful("an item of an unknown kind")
    return ItemList(boxes, held, items, _named(items, ITEM_LIST))


def keys(moov: bytes, meta: Box | None) -> Keys:
    """The parts of `moov.meta`; None for a film without. Raises Doubtful."""
    if meta is None:
        return Keys()
    boxes = boxes_in(moov, meta.content, meta.end)
    _check_handler(moov, boxes, b"mdta")
    if any(each.kind not in (b"hdlr", b"keys", b"ilst", b"free") for each in boxes):
        raise Doubtful("a box meta with more than keys and their values")
    names, held = only(boxes, b"keys"), only(boxes, b"ilst")
    found = _key_names(moov, names)
    numbers: dict[str, int] = {}
    for number, name in enumerate(found, 1):
        if (tag := _tag_of_key(name)) is not None:
            if tag in numbers:
                raise Doubtful("a key that is there twice")
            numbers[tag] = number
    items: dict[int, Box] = {}
    for each in boxes_in(moov, held.content, held.end):
        number = int.from_bytes(each.kind, "big")
        if not 1 <= number <= len(found) or number in items:
            raise Doubtful("a value without key, or a second one")
        items[number] = each
    return Keys(boxes, names, len(found), numbers, held, items)


def check_tracks(moov: bytes, index: Index) -> None:
    """Raises Doubtful where a track has keys of its own that may be taken for the film's. (iPhones name its lens.)"""
    for track in index.tracks:
        if keys(moov, track.meta).numbers:
            raise Doubtful("a track with tags of its own")


def _check_handler(moov: bytes, boxes: tuple[Box, ...], kind: bytes) -> None:
    handler = only(boxes, b"hdlr")
    if handler != boxes[0] or moov[handler.content + 8 : min(handler.content + 12, handler.end)] != kind:
        raise Doubtful("a box meta of another kind")


def _named(boxes: tuple[Box, ...], names: Mapping[bytes, str]) -> dict[str, Box]:
    """The boxes by the tags they hold. Raises Doubtful where two hold the same."""
    found: dict[str, Box] = {}
    for box in boxes:
        if (name := names.get(box.kind)) is not None:
            if name in found:
                raise Doubtful("a tag that is there twice")
            found[name] = box
    return found


def _key_names(moov: bytes, box: Box) -> list[bytes]:
    """The names in `keys`, all of the namespace `mdta`."""
    if box.end - box.content < 8 or moov[box.content : box.content + 4] != b"\0\0\0\0":
        raise Doubtful("a table of keys that is cut")
    entries = boxes_in(moov, box.content + 8, box.end)
    if len(entries) != unpack_from(">I", moov, box.content + 4)[0] or any(
        each.kind != b"mdta" for each in entries
    ):
        raise Doubtful("keys of an unknown kind")
    return [moov[each.content : each.end] for each in entries]


def _tag_of_key(name: bytes) -> str | None:
    """The tag a key means; None for one that nobody asks for. Raises Doubtful where it may be taken for a tag."""
    known = KEYS.get(name.removeprefix(DOMAIN)) if name.startswith(DOMAIN) else WHOLE_KEYS.get(name)
    if known is not None:
        return known
    last = name.removeprefix(b"com.").removeprefix(b"apple.quicktime.")
    if not _PLAIN_KEY.fullmatch(last) or _NO_LETTERS.sub(b"", last.lower()).endswith(_ASKED):
        raise Doubtful("a key that may be taken for another")
    return None
