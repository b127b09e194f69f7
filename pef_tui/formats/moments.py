"""What tells which still a live film belongs to: when the film was made, and Apple's identifier of the pair.

Reads a few kilobytes and never raises for what a file holds: damaged and unknown forms tell nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from struct import error as StructError
from struct import unpack_from
from typing import BinaryIO

from msgspec import Struct

_FROM_1904 = 2_082_844_800
"""Seconds from 1904, where films begin to count, to 1970."""
_LARGEST_INDEX = 32 << 20
_MOST_BOXES = 1000
_LOOK = 1 << 20
"""Bytes of a still that are searched for the maker note; iPhones put it into the first 64 kB."""
_CREATED = b"com.apple.quicktime.creationdate"
_IDENTIFIER = b"com.apple.quicktime.content.identifier"
_MAKER_NOTE = b"Apple iOS\0"
_MAKER_IDENTIFIER = 0x0011  # ContentIdentifier (ExifTool's Apple tags)
_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[-+]\d\d:?\d\d)", re.ASCII)


class FilmFacts(Struct, frozen=True):
    """What a film says of itself."""

    created: float | None = None
    """UTC seconds since 1970."""
    identifier: str = ""
    """Apple's ContentIdentifier; "" without one."""


def film_facts(stream: BinaryIO) -> FilmFacts:
    """The facts of an MP4 or QuickTime film. Raises OSError."""
    moov = _index(stream)
    texts: dict[bytes, str] = {}
    created: float | None = None
    try:
        for kind, start, end in _boxes(moov, 0, len(moov)):
            if kind == b"mvhd":
                created = _created(moov, start)
            elif kind == b"meta":
                texts |= _keys(moov, start, end)
    except (StructError, ValueError, OverflowError):
        pass
    said = _moment(texts.get(_CREATED, ""))
    return FilmFacts(created if said is None else said, texts.get(_IDENTIFIER, ""))


def still_identifier(stream: BinaryIO) -> str:
    """Apple's ContentIdentifier in the maker note of a HEIC or JPEG picture; "" without one. Raises OSError."""
    data = stream.read(_LOOK)
    at = data.find(_MAKER_NOTE)
    if at < 0:
        return ""
    try:
        order = ">" if data[at + 12 : at + 14] == b"MM" else "<"
        (count,) = unpack_from(f"{order}H", data, at + 14)
        for number in range(count):
            tag, kind, length, where = unpack_from(f"{order}HHII", data, at + 16 + number * 12)
            if tag == _MAKER_IDENTIFIER and kind == 2 and 4 < length < 256:
                return data[at + where : at + where + length].rstrip(b"\0").decode("ascii", "replace")
    except StructError:
        pass
    return ""


def _index(stream: BinaryIO) -> bytes:
    """The content of the box `moov`; empty where there is none."""
    at = 0
    for _ in range(_MOST_BOXES):
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return b""
        size, begin = int.from_bytes(head[:4]), 8
        if size == 1:
            size, begin = int.from_bytes(head[8:]), 16
        if head[4:8] == b"moov":
            stream.seek(at + begin)
            return stream.read(min(size - begin, _LARGEST_INDEX)) if size > begin else b""
        if size < begin:
            return b""
        at += size
    return b""


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box."""
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4])
        if not 8 <= size <= end - start:
            return
        yield data[start + 4 : start + 8], start + 8, start + size
        start += size


def _created(moov: bytes, start: int) -> float | None:
    (count,) = unpack_from(">Q" if moov[start] else ">I", moov, start + 4)
    seconds: int = count - _FROM_1904 if count >= _FROM_1904 else count
    return float(seconds) if 0 < seconds < 1 << 33 else None


def _keys(moov: bytes, start: int, end: int) -> dict[bytes, str]:
    """The texts of a `meta` box by the names of their keys."""
    if moov[start + 4 : start + 8] != b"hdlr":  # the ISO form has a version in front, QuickTime's has none
        start += 4
    names: list[bytes] = []
    texts: dict[bytes, str] = {}
    for kind, first, last in _boxes(moov, start, end):
        if kind == b"keys":
            names = [moov[a:b] for _, a, b in _boxes(moov, first + 8, last)]
        elif kind == b"ilst":
            for number, a, b in _boxes(moov, first, last):
                index = int.from_bytes(number) - 1
                for inner, c, d in _boxes(moov, a, b):
                    if inner == b"data" and 0 <= index < len(names):
                        texts[names[index]] = moov[c + 8 : d].decode("utf-8", "replace").strip("\0 ")
    return texts


def _moment(text: str) -> float | None:
    found = _DATE.match(text)
    return datetime.fromisoformat(found[1] + found[2]).timestamp() if found else None
