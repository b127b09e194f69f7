"""Sidecars without a picture by title and moment, and which of them each picture agrees with.

Thousands of pictures may have one title (`image.jpg`), so what agrees is kept as ranges in sorted lists: time and
memory grow as n log n.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from pef_tui.model import JsonFile
from pef_tui.run.exports import FileId, Key
from pef_tui.takeout.board import few
from pef_tui.takeout.elsewhere import Span, gist, sidecar_keys

FEW = 16
"""Sidecars of one title that are tested one by one."""
SHOWN = 4
"""Claimants that are remembered by name."""

Where = tuple[str, Key]
"""A title and an export."""


class Ranges(Struct, frozen=True):
    """The sidecars that a picture agrees with: first and last place in lists."""

    parts: tuple[tuple[Where, int, int], ...]

    @property
    def count(self) -> int:
        """How many, each list by itself."""
        return sum(last - first + 1 for _, first, last in self.parts)


class Claim(Struct):
    """Who agrees with one sidecar."""

    count: int
    shown: list[FileId]
    same: bool
    """All of them have the same bytes."""


class Orphans:
    """The sidecars without a picture, by what they say (`gist`)."""

    def __init__(self, files: Iterable[JsonFile], key: Callable[[JsonFile], Key]) -> None:
        """`key`: the export of a file."""
        self.said: dict[str, list[JsonFile]] = {}
        lists: dict[Where, set[tuple[float, str]]] = {}
        for file in sorted(files, key=lambda file: (file.path, file.root)):
            if file.sidecar is None:
                continue
            what, taken = gist(file.sidecar), file.sidecar.taken
            self.said.setdefault(what, []).append(file)
            for name in sidecar_keys(file) if taken is not None else ():
                lists.setdefault((name, key(file)), set()).add((taken or 0.0, what))
        self._lists = {where: sorted(rows) for where, rows in lists.items()}
        self._exports: dict[str, list[Key]] = {}
        for name, export in self._lists:
            self._exports.setdefault(name, []).append(export)

    def titled(self, names: Iterable[str], wanted: Callable[[Key], bool]) -> list[Where]:
        """The lists of sidecars with one of these titles, of the exports that are wanted."""
        return [
            (name, export)
            for name in sorted(names)
            for export in self._exports.get(name, ())
            if wanted(export)
        ]

    def only(self, lists: Sequence[Where]) -> str | None:
        """The one sidecar in these lists; None where there are more."""
        one = {what for where in lists if len(self._lists[where]) == 1 for _, what in self._lists[where]}
        return one.pop() if len(one) == 1 and all(len(self._lists[where]) == 1 for where in lists) else None

    def agreeing(
        self, lists: Sequence[Where], agrees: Callable[[float], bool], spans: Callable[[], Sequence[Span]]
    ) -> Ranges:
        """Those whose moment agrees; `spans` holds every moment for which `agrees` is true."""
        parts: list[tuple[Where, int, int]] = []
        for where in lists:
            rows = self._lists[where]
            if len(rows) <= FEW:
                parts += [(where, at, at) for at, (taken, _) in enumerate(rows) if agrees(taken)]
                continue
            for first, last in _joined(spans()):
                low = bisect_left(rows, (first, ""))
                high = bisect_right(rows, last, key=lambda row: row[0]) - 1
                if low <= high:
                    parts.append((where, low, high))
        return Ranges(tuple(parts))

    def first(self, ranges: Ranges) -> list[str]:
        """The first few of them, each once."""
        return list(islice(dict.fromkeys(self._whats(ranges)), SHOWN))

    def _whats(self, ranges: Ranges) -> Iterator[str]:
        for where, first, last in ranges.parts:
            yield from (what for _, what in self._lists[where][first : min(last, first + SHOWN) + 1])

    def named(self, ranges: Ranges) -> str:
        """Their paths, a few of them, and how many more."""
        first = self.first(ranges)
        paths = sorted({file.path for what in first for file in self.said[what][:SHOWN]})
        return few(paths, len(paths) + max(0, ranges.count - len(first)))

    def claims(
        self, agreeing: dict[FileId, Ranges], asked: set[str], same: Callable[[FileId, FileId], bool]
    ) -> dict[str, Claim]:
        """For each of the asked sidecars, who agrees with it."""
        parts: dict[Where, list[tuple[int, int, FileId]]] = {}
        for key, ranges in agreeing.items():
            for where, first, last in ranges.parts:
                parts.setdefault(where, []).append((first, last, key))
        found: dict[str, Claim] = {}
        for where, claimed in parts.items():
            for what, claim in self._swept(where, sorted(claimed), asked, same):
                known = found.get(what)
                found[what] = claim if known is None else _together(known, claim, same)
        return found

    def _swept(
        self,
        where: Where,
        claimed: list[tuple[int, int, FileId]],
        asked: set[str],
        same: Callable[[FileId, FileId], bool],
    ) -> Iterator[tuple[str, Claim]]:
        """Go through one list once, with those that claim the place at hand."""
        active: dict[FileId, int] = {}
        ends: list[tuple[int, FileId]] = []
        coming = 0
        for at, (_, what) in enumerate(self._lists[where]):
            while coming < len(claimed) and claimed[coming][0] <= at:
                _, last, key = claimed[coming]
                active[key] = max(last, active.get(key, last))
                heapq.heappush(ends, (last, key))
                coming += 1
            while ends and ends[0][0] < at:
                _, key = heapq.heappop(ends)
                if active.get(key, at) < at:
                    del active[key]
            if what in asked and active:
                one = next(iter(active))
                yield (
                    what,
                    Claim(len(active), [*islice(active, SHOWN)], all(same(one, key) for key in active)),
                )


def _together(one: Claim, other: Claim, same: Callable[[FileId, FileId], bool]) -> Claim:
    if one.count == 1 and other.shown == one.shown and other.count == 1:
        return one
    shown = list(dict.fromkeys((*one.shown, *other.shown)))
    count = max(one.count, other.count, len(shown))
    return Claim(count, shown[:SHOWN], one.same and other.same and same(one.shown[0], other.shown[0]))


def _joined(spans: Sequence[Span]) -> Iterator[Span]:
    """The same moments, in spans that do not overlap."""
    start: float | None = None
    end = 0.0
    for first, last in sorted(spans):
        if start is not None and first <= end:
            end = max(end, last)
            continue
        if start is not None:
            yield start, end
        start, end = first, last
    if start is not None:
        yield start, end
