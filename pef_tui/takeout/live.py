"""Which still a live film belongs to where the name alone does not tell.

Google numbers films apart from stills: the film of `X(1).HEIC` may be `X.MP4`, and `X.HEIC` and `X.JPG` have the films
`X.MP4` and `X(1).MP4`. There the film's own moment, or the identifier that Apple gives both, decides; films are read
only there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, TypeVar

from pef_tui.formats.moments import FilmFacts, film_facts, still_identifier
from pef_tui.model import MediaFile
from pef_tui.takeout.board import Board
from pef_tui.takeout.names import plain, split, uncount_media

LIVE_SECONDS = 3
"""A film and its still were taken at most this much apart."""

Open = Callable[[MediaFile], BinaryIO]
Read = TypeVar("Read")


class Group:
    """The stills and films of one title, counters apart."""

    def __init__(self, stills: list[str], films: list[str]) -> None:
        self.stills = stills
        self.films = films

    @property
    def is_plain(self) -> bool:
        """Has every film one still to belong to, by its name?"""
        return len(self.stills) == 1 and all(_stem(film) == _stem(self.stills[0]) for film in self.films)


class LivePairs:
    """Pairs films and stills of one Folder by what they say themselves."""

    def __init__(
        self, board: Board, stills: frozenset[str], films: frozenset[str], open_media: Open | None
    ) -> None:
        """`stills`, `films`: their extensions. Without `open_media` no file says anything."""
        self._board = board
        self._open = open_media
        self._facts: dict[str, FilmFacts] = {}
        self._identifiers: dict[str, str] = {}
        self._groups = {key: group for key, group in _groups(board, stills, films) if not group.is_plain}

    def group(self, film: str) -> Group | None:
        """The stills and films that a film's name leaves in question; None where there is no question."""
        return self._groups.get(_title(film)) if self._groups else None

    def pairs(self, left: Sequence[str], by_name: Callable[[str], str]) -> Iterator[tuple[str, str]]:
        """Films of questionable names, among those left, each with its still; "" for one that has none.

        `by_name`: the still that a film's name means, or "".
        """
        waiting = set(left)
        for group in self._groups.values():
            films = [film for film in group.films if film in waiting]
            if films:
                yield from self._paired(group, films, by_name)

    def _paired(
        self, group: Group, films: list[str], by_name: Callable[[str], str]
    ) -> Iterator[tuple[str, str]]:
        possible = {film: self._possible(film, group.stills) for film in films}
        sure = {film: stills[0] for film in films if (stills := self._proved(film, possible[film]))}
        named = {
            film: still
            for film in films
            if film not in sure and (still := by_name(film)) in possible[film] and still not in sure.values()
        }
        found = sure | named
        free = [still for still in group.stills if still not in found.values()]
        rest = [film for film in films if film not in found]
        if len(free) == 1 and len(rest) == 1 and self._must_be(rest[0], free[0], group):
            found[rest[0]] = free[0]
        for film in films:
            if film in found or by_name(film):
                yield film, found.get(film, "")

    def _possible(self, film: str, stills: list[str]) -> list[str]:
        """The stills whose identifier, where both have one, is the film's."""
        identifier = self._film(film).identifier
        if not identifier:
            return stills
        known = {still: self._still(still) for still in stills}
        same = [still for still in stills if known[still] == identifier]
        return same or [still for still in stills if not known[still]]

    def _proved(self, film: str, stills: list[str]) -> list[str]:
        """The still that the film itself tells, if it is one."""
        facts = self._film(film)
        if facts.identifier and len(stills) == 1 and self._still(stills[0]) == facts.identifier:
            return stills
        fits = [still for still in stills if self._apart(film, still) <= LIVE_SECONDS]
        return fits if len(fits) == 1 else []

    def _apart(self, film: str, still: str) -> float:
        """Seconds between a film's own moment and the one that the still's sidecar says; infinite if not known."""
        created, taken = self._film(film).created, self.taken(still)
        return abs(created - taken) if created is not None and taken is not None else float("inf")

    def _must_be(self, film: str, still: str, group: Group) -> bool:
        """Is a film of another number the one that a still lacks which shares its name with another still?

        As `X.HEIC` and `X.JPG` do; a film whose moment is another says no.
        """
        names = [other for other in group.stills if _stem(other) == _stem(still)]
        known = self._film(film).created is not None and self.taken(still) is not None
        return len(names) > 1 and not known and still in self._possible(film, group.stills)

    def taken(self, name: str) -> float | None:
        """The moment that the sidecar of a file says."""
        placed = self._board.placed.get(name)
        return placed.cards[0].sidecar.taken if placed is not None else None

    def _film(self, name: str) -> FilmFacts:
        if name not in self._facts:
            self._facts[name] = self._read(name, film_facts, FilmFacts())
        return self._facts[name]

    def _still(self, name: str) -> str:
        if name not in self._identifiers:
            self._identifiers[name] = self._read(name, still_identifier, "")
        return self._identifiers[name]

    def _read(self, name: str, read: Callable[[BinaryIO], Read], nothing: Read) -> Read:
        if self._open is None:
            return nothing
        try:
            with self._open(self._board.media[name][0]) as stream:
                return read(stream)
        except OSError:
            return nothing


def _groups(board: Board, stills: frozenset[str], films: frozenset[str]) -> Iterator[tuple[str, Group]]:
    """The media of each title that has a film and a still."""
    by_title: dict[str, list[str]] = {}
    for name in board.media:
        if split(name)[1].lower() in films:
            by_title.setdefault(_title(name), []).append(name)
    if not by_title:
        return
    still_names: dict[str, list[str]] = {}
    for name in board.media:
        if split(name)[1].lower() in stills and (title := _title(name)) in by_title:
            still_names.setdefault(title, []).append(name)
    for title, names in still_names.items():
        yield title, Group(sorted(names, key=_shortest), sorted(by_title[title], key=_shortest))


def _title(name: str) -> str:
    return plain(split(uncount_media(name).title)[0])


def _stem(name: str) -> str:
    return plain(split(name)[0])


def _shortest(name: str) -> tuple[int, str]:
    return len(name), name
