"""Read EXIF and XMP from the text chunks of a PNG. Programs used them before PNG had chunks for tags.

The keyword of a text chunk shows which tags it holds:

- `Raw profile type exif` and `Raw profile type APP1` (ImageMagick, darktable, exiv2): EXIF. (XMP if the block begins
  with the identifier of XMP in JPEG.) The text is a name, a length, and the block in hexadecimal.
- `XML:com.adobe.xmp` in iTXt (compressed or not), tEXt or zTXt, and `Raw profile type xmp`: XMP.
"""

from __future__ import annotations

import zlib
from typing import Literal

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.forward_reader import MAX_BLOCK
from pef_tui.formats.jpeg_segments import EXIF_HEAD, XMP_HEAD

TagKind = Literal["", "exif", "xmp"]
TEXT_CHUNKS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_XMP_KEY, _PROFILE = b"xml:com.adobe.xmp", b"raw profile type "
_NO_TAGS = frozenset((b"icc", b"icm"))
"""Raw profiles with a colour profile, not tags."""


def tags_of_text(name: bytes, data: bytes) -> tuple[TagKind, bytes]:
    """Return the kind of the tags in a text chunk, and the tags as TIFF block or XMP packet.

    Both are empty if the chunk has no tags. `name`, `data`: name and content of the chunk. Raises UnsupportedStructure
    for tags in an unknown form.
    """
    keyword, _, content = data.partition(b"\0")
    key = keyword.lower()
    if key == _XMP_KEY:
        return "xmp", _text_value(name, content)
    if not key.startswith(_PROFILE):
        return "", b""
    kind = key.removeprefix(_PROFILE)
    if kind in _NO_TAGS:
        return "", b""
    if kind not in (b"exif", b"app1", b"xmp"):
        raise UnsupportedStructure("tags in a text")
    block = _profile_content(_text_value(name, content))
    if block.startswith(XMP_HEAD):
        return "xmp", block[len(XMP_HEAD) :]
    if kind == b"xmp":
        return "xmp", block
    return "exif", block.removeprefix(EXIF_HEAD)


def is_profile(data: bytes) -> bool:
    """Return whether `data`, the content of a text chunk, is a raw profile, judged by its keyword."""
    return data[: len(_PROFILE)].lower() == _PROFILE


def _text_value(name: bytes, content: bytes) -> bytes:
    """Return the text of a text chunk, decompressed if necessary. (ISO 15948, section 11.3.4)

    `name`: name of the chunk. `content`: content of the chunk after the keyword. Raises UnsupportedStructure if the
    compressed text is damaged or too large.
    """
    if name == b"tEXt":
        return content
    if name == b"zTXt":
        return _inflate(content[1:])
    is_compressed = content[:1] != b"\0"
    _, _, translated = content[2:].partition(b"\0")
    text = translated.partition(b"\0")[2]
    return _inflate(text) if is_compressed else text


def _inflate(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, MAX_BLOCK)
    except zlib.error:
        raise UnsupportedStructure("a packed text that is broken") from None
    if not unpacker.eof:
        raise UnsupportedStructure("a packed text of an odd size")
    return text


def _profile_content(text: bytes) -> bytes:
    """Return the block in a raw profile.

    `text`: the name of the profile, the length of the block in bytes, and the block in hexadecimal. Raises
    UnsupportedStructure if the block is not hexadecimal, or if its length is wrong.
    """
    words = text.split()
    numbers = [number for number, word in enumerate(words[:4]) if word.isdigit()]
    try:
        block = bytes.fromhex(b"".join(words[numbers[0] + 1 :]).decode("ascii"))
    except (ValueError, IndexError):
        raise UnsupportedStructure("a raw profile that is broken") from None
    if len(block) != int(words[numbers[0]]):
        raise UnsupportedStructure("a raw profile that is cut")
    return block
