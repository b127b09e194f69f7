"""HEIF pictures of any layout, put together from boxes; their image data is none that could be decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from struct import pack

from pef_tui.testing.films import box

PIXELS = bytes(range(1, 251)) * 3
"""Image data of an item; nobody decodes it."""
_CODEC = bytes.fromhex("01016000000090000000000078f000fcfdf8f800000f00")
XMP_TYPE = b"application/rdf+xml\0"


@dataclass
class Item:
    """One item of a HEIF file."""

    number: int
    kind: bytes
    data: bytes
    says: bytes = b"\0"
    """What follows its kind: its name, for `mime` its type."""
    method: int = 0
    cuts: tuple[int, ...] = ()
    """Where its data is cut into extents."""
    hidden: bool = False
    source: int = 0
    """Its data reference; 0 this file."""
    version: int = 2
    protected: int = 0
    place: int | None = None
    """Number of the `mdat` its data lies in; the first, unless told."""


def exif_item(number: int, block: bytes, head: bytes = b"\0\0\0\6Exif\0\0", **more: object) -> Item:
    """An item with EXIF; `head`: how far its TIFF block lies behind, and what comes before that."""
    return Item(number, b"Exif", head + block, hidden=True, **more)  # type: ignore[arg-type]


def xmp_item(number: int, packet: bytes, says: bytes = b"\0" + XMP_TYPE, **more: object) -> Item:
    """An item with XMP."""
    return Item(number, b"mime", packet, says, hidden=True, **more)  # type: ignore[arg-type]


def about(number: int, *others: int, kind: bytes = b"cdsc") -> tuple[bytes, int, tuple[int, ...]]:
    """A reference from one item to others."""
    return kind, number, others


@dataclass
class Heif:
    """How a HEIF file is laid out."""

    items: Sequence[Item]
    references: Sequence[tuple[bytes, int, tuple[int, ...]]] = ()
    brand: bytes = b"heic"
    order: tuple[str, ...] = ("ftyp", "meta", "mdat")
    """Boxes at the top; `mdat` again for a second one, other words for those in `others`."""
    inside: tuple[str, ...] = ("hdlr", "pitm", "iinf", "iref", "iprp", "idat", "iloc")
    """Boxes of `meta`; other words for those in `others`."""
    primary: int = 1
    iloc: int = 0
    """Its version."""
    sizes: tuple[int, int, int, int] = (4, 4, 0, 0)
    """Bytes of offsets, lengths, bases and extent numbers in it."""
    based: bool = False
    """Are places told by the base?"""
    wide_numbers: bool = False
    """Numbers of items in `iref`, `iinf` and `pitm` in 32 bits."""
    long_media: bool = False
    to_the_end: bool = False
    """Has the last `mdat` no size?"""
    before: bytes = b""
    """Bytes in the first `mdat` before all items."""
    others: Mapping[str, bytes] = field(default_factory=dict)
    """Whole boxes by the word that stands for them in `order` or `inside`."""


def heif(picture: Heif) -> bytes:
    """The file. It is put together twice, the first time to learn how long everything is."""
    places: dict[int, int] = {item.number: 0 for item in picture.items}
    out = b""
    for _ in range(2):
        out, places = _laid(picture, places)
    return out


def _laid(picture: Heif, places: Mapping[int, int]) -> tuple[bytes, dict[int, int]]:
    found: dict[int, int] = {}
    out, media = b"", 0
    parts: dict[str, Callable[[], bytes]] = {
        "ftyp": lambda: box(b"ftyp", picture.brand, bytes(4), b"mif1", picture.brand),
        "meta": lambda: _meta(picture, places, found),
    }
    for number, word in enumerate(picture.order):
        if word == "mdat":
            items = [i for i in picture.items if not i.method and (i.place or 0) == media]
            head = 16 if picture.long_media else 8
            data = picture.before if not media else b""
            for item in items:
                found[item.number] = len(out) + head + len(data)
                data += item.data
            media += 1
            last = picture.to_the_end and number == len(picture.order) - 1
            out += _media(data, picture.long_media, last)
        else:
            out += parts[word]() if word in parts else picture.others[word]
    return out, found


def _media(data: bytes, long: bool, open_end: bool) -> bytes:
    if open_end:
        return bytes(4) + b"mdat" + data
    return pack(">I4sQ", 1, b"mdat", 16 + len(data)) + data if long else box(b"mdat", data)


def _meta(picture: Heif, places: Mapping[int, int], found: dict[int, int]) -> bytes:
    inner = b""
    for item in picture.items:
        if item.method == 1:
            found[item.number] = len(inner)
            inner += item.data
    wide = picture.wide_numbers
    number: Callable[[int], bytes] = lambda value: value.to_bytes(4 if wide else 2, "big")  # noqa: E731
    version = b"\1\0\0\0" if wide else bytes(4)
    references = b"".join(
        box(kind, number(one), len(others).to_bytes(2, "big"), *map(number, others))
        for kind, one, others in picture.references
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
    said = b"".join(item.number.to_bytes(wide, "big") + b"\3\x81\2\3" for item in images)
    version = bytes((picture.wide_numbers, 0, 0, 0))
    return box(b"iprp", content, box(b"ipma", version, len(images).to_bytes(4, "big"), said))


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
