"""Edit the tags in the index of a video (the box `moov`). Dates are changed in place; boxes with texts are rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from struct import pack, pack_into
from typing import NamedTuple

from pef_tui.formats.mp4 import Box, Mp4Index, has_long_times
from pef_tui.formats.mp4_tags import (
    DOMAIN,
    KEYS,
    ItemList,
    Keys,
    UserData,
    read_item_list,
    read_keys,
    read_user_data,
)
from pef_tui.native import Declined
from pef_tui.native.mp4_edits import Mp4Edits

_RESERVED = bytes(12)
# The box `hdlr` for a new box `meta`, by the kind of its tags: `mdir` (iTunes) or `mdta` (QuickTime).
_HANDLERS = {kind: b"\0\0\0\x20hdlr" + bytes(8) + kind + _RESERVED for kind in (b"mdir", b"mdta")}
_USER_KINDS = {"UserData:GPSCoordinates": b"\xa9xyz"}
_ITEM_KINDS = {"ItemList:Description": b"\xa9des", "ItemList:GPSCoordinates": b"\xa9xyz"}
_KEY_NAMES = {tag: DOMAIN + name for name, tag in KEYS.items()}


class EditedIndex(NamedTuple):
    """An index with edited tags before packing: its size is known, and its offsets can still be corrected."""

    buffer: bytearray
    """The bytes of the old index, with the new dates."""
    boxes: tuple[Box, ...]
    replacements: Mapping[bytes, bytes]
    """New boxes by kind. Each replaces the old box of its kind. Without an old box, it is added after the last box."""

    @property
    def growth(self) -> int:
        """Number of bytes by which the new index is larger than the old one; negative if it is smaller."""
        old = {box.kind: box.end - box.start for box in self.boxes if box.kind in self.replacements}
        return sum(len(data) - old.get(kind, 0) for kind, data in self.replacements.items())

    def pack(self) -> bytes:
        """Return the bytes of the new index. Raises Declined if it has 2 GiB or more."""
        parts: list[bytes | bytearray] = []
        new = dict(self.replacements)
        for box in self.boxes:
            parts.append(new.pop(box.kind) if box.kind in new else self.buffer[box.start : box.end])
        return pack_box(b"moov", *parts, *new.values())


def pack_box(kind: bytes, *parts: bytes | bytearray) -> bytes:
    """Return the bytes of a box with `parts` as its content. Raises Declined for a box of 2 GiB or more."""
    length = 8 + sum(map(len, parts))
    if length > 0x7FFF_FFFF:
        raise Declined("a box that would be too large")
    return b"".join((pack(">I", length), kind, *parts))


def edit_index(moov: bytes, index: Mp4Index, edits: Mp4Edits, packet: bytes | None) -> EditedIndex:
    """Return the index with the edits. `packet`: XMP packet for the user data; None for no change.

    Raises Declined for an edit that cannot be written, and UnsupportedStructure for tags in an unknown structure.
    """
    buffer = bytearray(moov)
    _set_dates(buffer, index, edits.dates)
    replacements: dict[bytes, bytes] = {}
    if edits.keys:
        replacements[b"meta"] = _new_keys(moov, read_keys(moov, index.meta), edits.keys)
    if edits.user_data or edits.items or packet is not None:
        replacements[b"udta"] = _new_user_data(moov, read_user_data(moov, index.user_data), edits, packet)
    return EditedIndex(buffer, index.boxes, replacements)


def _set_dates(buffer: bytearray, index: Mp4Index, dates: Mapping[str, int]) -> None:
    heads = [("CreateDate", index.head, 0), ("ModifyDate", index.head, 1)]
    for track in index.tracks:
        heads += [("TrackCreateDate", track.head, 0), ("MediaCreateDate", track.media_head, 0)]
    for name, head, field_number in heads:
        if name in dates:
            long = has_long_times(buffer, head)
            offset = head.content + 4 + field_number * (8 if long else 4)
            pack_into(">Q" if long else ">I", buffer, offset, dates[name])


def _new_user_data(moov: bytes, old: UserData, edits: Mp4Edits, packet: bytes | None) -> bytes:
    replaced: dict[bytes, bytes] = {}
    for tag, text in edits.user_data.items():
        kind = _USER_KINDS[tag]
        _check_kind(old.tags, tag, kind)
        replaced[kind] = pack_box(kind, pack(">2H", len(text), 0), text)
    if packet is not None:
        replaced[b"XMP_"] = pack_box(b"XMP_", packet)
    if edits.items:
        replaced[b"meta"] = _new_item_list(moov, read_item_list(moov, old.meta), edits.items)
    return pack_box(b"udta", *_merge_boxes(moov, old.boxes, replaced), old.terminator)


def _new_item_list(moov: bytes, old: ItemList, texts: Mapping[str, bytes]) -> bytes:
    replaced = {}
    for tag, text in texts.items():
        kind = _ITEM_KINDS[tag]
        _check_kind(old.tags, tag, kind)
        replaced[kind] = pack_box(kind, _data_box(text))
    new = pack_box(b"ilst", *_merge_boxes(moov, old.items, replaced))
    return pack_box(
        b"meta", bytes(4), *_merge_boxes(moov, old.boxes, _with_handler(old.boxes, b"mdir", {b"ilst": new}))
    )


def _new_keys(moov: bytes, old: Keys, texts: Mapping[str, bytes]) -> bytes:
    names = b"" if old.names_box is None else moov[old.names_box.content + 8 : old.names_box.end]
    key_count = old.key_count
    items = {count: moov[box.start : box.end] for count, box in old.items.items()}
    for tag, text in sorted(texts.items(), key=lambda item: _KEY_NAMES[item[0]]):
        key_number = old.numbers.get(tag)
        if key_number is None:
            key_count = key_number = key_count + 1
            names += pack_box(b"mdta", _KEY_NAMES[tag])
        items[key_number] = pack_box(pack(">I", key_number), _data_box(text))
    new = {
        b"keys": pack_box(b"keys", pack(">2I", 0, key_count), names),
        b"ilst": pack_box(b"ilst", *items.values()),
    }
    return pack_box(b"meta", *_merge_boxes(moov, old.boxes, _with_handler(old.boxes, b"mdta", new)))


def _with_handler(boxes: tuple[Box, ...], kind: bytes, new: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """Return `new`, the new boxes for a box `meta`. If `meta` has no `boxes` yet, a new box `hdlr` comes first.

    `hdlr` must be the first box of `meta`: it states the `kind` of the tags.
    """
    return new if boxes else {b"hdlr": _HANDLERS[kind]} | new


def _check_kind(boxes: Mapping[str, Box], tag: str, kind: bytes) -> None:
    if tag in boxes and boxes[tag].kind != kind:
        raise Declined(f"{tag} stands in a place of its own")


def _data_box(text: bytes) -> bytes:
    """Return a box `data` with a text in UTF-8. Country and language are not set."""
    return pack_box(b"data", b"\0\0\0\1" + bytes(4), text)


def _merge_boxes(moov: bytes, boxes: tuple[Box, ...], new: dict[bytes, bytes]) -> list[bytes]:
    """Return the bytes of each box. A box in `new` replaces the box of its kind. New boxes of other kinds follow."""
    remaining = dict(new)
    parts = [remaining.pop(box.kind) if box.kind in remaining else moov[box.start : box.end] for box in boxes]
    return [*parts, *remaining.values()]
