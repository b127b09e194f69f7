"""Read the tables in the box `meta` of HEIF pictures: items, locations of their data, references between them.

The functions raise UnsupportedStructure for anything that programs may read in different ways. (ISO/IEC 14496-12,
section 8.11.)
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.mp4 import Box, read_boxes

_LETTERS = {0: "", 4: "I", 8: "Q"}
"""The `struct` format of a number in the table `iloc`, by the size of the number in bytes."""
_ENTRIES = {2: Struct(">HH4s"), 3: Struct(">IH4s")}
"""The fields of a box `infe` after version and flags, by the version: number, protection and type of an item."""
_XMP_TYPE = b"application/rdf+xml"

IN_FILE, IN_META = 0, 1
"""Values of `Location.method`: where the offsets of an item's data count. IN_FILE: in the file. IN_META: in the box
`idat` inside the box `meta`.
"""


class Extent(NamedTuple):
    """One part of an item's data."""

    part_index: int
    """The field `extent_index`, which is used for items that are derived from other items."""
    offset: int
    """Offset relative to `Location.base`."""
    length: int
    """Length in bytes."""


class Location(NamedTuple):
    """The entry of an item in the table `iloc`: where its data is."""

    number: int
    method: int
    base: int
    extents: tuple[Extent, ...]

    @property
    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield start and end of each part of the item's data."""
        for _, offset, length in self.extents:
            yield self.base + offset, self.base + offset + length


class Locations(NamedTuple):
    """The table `iloc`: where the data of all items is."""

    version: int
    sizes: tuple[int, int, int, int]
    """Size in bytes of each offset, length, base and part index in the table."""
    entries: tuple[Location, ...]


class Items(NamedTuple):
    """The table `iinf`: the numbers of all items, and of the items with EXIF or XMP."""

    numbers: frozenset[int]
    exif: tuple[int, ...]
    """Numbers of the items that hold EXIF."""
    xmp: tuple[int, ...]
    """Numbers of the items that hold XMP."""


class Reference(NamedTuple):
    """A reference from an item to other items."""

    kind: bytes
    number: int
    """Number of the item that has the reference."""
    targets: tuple[int, ...]
    """Numbers of the items to which the reference points."""


class _Table:
    """Reads the numbers of a table one after another. Raises UnsupportedStructure if the table ends too early."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._at = start
        self._end = end

    def read(self, count: int) -> int:
        start = self._at
        self._at = start + count
        if self._at > self._end:
            raise UnsupportedStructure("a table that is cut")
        return int.from_bytes(self._data[start : self._at], "big")

    def remaining(self) -> bytes:
        return self._data[self._at : self._end]

    def read_version(self, limit: int) -> int:
        """Return the version of the table.

        Raises UnsupportedStructure if the version is not below `limit`, or if a flag is set.
        """
        version = self.read(1)
        if version >= limit or self.read(3):
            raise UnsupportedStructure("a table of an unknown version")
        return version

    def check_end(self) -> None:
        if self._at != self._end:
            raise UnsupportedStructure("a table longer than it says")


def read_primary(meta: bytes, box: Box) -> int:
    """Return the number of the item that is the picture, from the box `pitm`.

    Raises UnsupportedStructure if the box is damaged or has an unknown version.
    """
    table = _Table(meta, box.content, box.end)
    number = table.read(2 if table.read_version(2) == 0 else 4)
    table.check_end()
    return number


def read_items(meta: bytes, box: Box) -> Items:
    """Read the table of items (box `iinf`).

    Raises UnsupportedStructure if the table is damaged, or if tags are compressed or protected.
    """
    version = meta[box.content] if box.content < box.end else 0
    table = _Table(meta, box.content, box.end)
    table.read_version(3)
    count = table.read(4 if version else 2)
    entries = read_boxes(meta, box.content + (8 if version else 6), box.end)
    if count != len(entries):
        raise UnsupportedStructure("another number of items than there are")
    numbers: set[int] = set()
    tag_items: dict[str, list[int]] = {"exif": [], "xmp": []}
    for entry in entries:
        number, kind = _item_entry(meta, entry)
        numbers.add(number)
        if kind:
            tag_items[kind].append(number)
    if len(numbers) != len(entries):
        raise UnsupportedStructure("two items of one number")
    return Items(frozenset(numbers), tuple(tag_items["exif"]), tuple(tag_items["xmp"]))


def _item_entry(meta: bytes, box: Box) -> tuple[int, str]:
    """Return the number of an item, and the kind of its tags: `exif`, `xmp`, or "" if it holds none.

    `box`: the box `infe` of the item. Raises UnsupportedStructure for an unknown form, and for protected tags.
    """
    start, version = box.content, meta[box.content] if box.kind == b"infe" and box.content < box.end else 0
    if version not in _ENTRIES or start + _ENTRIES[version].size >= box.end:
        raise UnsupportedStructure("an item of an unknown form or version")
    number, protected, kind = _ENTRIES[version].unpack_from(meta, start + 4)
    if kind == b"Exif":
        tag_kind = "exif"
    elif (
        kind == b"mime" and _XMP_TYPE in (names := meta[start + 4 + _ENTRIES[version].size : box.end]).lower()
    ):
        tag_kind = "xmp"
        _, _, content_type = names.partition(b"\0")
        if content_type.strip(b"\0") != _XMP_TYPE or not content_type.endswith(b"\0"):
            raise UnsupportedStructure("XMP that is packed, or called otherwise")
    else:
        return int(number), ""
    if protected:
        raise UnsupportedStructure("tags that are protected")
    return int(number), tag_kind


def read_references(meta: bytes, box: Box) -> list[Reference]:
    """Read the references between items (box `iref`). Raises UnsupportedStructure if the box is damaged."""
    table = _Table(meta, box.content, box.end)
    number_width = 2 if table.read_version(2) == 0 else 4
    references = []
    for reference_box in read_boxes(meta, box.content + 4, box.end):
        reference = _Table(meta, reference_box.content, reference_box.end)
        number = reference.read(number_width)
        targets = tuple(reference.read(number_width) for _ in range(reference.read(2)))
        reference.check_end()
        references.append(Reference(reference_box.kind, number, targets))
    return references


def read_groups(meta: bytes, box: Box) -> frozenset[int]:
    """Return the numbers of the groups of items. (No item may have the number of a group.)

    `box`: the box `grpl`. Raises UnsupportedStructure if it is damaged.
    """
    numbers = set()
    for group in read_boxes(meta, box.content + 4, box.end):
        table = _Table(meta, group.content, group.end)
        table.read(4)
        numbers.add(table.read(4))
    return frozenset(numbers)


def read_locations(meta: bytes, box: Box) -> Locations:
    """Read the table of locations (box `iloc`). It is not checked whether the offsets are inside the file.

    Raises UnsupportedStructure if the table is damaged, or if data is in another file or derived from other items.
    """
    table = _Table(meta, box.content, box.end)
    version = table.read_version(3)
    first, second = table.read(1), table.read(1)
    sizes = first >> 4, first & 15, second >> 4, second & 15
    if not _LETTERS.keys() >= {*sizes} or (version == 0 and sizes[3]):
        raise UnsupportedStructure("places of an odd size")
    count_width = 4 if version == 2 else 2
    count = table.read(count_width)
    entries = tuple(_location_entries(table.remaining(), count, version, sizes))
    if len({entry.number for entry in entries}) != count:
        raise UnsupportedStructure("an item that lies in two places")
    return Locations(version, sizes, entries)


def _location_entries(
    data: bytes, count: int, version: int, sizes: tuple[int, int, int, int]
) -> Iterator[Location]:
    """Yield the `count` entries of the table `iloc`. `data`: the bytes of all entries; `sizes`: see `Locations.sizes`.

    Raises UnsupportedStructure if the entries do not end exactly at the end of `data`, or if an item has data in
    another file or data derived from other items.
    """
    offset, length, base, index = (_LETTERS[size] for size in sizes)
    head = Struct(f">{'I' if version == 2 else 'H'}{'H' if version else ''}H{base}H")
    extent = Struct(f">{index}{offset}{length}")
    position = 0
    for _ in range(count):
        extents_start = position + head.size
        if extents_start > len(data):
            raise UnsupportedStructure("a table that is cut")
        fields = head.unpack_from(data, position)
        method = fields[1] if version else IN_FILE
        if method not in (IN_FILE, IN_META) or fields[2 if version else 1]:
            raise UnsupportedStructure("data in another file, or made of other items")
        position = extents_start + fields[-1] * extent.size
        if position > len(data) or (fields[-1] and not length):
            raise UnsupportedStructure("a table that is cut, or tells no lengths")
        extents = tuple(
            Extent(values[0] if index else 0, values[1 if index else 0] if offset else 0, values[-1])
            for values in (extent.iter_unpack(data[extents_start:position]) if fields[-1] else ())
        )
        yield Location(fields[0], method, fields[-2] if base else 0, extents)
    if position != len(data):
        raise UnsupportedStructure("a table longer than it says")
