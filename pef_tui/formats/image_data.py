"""The picture or film itself within a file, apart from everything that tags change: which bytes, and their hash.

(JPEG: ITU-T T.81; PNG: ISO 15948; GIF89a; WebP container; Photoshop file formats specification.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import unpack
from typing import BinaryIO

import xxhash

from pef_tui.formats.image_boxes import contents, film, heif
from pef_tui.formats.image_tiff import canon_heap, fuji, minolta, panasonic, sigma, tiff
from pef_tui.formats.parts import MOST, Part, Span, Unclear, at, number, size_of

_BLOCK = 1 << 20
_TRAILER = 1 << 16
"""Bytes at the end of a JPEG among which a trailer of texts begins."""


def image_digest(stream: BinaryIO, format: str) -> bytes | None:
    """Hash of the image data; None where the format's is not known here, or the file is damaged. Raises OSError."""
    parts = _PARTS.get(format)
    if parts is None:
        return None
    digest, found = xxhash.xxh3_128(), False
    try:
        for part in parts(stream):
            found = True
            if isinstance(part, bytes):
                digest.update(part)
            else:
                _feed(digest, stream, *part)
    except (Unclear, OverflowError, MemoryError):  # the last two: of offsets and lengths that no file has
        return None
    return digest.digest() if found else None


def _feed(digest: xxhash.xxh3_128, stream: BinaryIO, start: int, length: int) -> None:
    stream.seek(start)
    while length and (block := stream.read(_BLOCK if length < 0 else min(_BLOCK, length))):
        digest.update(block)
        length -= len(block) if length > 0 else 0


def _jpeg(stream: BinaryIO) -> Iterator[Span]:
    """Tables and frame, and from the first scan to the end of the file: with a film, with a gain map."""
    place = 2
    for _ in range(MOST):
        marker, length = unpack(">HH", at(stream, place, 4))
        if marker == 0xFFDA:
            yield place, _to_trailer(stream, place)
            return
        if marker == 0xFFFF:
            place += 1
        elif marker < 0xFFC0 or length < 2:
            raise Unclear
        else:
            if not (0xFFE0 <= marker <= 0xFFEF or marker == 0xFFFE):
                yield place, 2 + length
            place += 2 + length
    raise Unclear


def _to_trailer(stream: BinaryIO, start: int) -> int:
    """Bytes up to an AFCP trailer, which counts from the beginning of the file; -1 where there is none."""
    end = size_of(stream)
    tail = at(stream, max(start, end - _TRAILER), min(end - start, _TRAILER))
    head = tail[-12:-8]
    if head not in (b"AXS!", b"AXS*") or (begins := tail.rfind(head, 0, -12)) < 0:
        return -1
    return end - len(tail) + begins - start


_PNG = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fdAT", b"fcTL")
_WEBP = (b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"ANIM")


def _png(stream: BinaryIO) -> Iterator[Span]:
    yield from _chunks(stream, 8, ">I4s", _PNG, 4, 1)


def _webp(stream: BinaryIO) -> Iterator[Span]:
    yield from _chunks(stream, 12, "<4sI", _WEBP, 0, 2)


def _chunks(
    stream: BinaryIO, place: int, head: str, kinds: tuple[bytes, ...], behind: int, even: int
) -> Iterator[Span]:
    """Chunks of these kinds in a row of chunks, each with a head of eight bytes."""
    end = size_of(stream)
    while place + 8 <= end:
        one, other = unpack(head, at(stream, place, 8))
        kind, length = (one, other) if isinstance(one, bytes) else (other, one)
        if place + 8 + length > end:
            raise Unclear
        if kind in kinds:
            yield place + 8, length + behind
        place += 8 + length + behind
        place += place % even


def _gif(stream: BinaryIO) -> Iterator[Span]:
    """Screen, palettes, frames and how each is shown; other extensions, where XMP and comments lie, are left out."""
    flags = at(stream, 10, 1)[0]
    place = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    yield 6, place - 6
    for _ in range(MOST):
        start, kind = place, at(stream, place, 1)
        if kind == b";":
            return
        if kind == b"!":
            shown = at(stream, place + 1, 1) == b"\xf9"
            place += 2
        elif kind == b",":
            flags, shown = at(stream, place + 9, 1)[0], True
            place += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:
            raise Unclear
        while size := at(stream, place, 1)[0]:
            place += 1 + size
        place += 1
        if shown:
            yield start, place - start


def _photoshop(stream: BinaryIO) -> Iterator[Span]:
    """Everything but the resources, where tags lie: header, colours, layers, the picture itself."""
    head = at(stream, 0, 30)
    if head[:4] != b"8BPS":
        raise Unclear
    resources = 30 + number(head[26:])
    yield 0, resources
    layers = resources + 4 + number(at(stream, resources, 4))
    if layers >= size_of(stream):
        raise Unclear
    yield layers, -1


_PARTS: dict[str, Callable[[BinaryIO], Iterator[Part]]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "gif": _gif,
    "psd": _photoshop,
    "jp2": contents(b"jp2c"),
    "jxl": contents(b"jxlc", b"jxlp", b"jbrd"),
    "rw2": panasonic,
    "raf": fuji,
    "mrw": minolta,
    "crw": canon_heap,
    "x3f": sigma,
    **dict.fromkeys(("heic", "heif", "avif"), heif),
    **dict.fromkeys(("mp4", "mov", "m4v", "3gp", "3g2", "cr3"), film),
    **dict.fromkeys(
        ("tiff", "dng", "cr2", "nef", "arw", "orf", "pef", "srw", "3fr", "dcr", "erf", "raw"), tiff
    ),
}

COMPARED = frozenset(_PARTS)
"""Formats whose image data is known."""
