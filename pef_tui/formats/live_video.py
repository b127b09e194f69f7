"""Read the facts that pair a live video with its still: the video's creation time, and Apple's identifier in both.

Only a small part of a file is read. A damaged or unknown structure gives no facts, and raises no error. Only OSError is
raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from struct import error as StructError
from struct import unpack_from
from typing import BinaryIO

from msgspec import Struct

from pef_tui.formats.mp4 import SECONDS_1904_TO_1970

_MAX_INDEX_SIZE = 32 << 20
_MAX_BOXES = 1000
_SEARCHED_SIZE = 1 << 20
"""Number of bytes at the beginning of a still in which the maker note is searched. iPhones store it in the first 64
kB.
"""
_CREATION_KEY = b"com.apple.quicktime.creationdate"
_IDENTIFIER_KEY = b"com.apple.quicktime.content.identifier"
_MAKER_NOTE = b"Apple iOS\0"
_MAKER_IDENTIFIER = 0x0011  # ContentIdentifier (ExifTool's Apple tags)
_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[-+]\d\d:?\d\d)", re.ASCII)


class VideoFacts(Struct, frozen=True):
    """Facts that a video states about itself."""

    created: float | None = None
    """Creation time in seconds since 1970 (UTC); None if unknown."""
    identifier: str = ""
    """Apple's ContentIdentifier; "" if there is none. The still of a live video has the same one."""


def read_video_facts(stream: BinaryIO) -> VideoFacts:
    """Return the creation time and the identifier of an MP4 or QuickTime video. Raises OSError."""
    moov = _read_index(stream)
    texts: dict[bytes, str] = {}
    created: float | None = None
    try:
        for kind, start, end in _boxes(moov, 0, len(moov)):
            if kind == b"mvhd":
                created = _creation_time(moov, start)
            elif kind == b"meta":
                texts |= _key_texts(moov, start, end)
    except (StructError, ValueError, OverflowError):
        pass
    key_time = _timestamp(texts.get(_CREATION_KEY, ""))
    return VideoFacts(created if key_time is None else key_time, texts.get(_IDENTIFIER_KEY, ""))


def read_still_identifier(stream: BinaryIO) -> str:
    """Return Apple's ContentIdentifier from the maker note of a HEIC or JPEG; "" if there is none.

    Raises OSError.
    """
    data = stream.read(_SEARCHED_SIZE)
    note_start = data.find(_MAKER_NOTE)
    if note_start < 0:
        return ""
    try:
        order = ">" if data[note_start + 12 : note_start + 14] == b"MM" else "<"
        (count,) = unpack_from(f"{order}H", data, note_start + 14)
        for number in range(count):
            tag, kind, length, offset = unpack_from(f"{order}HHII", data, note_start + 16 + number * 12)
            if tag == _MAKER_IDENTIFIER and kind == 2 and 4 < length < 256:
                return (
                    data[note_start + offset : note_start + offset + length]
                    .rstrip(b"\0")
                    .decode("ascii", "replace")
                )
    except StructError:
        pass
    return ""


def _read_index(stream: BinaryIO) -> bytes:
    """Return the content of the box `moov`; b"" if there is none. Raises OSError."""
    offset = 0
    for _ in range(_MAX_BOXES):
        stream.seek(offset)
        head = stream.read(16)
        if len(head) < 8:
            return b""
        size, head_size = int.from_bytes(head[:4]), 8
        if size == 1:
            size, head_size = int.from_bytes(head[8:]), 16
        if head[4:8] == b"moov":
            stream.seek(offset + head_size)
            return stream.read(min(size - head_size, _MAX_INDEX_SIZE)) if size > head_size else b""
        if size < head_size:
            return b""
        offset += size
    return b""


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box from offset `start` to `end`, with start and end of its content.

    At a damaged box, stop without an error.
    """
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4])
        if not 8 <= size <= end - start:
            return
        yield data[start + 4 : start + 8], start + 8, start + size
        start += size


def _creation_time(moov: bytes, start: int) -> float | None:
    (count,) = unpack_from(">Q" if moov[start] else ">I", moov, start + 4)
    seconds: int = count - SECONDS_1904_TO_1970 if count >= SECONDS_1904_TO_1970 else count
    return float(seconds) if 0 < seconds < 1 << 33 else None


def _key_texts(moov: bytes, start: int, end: int) -> dict[bytes, str]:
    """Return the texts in a box `meta`, by the name of the key of each text."""
    if moov[start + 4 : start + 8] != b"hdlr":  # the ISO form of `meta` begins with a version of 4 bytes
        start += 4
    names: list[bytes] = []
    texts: dict[bytes, str] = {}
    for kind, first, last in _boxes(moov, start, end):
        if kind == b"keys":
            names = [moov[item_start:item_end] for _, item_start, item_end in _boxes(moov, first + 8, last)]
        elif kind == b"ilst":
            for number, item_start, item_end in _boxes(moov, first, last):
                index = int.from_bytes(number) - 1
                for inner, data_start, data_end in _boxes(moov, item_start, item_end):
                    if inner == b"data" and 0 <= index < len(names):
                        texts[names[index]] = (
                            moov[data_start + 8 : data_end].decode("utf-8", "replace").strip("\0 ")
                        )
    return texts


def _timestamp(text: str) -> float | None:
    match = _DATE.match(text)
    return datetime.fromisoformat(match[1] + match[2]).timestamp() if match else None
