"""A file with some of its bytes made anew, everything else moved from where it lies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pef_tui.hooks import Piece, Span


class Change(NamedTuple):
    """Bytes that take the place of what lies from `start` to `end`."""

    start: int
    end: int
    new: bytes


def laid_out(changes: Iterable[Change], size: int) -> tuple[Piece, ...]:
    """What a file of `size` bytes consists of with the changes made; those of one place in the order given."""
    pieces: list[Piece] = []
    at = 0
    for change in sorted(changes, key=lambda change: (change.start, change.end)):
        assert change.start >= at, "changes that overlap"
        if change.start > at:
            pieces.append(Span(at, change.start))
        if change.new:
            pieces.append(change.new)
        at = change.end
    if at < size:
        pieces.append(Span(at, size))
    return tuple(pieces)
