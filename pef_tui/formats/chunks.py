"""Read the chunks of PNG and WebP files, and find those that hold tags (EXIF, XMP).

The functions are strict on purpose: they raise UnsupportedStructure for anything that programs may read in different
ways. Image data is skipped, never read. (PNG: ISO 15948, section 5; WebP container specification.)
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.forward_reader import MAX_BLOCK, ForwardReader
from pef_tui.formats.png_texts import TEXT_CHUNKS, TagKind, is_profile, tags_of_text

_MAX_CHUNKS = 1_000_000
_PNG, _RIFF = Struct(">I4s"), Struct("<4sI")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_TEXT = b"XML:com.adobe.xmp\0\0\0\0\0"
"""Beginning of an iTXt chunk with XMP: the keyword, then zeros for "not compressed" and "no language". (XMP
specification part 3, section 1.1.5)
"""
_IMAGE_CHUNKS = frozenset((b"IDAT", b"fdAT", b"fcTL"))
_OTHER_TAG_CHUNKS = frozenset((b"tXMP", b"CgBI"))
_SIGNED_CLAIMS = b"caBX"
"""Name of the chunk with signed claims on the origin of a picture (C2PA)."""
_WEBP_CHUNKS = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP "))


class Chunk(NamedTuple):
    """A chunk of a PNG or WebP, as offsets in the file."""

    name: bytes
    start: int
    """Offset of the head of the chunk (length and name)."""
    length: int
    """Bytes of the content, which begins eight bytes after `start`."""
    end: int
    """Offset of the end of the chunk, after its checksum (PNG) or its padding byte (WebP)."""


class Block(NamedTuple):
    """The EXIF or the XMP of a PNG."""

    content: bytes
    chunks: tuple[Chunk, ...]
    """The chunks that hold `content`. There are several if chunks of different names have the same content."""
    in_profile: bool
    """Whether one of the chunks is a raw profile: a text chunk in which older programs store EXIF and XMP."""


class Png(NamedTuple):
    """The tags of a PNG, and the offsets that limit the position of chunks with tags."""

    exif: Block | None
    xmp: Block | None
    image_start: int
    """Offset of the first chunk with image data."""
    tags_limit: int
    """New chunks with tags must be inserted at or before this offset.

    It is `image_start`, or the offset of Apple's chunk `iDOT` if that comes before. `iDOT` stores its distance to the
    image data, which must not change.
    """
    claims_start: int | None
    """Offset of the chunk with signed claims (C2PA); None if there is none. ExifTool 12.57 does not see tags after
    it.
    """

    @property
    def insertion_point(self) -> int:
        """Offset at which new chunks with tags are inserted."""
        return self.tags_limit if self.claims_start is None else min(self.tags_limit, self.claims_start)


class Webp(NamedTuple):
    """The chunks of a WebP."""

    chunks: tuple[Chunk, ...]
    content: dict[bytes, bytes]
    """Content by chunk name: complete for EXIF, XMP and VP8X chunks, the first 10 bytes of any other chunk."""

    def find(self, name: bytes) -> Chunk | None:
        """Return the first chunk of this name; None if there is none."""
        return next((chunk for chunk in self.chunks if chunk.name == name), None)


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Return the bytes of a PNG chunk, with its checksum."""
    return _PNG.pack(len(content), name) + content + zlib.crc32(name + content).to_bytes(4, "big")


def riff_chunk(name: bytes, content: bytes) -> bytes:
    """Return the bytes of a WebP chunk, padded to an even number of bytes."""
    return _RIFF.pack(name, len(content)) + content + bytes(len(content) % 2)


def read_png(stream: BinaryIO) -> Png:
    """Read the chunks of a PNG. `stream` is at the beginning of the file.

    Raises UnsupportedStructure if the PNG is damaged or has tags in an unknown form, and OSError.
    """
    walk = ForwardReader(stream)
    if walk.read(8) != PNG_SIGNATURE:
        raise UnsupportedStructure("not a PNG")
    blocks: dict[str, Block] = {}
    image_start = offsets_start = last_name = None
    claims_start = None
    for chunk in _png_chunks(walk):
        if chunk.name in _IMAGE_CHUNKS:
            if chunk.name == b"IDAT":
                if image_start is not None and last_name != b"IDAT":
                    raise UnsupportedStructure("something lies between the image data")
                image_start = chunk.start if image_start is None else image_start
            walk.skip(chunk.length + 4)
        else:
            data = _read_checked(walk, chunk)
            kind, block = _chunk_tags(chunk.name, data)
            if kind:
                in_profile = chunk.name in TEXT_CHUNKS and is_profile(data)
                blocks[kind] = _with_chunk(blocks.get(kind), block, chunk, in_profile)
            elif chunk.name == b"iDOT":
                offsets_start = chunk.start
            elif chunk.name == _SIGNED_CLAIMS and claims_start is None:
                claims_start = chunk.start
        last_name = chunk.name
    if image_start is None:
        raise UnsupportedStructure("the image data is missing")
    tags_limit = image_start if offsets_start is None or offsets_start > image_start else offsets_start
    return Png(blocks.get("exif"), blocks.get("xmp"), image_start, tags_limit, claims_start)


def _with_chunk(block: Block | None, content: bytes, chunk: Chunk, in_profile: bool) -> Block:
    """Return the block with `chunk` added; a new block if `block` is None.

    `content`: EXIF or XMP in the chunk. `in_profile`: whether the chunk is a raw profile. Raises UnsupportedStructure
    if the contents of the chunks differ, or if two chunks have the same name.
    """
    if block is None:
        return Block(content, (chunk,), in_profile)
    if content != block.content or chunk.name in [tag_chunk.name for tag_chunk in block.chunks]:
        raise UnsupportedStructure("two chunks of tags of a kind")
    return Block(content, (*block.chunks, chunk), in_profile or block.in_profile)


def _png_chunks(walk: ForwardReader) -> Iterator[Chunk]:
    """Yield every chunk of a PNG. `walk` is then after the head of the chunk.

    The caller must move `walk` to the end of the chunk before taking the next one. Raises UnsupportedStructure if the
    sequence of chunks is damaged, and OSError.
    """
    for number in range(_MAX_CHUNKS):
        offset = walk.offset
        length, name = _PNG.unpack(walk.read(8))
        if (number == 0) is not (name == b"IHDR") or (number == 0 and length != 13) or length >= 1 << 31:
            raise UnsupportedStructure("chunks of an odd form")
        chunk = Chunk(name, offset, length, offset + 12 + length)
        yield chunk
        if name == b"IEND":
            if length or not walk.at_end():
                raise UnsupportedStructure("something lies behind the picture")
            return
    raise UnsupportedStructure("chunks without end")


def _read_checked(walk: ForwardReader, chunk: Chunk) -> bytes:
    """Return the content of a PNG chunk after verifying its checksum. Not for chunks with image data.

    Raises UnsupportedStructure for a wrong checksum, or a chunk of more than MAX_BLOCK bytes, and OSError.
    """
    if chunk.length > MAX_BLOCK:
        raise UnsupportedStructure("a chunk of an odd size")
    content, checksum = walk.read(chunk.length), walk.read(4)
    if zlib.crc32(content, zlib.crc32(chunk.name)).to_bytes(4, "big") != checksum:
        raise UnsupportedStructure("a chunk with a wrong checksum")
    return content


def _chunk_tags(name: bytes, data: bytes) -> tuple[TagKind, bytes]:
    """Return the kind of the tags in a PNG chunk, and the tags as TIFF block or XMP packet.

    Both are empty if the chunk has no tags. `name`, `data`: name and content of the chunk. Raises UnsupportedStructure
    for tags in an unknown form.
    """
    if name == b"eXIf":
        return "exif", data
    if name in TEXT_CHUNKS:
        return tags_of_text(name, data)
    if name in _OTHER_TAG_CHUNKS or name.lower() in (b"exif", b"zxif"):
        raise UnsupportedStructure("tags in a chunk of another form")
    return "", b""


def read_webp(stream: BinaryIO) -> Webp:
    """Read the chunks of a WebP. `stream` is at the beginning of the file.

    Raises UnsupportedStructure if the WebP is damaged or has an unknown chunk, and OSError.
    """
    walk = ForwardReader(stream)
    head = walk.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise UnsupportedStructure("not a WebP")
    end = 8 + int.from_bytes(head[4:8], "little")
    chunks: list[Chunk] = []
    content: dict[bytes, bytes] = {}
    while (offset := walk.offset) < end:
        name, length = _RIFF.unpack(walk.read(8))
        if (
            name not in _WEBP_CHUNKS
            or not length
            or len(chunks) >= _MAX_CHUNKS
            or (name != b"ANMF" and name in content)
        ):
            raise UnsupportedStructure("chunks of an odd form")
        is_loaded = name in (b"EXIF", b"XMP ", b"VP8X")
        if is_loaded and length > MAX_BLOCK:
            raise UnsupportedStructure("a chunk of an odd size")
        chunk = Chunk(name, offset, length, offset + 8 + length + length % 2)
        content[name] = walk.read(length if is_loaded else min(10, length))
        if (unread := chunk.end - walk.offset) > 0:
            walk.skip(unread - 1)
            walk.read(1)
        chunks.append(chunk)
    if walk.offset != end or not walk.at_end():
        raise UnsupportedStructure("something lies behind the picture")
    return Webp(tuple(chunks), content)
