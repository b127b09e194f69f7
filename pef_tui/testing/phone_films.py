"""Build videos as phones, cameras and programs write them: with several tracks and chunks, and tags in all places."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from pef_tui.testing.films import BRANDS, box
from pef_tui.testing.jpeg import jpeg

_1904 = datetime(1904, 1, 1, tzinfo=UTC)
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
Handler = Literal["vide", "soun", "meta"]


class PhoneFilm(Struct, frozen=True):
    """The structure of a video, for `phone_film`."""

    brand: str = "mp4"
    """Key of `films.BRANDS`."""
    created: datetime | None = None
    order: tuple[str, ...] = ("ftyp", "mdat", "moov")
    """Boxes at the top level, in their order. `mdat` can be repeated; `free`, `wide` and `uuid` (XMP) can be added."""
    tracks: tuple[Handler, ...] = ("vide", "soun")
    chunks: int = 4
    """Number of chunks of each track. Chunks of different tracks alternate."""
    user_data: tuple[bytes, ...] | None = None
    """Boxes in the `udta` box of `moov`; None for no `udta` box."""
    keys: Mapping[str, bytes] | None = None
    """Content of the `meta` box of `moov`: `data` boxes by the names of their keys; None for no `meta` box."""
    track_keys: Mapping[str, bytes] | None = None
    """Content of the `meta` box of the first track: `data` boxes by the names of their keys; None for no `meta` box."""
    xmp: bytes = b""
    """XMP packet in the `uuid` box."""
    long_times: bool = False
    """True for 64-bit dates and durations."""
    long_offsets: bool = False
    """True for 64-bit offsets of chunks (`co64`)."""
    long_media: bool = False
    """True for 64-bit sizes of `mdat`."""
    ended: bool = False
    """True to end the `udta` box with four zero bytes."""


def text_item(text: str, country: bytes = b"\0\0", language: int = 0) -> bytes:
    """Return a `data` box with a text, for `PhoneFilm.keys` or for `item_list`.

    `country`, `language`: codes in the box for the country and language of the text; 0 for all.
    """
    return box(b"data", b"\0\0\0\1", country, struct.pack(">H", language), text.encode())


def user_text(kind: bytes, text: str, language: int = 0x15C7) -> bytes:
    """Return a text box of QuickTime user data. `kind`: name of the box, four bytes. `language`: packed ISO code."""
    data = text.encode()
    return box(kind, struct.pack(">2H", len(data), language), data)


def item_list(items: Mapping[bytes, bytes]) -> bytes:
    """Return the `meta` box that iTunes stores in user data. `items`: `data` boxes by item name (four bytes)."""
    handler = box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    return box(b"meta", bytes(4), handler, box(b"ilst", *(box(kind, data) for kind, data in items.items())))


def phone_film(film: PhoneFilm, seed: int = 0) -> bytes:
    """Return a video of the structure `film`. Each seed gives different media data.

    The media data cannot be decoded, because they are JPEG data cut into chunks.
    """
    media = film.order.count("mdat")
    chunks = _chunks(film, seed)
    parts = [b"".join(chunks[number::media]) for number in range(media)]
    offsets = [0] * len(chunks)
    ends = _starts(film, parts, offsets)
    for number, chunk in enumerate(chunks):
        offsets[number] = ends[number % media]
        ends[number % media] += len(chunk)
    return b"".join(_top(film, parts, offsets))


def _chunks(film: PhoneFilm, seed: int) -> list[bytes]:
    """Return the media data of each chunk in the order of the file: first chunk of each track, then second of each."""
    data = b"".join(jpeg(seed + number) for number in range(3))
    number = len(film.tracks) * film.chunks
    size = max(1, len(data) // max(1, number))
    return [data[at * size : (at + 1) * size] for at in range(number)]


def _top(film: PhoneFilm, parts: Sequence[bytes], offsets: Sequence[int]) -> list[bytes]:
    """Return the top-level boxes. `parts`: content of each `mdat`; `offsets`: offset in the file of each chunk."""
    waiting = list(parts)
    return [_top_box(film, kind, waiting, offsets) for kind in film.order]


def _starts(film: PhoneFilm, parts: Sequence[bytes], offsets: Sequence[int]) -> list[int]:
    """Return the offset in the file at which the content of each `mdat` begins. `_top` describes the arguments."""
    at, starts = 0, []
    for kind, data in zip(film.order, _top(film, parts, offsets), strict=True):
        if kind == "mdat":
            starts.append(at + (16 if film.long_media else 8))
        at += len(data)
    return starts


def _top_box(film: PhoneFilm, kind: str, parts: list[bytes], offsets: Sequence[int]) -> bytes:
    if kind == "mdat":
        data = parts.pop(0)
        head = struct.pack(">I4sQ", 1, b"mdat", 16 + len(data)) if film.long_media else b""
        return head + data if head else box(b"mdat", data)
    if kind == "ftyp":
        return box(b"ftyp", BRANDS[film.brand])
    if kind == "moov":
        return _moov(film, offsets)
    return (
        box(b"uuid", _XMP_ID, film.xmp)
        if kind == "uuid"
        else box(kind.encode(), bytes(40 * (kind == "free") + 16 * (kind == "beam")))
    )


def _times(film: PhoneFilm, behind: bytes, duration: int) -> bytes:
    stamp = int((film.created - _1904).total_seconds()) if film.created else 0
    if film.long_times:
        return struct.pack(">2Q", stamp, stamp) + behind + struct.pack(">Q", duration)
    return struct.pack(">2I", stamp, stamp) + behind + struct.pack(">I", duration)


def _moov(film: PhoneFilm, offsets: Sequence[int]) -> bytes:
    version = bytes((film.long_times, 0, 0, 0))
    trailer = b"\0\1\0\0\1\0" + bytes(10) + _MATRIX + bytes(24) + b"\0\0\0\x09"
    parts = [box(b"mvhd", version, _times(film, struct.pack(">I", 1000), 1000), trailer)]
    number = len(film.tracks)
    parts += [_track(film, at, handler, offsets[at::number]) for at, handler in enumerate(film.tracks)]
    if film.keys is not None:
        parts.append(_keys(film.keys))
    if film.user_data is not None:
        parts.append(box(b"udta", *film.user_data, bytes(4 * film.ended)))
    return box(b"moov", *parts)


def _keys(keys: Mapping[str, bytes]) -> bytes:
    names = b"".join(box(b"mdta", name.encode()) for name in keys)
    items = [box(struct.pack(">I", number), data) for number, data in enumerate(keys.values(), 1)]
    return box(
        b"meta",
        box(b"hdlr", bytes(8), b"mdta", bytes(12)),
        box(b"keys", bytes(4), struct.pack(">I", len(keys)), names),
        box(b"ilst", *items),
    )


_ENTRIES: dict[Handler, bytes] = {
    "vide": box(b"jpeg", struct.pack(">6xH16x2H2I4xH32sHh", 1, 64, 48, 0x480000, 0x480000, 1, b"", 24, -1)),
    "soun": box(b"raw ", struct.pack(">6xH8x2H4xI", 1, 1, 8, 8000 << 16)),
    "meta": box(
        b"mebx",
        struct.pack(">6xH", 1),
        box(
            b"keys",
            box(
                b"\0\0\0\1",
                box(b"keyd", b"mdtacom.apple.quicktime.still-image-time"),
                box(b"dtyp", bytes(4), b"\0\0\0\x41"),
            ),
        ),
    ),
}
_INFORMATION: dict[Handler, bytes] = {
    "vide": box(b"vmhd", b"\0\0\0\1", bytes(8)),
    "soun": box(b"smhd", bytes(8)),
    "meta": box(b"gmhd", box(b"gmin", bytes(16))),
}


def _track(film: PhoneFilm, at: int, handler: Handler, offsets: Sequence[int]) -> bytes:
    version = bytes((film.long_times, 0, 0, 3))
    picture = struct.pack(">2I", 64 << 16, 48 << 16) if handler == "vide" else bytes(8)
    head = box(
        b"tkhd", version, _times(film, struct.pack(">2I", at + 1, 0), 1000), bytes(16), _MATRIX, picture
    )
    media_head = box(
        b"mdhd",
        bytes((film.long_times, 0, 0, 0)),
        _times(film, struct.pack(">I", 1000), 1000),
        b"\x55\xc4\0\0",
    )
    sizes = [1] * film.chunks
    table = struct.pack(f">2I{len(offsets)}{'Q' if film.long_offsets else 'I'}", 0, len(offsets), *offsets)
    samples = box(
        b"stbl",
        box(b"stsd", struct.pack(">2I", 0, 1), _ENTRIES[handler]),
        box(b"stts", struct.pack(">4I", 0, 1, len(sizes), 1000 // max(1, len(sizes)))),
        box(b"stsc", struct.pack(">5I", 0, 1, 1, 1, 1)),
        box(b"stsz", struct.pack(f">3I{len(sizes)}I", 0, 0, len(sizes), *sizes)),
        box(b"co64" if film.long_offsets else b"stco", table),
    )
    sources = box(b"dinf", box(b"dref", struct.pack(">2I", 0, 1), box(b"url ", b"\0\0\0\1")))
    information = box(b"minf", _INFORMATION[handler], sources, samples)
    name = box(b"hdlr", bytes(8), handler.encode(), bytes(12), handler.encode(), b"\0")
    track_keys = _keys(film.track_keys) if film.track_keys and not at else b""
    return box(b"trak", head, box(b"mdia", media_head, name, information), track_keys)
