"""IPTC records as they stand among Photoshop's image resources. (IPTC-IIM 4.2; Adobe Photoshop file formats.)"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

UTF8 = b"\x1b%G"
"""The coded character set (1:90) that says UTF-8."""
IPTC, EXIF, EXIF_3, XMP = 0x0404, 0x0422, 0x0423, 0x0424
KEYWORDS, CAPTION = 25, 120
TEXTS = {
    5: "ObjectName",
    7: "EditStatus",
    40: "SpecialInstructions",
    80: "By-line",
    85: "By-lineTitle",
    90: "City",
    92: "Sub-location",
    95: "Province-State",
    100: "Country-PrimaryLocationCode",
    101: "Country-PrimaryLocationName",
    103: "OriginalTransmissionReference",
    105: "Headline",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    118: "Contact",
    120: "Caption-Abstract",
    122: "Writer-Editor",
    15: "Category",
    20: "SupplementalCategories",
    25: "Keywords",
    65: "OriginatingProgram",
    70: "ProgramVersion",
    10: "Urgency",
    55: "DateCreated",
    60: "TimeCreated",
    62: "DigitalCreationDate",
    63: "DigitalCreationTime",
}
"""Names of the datasets of record 2."""
LISTS = frozenset((20, 25, 80, 118))
LONGEST = 0x7FFF
"""Bytes of a value; what is longer has its length in another form."""
_RESOURCE = Struct(">4sH")
_SIZE = Struct(">L")
_DATASET = Struct(">BBBH")


class Broken(ValueError):
    """Resources or records that do not have their form."""


class Resource(NamedTuple):
    """One image resource, as offsets into their block."""

    number: int
    start: int
    """Of its content."""
    end: int

    @property
    def behind(self) -> int:
        """Where the next one begins: contents have an even number of bytes."""
        return self.end + (self.end - self.start & 1)


class Dataset(NamedTuple):
    """One value of an IPTC block, as offsets into it."""

    record: int
    number: int
    start: int
    """Of its head."""
    value: bytes

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.start + 5 + len(self.value)


def resources(block: bytes) -> Iterator[Resource]:
    """The image resources of a block, one behind the other. Raises Broken."""
    at, size = 0, len(block)
    while at + 12 <= size:
        kind, number = _RESOURCE.unpack_from(block, at)
        start = at + 6 + (block[at + 6] + 2 & ~1)
        if kind != b"8BIM" or start + 4 > size:
            raise Broken("a resource of another kind")
        end = start + 4 + _SIZE.unpack_from(block, start)[0]
        if end > size:
            raise Broken("a resource that is cut")
        found = Resource(number, start + 4, end)
        yield found
        at = found.behind


def datasets(block: bytes) -> Iterator[Dataset]:
    """The values of an IPTC block, up to zeros that fill it. Raises Broken."""
    at, size = 0, len(block.rstrip(b"\0"))
    while at < size:
        if at + 5 > len(block):
            raise Broken("a record that is cut")
        mark, record, number, length = _DATASET.unpack_from(block, at)
        end = at + 5 + length
        if mark != 0x1C or length > LONGEST or end > len(block):
            raise Broken("a record of an odd form")
        yield Dataset(record, number, at, block[at + 5 : end])
        at = end


def dataset(record: int, number: int, value: bytes) -> bytes:
    """One value with its head. Raises Broken for one that is too long."""
    if len(value) > LONGEST:
        raise Broken("a text that is too long")
    return _DATASET.pack(0x1C, record, number, len(value)) + value


def with_content(block: bytes, resource: Resource, content: bytes) -> bytes:
    """The block of resources with the content of one of them made anew, all others as they are."""
    size = _SIZE.pack(len(content))
    return block[: resource.start - 4] + size + content + bytes(len(content) & 1) + block[resource.behind :]
