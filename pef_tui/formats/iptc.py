"""Read and write IPTC records in Photoshop's image resources. (IPTC-IIM 4.2; Adobe Photoshop file formats.)

Also apply the rule for IPTC tags: writers change an existing IPTC block, and never create one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import NamedTuple

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.model import TagEdit

GROUP = "IPTC:"
"""The prefix of IPTC tags in edits and in `FileMetadata.tags`."""
UTF8 = b"\x1b%G"
"""Value of the record "coded character set" (1:90) that declares UTF-8."""
IPTC, EXIF, EXIF_3, XMP = 0x0404, 0x0422, 0x0423, 0x0424
KEYWORDS, CAPTION = 25, 120
DATASET_NAMES = {
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
"""Names of the datasets of record 2, by number."""
LIST_DATASETS = frozenset((20, 25, 80, 118))
MAX_VALUE = 0x7FFF
"""Largest value in bytes. A longer one has its length in another form, which is not supported."""
_RESOURCE = Struct(">4sH")
_SIZE = Struct(">L")
_DATASET = Struct(">BBBH")


class Resource(NamedTuple):
    """A Photoshop image resource, as offsets in the block of resources."""

    number: int
    start: int
    """Offset of the content of the resource."""
    end: int

    @property
    def next_start(self) -> int:
        """Offset of the next resource. A content with an odd number of bytes has one padding byte after it."""
        return self.end + (self.end - self.start & 1)


class Dataset(NamedTuple):
    """A value in an IPTC block, such as a keyword, with its position in the block."""

    record: int
    number: int
    start: int
    """Offset of the head, which precedes the value."""
    value: bytes

    @property
    def end(self) -> int:
        """Offset of the next dataset."""
        return self.start + 5 + len(self.value)


def has_block(tags: Iterable[str]) -> bool:
    """Return whether `tags`, the names of the tags in a file, include an IPTC tag. The file then has an IPTC block."""
    return any(tag.startswith(GROUP) for tag in tags)


def drop_without_block(edits: tuple[TagEdit, ...], tags: Iterable[str]) -> tuple[TagEdit, ...]:
    """Return `edits`; without the edits of IPTC tags if the file has no IPTC block.

    `tags`: the names of the tags in the file.
    """
    remaining = [edit for edit in edits if not edit.tag.startswith(GROUP)]
    return edits if len(remaining) == len(edits) or has_block(tags) else tuple(remaining)


def read_resources(block: bytes) -> Iterator[Resource]:
    """Yield the image resources of a block in order. Raises UnsupportedStructure for a damaged resource."""
    position, size = 0, len(block)
    while position + 12 <= size:
        kind, number = _RESOURCE.unpack_from(block, position)
        start = position + 6 + (block[position + 6] + 2 & ~1)
        if kind != b"8BIM" or start + 4 > size:
            raise UnsupportedStructure("a resource of another kind")
        end = start + 4 + _SIZE.unpack_from(block, start)[0]
        if end > size:
            raise UnsupportedStructure("a resource that is cut")
        resource = Resource(number, start + 4, end)
        yield resource
        position = resource.next_start


def read_datasets(block: bytes) -> Iterator[Dataset]:
    """Yield the values of an IPTC block in order. Zeros at the end of the block are ignored.

    Raises UnsupportedStructure for a value that is cut, longer than MAX_VALUE, or in an unknown form.
    """
    position, size = 0, len(block.rstrip(b"\0"))
    while position < size:
        if position + 5 > len(block):
            raise UnsupportedStructure("a record that is cut")
        mark, record, number, length = _DATASET.unpack_from(block, position)
        end = position + 5 + length
        if mark != 0x1C or length > MAX_VALUE or end > len(block):
            raise UnsupportedStructure("a record of an odd form")
        yield Dataset(record, number, position, block[position + 5 : end])
        position = end


def pack_dataset(record: int, number: int, value: bytes) -> bytes:
    """Return the bytes of a value with its head. Raises UnsupportedStructure if `value` is longer than MAX_VALUE."""
    if len(value) > MAX_VALUE:
        raise UnsupportedStructure("a text that is too long")
    return _DATASET.pack(0x1C, record, number, len(value)) + value


def replace_content(block: bytes, resource: Resource, content: bytes) -> bytes:
    """Return the block of image resources with `content` in place of the content of `resource`."""
    size = _SIZE.pack(len(content))
    return (
        block[: resource.start - 4] + size + content + bytes(len(content) & 1) + block[resource.next_start :]
    )
