"""Files that ExifTool must not change, because of what it does not know in them.

- HEIC motion photos: Samsung's phones look for the film from the end of the file (`mpvd`, `sefd`), and ExifTool moves
  what lies there. (Seen with 12.57 and a picture of One UI 6.)
- JPEG with EXIF or XMP behind the table of further pictures (MPF: gain maps, previews): ExifTool 12.57 does not correct
  the places in it.
- HEIF whose index has the short form (`mini`, brand `mif3`).
- JPEG XL with tags that are packed with Brotli (`brob`): ExifTool without its Brotli module does not see them, and adds
  tags that contradict them.
- PNG with signed claims (`caBX`, C2PA): ExifTool 12.57 does not see the tags behind them.
- PNG with tags in texts (`Raw profile type exif`): ExifTool adds XMP beside the packet in a text, and refuses EXIF.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import error, unpack
from typing import BinaryIO

_MOST = 10_000
"""Boxes or chunks of one file that are looked at."""
FILM_BEHIND = "ExifTool would move the film of this motion photo"
_PACKED = "its tags are packed in a way that is not read here"
SIGNED = "ExifTool does not see the tags behind its signed claims"
IN_TEXTS = "ExifTool would put a second block of tags beside the one in a text"
MPF = b"MPF\0"
TAGS_BEHIND_TABLE = "ExifTool would lead the table of further pictures astray"
_SHORT = "the short form of its index is not known to ExifTool"
_TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_PROFILES = tuple(b"raw profile type " + kind for kind in (b"exif", b"app1", b"xmp", b"iptc", b"8bim"))
_KEYWORD = 32
_FILMS = frozenset((b"mpvd", b"sefd"))


def closed(format: str, stream: BinaryIO) -> str:
    """Why ExifTool must not change the file of this format; "" where it may. Raises OSError."""
    look = _LOOKS.get(format)
    if look is None:
        return ""
    try:
        return look(stream)
    except error:  # the file is cut
        return ""


def _boxes(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The kind of every box at the top, and how its content begins (4 bytes)."""
    end, at = stream.seek(0, 2), 0
    for _ in range(_MOST):
        stream.seek(at)
        head = stream.read(20)
        if len(head) < 8:
            return
        length, kind = unpack(">I4s", head[:8])
        first = 8
        if length == 1:
            length, first = unpack(">Q", head[8:16])[0], 16
        yield kind, head[first : first + 4]
        if length < first or at + length >= end:
            return
        at += length


def _jpeg(stream: BinaryIO) -> str:
    """Does EXIF or XMP lie behind the table of further pictures, which counts from its own place?"""
    at, table = 2, False
    for _ in range(_MOST):
        stream.seek(at)
        head = stream.read(8)
        mark, marker, length = unpack(">BBH", head[:4])
        if mark != 0xFF or marker == 0xDA or length < 2:
            return ""
        if marker == 0xE2 and head[4:] == MPF:
            table = True
        elif table and marker == 0xE1:
            return TAGS_BEHIND_TABLE
        at += 2 + length
    return ""


def _heif(stream: BinaryIO) -> str:
    kinds = {kind for kind, _ in _boxes(stream)}
    if b"mini" in kinds:
        return _SHORT
    return FILM_BEHIND if kinds & _FILMS else ""


def _jpeg_xl(stream: BinaryIO) -> str:
    packed = any(kind == b"brob" and inner in (b"Exif", b"xml ") for kind, inner in _boxes(stream))
    return _PACKED if packed else ""


def _png(stream: BinaryIO) -> str:
    at, why = 8, ""
    for _ in range(_MOST):
        stream.seek(at)
        head = stream.read(8 + _KEYWORD)
        length, name = unpack(">I4s", head[:8])
        if name == b"caBX":
            return SIGNED
        if name in _TEXTS and head[8:].lower().startswith(_PROFILES):
            why = IN_TEXTS
        if name == b"IEND":
            break
        at += 12 + length
    return why


_LOOKS: dict[str, Callable[[BinaryIO], str]] = {
    "jpeg": _jpeg,
    **dict.fromkeys(("heic", "heif", "avif"), _heif),
    "jxl": _jpeg_xl,
    "png": _png,
}
