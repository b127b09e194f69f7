"""The index of a film (`moov`) with its tags edited: dates where they stand, texts in boxes made anew."""

from __future__ import annotations

from collections.abc import Mapping
from struct import pack, pack_into
from typing import NamedTuple

from pef_tui.formats.film import Box, Index, is_long
from pef_tui.formats.film_tags import DOMAIN, KEYS, ItemList, Keys, UserData, item_list, keys, user_data
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.film_edits import FilmWanted

_NOTHING = bytes(12)
# Lists for new tags: whose they are (`mdir` iTunes, `mdta` QuickTime), and no more.
_HANDLERS = {kind: b"\0\0\0\x20hdlr" + bytes(8) + kind + _NOTHING for kind in (b"mdir", b"mdta")}
_USER_KINDS = {"UserData:GPSCoordinates": b"\xa9xyz"}
_ITEM_KINDS = {"ItemList:Description": b"\xa9des", "ItemList:GPSCoordinates": b"\xa9xyz"}
_KEY_NAMES = {tag: DOMAIN + name for name, tag in KEYS.items()}


class Renewed(NamedTuple):
    """An index with its tags edited, not yet put together: its size is known, and offsets can be corrected in it."""

    work: bytearray
    """The index as it was, with new dates."""
    boxes: tuple[Box, ...]
    new: Mapping[bytes, bytes]
    """By kind the boxes that take the place of those there, or come behind all."""

    @property
    def grown(self) -> int:
        """By how many bytes."""
        old = {box.kind: box.end - box.start for box in self.boxes if box.kind in self.new}
        return sum(len(data) - old.get(kind, 0) for kind, data in self.new.items())

    def put_together(self) -> bytes:
        """The new index. Raises Declined where it would be too large."""
        parts: list[bytes | bytearray] = []
        new = dict(self.new)
        for box in self.boxes:
            parts.append(new.pop(box.kind) if box.kind in new else self.work[box.start : box.end])
        return made(b"moov", *parts, *new.values())


def made(kind: bytes, *parts: bytes | bytearray) -> bytes:
    """One box. Raises Declined where it would be too large."""
    length = 8 + sum(map(len, parts))
    if length > 0x7FFF_FFFF:
        raise Declined("a box that would be too large")
    return b"".join((pack(">I", length), kind, *parts))


def renewed(moov: bytes, index: Index, wanted: FilmWanted, packet: bytes | None) -> Renewed:
    """The index with the edits made; `packet`: XMP for its place in user data. Raises Declined, Doubtful."""
    work = bytearray(moov)
    _set_dates(work, index, wanted.dates)
    new: dict[bytes, bytes] = {}
    if wanted.keys:
        new[b"meta"] = _new_keys(moov, keys(moov, index.meta), wanted.keys)
    if wanted.user_data or wanted.items or packet is not None:
        new[b"udta"] = _new_user_data(moov, user_data(moov, index.user_data), wanted, packet)
    return Renewed(work, index.boxes, new)


def _set_dates(work: bytearray, index: Index, dates: Mapping[str, int]) -> None:
    heads = [("CreateDate", index.head, 0), ("ModifyDate", index.head, 1)]
    for track in index.tracks:
        heads += [("TrackCreateDate", track.head, 0), ("MediaCreateDate", track.media_head, 0)]
    for name, head, place in heads:
        if name in dates:
            long = is_long(work, head)
            at = head.content + 4 + place * (8 if long else 4)
            pack_into(">Q" if long else ">I", work, at, dates[name])


def _new_user_data(moov: bytes, held: UserData, wanted: FilmWanted, packet: bytes | None) -> bytes:
    replaced: dict[bytes, bytes] = {}
    for tag, text in wanted.user_data.items():
        kind = _USER_KINDS[tag]
        _check_kind(held.tags, tag, kind)
        replaced[kind] = made(kind, pack(">2H", len(text), 0), text)
    if packet is not None:
        replaced[b"XMP_"] = made(b"XMP_", packet)
    if wanted.items:
        replaced[b"meta"] = _new_item_list(moov, item_list(moov, held.meta), wanted.items)
    return made(b"udta", *_with(moov, held.boxes, replaced), held.ended)


def _new_item_list(moov: bytes, held: ItemList, texts: Mapping[str, bytes]) -> bytes:
    replaced = {}
    for tag, text in texts.items():
        kind = _ITEM_KINDS[tag]
        _check_kind(held.tags, tag, kind)
        replaced[kind] = made(kind, _data(text))
    new = made(b"ilst", *_with(moov, held.items, replaced))
    return made(
        b"meta", bytes(4), *_with(moov, held.boxes, _with_handler(held.boxes, b"mdir", {b"ilst": new}))
    )


def _new_keys(moov: bytes, held: Keys, texts: Mapping[str, bytes]) -> bytes:
    names = b"" if held.names is None else moov[held.names.content + 8 : held.names.end]
    number = held.number
    items = {count: moov[box.start : box.end] for count, box in held.items.items()}
    for tag, text in sorted(texts.items(), key=lambda one: _KEY_NAMES[one[0]]):
        at = held.numbers.get(tag)
        if at is None:
            number = at = number + 1
            names += made(b"mdta", _KEY_NAMES[tag])
        items[at] = made(pack(">I", at), _data(text))
    new = {
        b"keys": made(b"keys", pack(">2I", 0, number), names),
        b"ilst": made(b"ilst", *items.values()),
    }
    return made(b"meta", *_with(moov, held.boxes, _with_handler(held.boxes, b"mdta", new)))


def _with_handler(boxes: tuple[Box, ...], kind: bytes, new: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """What is new in a box `meta`, which must begin with saying whose it is."""
    return new if boxes else {b"hdlr": _HANDLERS[kind]} | new


def _check_kind(held: Mapping[str, Box], tag: str, kind: bytes) -> None:
    if tag in held and held[tag].kind != kind:
        raise Declined(f"{tag} stands in a place of its own")


def _data(text: bytes) -> bytes:
    """A `data` box: text in UTF-8, of no country or language."""
    return made(b"data", b"\0\0\0\1" + bytes(4), text)


def _with(moov: bytes, boxes: tuple[Box, ...], new: dict[bytes, bytes]) -> list[bytes]:
    """The boxes, those of a new kind behind them."""
    left = dict(new)
    parts = [left.pop(box.kind) if box.kind in left else moov[box.start : box.end] for box in boxes]
    return [*parts, *left.values()]
