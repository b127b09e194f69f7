"""Make the index of a HEIF picture (the box `meta`) with new items and corrected offsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from pef_tui.formats.heif import Heif
from pef_tui.formats.heif_items import IN_FILE, Extent, Location, Locations
from pef_tui.formats.mp4 import Box
from pef_tui.native import Declined
from pef_tui.native.mp4_index import pack_box
from pef_tui.native.splice import Change

_MAX_NUMBER = 0xFFFF
_HIDDEN_ITEM = b"\2\0\0\1"
"""Beginning of a box `infe`: version 2, and the flag for an item that is not shown. (ISO/IEC 23008-12, section 9.2)"""

Shift = tuple[int, int]
"""A shift: an offset in the old file, and the number of bytes by which all data from there on moves."""


class NewItem(NamedTuple):
    """A new item with metadata of the picture: EXIF or XMP."""

    kind: bytes
    """Bytes that describe the item in the box `infe`: the item type, and the bytes that follow it."""
    length: int
    """Length of the item's data in bytes."""


def build_index(
    picture: Heif, added: Sequence[NewItem], lengths: Mapping[int, int], changes: Sequence[Change]
) -> bytes:
    """Return the new box `meta`. Raises Declined if a number or an offset does not fit into its field.

    `added`: new items. Their data is inserted, one after the other, at the start of the first image data. `lengths`:
    new lengths of changed items in bytes, by item number. `changes`: all changes outside the box `meta`.
    """
    numbers = _free_numbers(picture, len(added))
    replacements = _item_tables(picture, added, numbers) if added else {}
    table, iloc = picture.locations, _box(picture, b"iloc")
    assert iloc is not None
    # `meta` may precede the image data, so the offsets in `iloc` depend on its size. But the size of an entry in `iloc`
    # does not depend on its offsets. So entries with zeros show by how many bytes `meta` grows.
    empty_locations = [Location(number, IN_FILE, 0, (Extent(0, 0, 0),)) for number in numbers]
    growth = sum(len(_pack_location(entry, table)) for entry in empty_locations)
    growth += sum(len(data) - _box_size(_box(picture, kind)) for kind, data in replacements.items())
    # Data moves if it begins at or after the end of a change. So an insertion at the start of the image data moves the
    # existing item there, and a changed item keeps its position.
    shifts = [(change.end, len(change.new) - (change.end - change.start)) for change in changes]
    shifts.append((picture.meta_box.end, growth))
    data_start = picture.media[0].content
    data_start += growth if picture.meta_box.end <= data_start else 0
    entries = [_moved_location(entry, table, lengths, shifts) for entry in table.entries]
    entries += _new_locations(added, numbers, table, data_start)
    head = picture.meta[iloc.content : iloc.content + 6]
    entry_count = len(entries).to_bytes(4 if table.version == 2 else 2, "big")
    replacements[b"iloc"] = pack_box(
        b"iloc", head, entry_count, *(_pack_location(entry, table) for entry in entries)
    )
    return pack_box(b"meta", bytes(4), *_ordered_boxes(picture, replacements))


def _box(picture: Heif, kind: bytes) -> Box | None:
    return next((box for box in picture.meta_boxes if box.kind == kind), None)


def _box_size(box: Box | None) -> int:
    return 0 if box is None else box.end - box.start


def _free_numbers(picture: Heif, needed: int) -> list[int]:
    """Return the lowest `needed` item numbers that are not used.

    Raises Declined if fewer of the numbers from 1 to 65535 are free.
    """
    numbers: list[int] = []
    for number in count(1):
        if len(numbers) == needed:
            break
        if number > _MAX_NUMBER:
            raise Declined("no number is left for an item")
        if number not in picture.used_numbers:
            numbers.append(number)
    return numbers


def _item_tables(picture: Heif, added: Sequence[NewItem], numbers: Sequence[int]) -> dict[bytes, bytes]:
    """Return the boxes `iinf` and `iref` with the new items, by the kind of the box.

    `numbers`: the item numbers of the items in `added`. Raises Declined if a number does not fit into its field.
    """
    meta, iinf, iref = picture.meta, _box(picture, b"iinf"), _box(picture, b"iref")
    assert iinf is not None
    count_width = 4 if meta[iinf.content] else 2
    entries_start = iinf.content + 4 + count_width
    item_count = int.from_bytes(meta[iinf.content + 4 : entries_start], "big") + len(added)
    entries = [
        pack_box(b"infe", _HIDDEN_ITEM, number.to_bytes(2, "big"), bytes(2), item.kind)
        for item, number in zip(added, numbers, strict=True)
    ]
    # `iref` has item numbers of 32 bits in version 1, of 16 bits in version 0. An existing `iref` keeps its version:
    # the numbers must fit.
    head = bytes((picture.primary > _MAX_NUMBER, 0, 0, 0))
    old_references = b""
    if iref is not None:
        head = meta[iref.content : iref.content + 4]
        old_references = meta[iref.content + 4 : iref.end]
    number_width = 4 if head[0] else 2
    if max(item_count >> 8 * count_width, picture.primary >> 8 * number_width):
        raise Declined("numbers of items that would not fit")
    primary = picture.primary.to_bytes(number_width, "big")
    new_references = [
        pack_box(b"cdsc", number.to_bytes(number_width, "big"), b"\0\1", primary) for number in numbers
    ]
    return {
        b"iinf": pack_box(
            b"iinf",
            meta[iinf.content : iinf.content + 4],
            item_count.to_bytes(count_width, "big"),
            meta[entries_start : iinf.end],
            *entries,
        ),
        b"iref": pack_box(b"iref", head, old_references, *new_references),
    }


def _moved_location(
    entry: Location, table: Locations, lengths: Mapping[int, int], shifts: Sequence[Shift]
) -> Location:
    """Return the `iloc` entry of an item, with the offsets and lengths of its data in the new file.

    `lengths`: new lengths of changed items in bytes, by item number. `shifts`: by how much data moves. If all extents
    (parts of the data) move by the same distance and the entry uses its base offset, only that offset changes.
    Otherwise the offset of each extent changes.
    """
    if entry.method != IN_FILE or not entry.extents:
        return entry
    extent_shifts = [sum(shift for end, shift in shifts if end <= start) for start, _ in entry.spans]
    base = entry.base
    # A file may store offsets only in the base (offset size 0), only in the extents (base size 0), or in both.
    if (
        table.sizes[2]
        and (base or not table.sizes[0])
        and extent_shifts.count(extent_shifts[0]) == len(extent_shifts)
    ):
        base += extent_shifts[0]
        extent_shifts = [0] * len(extent_shifts)
    length = lengths.get(entry.number)
    extents = tuple(
        Extent(extent.part_index, extent.offset + shift, length or extent.length)
        for extent, shift in zip(entry.extents, extent_shifts, strict=True)
    )
    return Location(entry.number, entry.method, base, extents)


def _new_locations(
    added: Sequence[NewItem], numbers: Sequence[int], table: Locations, data_start: int
) -> Iterator[Location]:
    """Yield the `iloc` entry of each new item. `numbers`: the item numbers of `added`.

    `data_start`: offset in the new file of the data of the first new item. The data of the others follows.
    """
    for item, number in zip(added, numbers, strict=True):
        # With offset size 0, only the base is stored.
        base, offset = (0, data_start) if table.sizes[0] else (data_start, 0)
        yield Location(number, IN_FILE, base, (Extent(0, offset, item.length),))
        data_start += item.length


def _pack_location(entry: Location, table: Locations) -> bytes:
    """Return the bytes of an entry in `iloc`. Raises Declined if a number does not fit into its field."""
    version, (offset, length, base, part), _ = table
    parts = [entry.number.to_bytes(4 if version == 2 else 2, "big")]
    if version:
        parts.append(entry.method.to_bytes(2, "big"))
    try:
        parts += [bytes(2), entry.base.to_bytes(base, "big"), len(entry.extents).to_bytes(2, "big")]
        for extent in entry.extents:
            parts.append(extent.part_index.to_bytes(part, "big"))
            parts.append(extent.offset.to_bytes(offset, "big"))
            parts.append(extent.length.to_bytes(length, "big"))
    except OverflowError:
        raise Declined("a place or length that would not fit") from None
    return b"".join(parts)


def _ordered_boxes(picture: Heif, replacements: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """Yield the boxes of the new index, in the order of the old index. `replacements`: new boxes by kind.

    If `iref` is new, it follows `iinf`.
    """
    for box in picture.meta_boxes:
        yield replacements.get(box.kind, picture.meta[box.start : box.end])
        if box.kind == b"iinf" and b"iref" in replacements and _box(picture, b"iref") is None:
            yield replacements[b"iref"]
