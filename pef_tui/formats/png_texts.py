"""Tags in the text chunks of a PNG: how programs held EXIF and XMP before the format had a place for them.

- `Raw profile type exif` and `APP1` (ImageMagick, darktable, exiv2): a name, a length, and the block in hexadecimal.
- `XML:com.adobe.xmp` in iTXt, packed or not, in tEXt or zTXt; `Raw profile type xmp`.
"""

from __future__ import annotations

import zlib
from typing import Literal

from pef_tui.formats.walk import LONGEST, Unsound

Kind = Literal["", "exif", "xmp"]
TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_XMP_KEY, _PROFILE = b"xml:com.adobe.xmp", b"raw profile type "
_EXIF_HEAD, _XMP_HEAD = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_NO_TAGS = frozenset((b"icc", b"icm"))
"""Profiles of colours."""


def tags_of_text(name: bytes, data: bytes) -> tuple[Kind, bytes]:
    """What a text chunk holds: EXIF (a TIFF block), XMP (a packet), or "" for no tags.

    Raises Unsound for tags in a form that is not known.
    """
    keyword, _, rest = data.partition(b"\0")
    key = keyword.lower()
    if key == _XMP_KEY:
        return "xmp", _text(name, rest)
    if not key.startswith(_PROFILE):
        return "", b""
    kind = key.removeprefix(_PROFILE)
    if kind in _NO_TAGS:
        return "", b""
    if kind not in (b"exif", b"app1", b"xmp"):
        raise Unsound("tags in a text")
    block = _unpacked(_text(name, rest))
    if block.startswith(_XMP_HEAD):
        return "xmp", block[len(_XMP_HEAD) :]
    if kind == b"xmp":
        return "xmp", block
    return "exif", block.removeprefix(_EXIF_HEAD)


def is_profile(data: bytes) -> bool:
    """Does this text hold a raw profile?"""
    return data[: len(_PROFILE)].lower() == _PROFILE


def _text(name: bytes, rest: bytes) -> bytes:
    """The text behind the keyword. (ISO 15948, section 11.3.4)"""
    if name == b"tEXt":
        return rest
    if name == b"zTXt":
        return _inflated(rest[1:])
    packed = rest[:1] != b"\0"
    _, _, behind = rest[2:].partition(b"\0")
    text = behind.partition(b"\0")[2]
    return _inflated(text) if packed else text


def _inflated(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, LONGEST)
    except zlib.error:
        raise Unsound("a packed text that is broken") from None
    if not unpacker.eof:
        raise Unsound("a packed text of an odd size")
    return found


def _unpacked(text: bytes) -> bytes:
    """The block of a raw profile: its name, how many bytes it has, and these in hexadecimal, each on lines."""
    words = text.split()
    numbers = [at for at, word in enumerate(words[:4]) if word.isdigit()]
    try:
        block = bytes.fromhex(b"".join(words[numbers[0] + 1 :]).decode("ascii"))
    except (ValueError, IndexError):
        raise Unsound("a raw profile that is broken") from None
    if len(block) != int(words[numbers[0]]):
        raise Unsound("a raw profile that is cut")
    return block
