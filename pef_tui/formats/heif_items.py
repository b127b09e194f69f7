"""The tables in the box `meta` of HEIF pictures: which items there are, where they lie, what they are about.

A table with anything in it that readers may take differently is Doubtful. (ISO/IEC 14496-12, section 8.11.)
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from pef_tui.formats.film import Box, Doubtful, boxes_in

_LETTERS = {0: "", 4: "I", 8: "Q"}
"""How `struct` calls the numbers in `iloc`, by how many bytes they have."""
_ENTRIES = {2: Struct(">HH4s"), 3: Struct(">IH4s")}
"""Number, protection and kind of an item, behind version and flags of `infe`, by that version."""
_XMP_TYPE = b"application/rdf+xml"

IN_FILE, IN_META = 0, 1
"""Where the data of an item lies: anywhere in the file, or in the box `idat`."""


class Extent(NamedTuple):
    """One part of an item's data."""

    part: int
    """Its number in an item that others are made of (`extent_index`)."""
    offset: int
    """Behind the item's base."""
    length: int


class Location(NamedTuple):
    """Where the data of an item lies."""

    number: int
    method: int
    base: int
    extents: tuple[Extent, ...]

    @property
    def spans(self) -> Iterator[tuple[int, int]]:
        """Where each part of its data begins and ends."""
        for _, offset, length in self.extents:
            yield self.base + offset, self.base + offset + length


class Locations(NamedTuple):
    """The table `iloc`."""

    version: int
    sizes: tuple[int, int, int, int]
    """Bytes of offsets, lengths, bases and part numbers."""
    entries: tuple[Location, ...]


class Items(NamedTuple):
    """The table `iinf`."""

    numbers: frozenset[int]
    exif: tuple[int, ...]
    """Numbers of items that hold EXIF."""
    xmp: tuple[int, ...]


class Reference(NamedTuple):
    """What an item has to do with others."""

    kind: bytes
    number: int
    others: tuple[int, ...]


class _Table:
    """Numbers of a table, one after the other."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._at = start
        self._end = end

    def take(self, count: int) -> int:
        at = self._at
        self._at = at + count
        if self._at > self._end:
            raise Doubtful("a table that is cut")
        return int.from_bytes(self._data[at : self._at], "big")

    def rest(self) -> bytes:
        return self._data[self._at : self._end]

    def head(self, versions: int) -> int:
        """The version, one below `versions`; flags mean nothing here."""
        version = self.take(1)
        if version >= versions or self.take(3):
            raise Doubtful("a table of an unknown version")
        return version

    def finish(self) -> None:
        if self._at != self._end:
            raise Doubtful("a table longer than it says")


def read_primary(meta: bytes, box: Box) -> int:
    """The number of the item that is the picture (`pitm`). Raises Doubtful."""
    table = _Table(meta, box.content, box.end)
    number = table.take(2 if table.head(2) == 0 else 4)
    table.finish()
    return number


def read_items(meta: bytes, box: Box) -> Items:
    """Raises Doubtful."""
    version = meta[box.content] if box.content < box.end else 0
    table = _Table(meta, box.content, box.end)
    table.head(3)
    count = table.take(4 if version else 2)
    entries = boxes_in(meta, box.content + (8 if version else 6), box.end)
    if count != len(entries):
        raise Doubtful("another number of items than there are")
    numbers: set[int] = set()
    found: dict[str, list[int]] = {"exif": [], "xmp": []}
    for entry in entries:
        number, kind = _entry(meta, entry)
        numbers.add(number)
        if kind:
            found[kind].append(number)
    if len(numbers) != len(entries):
        raise Doubtful("two items of one number")
    return Items(frozenset(numbers), tuple(found["exif"]), tuple(found["xmp"]))


def _entry(meta: bytes, box: Box) -> tuple[int, str]:
    """An item's number; `exif` or `xmp` where it holds such."""
    at, version = box.content, meta[box.content] if box.kind == b"infe" and box.content < box.end else 0
    if version not in _ENTRIES or at + _ENTRIES[version].size >= box.end:
        raise Doubtful("an item of an unknown form or version")
    number, protected, kind = _ENTRIES[version].unpack_from(meta, at + 4)
    if kind == b"Exif":
        found = "exif"
    elif kind == b"mime" and _XMP_TYPE in (words := meta[at + 4 + _ENTRIES[version].size : box.end]).lower():
        found = "xmp"
        _, _, told = words.partition(b"\0")
        if told.strip(b"\0") != _XMP_TYPE or not told.endswith(b"\0"):
            raise Doubtful("XMP that is packed, or called otherwise")
    else:
        return int(number), ""
    if protected:
        raise Doubtful("tags that are protected")
    return int(number), found


def read_references(meta: bytes, box: Box) -> list[Reference]:
    """Raises Doubtful."""
    table = _Table(meta, box.content, box.end)
    wide = 2 if table.head(2) == 0 else 4
    found = []
    for each in boxes_in(meta, box.content + 4, box.end):
        inner = _Table(meta, each.content, each.end)
        number = inner.take(wide)
        others = tuple(inner.take(wide) for _ in range(inner.take(2)))
        inner.finish()
        found.append(Reference(each.kind, number, others))
    return found


def read_groups(meta: bytes, box: Box) -> frozenset[int]:
    """The numbers of groups of items, which are no items' numbers. Raises Doubtful."""
    found = set()
    for each in boxes_in(meta, box.content + 4, box.end):
        table = _Table(meta, each.content, each.end)
        table.take(4)
        found.add(table.take(4))
    return frozenset(found)


def read_locations(meta: bytes, box: Box) -> Locations:
    """Raises Doubtful, also for data in other files or made of other items. Where data lies is not looked at."""
    table = _Table(meta, box.content, box.end)
    version = table.head(3)
    first, second = table.take(1), table.take(1)
    sizes = first >> 4, first & 15, second >> 4, second & 15
    if not _LETTERS.keys() >= {*sizes} or (version == 0 and sizes[3]):
        raise Doubtful("places of an odd size")
    wide = 4 if version == 2 else 2
    number = table.take(wide)
    entries = tuple(_entries(table.rest(), number, version, sizes))
    if len({entry.number for entry in entries}) != number:
        raise Doubtful("an item that lies in two places")
    return Locations(version, sizes, entries)


def _entries(data: bytes, number: int, version: int, sizes: tuple[int, int, int, int]) -> Iterator[Location]:
    """So many entries, which fill the data. Raises Doubtful."""
    offset, length, base, part = (_LETTERS[size] for size in sizes)
    head = Struct(f">{'I' if version == 2 else 'H'}{'H' if version else ''}H{base}H")
    extent = Struct(f">{part}{offset}{length}")
    at = 0
    for _ in range(number):
        behind = at + head.size
        if behind > len(data):
            raise Doubtful("a table that is cut")
        fields = head.unpack_from(data, at)
        method = fields[1] if version else IN_FILE
        if method not in (IN_FILE, IN_META) or fields[2 if version else 1]:
            raise Doubtful("data in another file, or made of other items")
        at = behind + fields[-1] * extent.size
        if at > len(data) or (fields[-1] and not length):
            raise Doubtful("a table that is cut, or tells no lengths")
        extents = tuple(
            Extent(found[0] if part else 0, found[1 if part else 0] if offset else 0, found[-1])
            for found in (extent.iter_unpack(data[behind:at]) if fields[-1] else ())
        )
        yield Location(fields[0], method, fields[-2] if base else 0, extents)
    if at != len(data):
        raise Doubtful("a table longer than it says")
