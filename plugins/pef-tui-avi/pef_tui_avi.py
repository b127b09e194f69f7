"""Write tags into AVI videos instead of an XMP file beside them.

The XMP packet is written into a chunk `_PMX` at the end of the file, as in Adobe's XMP specification (part 3). ExifTool
and Adobe's programs read it there. No other data moves, so that indexes stay valid. An existing packet is completed,
written at the end too, and its old chunk becomes `JUNK`, which players ignore.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from pef_tui import Plan, Settings, Span, Staged, Writer, Written, hookimpl, xmp_packet

LARGEST = 0xFFFF_FFFF
"""Largest size of a file in bytes: its field in the header has 32 bits."""
LARGEST_PACKET = 16 << 20
MOST_CHUNKS = 10_000


@hookimpl
def pef_writers(settings: Settings) -> Iterator[Writer]:
    """Yield a writer for AVI files. The writer of XMP files (order 900) runs after it, and gets the files that it
    declines.
    """
    if settings.existing != "never" and settings.xmp != "always":
        yield Writer("avi", accepts, Session, order=150, compose=compose)


def accepts(plan: Plan) -> bool:
    """Return whether the file is an undamaged AVI file without an XMP file beside it."""
    match = plan.match
    return (
        match.metadata is not None
        and match.metadata.format == "avi"
        and not match.metadata.damage
        and not match.xmp
    )


class Change(Struct, frozen=True):
    """The changes to a file. All other bytes stay the same."""

    size: bytes
    """The four bytes after `RIFF`, which state the new size of the file."""
    old: int | None
    """Offset of the chunk with an existing packet, which becomes `JUNK`; None without a packet."""
    tail: bytes
    """The chunk with the new packet, appended after the last byte."""


class Declined(Exception):
    """The reason why a file is left to the next writer."""


def compose(plan: Plan, source: BinaryIO) -> Sequence[bytes | Span] | Written:
    """Return the pieces of the new file: new bytes, and spans of the source. Return `declined` with a reason if the
    file cannot be changed.

    Raises OSError.
    """
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
    """Writer session for sources that cannot seek: it makes the changes in a staged copy of the file."""

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        """Write the tags into each staged copy, and yield one result for each. Raises OSError."""
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
        """Do nothing: no resource is open."""


def planned(plan: Plan, file: BinaryIO) -> Change:
    """Return the changes that write the edits of `plan` into `file`. Raises Declined if they are not possible, and
    OSError.
    """
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
    """Yield offset, name and size of each chunk, with the file position at its content.

    Raises Declined if the file is cut short or its chunks are damaged, and OSError. `end`: size of the file in bytes.
    """
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
