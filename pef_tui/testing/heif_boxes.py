"""Build HEIF files of any layout from boxes. The image data in the files cannot be decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from struct import pack

from pef_tui.testing.films import box

PIXELS = bytes(range(1, 251)) * 3
"""Image data of an item, which cannot be decoded."""
_CODEC = bytes.fromhex("01016000000090000000000078f000fcfdf8f800000f00")
XMP_TYPE = b"application/rdf+xml\0"


@dataclass
class Item:
    """One item of a HEIF file."""

    number: int
    """The item id."""
    kind: bytes
    """The item type, four bytes: `Exif`, `mime`, `hvc1`."""
    data: bytes
    says: bytes = b"\0"
    """Bytes after the item type in `infe`: the name of the item, or for a `mime` item its name and content type."""
    method: int = 0
    """The construction method in `iloc`: 0 for data in `mdat`, 1 for data in `idat`."""
    cuts: tuple[int, ...] = ()
    """Offsets at which the data is split into extents."""
    hidden: bool = False
    source: int = 0
    """Index of the data reference of the item; 0 for this file."""
    version: int = 2
    """Version of the `infe` box."""
    protected: int = 0
    """Index of the protection of the item; 0 if it is not protected."""
    place: int | None = None
    """Index of the `mdat` box that contains the data, from 0; None for the first `mdat` box."""


def exif_item(number: int, block: bytes, head: bytes = b"\0\0\0\6Exif\0\0", **more: object) -> Item:
    """Return an item with EXIF data. `block`: TIFF structure of the data.

    `head`: the bytes before `block`: the distance to `block` (4 bytes), and the bytes in between.
    """
    return Item(number, b"Exif", head + block, hidden=True, **more)  # type: ignore[arg-type]


def xmp_item(number: int, packet: bytes, says: bytes = b"\0" + XMP_TYPE, **more: object) -> Item:
    """Return an item with the XMP packet `packet`."""
    return Item(number, b"mime", packet, says, hidden=True, **more)  # type: ignore[arg-type]


def about(number: int, *others: int, kind: bytes = b"cdsc") -> tuple[bytes, int, tuple[int, ...]]:
    """Return a reference from the item `number` to the items `others`, for `Heif.references`.

    `kind`: type of the reference; `cdsc` means that the item describes the others.
    """
    return kind, number, others


@dataclass
class Heif:
    """Layout of a HEIF file."""

    items: Sequence[Item]
    references: Sequence[tuple[bytes, int, tuple[int, ...]]] = ()
    brand: bytes = b"heic"
    order: tuple[str, ...] = ("ftyp", "meta", "mdat")
    """Boxes at the top level, in their order; `mdat` can be repeated. Names of further boxes are keys of `others`."""
    inside: tuple[str, ...] = ("hdlr", "pitm", "iinf", "iref", "iprp", "idat", "iloc")
    """Boxes in `meta`, in their order. Names of further boxes are keys of `others`."""
    primary: int = 1
    """Number of the primary item."""
    iloc: int = 0
    """Version of the `iloc` box."""
    sizes: tuple[int, int, int, int] = (4, 4, 0, 0)
    """Sizes in bytes of the offsets, lengths, base offsets and extent indexes in `iloc`."""
    based: bool = False
    """True if `iloc` has the offset of an item as base offset, to which the offsets of its extents are added."""
    wide_numbers: bool = False
    """True for 32-bit item numbers in `iref`, `iinf` and `pitm`."""
    long_media: bool = False
    """True for 64-bit sizes of `mdat`."""
    to_the_end: bool = False
    """True if the last `mdat` has the size 0, so that it extends to the end of the file."""
    before: bytes = b""
    """Bytes at the start of the first `mdat`, before the data of all items."""
    others: Mapping[str, bytes] = field(default_factory=dict)
    """Complete boxes, by the names that `order` or `inside` use for them."""


def heif(picture: Heif) -> bytes:
    """Return the bytes of the file. It is built twice, because the first pass determines the offsets of the items."""
    places: dict[int, int] = {item.number: 0 for item in picture.items}
    out = b""
    for _ in range(2):
        out, places = _build(picture, places)
    return out


def _build(picture: Heif, places: Mapping[int, int]) -> tuple[bytes, dict[int, int]]:
    new_places: dict[int, int] = {}
    out, media = b"", 0
    parts: dict[str, Callable[[], bytes]] = {
        "ftyp": lambda: box(b"ftyp", picture.brand, bytes(4), b"mif1", picture.brand),
        "meta": lambda: _meta(picture, places, new_places),
    }
    for number, word in enumerate(picture.order):
        if word == "mdat":
            items = [i for i in picture.items if not i.method and (i.place or 0) == media]
            head = 16 if picture.long_media else 8
            data = picture.before if not media else b""
            for item in items:
                new_places[item.number] = len(out) + head + len(data)
                data += item.data
            media += 1
            last = picture.to_the_end and number == len(picture.order) - 1
            out += _media(data, picture.long_media, last)
        else:
            out += parts[word]() if word in parts else picture.others[word]
    return out, new_places


def _media(data: bytes, long: bool, open_end: bool) -> bytes:
    """Return an `mdat` box. `long`: with a 64-bit size; `open_end`: with the size 0."""
    if open_end:
        return bytes(4) + b"mdat" + data
    return pack(">I4sQ", 1, b"mdat", 16 + len(data)) + data if long else box(b"mdat", data)


def _meta(picture: Heif, places: Mapping[int, int], new_places: dict[int, int]) -> bytes:
    inner = b""
    for item in picture.items:
        if item.method == 1:
            new_places[item.number] = len(inner)
            inner += item.data
    wide = picture.wide_numbers
    number: Callable[[int], bytes] = lambda value: value.to_bytes(4 if wide else 2, "big")  # noqa: E731
    version = b"\1\0\0\0" if wide else bytes(4)
    references = b"".join(
        box(kind, number(source), len(targets).to_bytes(2, "big"), *map(number, targets))
        for kind, source, targets in picture.references
    )
    parts = {
        "hdlr": box(b"hdlr", bytes(8), b"pict", bytes(13)),
        "pitm": box(b"pitm", version, number(picture.primary)),
        "iinf": box(b"iinf", version, number(len(picture.items)), *map(_entry, picture.items)),
        "iref": box(b"iref", version, references) if references else b"",
        "iprp": _properties(picture),
        "idat": box(b"idat", inner) if inner else b"",
        "iloc": _locations(picture, places),
    }
    return box(b"meta", bytes(4), *((parts | dict(picture.others))[word] for word in picture.inside))


def _entry(item: Item) -> bytes:
    wide = 4 if item.version == 3 else 2
    flags = bytes((item.version, 0, 0, item.hidden))
    numbers = item.number.to_bytes(wide, "big") + item.protected.to_bytes(2, "big")
    return box(b"infe", flags, numbers, item.kind, item.says)


def _properties(picture: Heif) -> bytes:
    size = box(b"ispe", bytes(4), (320).to_bytes(4, "big"), (240).to_bytes(4, "big"))
    content = box(b"ipco", box(b"hvcC", _CODEC), size, box(b"pixi", bytes(4), b"\3\x08\x08\x08"))
    images = [item for item in picture.items if item.kind not in (b"Exif", b"mime")]
    wide = 4 if picture.wide_numbers else 2
    associations = b"".join(item.number.to_bytes(wide, "big") + b"\3\x81\2\3" for item in images)
    version = bytes((picture.wide_numbers, 0, 0, 0))
    return box(b"iprp", content, box(b"ipma", version, len(images).to_bytes(4, "big"), associations))


def _locations(picture: Heif, places: Mapping[int, int]) -> bytes:
    offset, length, base, index = picture.sizes
    version = picture.iloc
    wide = 4 if version == 2 else 2
    out = bytes((version, 0, 0, 0, offset << 4 | length, base << 4 | (index if version else 0)))
    out += len(picture.items).to_bytes(wide, "big")
    for item in picture.items:
        start = places.get(item.number, 0)
        out += item.number.to_bytes(wide, "big")
        out += item.method.to_bytes(2, "big") if version else b""
        out += item.source.to_bytes(2, "big")
        out += (start if picture.based else 0).to_bytes(base, "big")
        edges = (0, *item.cuts, len(item.data))
        out += (len(edges) - 1).to_bytes(2, "big")
        for first, last in pairwise(edges):
            out += bytes(index if version else 0)
            out += (first + (0 if picture.based else start)).to_bytes(offset, "big")
            out += (last - first).to_bytes(length, "big")
    return box(b"iloc", out)
