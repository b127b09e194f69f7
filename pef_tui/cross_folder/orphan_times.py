"""Index sidecars without a picture by title and time, to find those that agree with a picture.

Thousands of pictures may have the same title (`image.jpg`). So each title has a list of sidecars, sorted by time. The
sidecars that agree with one picture are ranges of indexes in such lists. Time and memory for n sidecars grow as n log
n.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from pef_tui.model import FileId, JsonFile
from pef_tui.planning.exports import ExportKey
from pef_tui.takeout.match_state import summarize_names
from pef_tui.takeout.orphan_keys import Span, content_key, sidecar_keys

MAX_TESTED_SINGLY = 16
"""Up to this number, the sidecars of a title are tested one by one. Longer lists are searched by bisection."""
MAX_NAMED = 4
"""Number of pictures that are stored for one sidecar. Further pictures that agree with it are only counted."""

TitleInExport = tuple[str, ExportKey]
"""A title and an export. Each such pair has its own list of sidecars in the index."""


class Ranges(Struct, frozen=True):
    """The sidecars that agree with one picture: their title is its name, and their time is its time.

    They are stored as ranges in the lists of an `OrphanIndex`.
    """

    parts: tuple[tuple[TitleInExport, int, int], ...]
    """Each range: the list, its first index and its last index."""

    @property
    def count(self) -> int:
        """Number of sidecars. A sidecar that is in two lists counts twice."""
        return sum(last - first + 1 for _, first, last in self.parts)


class Claim(Struct):
    """The pictures that agree with one sidecar: their name is its title, and their time is its time."""

    count: int
    claimants: list[FileId]
    """The first few pictures, at most `MAX_NAMED`."""
    same_bytes: bool
    """Whether all pictures have the same bytes."""


class OrphanIndex:
    """Finds, among sidecars without a picture, those that have the title and the time of a picture.

    There is one list for each title and export, sorted by time. Sidecars with equal contents (`content_key`) count as
    one sidecar.
    """

    def __init__(self, files: Iterable[JsonFile], key: Callable[[JsonFile], ExportKey]) -> None:
        """`key`: returns the export of a sidecar."""
        self.files_by_content: dict[str, list[JsonFile]] = {}
        lists: dict[TitleInExport, set[tuple[float, str]]] = {}
        for file in sorted(files, key=lambda file: (file.path, file.root)):
            if file.sidecar is None:
                continue
            content, timestamp = content_key(file.sidecar), file.sidecar.taken
            self.files_by_content.setdefault(content, []).append(file)
            for name in sidecar_keys(file) if timestamp is not None else ():
                lists.setdefault((name, key(file)), set()).add((timestamp or 0.0, content))
        self._lists = {title: sorted(rows) for title, rows in lists.items()}
        """Time and content key of each sidecar, by title and export."""
        self._exports: dict[str, list[ExportKey]] = {}
        for name, export in self._lists:
            self._exports.setdefault(name, []).append(export)

    def lists_with_titles(
        self, titles: Iterable[str], accepts: Callable[[ExportKey], bool]
    ) -> list[TitleInExport]:
        """Return the keys of the lists whose title is in `titles`, and whose export `accepts` accepts."""
        return [
            (title, export)
            for title in sorted(titles)
            for export in self._exports.get(title, ())
            if accepts(export)
        ]

    def single_sidecar(self, lists: Sequence[TitleInExport]) -> str | None:
        """Return the content key of the sidecar in `lists`, if it is the only one; else None."""
        contents = {self._lists[title][0][1] for title in lists if len(self._lists[title]) == 1}
        is_single = all(len(self._lists[title]) == 1 for title in lists)
        return contents.pop() if len(contents) == 1 and is_single else None

    def agreeing_ranges(
        self,
        lists: Sequence[TitleInExport],
        agrees: Callable[[float], bool],
        spans: Callable[[], Sequence[Span]],
    ) -> Ranges:
        """Return the sidecars in `lists` whose time agrees with the time of a picture.

        `agrees`: takes a time, and returns whether it agrees. It tests the sidecars of short lists. `spans`: returns
        the time spans in which times agree; they may overlap. Long lists are searched by these spans.
        """
        parts: list[tuple[TitleInExport, int, int]] = []
        for title in lists:
            rows = self._lists[title]
            if len(rows) <= MAX_TESTED_SINGLY:
                parts += [
                    (title, index, index) for index, (timestamp, _) in enumerate(rows) if agrees(timestamp)
                ]
                continue
            for start, end in _merge(spans()):
                first = bisect_left(rows, (start, ""))
                last = bisect_right(rows, end, key=lambda row: row[0]) - 1
                if first <= last:
                    parts.append((title, first, last))
        return Ranges(tuple(parts))

    def first_contents(self, ranges: Ranges) -> list[str]:
        """Return the content keys of the first few sidecars (`MAX_NAMED`) in `ranges`, each key once."""
        return list(islice(dict.fromkeys(self._contents(ranges)), MAX_NAMED))

    def _contents(self, ranges: Ranges) -> Iterator[str]:
        for title, first, last in ranges.parts:
            rows = self._lists[title][first : min(last, first + MAX_NAMED) + 1]
            yield from (content for _, content in rows)

    def describe(self, ranges: Ranges) -> str:
        """Return a text with the paths of the first few sidecars in `ranges`, and the number of the others."""
        contents = self.first_contents(ranges)
        paths = sorted(
            {file.path for content in contents for file in self.files_by_content[content][:MAX_NAMED]}
        )
        return summarize_names(paths, len(paths) + max(0, ranges.count - len(contents)))

    def claims(
        self,
        ranges_by_file: dict[FileId, Ranges],
        contents: set[str],
        are_equal: Callable[[FileId, FileId], bool],
    ) -> dict[str, Claim]:
        """Return which pictures agree with each sidecar of `contents`, by the content key of the sidecar.

        `ranges_by_file`: for each picture, the sidecars that agree with it. `are_equal`: returns whether two pictures
        have the same bytes.
        """
        parts: dict[TitleInExport, list[tuple[int, int, FileId]]] = {}
        for identity, ranges in ranges_by_file.items():
            for title, first, last in ranges.parts:
                parts.setdefault(title, []).append((first, last, identity))
        claims: dict[str, Claim] = {}
        for title, claimed in parts.items():
            for content, claim in self._sweep(title, sorted(claimed), contents, are_equal):
                previous = claims.get(content)
                claims[content] = claim if previous is None else _combine(previous, claim, are_equal)
        return claims

    def _sweep(
        self,
        title: TitleInExport,
        claimed: list[tuple[int, int, FileId]],
        contents: set[str],
        are_equal: Callable[[FileId, FileId], bool],
    ) -> Iterator[tuple[str, Claim]]:
        """Yield the claims on the sidecars of one list, by content key, in one pass over the list.

        `claimed`: first index, last index and picture of each range, sorted.

        Variables: `active` has the pictures whose range contains the current index, each with the last index of its
        range. `ends` is a heap of these last indexes.
        """
        active: dict[FileId, int] = {}
        ends: list[tuple[int, FileId]] = []
        position = 0
        for index, (_, content) in enumerate(self._lists[title]):
            while position < len(claimed) and claimed[position][0] <= index:
                _, last, identity = claimed[position]
                active[identity] = max(last, active.get(identity, last))
                heapq.heappush(ends, (last, identity))
                position += 1
            while ends and ends[0][0] < index:
                _, identity = heapq.heappop(ends)
                if active.get(identity, index) < index:
                    del active[identity]
            if content in contents and active:
                first_claimant = next(iter(active))
                same_bytes = all(are_equal(first_claimant, identity) for identity in active)
                yield content, Claim(len(active), [*islice(active, MAX_NAMED)], same_bytes)


def _combine(first: Claim, second: Claim, are_equal: Callable[[FileId, FileId], bool]) -> Claim:
    """Return the combined claim on a sidecar that is in two lists.

    A picture may be in both claims, so the count of the result is a lower bound.
    """
    if first.count == 1 and second.claimants == first.claimants and second.count == 1:
        return first
    claimants = list(dict.fromkeys((*first.claimants, *second.claimants)))
    count = max(first.count, second.count, len(claimants))
    same_bytes = first.same_bytes and second.same_bytes
    same_bytes = same_bytes and are_equal(first.claimants[0], second.claimants[0])
    return Claim(count, claimants[:MAX_NAMED], same_bytes)


def _merge(spans: Sequence[Span]) -> Iterator[Span]:
    """Yield spans without overlaps that cover the same times as `spans`."""
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
