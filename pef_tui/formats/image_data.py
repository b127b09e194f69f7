"""Hash the image data of a picture or video, to check that writing tags did not change it (`--verify`).

Bytes that change with the tags are left out. (JPEG: ITU-T T.81; PNG: ISO 15948; GIF89a; WebP container; Photoshop file
formats specification.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import unpack
from typing import BinaryIO

import xxhash

from pef_tui.formats.errors import UnsupportedStructure
from pef_tui.formats.image_boxes import box_contents, heif_parts, video_parts
from pef_tui.formats.image_tiff import (
    canon_heap_parts,
    fuji_parts,
    minolta_parts,
    panasonic_parts,
    sigma_parts,
    tiff_parts,
)
from pef_tui.formats.read_bytes import MAX_PARTS, DataRange, DigestPart, file_size, read_at, to_int

_READ_SIZE = 1 << 20
_TRAILER_SIZE = 1 << 16
"""Number of bytes at the end of a JPEG in which an AFCP trailer is searched."""


def image_digest(stream: BinaryIO, format: str) -> bytes | None:
    """Return the hash (XXH3, 128 bits) of the image data; None for an unsupported format or a damaged file.

    `format`: name of the file's format (`FileMetadata.format`). Raises OSError.
    """
    parts = _PARTS.get(format)
    if parts is None:
        return None
    digest, has_parts = xxhash.xxh3_128(), False
    try:
        for part in parts(stream):
            has_parts = True
            if isinstance(part, bytes):
                digest.update(part)
            else:
                _update(digest, stream, *part)
    except (
        UnsupportedStructure,
        OverflowError,
        MemoryError,
    ):  # the last two errors: impossible offsets and lengths in a damaged file
        return None
    return digest.digest() if has_parts else None


def _update(digest: xxhash.xxh3_128, stream: BinaryIO, start: int, length: int) -> None:
    stream.seek(start)
    while length and (block := stream.read(_READ_SIZE if length < 0 else min(_READ_SIZE, length))):
        digest.update(block)
        length -= len(block) if length > 0 else 0


def _jpeg_parts(stream: BinaryIO) -> Iterator[DataRange]:
    """Yield the tables and the frame header; then all data from the first scan to the end, or to a trailer.

    Data after the picture, such as a video or a gain map, is included.
    """
    offset = 2
    for _ in range(MAX_PARTS):
        marker, length = unpack(">HH", read_at(stream, offset, 4))
        if marker == 0xFFDA:
            yield offset, _length_to_trailer(stream, offset)
            return
        if marker == 0xFFFF:
            offset += 1
        elif marker < 0xFFC0 or length < 2:
            raise UnsupportedStructure
        else:
            if not (0xFFE0 <= marker <= 0xFFEF or marker == 0xFFFE):
                yield offset, 2 + length
            offset += 2 + length
    raise UnsupportedStructure


def _length_to_trailer(stream: BinaryIO, start: int) -> int:
    """Return the number of bytes from offset `start` to an AFCP trailer; -1 without one.

    The trailer is not hashed. It has offsets from the beginning of the file, which change with the size of the tags.
    """
    end = file_size(stream)
    tail = read_at(stream, max(start, end - _TRAILER_SIZE), min(end - start, _TRAILER_SIZE))
    head = tail[-12:-8]
    if head not in (b"AXS!", b"AXS*") or (trailer_start := tail.rfind(head, 0, -12)) < 0:
        return -1
    return end - len(tail) + trailer_start - start


_PNG_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fdAT", b"fcTL")
_WEBP_CHUNKS = (b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"ANIM")


def _png_parts(stream: BinaryIO) -> Iterator[DataRange]:
    yield from _chunk_parts(stream, 8, ">I4s", _PNG_CHUNKS, 4, 1)


def _webp_parts(stream: BinaryIO) -> Iterator[DataRange]:
    yield from _chunk_parts(stream, 12, "<4sI", _WEBP_CHUNKS, 0, 2)


def _chunk_parts(
    stream: BinaryIO, offset: int, head: str, kinds: tuple[bytes, ...], trailer_size: int, alignment: int
) -> Iterator[DataRange]:
    """Yield content and checksum of each chunk whose kind is in `kinds`. Chunks begin at `offset`.

    `head`: `struct` format of the eight bytes before the content (kind and length, in either order). `trailer_size`:
    bytes of the checksum after the content. `alignment`: chunks begin at multiples of this number. Raises
    UnsupportedStructure for a cut chunk.
    """
    end = file_size(stream)
    while offset + 8 <= end:
        first_field, second_field = unpack(head, read_at(stream, offset, 8))
        kind, length = (
            (first_field, second_field) if isinstance(first_field, bytes) else (second_field, first_field)
        )
        if offset + 8 + length > end:
            raise UnsupportedStructure
        if kind in kinds:
            yield offset + 8, length + trailer_size
        offset += 8 + length + trailer_size
        offset += offset % alignment


def _gif_parts(stream: BinaryIO) -> Iterator[DataRange]:
    """Yield the screen descriptor, palettes, frames, and the control extensions of frames.

    Other extensions are left out: they hold XMP and comments.
    """
    flags = read_at(stream, 10, 1)[0]
    offset = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    yield 6, offset - 6
    for _ in range(MAX_PARTS):
        start, kind = offset, read_at(stream, offset, 1)
        if kind == b";":
            return
        if kind == b"!":
            is_part = read_at(stream, offset + 1, 1) == b"\xf9"
            offset += 2
        elif kind == b",":
            flags, is_part = read_at(stream, offset + 9, 1)[0], True
            offset += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:
            raise UnsupportedStructure
        while size := read_at(stream, offset, 1)[0]:
            offset += 1 + size
        offset += 1
        if is_part:
            yield start, offset - start


def _photoshop_parts(stream: BinaryIO) -> Iterator[DataRange]:
    """Yield header, colours, layers and the picture. Image resources are left out, because they hold tags."""
    head = read_at(stream, 0, 30)
    if head[:4] != b"8BPS":
        raise UnsupportedStructure
    resources = 30 + to_int(head[26:])
    yield 0, resources
    layers = resources + 4 + to_int(read_at(stream, resources, 4))
    if layers >= file_size(stream):
        raise UnsupportedStructure
    yield layers, -1


_PARTS: dict[str, Callable[[BinaryIO], Iterator[DigestPart]]] = {
    "jpeg": _jpeg_parts,
    "png": _png_parts,
    "webp": _webp_parts,
    "gif": _gif_parts,
    "psd": _photoshop_parts,
    "jp2": box_contents(b"jp2c"),
    "jxl": box_contents(b"jxlc", b"jxlp", b"jbrd"),
    "rw2": panasonic_parts,
    "raf": fuji_parts,
    "mrw": minolta_parts,
    "crw": canon_heap_parts,
    "x3f": sigma_parts,
    **dict.fromkeys(("heic", "heif", "avif"), heif_parts),
    **dict.fromkeys(("mp4", "mov", "m4v", "3gp", "3g2", "cr3"), video_parts),
    **dict.fromkeys(
        ("tiff", "dng", "cr2", "nef", "arw", "orf", "pef", "srw", "3fr", "dcr", "erf", "raw"), tiff_parts
    ),
}

DIGEST_FORMATS = frozenset(_PARTS)
"""Names of the formats whose image data `image_digest` can hash."""
