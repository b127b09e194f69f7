"""The picture or film itself within a file, apart from everything that tags change: which bytes, and their hash.

(JPEG: ITU-T T.81; PNG: ISO 15948; GIF89a; WebP container; ISO base media: ISO 14496-12; TIFF 6.0.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import unpack
from typing import BinaryIO

import xxhash

Span = tuple[int, int]
"""Where bytes of the picture begin, and how many they are; -1 for all to the end."""

_BLOCK = 1 << 20
_MOST = 1_000_000
"""Parts of one file that are still looked at."""


class Unclear(Exception):
    """The file's structure is not what its format asks for."""


def image_digest(stream: BinaryIO, format: str) -> bytes | None:
    """Hash of the image data; None where the format's is not known here, or the file is damaged. Raises OSError."""
    spans = _SPANS.get(format)
    if spans is None:
        return None
    digest = xxhash.xxh3_128()
    try:
        for start, length in spans(stream):
            _feed(digest, stream, start, length)
    except Unclear:
        return None
    return digest.digest()


def _feed(digest: xxhash.xxh3_128, stream: BinaryIO, start: int, length: int) -> None:
    stream.seek(start)
    while length and (block := stream.read(_BLOCK if length < 0 else min(_BLOCK, length))):
        digest.update(block)
        length -= len(block) if length > 0 else 0


def _at(stream: BinaryIO, start: int, length: int) -> bytes:
    stream.seek(start)
    data = stream.read(length)
    if len(data) != length:
        raise Unclear
    return data


def _jpeg(stream: BinaryIO) -> Iterator[Span]:
    """From the first scan to the end of the file: with the film of a motion photo, with a gain map."""
    at = 2
    for _ in range(_MOST):
        marker, length = unpack(">HH", _at(stream, at, 4))
        if marker == 0xFFDA:
            yield at, -1
            return
        if marker == 0xFFFF:
            at += 1
        elif marker < 0xFFC0 or length < 2:
            raise Unclear
        else:
            at += 2 + length
    raise Unclear


def _png(stream: BinaryIO) -> Iterator[Span]:
    yield from _chunks(stream, 8, ">I4s", (b"IHDR", b"PLTE", b"IDAT", b"fdAT", b"fcTL"), 4, 1)


def _webp(stream: BinaryIO) -> Iterator[Span]:
    yield from _chunks(stream, 12, "<4sI", (b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"ANIM"), 0, 2)


def _chunks(
    stream: BinaryIO, at: int, head: str, kinds: tuple[bytes, ...], behind: int, even: int
) -> Iterator[Span]:
    """Chunks of these kinds in a row of chunks, each with a head of eight bytes."""
    stream.seek(0, 2)
    end = stream.tell()
    while at + 8 <= end:
        one, other = unpack(head, _at(stream, at, 8))
        kind, length = (one, other) if isinstance(one, bytes) else (other, one)
        if at + 8 + length > end:
            raise Unclear
        if kind in kinds:
            yield at + 8, length
        at += 8 + length + behind
        at += at % even


def _boxes(*kinds: bytes) -> Callable[[BinaryIO], Iterator[Span]]:
    """The contents of boxes of these kinds at the top of an ISO base media file."""

    def spans(stream: BinaryIO) -> Iterator[Span]:
        stream.seek(0, 2)
        at, end = 0, stream.tell()
        while at + 8 <= end:
            length, kind = unpack(">I4s", _at(stream, at, 8))
            head = 8
            if length == 1:
                length, head = unpack(">Q", _at(stream, at + 8, 8))[0], 16
            length = length or end - at
            if length < head or at + length > end:
                raise Unclear
            if kind in kinds:
                yield at + head, length - head
            at += length

    return spans


def _gif(stream: BinaryIO) -> Iterator[Span]:
    """Screen, palettes and frames; extensions, where XMP and comments lie, are left out."""
    flags = _at(stream, 10, 1)[0]
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    yield 6, at - 6
    for _ in range(_MOST):
        kind = _at(stream, at, 1)
        if kind == b";":
            return
        start = at
        if kind == b"!":
            at += 2
        elif kind == b",":
            flags = _at(stream, at + 9, 1)[0]
            at += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        else:
            raise Unclear
        while size := _at(stream, at, 1)[0]:
            at += 1 + size
        at += 1
        if kind == b",":
            yield start, at - start


_OFFSETS = {273: 279, 324: 325}
"""Tags that say where strips and tiles lie, and those that say how long they are."""
_SUB_IFDS = 330
_NUMBERS = {3: "H", 4: "I", 13: "I"}


def _tiff(stream: BinaryIO) -> Iterator[Span]:
    """Strips and tiles of every directory and sub-directory."""
    order = {b"II": "<", b"MM": ">"}.get(_at(stream, 0, 2))
    if order is None:
        raise Unclear
    waiting = [unpack(order + "I", _at(stream, 4, 4))[0]]
    seen: set[int] = set()
    while waiting:
        at = waiting.pop(0)
        if not at or at in seen:
            continue
        seen.add(at)
        (count,) = unpack(order + "H", _at(stream, at, 2))
        entries = _at(stream, at + 2, count * 12 + 4)
        values = {
            tag: _numbers(stream, order, kind, number, entries[place + 8 : place + 12])
            for place in range(0, count * 12, 12)
            for tag, kind, number in (unpack(order + "HHI", entries[place : place + 8]),)
            if tag == _SUB_IFDS or tag in _OFFSETS or tag in _OFFSETS.values()
        }
        for offsets, lengths in _OFFSETS.items():
            yield from zip(values.get(offsets, ()), values.get(lengths, ()), strict=False)
        waiting = [*values.get(_SUB_IFDS, ()), unpack(order + "I", entries[-4:])[0], *waiting]


def _numbers(stream: BinaryIO, order: str, kind: int, count: int, field: bytes) -> tuple[int, ...]:
    letter = _NUMBERS.get(kind)
    if letter is None or count > _MOST:
        raise Unclear
    size = count * (2 if letter == "H" else 4)
    data = field[:size] if size <= 4 else _at(stream, unpack(order + "I", field)[0], size)
    return unpack(f"{order}{count}{letter}", data)


_SPANS: dict[str, Callable[[BinaryIO], Iterator[Span]]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "gif": _gif,
    "tiff": _tiff,
    "dng": _tiff,
    "jp2": _boxes(b"jp2c"),
    "jxl": _boxes(b"jxlc", b"jxlp"),
    **dict.fromkeys(("mp4", "mov", "m4v", "3gp", "3g2"), _boxes(b"mdat")),
}

COMPARED = frozenset(_SPANS)
"""Formats whose image data is known."""
