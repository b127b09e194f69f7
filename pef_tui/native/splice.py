"""Compose a file from new bytes and unchanged ranges of its source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pef_tui.hooks import Piece, Span


class Change(NamedTuple):
    """New bytes for the range `start` to `end` of the old file. For an empty range, the bytes are inserted."""

    start: int
    end: int
    new: bytes


def splice(changes: Iterable[Change], size: int) -> tuple[Piece, ...]:
    """Return the pieces of a file with the changes: new bytes, and unchanged ranges of the old file.

    `size`: bytes of the old file. Changes must not overlap. Insertions at one offset keep their order.
    """
    pieces: list[Piece] = []
    position = 0
    for change in sorted(changes, key=lambda change: (change.start, change.end)):
        assert change.start >= position, "changes that overlap"
        if change.start > position:
            pieces.append(Span(position, change.start))
        if change.new:
            pieces.append(change.new)
        position = change.end
    if position < size:
        pieces.append(Span(position, size))
    return tuple(pieces)
