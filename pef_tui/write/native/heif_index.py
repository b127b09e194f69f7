"""The index of a HEIF picture (the box `meta`) with items added to it and with all places corrected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from pef_tui.formats.film import Box
from pef_tui.formats.heif import Heif
from pef_tui.formats.heif_items import IN_FILE, Extent, Location, Locations
from pef_tui.write.native.declined import Declined
from pef_tui.write.native.film_index import made
from pef_tui.write.native.laying import Change

_LAST = 0xFFFF
_HIDDEN = b"\2\0\0\1"
"""Version 2, and a flag: not to be shown by itself. (ISO/IEC 23008-12, section 9.2)"""

Step = tuple[int, int]
"""From where on the file moves, and by how many bytes."""


class Added(NamedTuple):
    """A new item about the picture."""

    kind: bytes
    """And what follows it in `infe`."""
    length: int


def index_with(
    found: Heif, added: Sequence[Added], lengths: Mapping[int, int], changes: Sequence[Change]
) -> bytes:
    """The new box `meta`. Raises Declined where places in it could not be told.

    `added`: items whose data is put, one behind the other, where the first image data begins; `lengths`: of items
    that change, by number; `changes`: all that changes in the rest of the file.
    """
    numbers = _free_numbers(found, len(added))
    new = _with_items(found, added, numbers) if added else {}
    table, old = found.locations, _box(found, b"iloc")
    assert old is not None
    fresh = [Location(number, IN_FILE, 0, (Extent(0, 0, 0),)) for number in numbers]
    grown = sum(len(_packed(each, table)) for each in fresh)
    grown += sum(len(data) - _length(_box(found, kind)) for kind, data in new.items())
    steps = [(change.end, len(change.new) - (change.end - change.start)) for change in changes]
    steps.append((found.meta_box.end, grown))
    place = found.media[0].content
    place += grown if found.meta_box.end <= place else 0
    entries = [_moved(each, table, lengths, steps) for each in table.entries]
    entries += _placed(added, numbers, table, place)
    head = found.meta[old.content : old.content + 6]
    many = len(entries).to_bytes(4 if table.version == 2 else 2, "big")
    new[b"iloc"] = made(b"iloc", head, many, *(_packed(each, table) for each in entries))
    return made(b"meta", bytes(4), *_parts(found, new))


def _box(found: Heif, kind: bytes) -> Box | None:
    return next((box for box in found.inside if box.kind == kind), None)


def _length(box: Box | None) -> int:
    return 0 if box is None else box.end - box.start


def _free_numbers(found: Heif, many: int) -> list[int]:
    """The lowest numbers that are free."""
    numbers: list[int] = []
    for number in count(1):
        if len(numbers) == many:
            break
        if number > _LAST:
            raise Declined("no number is left for an item")
        if number not in found.numbers:
            numbers.append(number)
    return numbers


def _with_items(found: Heif, added: Sequence[Added], numbers: Sequence[int]) -> dict[bytes, bytes]:
    """The boxes `iinf` and `iref` with the new items."""
    meta, old, references = found.meta, _box(found, b"iinf"), _box(found, b"iref")
    assert old is not None
    wide = 4 if meta[old.content] else 2
    behind = old.content + 4 + wide
    many = int.from_bytes(meta[old.content + 4 : behind], "big") + len(added)
    entries = [
        made(b"infe", _HIDDEN, number.to_bytes(2, "big"), bytes(2), item.kind)
        for item, number in zip(added, numbers, strict=True)
    ]
    head = bytes((found.primary > _LAST, 0, 0, 0))
    kept = b""
    if references is not None:
        head = meta[references.content : references.content + 4]
        kept = meta[references.content + 4 : references.end]
    told = 4 if head[0] else 2
    if max(many >> 8 * wide, found.primary >> 8 * told):
        raise Declined("numbers of items that would not fit")
    primary = found.primary.to_bytes(told, "big")
    about = [made(b"cdsc", number.to_bytes(told, "big"), b"\0\1", primary) for number in numbers]
    return {
        b"iinf": made(
            b"iinf",
            meta[old.content : old.content + 4],
            many.to_bytes(wide, "big"),
            meta[behind : old.end],
            *entries,
        ),
        b"iref": made(b"iref", head, kept, *about),
    }


def _moved(entry: Location, table: Locations, lengths: Mapping[int, int], steps: Sequence[Step]) -> Location:
    """The entry with its places corrected, by its base where that tells them."""
    if entry.method != IN_FILE or not entry.extents:
        return entry
    moved = [sum(by for end, by in steps if end <= start) for start, _ in entry.spans]
    base = entry.base
    if table.sizes[2] and (base or not table.sizes[0]) and moved.count(moved[0]) == len(moved):
        base += moved[0]
        moved = [0] * len(moved)
    length = lengths.get(entry.number)
    extents = tuple(
        Extent(each.part, each.offset + by, length or each.length)
        for each, by in zip(entry.extents, moved, strict=True)
    )
    return Location(entry.number, entry.method, base, extents)


def _placed(
    added: Sequence[Added], numbers: Sequence[int], table: Locations, place: int
) -> Iterator[Location]:
    """Entries for the new items, whose data begins at this place of the new file."""
    for item, number in zip(added, numbers, strict=True):
        base, offset = (0, place) if table.sizes[0] else (place, 0)
        yield Location(number, IN_FILE, base, (Extent(0, offset, item.length),))
        place += item.length


def _packed(entry: Location, table: Locations) -> bytes:
    """The entry as it stands in `iloc`. Raises Declined where a number does not fit."""
    version, (offset, length, base, part), _ = table
    parts = [entry.number.to_bytes(4 if version == 2 else 2, "big")]
    if version:
        parts.append(entry.method.to_bytes(2, "big"))
    try:
        parts += [bytes(2), entry.base.to_bytes(base, "big"), len(entry.extents).to_bytes(2, "big")]
        for extent in entry.extents:
            parts.append(extent.part.to_bytes(part, "big"))
            parts.append(extent.offset.to_bytes(offset, "big"))
            parts.append(extent.length.to_bytes(length, "big"))
    except OverflowError:
        raise Declined("a place or length that would not fit") from None
    return b"".join(parts)


def _parts(found: Heif, new: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """The boxes of the new index in their order; references come behind the items where there were none."""
    for box in found.inside:
        yield new.get(box.kind, found.meta[box.start : box.end])
        if box.kind == b"iinf" and b"iref" in new and _box(found, b"iref") is None:
            yield new[b"iref"]
