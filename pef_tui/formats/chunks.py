"""The chunks of PNG and WebP: what a file consists of, and which chunks hold tags.

Strict on purpose: a file with anything in it that readers of tags may take differently is Unsound. Image data is
passed over, never read. (PNG: ISO 15948, section 5; WebP container specification.)
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

from pef_tui.formats.walk import LONGEST, Unsound, Walk

_MOST = 1_000_000
_PNG, _RIFF = Struct(">I4s"), Struct("<4sI")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_TEXT = b"XML:com.adobe.xmp\0\0\0\0\0"
"""How an iTXt chunk with XMP begins: keyword, not packed, no language. (XMP specification part 3, section 1.1.5)"""
_IMAGE = frozenset((b"IDAT", b"fdAT", b"fcTL"))
_TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_ELSEWHERE = frozenset((b"tXMP", b"caBX", b"CgBI"))
_STILL = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP "))


class Chunk(NamedTuple):
    """One chunk, as offsets into the file."""

    name: bytes
    start: int
    """Of its head."""
    length: int
    """Bytes of its content, which begins eight bytes behind `start`."""
    end: int
    """Of its checksum or of the byte that makes it even."""


class Png(NamedTuple):
    """A whole PNG."""

    exif: Chunk | None
    xmp: Chunk | None
    image: int
    """Where the first image data begins."""
    place: int
    """Where new chunks of tags go: before the image data, and before what counts from its own place up to that."""
    content: dict[Chunk, bytes]
    """What the chunks of tags hold."""


class Webp(NamedTuple):
    """A whole WebP."""

    chunks: tuple[Chunk, ...]
    content: dict[bytes, bytes]
    """What chunks of tags hold, and how the others begin (10 bytes), by name."""

    def find(self, name: bytes) -> Chunk | None:
        """The first chunk of this name."""
        return next((chunk for chunk in self.chunks if chunk.name == name), None)


def png_chunk(name: bytes, content: bytes) -> bytes:
    """One chunk with its checksum."""
    return _PNG.pack(len(content), name) + content + zlib.crc32(name + content).to_bytes(4, "big")


def riff_chunk(name: bytes, content: bytes) -> bytes:
    """One chunk, of an even number of bytes."""
    return _RIFF.pack(name, len(content)) + content + bytes(len(content) % 2)


def read_png(stream: BinaryIO) -> Png:
    """The chunks of the PNG in `stream`, which stands at its beginning. Raises Unsound, OSError."""
    walk = Walk(stream)
    if walk.take(8) != PNG_SIGNATURE:
        raise Unsound("not a PNG")
    found: dict[str, Chunk] = {}
    content: dict[Chunk, bytes] = {}
    image = offsets = before = None
    for chunk in _png_chunks(walk):
        if chunk.name in _IMAGE:
            if chunk.name == b"IDAT":
                if image is not None and before != b"IDAT":
                    raise Unsound("something lies between the image data")
                image = chunk.start if image is None else image
            walk.skip(chunk.length + 4)
        else:
            data = _checked(walk, chunk)
            if (kind := _png_kind(chunk.name, data)) in found:
                raise Unsound("two chunks of tags of a kind")
            if kind:
                found[kind], content[chunk] = chunk, data
            elif chunk.name == b"iDOT":
                offsets = chunk.start
        before = chunk.name
    if image is None:
        raise Unsound("the image data is missing")
    place = image if offsets is None or offsets > image else offsets
    return Png(found.get("exif"), found.get("xmp"), image, place, content)


def _png_chunks(walk: Walk) -> Iterator[Chunk]:
    """Every chunk, the walk standing behind its head; the caller goes to the end of each."""
    for number in range(_MOST):
        at = walk.place
        length, name = _PNG.unpack(walk.take(8))
        if (number == 0) is not (name == b"IHDR") or (number == 0 and length != 13) or length >= 1 << 31:
            raise Unsound("chunks of an odd form")
        chunk = Chunk(name, at, length, at + 12 + length)
        yield chunk
        if name == b"IEND":
            if length or not walk.ended():
                raise Unsound("something lies behind the picture")
            return
    raise Unsound("chunks without end")


def _checked(walk: Walk, chunk: Chunk) -> bytes:
    """The content of a chunk that is no image data, its checksum looked at."""
    if chunk.length > LONGEST:
        raise Unsound("a chunk of an odd size")
    content, checksum = walk.take(chunk.length), walk.take(4)
    if zlib.crc32(content, zlib.crc32(chunk.name)).to_bytes(4, "big") != checksum:
        raise Unsound("a chunk with a wrong checksum")
    return content


def _png_kind(name: bytes, data: bytes) -> str:
    """`exif` or `xmp`, "" for a chunk that holds no tags. Raises Unsound for tags where they are not looked for."""
    if name == b"eXIf":
        return "exif"
    if name in _TEXTS:
        keyword = data.partition(b"\0")[0].lower()
        if keyword == b"xml:com.adobe.xmp":
            if name != b"iTXt" or not data.startswith(XMP_TEXT):
                raise Unsound("XMP in a text of another form")
            return "xmp"
        if keyword.startswith(b"raw profile type"):
            raise Unsound("tags in a text")
    elif name in _ELSEWHERE or name.lower() in (b"exif", b"zxif"):
        raise Unsound("tags in a chunk of another form")
    return ""


def read_webp(stream: BinaryIO) -> Webp:
    """The chunks of the WebP in `stream`, which stands at its beginning. Raises Unsound, OSError."""
    walk = Walk(stream)
    head = walk.take(12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise Unsound("not a WebP")
    end = 8 + int.from_bytes(head[4:8], "little")
    chunks: list[Chunk] = []
    content: dict[bytes, bytes] = {}
    while (at := walk.place) < end:
        name, length = _RIFF.unpack(walk.take(8))
        if name not in _STILL or not length or len(chunks) >= _MOST or (name != b"ANMF" and name in content):
            raise Unsound("chunks of an odd form")
        whole = name in (b"EXIF", b"XMP ", b"VP8X")
        if whole and length > LONGEST:
            raise Unsound("a chunk of an odd size")
        chunk = Chunk(name, at, length, at + 8 + length + length % 2)
        content[name] = walk.take(length if whole else min(10, length))
        if (rest := chunk.end - walk.place) > 0:
            walk.skip(rest - 1)
            walk.take(1)
        chunks.append(chunk)
    if walk.place != end or not walk.ended():
        raise Unsound("something lies behind the picture")
    return Webp(tuple(chunks), content)
