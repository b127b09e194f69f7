"""Make pictures that can be recognised whatever was written around their image data, and texts that identify a family.

A *family* is a picture with its live or motion video and its edited copies: they share one sidecar. Each picture has a
number of its own, and image data that no other number has.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from pef_tui.testing import Exif, film, jpeg, make
from pef_tui.testing.jpeg import xmp_packet

MOST = 199
"""Number of pictures in one history. `pef_tui.testing` makes so many different ones of each format."""

_SLOT = 4
_ZONE = 900
"""Seconds. Offsets of zones are multiples of 15 minutes, so a time modulo this number identifies its family in any
zone.
"""
_NOON = datetime(2019, 1, 10, 12, tzinfo=UTC)

FORMATS = ("jpg", "png", "heic", "mp4", "mov", "gif", "webp", "tif", "bmp", "avi", "motion", "psd", "jp2")
STILLS = ("jpg", "png", "heic", "gif", "webp", "tif")


class Picture(Struct, frozen=True):
    """A picture or video: what it is, and which of its bytes must remain."""

    number: int
    family: int
    data: bytes
    cores: tuple[bytes, ...]
    """Ranges of image data that every copy has, with or without new tags."""
    whole: bool = True
    """Whether the picture is undamaged."""
    dated: bool = False
    """Whether it has a date of its own."""

    def within(self, data: bytes) -> bool:
        """Return whether `data` contains this picture's image data."""
        return all(core in data for core in self.cores)


def capture_time(family: int) -> datetime:
    """Return when the pictures of a family were taken: in 2019, at a time that no other family has."""
    day = _NOON + timedelta(days=family % 300)
    return day + timedelta(seconds=family * _SLOT)


def family_of(mtime_ns: int) -> int | None:
    """Return the family to which a time belongs, in any zone; None for a time in another year than 2019."""
    moment = datetime.fromtimestamp(mtime_ns // 10**9, UTC)
    if moment.year != 2019:
        return None
    return int(moment.timestamp()) % _ZONE // _SLOT


def marker(family: int, version: int) -> str:
    """Return a text that no other family's sidecar has. A changed sidecar has another version."""
    return f"soak{family:03}v{version}e"


_MARKER = re.compile(rb"soak(\d{3})v(\d+)e")


def markers(data: bytes) -> set[tuple[int, int]]:
    """Return the families and versions that texts in `data` identify."""
    return {(int(family), int(version)) for family, version in _MARKER.findall(data)}


def picture(format: str, number: int, family: int, *, dated: bool) -> Picture:
    """Return the picture with this number."""
    date = f"{capture_time(family):%Y:%m:%d %H:%M:%S}"
    exif = Exif(date=date, offset="+00:00") if dated else None
    if format == "jpg":
        data = jpeg(number, exif=exif)
        return Picture(number, family, data, (_scan_of(data),), dated=dated)
    if format == "motion":
        moving = film("mp4", number)
        still = jpeg(number, exif=exif, xmp=_motion_packet(len(moving)))
        return Picture(number, family, still + moving, (_scan_of(still), moving), dated=dated)
    data, core = _OTHERS[format](number)
    return Picture(number, family, data, (core,))


def damaged(picture: Picture, mode: str) -> Picture:
    """Return the picture cut, emptied, or with random bytes."""
    number, data = picture.number, picture.data
    if mode == "cut":
        data = data[: len(data) * 2 // 3] + b"%03d" % number
    elif mode == "empty":
        data = b""
    else:
        data = b"garbage %03d " % number * 40
    return Picture(number, picture.family, data, (), whole=False)


def _scan_of(data: bytes) -> bytes:
    return data[data.index(b"\xff\xdb") :]


def _motion_packet(length: int) -> bytes:
    return xmp_packet(
        "",
        f'GCamera:MicroVideo="1" GCamera:MicroVideoVersion="1" GCamera:MicroVideoOffset="{length}"',
        GCamera="http://ns.google.com/photos/1.0/camera/",
    )


def _heic(number: int) -> tuple[bytes, bytes]:
    """The number is at the end of the compressed picture, which nothing decodes here."""
    data = make("heic", 0)
    at = data.rindex(b"free") - 4
    core = b"compressed %05d" % number
    return data[: at - len(core)] + core + data[at:], core


def _chunk(
    format: str, start: bytes, length: int = -1, state_before: int = 0
) -> Callable[[int], tuple[bytes, bytes]]:
    """Return a function that makes a picture and its core: the bytes from `start` on."""

    def made(number: int) -> tuple[bytes, bytes]:
        data = make(format, number)
        at = data.index(start) - state_before
        return data, data[at:] if length < 0 else data[at : at + length]

    return made


def _png(number: int) -> tuple[bytes, bytes]:
    data = make("png", number)
    return data, data[data.index(b"IDAT") : data.index(b"IEND") - 4]


def _film(format: str) -> Callable[[int], tuple[bytes, bytes]]:
    def made(number: int) -> tuple[bytes, bytes]:
        return film(format, number), _scan_of(jpeg(number))

    return made


def _tiff(number: int) -> tuple[bytes, bytes]:
    data, text = make("tiff", number), make("bmp", number)
    rows = [text[54:][at : at + 48] for at in range(0, 576, 48)]
    core = b"".join(bytes(row[at + 2 - at % 3 * 2] for at in range(48)) for row in reversed(rows))
    assert core in data
    return data, core


def _psd(number: int) -> tuple[bytes, bytes]:
    """The core is the layer, which ends the file: all bytes after the header and its three lengths."""
    data = make("psd", number)
    return data, data[40:]


def _unwritten(format: str) -> Callable[[int], tuple[bytes, bytes]]:
    """For formats into which no tags are written: all bytes must remain."""

    def made(number: int) -> tuple[bytes, bytes]:
        data = make(format, number)
        return data, data

    return made


_OTHERS: dict[str, Callable[[int], tuple[bytes, bytes]]] = {
    "png": _png,
    "heic": _heic,
    "mp4": _film("mp4"),
    "mov": _film("mov"),
    "gif": _chunk("gif", b"GIF89a", 25),
    "webp": _chunk("webp", b"VP8L"),
    "tif": _tiff,
    "psd": _psd,
    "jp2": _chunk("jp2", b"jp2c"),
    "bmp": _unwritten("bmp"),
    "avi": _unwritten("avi"),
}
