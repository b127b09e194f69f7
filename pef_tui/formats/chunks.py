"""The chunks of PNG and WebP: what a file consists of, and which chunks hold tags.

Strict on purpose: a file with anything in it that readers of tags may take differently is Unsound. Image data is
passed over, never read. (PNG: ISO 15948, section 5; WebP container specification.)
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

from pef_tui.formats.png_texts import TEXTS, Kind, is_profile, tags_of_text
from pef_tui.formats.walk import LONGEST, Unsound, Walk

_MOST = 1_000_000
_PNG, _RIFF = Struct(">I4s"), Struct("<4sI")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_TEXT = b"XML:com.adobe.xmp\0\0\0\0\0"
"""How an iTXt chunk with XMP begins: keyword, not packed, no language. (XMP specification part 3, section 1.1.5)"""
_IMAGE = frozenset((b"IDAT", b"fdAT", b"fcTL"))
_ELSEWHERE = frozenset((b"tXMP", b"CgBI"))
_SIGNED = b"caBX"
"""Signed claims on where a picture comes from (C2PA)."""
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


class Block(NamedTuple):
    """EXIF or XMP of a PNG."""

    content: bytes
    chunks: tuple[Chunk, ...]
    """Where it lies; several where chunks of other forms say the same."""
    in_profile: bool
    """Does it lie, or lie too, in a raw profile, as older programs put it?"""


class Png(NamedTuple):
    """A whole PNG."""

    exif: Block | None
    xmp: Block | None
    image: int
    """Where the first image data begins."""
    place: int
    """Before what chunks of tags lie: the image data, and what counts from its own place up to that."""
    signed: int | None
    """Where its signed claims begin; ExifTool 12.57 does not see chunks of tags behind them."""

    @property
    def fresh(self) -> int:
        """Where new chunks of tags go."""
        return self.place if self.signed is None else min(self.place, self.signed)


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
    found: dict[str, Block] = {}
    image = offsets = before = None
    signed = None
    for chunk in _png_chunks(walk):
        if chunk.name in _IMAGE:
            if chunk.name == b"IDAT":
                if image is not None and before != b"IDAT":
                    raise Unsound("something lies between the image data")
                image = chunk.start if image is None else image
            walk.skip(chunk.length + 4)
        else:
            data = _checked(walk, chunk)
            kind, block = _png_tags(chunk.name, data)
            if kind:
                in_profile = chunk.name in TEXTS and is_profile(data)
                found[kind] = _joined(found.get(kind), block, chunk, in_profile)
            elif chunk.name == b"iDOT":
                offsets = chunk.start
            elif chunk.name == _SIGNED and signed is None:
                signed = chunk.start
        before = chunk.name
    if image is None:
        raise Unsound("the image data is missing")
    place = image if offsets is None or offsets > image else offsets
    return Png(found.get("exif"), found.get("xmp"), image, place, signed)


def _joined(known: Block | None, content: bytes, chunk: Chunk, in_profile: bool) -> Block:
    """The block with one more chunk of it. Raises Unsound for chunks that say something else, and for two of a form."""
    if known is None:
        return Block(content, (chunk,), in_profile)
    if content != known.content or any(each.name == chunk.name for each in known.chunks):
        raise Unsound("two chunks of tags of a kind")
    return Block(content, (*known.chunks, chunk), in_profile or known.in_profile)


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


def _png_tags(name: bytes, data: bytes) -> tuple[Kind, bytes]:
    """What tags a chunk holds: a TIFF block or a packet, "" for none. Raises Unsound for tags of another form."""
    if name == b"eXIf":
        return "exif", data
    if name in TEXTS:
        return tags_of_text(name, data)
    if name in _ELSEWHERE or name.lower() in (b"exif", b"zxif"):
        raise Unsound("tags in a chunk of another form")
    return "", b""


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
