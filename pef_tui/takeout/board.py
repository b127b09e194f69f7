"""The state of matching one Folder: which files are there, which sidecar was given to whom, what is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pef_tui.model import Folder, JsonFile, MediaFile, Sidecar
from pef_tui.takeout.names import (
    Reading,
    misplaced_counter,
    on_disk,
    read_sidecar_base,
    sidecar_counter,
    uncount,
)

SHOWN = 3
"""Candidates that a reason names."""


def few(names: Sequence[str], count: int | None = None) -> str:
    """The first of some names and how many more there are; `count`: of all, where not all are given."""
    more = (len(names) if count is None else count) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


class Card:
    """One sidecar of the folder: the JSON files of one name and equal content, in whichever sources they lie."""

    __slots__ = ("files", "given", "holder", "name", "reading", "sidecar", "strict")

    def __init__(self, file: JsonFile, name: str, sidecar: Sidecar) -> None:
        self.name = name
        self.files = [file]
        self.sidecar = sidecar
        title, base = on_disk(sidecar.title), self.base
        counter = sidecar_counter(base, title)
        self.strict = counter is not None
        """The file's name is the one Google gives a sidecar of this title."""
        self.reading = Reading(title, uncount(base).counter if counter is None else counter)
        self.given = False
        """Given to a picture, or in doubt: no rule gives it away again."""
        self.holder = ""
        """Name of the picture it was given to."""

    @property
    def base(self) -> str:
        """The file's name without `.json`."""
        return self.name[:-5] if self.name[-5:].lower() == ".json" else self.name

    @property
    def named(self) -> Reading:
        """What the file's name says on its own."""
        return read_sidecar_base(self.base)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every way to read title and counter, the likeliest first."""
        named, misplaced = self.named, misplaced_counter(self.reading.title)
        readings = (self.reading, named) if self.reading.title else (named,)
        return tuple(dict.fromkeys(readings + ((misplaced,) if misplaced else ())))


class Placed(NamedTuple):
    """What a media name was given."""

    cards: tuple[Card, ...]
    """One; several where sources hold JSON files of one name that differ."""
    rule: str
    main: str = ""

    def choose(self, media: MediaFile) -> JsonFile | None:
        """The JSON file for one of the files of that name: of its own directory or source before others.

        None where sources differ and neither is nearer.
        """
        if len(self.cards) == 1 and len(self.cards[0].files) == 1:
            return self.cards[0].files[0]
        parent = media.path.rpartition("/")[0]
        files = [file for card in self.cards for file in card.files]
        near = [file for file in files if file.root == media.root]
        nearest = [file for file in near if file.path.rpartition("/")[0] == parent]
        files = nearest or near or files
        if all(file.sidecar == files[0].sidecar for file in files):
            return files[0]
        return _newer_naming(files)


class Board:
    """All files of one Folder by name, and what has been decided so far."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.media = _by_name(folder.media)
        self.others = _by_name(folder.other)
        self.cards = _cards(folder.json)
        self._left = sorted(self.media, key=lambda name: (len(name), name))
        self._unused = self.cards
        self.placed: dict[str, Placed] = {}
        self.doubts: dict[str, str] = {}
        """Why a media name got nothing although there were candidates."""
        self.mains: dict[str, str] = {}
        """The picture that a media name belongs to, where neither has a sidecar."""

    @property
    def left(self) -> list[str]:
        """Media names without a sidecar and without a doubt, the shortest first."""
        self._left = [name for name in self._left if name not in self.placed and name not in self.doubts]
        return self._left

    @property
    def unused(self) -> list[Card]:
        """Sidecars that no rule has given away."""
        self._unused = [card for card in self._unused if not card.given]
        return self._unused

    def settle(self, rule: str, wishes: Iterable[tuple[Card, Sequence[str]]]) -> None:
        """Give each sidecar to the one name it fits, where it is the only one that fits; the rest is in doubt."""
        fits: dict[str, list[Card]] = {}
        for card, names in wishes:
            if len(names) > 1:
                self._too_many(card, names)
            else:
                fits.setdefault(names[0], []).append(card)
        for name, cards in fits.items():
            if name not in self.doubts:
                self._give(rule, name, cards)

    def _too_many(self, card: Card, names: Sequence[str]) -> None:
        card.given = True
        reason = f"ambiguous: {card.name} fits {few(sorted(names))}"
        for name in names:
            self.doubts[name] = reason

    def _give(self, rule: str, name: str, cards: list[Card]) -> None:
        chosen = cards if len(cards) == 1 else _same_picture(cards)
        for card in cards:
            card.given = True
            card.holder = name if chosen else ""
        if chosen:
            self.placed[name] = Placed(tuple(chosen), rule)
        else:
            self.doubts[name] = f"ambiguous: {few(sorted(card.name for card in cards))}"


def _same_picture(cards: list[Card]) -> list[Card]:
    """What remains of several sidecars that fit one name if they tell of one picture; empty if not.

    Equal content is one; of old and new naming (two exports) in one directory the new one counts where the moment is
    the same. Sidecars of several sources stay several, for the source of each media file to decide.
    """
    if len({card.name for card in cards}) == 1:
        return cards
    first = min(cards, key=lambda card: card.name)
    if all(card.sidecar == first.sidecar for card in cards):
        return [first]
    if all(card.strict and card.reading == first.reading for card in cards):
        files = [file for card in cards for file in card.files]
        if len({_directory(file) for file in files}) == len(files):
            return cards
        if len(cards) == 2 and (newer := _newer_naming(files)) is not None:
            return [card for card in cards if newer in card.files]
    return []


def _newer_naming(files: Sequence[JsonFile]) -> JsonFile | None:
    """Of files in old and in new naming that tell the same moment, one in the new; None where that is not so."""
    moments = {file.sidecar.taken for file in files if file.sidecar is not None}
    longest = max(files, key=lambda file: len(file.name))
    same = [file for file in files if file.name == longest.name]
    if len(moments) != 1 or None in moments or len(same) == len(files):
        return None
    return longest if all(file.sidecar == longest.sidecar for file in same) else None


def _directory(file: JsonFile) -> tuple[int, str]:
    return file.root, file.path.rpartition("/")[0]


def _by_name(files: Iterable[MediaFile]) -> dict[str, list[MediaFile]]:
    named: dict[str, list[MediaFile]] = {}
    for file in files:
        named.setdefault(file.path.rpartition("/")[2], []).append(file)
    return named


def _cards(files: Iterable[JsonFile]) -> list[Card]:
    """A Card for each name and content, in an order that does not depend on how the files were listed."""
    named: dict[str, list[Card]] = {}
    for file in sorted(files, key=_place):
        if file.kind != "sidecar" or file.sidecar is None:
            continue
        name = file.path.rpartition("/")[2]
        cards = named.setdefault(name, [])
        same = next((card for card in cards if card.sidecar == file.sidecar), None) if cards else None
        if same is not None:
            same.files.append(file)
        else:
            cards.append(Card(file, name, file.sidecar))
    return [card for cards in named.values() for card in cards]


def _place(file: JsonFile) -> tuple[str, int]:
    return file.path, file.root
