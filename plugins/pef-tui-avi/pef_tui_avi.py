"""Writes tags into AVI videos themselves, in place of an XMP file beside them.

The packet goes into a chunk `_PMX` at the end of the file, where Adobe's XMP specification (part 3) has it and ExifTool
and Adobe's programs read it. Nothing else moves, so that indexes keep their places. An older packet is completed; its
chunk becomes `JUNK`, which players pass over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from pef_tui import Plan, Settings, Span, Staged, Writer, Written, hookimpl, xmp_packet

LARGEST = 0xFFFF_FFFF
"""What the size of a file is written in: 32 bits."""
LARGEST_PACKET = 16 << 20
MOST_CHUNKS = 10_000


@hookimpl
def pef_writers(settings: Settings) -> Iterator[Writer]:
    """Before the writer of XMP files (900), which gets what is declined here."""
    if settings.existing != "never" and settings.xmp != "always":
        yield Writer("avi", accepts, Session, order=150, compose=compose)


def accepts(plan: Plan) -> bool:
    """Sound AVI files without an XMP file of their own beside them."""
    match = plan.match
    return (
        match.state is not None and match.state.format == "avi" and not match.state.damage and not match.xmp
    )


class Change(Struct, frozen=True):
    """What is written where; everything between stays."""

    size: bytes
    """For the four bytes behind `RIFF`."""
    old: int | None
    """Where the chunk of an older packet begins."""
    tail: bytes
    """Put behind the last byte."""


class Declined(Exception):
    """Why a file is left to the next writer."""


def compose(plan: Plan, source: BinaryIO) -> Sequence[bytes | Span] | Written:
    """The file with its packet, straight from its source. Raises OSError."""
    try:
        change = planned(plan, source)
    except Declined as why:
        return Written("declined", str(why))
    end = source.seek(0, os.SEEK_END)
    middle: list[bytes | Span] = [Span(8, end)]
    if change.old is not None:
        middle = [Span(8, change.old), b"JUNK", Span(change.old + 4, end)]
    return [b"RIFF" + change.size, *middle, change.tail]


class Session:
    """For sources that cannot seek: the same in a copy."""

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """One answer for each. Raises OSError."""
        for each in staged:
            with Path(each.path).open("r+b") as file:
                try:
                    change = planned(each.plan, file)
                except Declined as why:
                    yield Written("declined", str(why))
                    continue
                for place, content in ((change.old, b"JUNK"), (4, change.size)):
                    if place is not None:
                        file.seek(place)
                        file.write(content)
                file.seek(0, os.SEEK_END)
                file.write(change.tail)
            yield Written("written")

    def close(self) -> None:
        """Nothing is held."""


def planned(plan: Plan, file: BinaryIO) -> Change:
    """What is to be done to this file. Raises Declined, OSError."""
    end = file.seek(0, os.SEEK_END)
    old, packet = None, None
    for place, name, size in chunks(file, end):
        if name == b"_PMX" and size <= LARGEST_PACKET:
            old, packet = place, file.read(size)
    try:
        new = xmp_packet(plan.edits, packet)
    except ValueError as why:
        raise Declined(f"its XMP cannot be read: {why}") from None
    tail = b"_PMX" + len(new).to_bytes(4, "little") + new + bytes(len(new) % 2)
    if end + len(tail) > LARGEST:
        raise Declined("it would be too large for an AVI file")
    return Change((end - 8 + len(tail)).to_bytes(4, "little"), old, tail)


def chunks(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes, int]]:
    """Place, name and size of each chunk of the film; the file stands at its content. Raises Declined, OSError."""
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"AVI " or int.from_bytes(head[4:8], "little") + 8 != end:
        raise Declined("it is cut short, or there is more behind the film")
    place = 12
    for _ in range(MOST_CHUNKS):
        if place == end:
            return
        file.seek(place)
        name, size = file.read(4), int.from_bytes(file.read(4), "little")
        if place + 8 + size > end:
            break
        yield place, name, size
        place += 8 + size + size % 2
    raise Declined("its chunks do not add up")
