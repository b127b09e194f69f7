"""Joins the media and the sidecars of one Folder: by predicted names first, then by ever weaker rules.

Every rule gives a sidecar away only where sidecar and picture are each other's only candidates among what better
rules have left; two equally good candidates are told, never guessed. docs/matching.md explains each rule.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from pef_tui.model import Album, Folder, Match, MediaFile
from pef_tui.takeout import collided
from pef_tui.takeout.board import Board, Card, Placed
from pef_tui.takeout.companions import FILMS, STILLS, Companions
from pef_tui.takeout.live import Open
from pef_tui.takeout.names import (
    MEDIA_UNITS,
    SIDECAR_UNITS,
    Reading,
    composed,
    counted,
    cut,
    folded,
    media_name,
    media_names,
    plain,
    split,
    stems,
    uncount_media,
    units,
)

Keys = Iterable[str]

FILM = "\ue000"
"""Marks keys that only films have; a private character, which no fold changes."""

PREFIX_UNITS = 40
"""A common beginning of fewer UTF-16 units says nothing: names are only ever cut beyond it."""


def match_folder(folder: Folder, open_media: Open | None = None) -> Iterator[Match]:
    """One Match for every media file, and for those of `folder.other` that a strict rule shows to be media.

    `open_media`: live films are read where their names leave their stills in question. Neither the order of the listing
    nor the spread of the files over sources changes who gets which sidecar.
    """
    board = Board(folder)
    _exact(board)
    companions = Companions(board, open_media)
    if board.left or board.others:
        _weaker(board, companions)
    companions.pair()
    yield from _matches(board)


def _exact(board: Board) -> None:
    """Predict the media names from every sidecar that is named as Google names it, and look them up."""
    board.settle(collided.RULE, collided.collided(board))
    wishes = []
    for card in board.cards:
        if card.strict and not card.given:
            for name in media_names(*card.reading):
                if name in board.media or name in board.others:
                    wishes.append((card, (name,)))
                    break
    board.settle("exact", wishes)


def _weaker(board: Board, companions: Companions) -> None:
    """The other rules, in order. A picture that a late rule found a sidecar for shares it with its companions too."""
    for rule in SURE:
        rule.apply(board)
    companions.films()
    for rule in OTHER_EXTENSION:
        rule.apply(board)
    companions.films()
    companions.edited()
    before = len(board.placed)
    for cut_rule in CUT_ELSEWHERE:
        cut_rule.apply(board)
    if len(board.placed) > before:
        companions.films()
        companions.edited()


class Rule(NamedTuple):
    """Media and sidecar belong together where they have a key in common that nobody else has."""

    name: str
    media_keys: Callable[[str], Keys]
    card_keys: Callable[[Card], Keys]
    others: bool = False
    """Whether it may show a file of `folder.other` to be media."""

    def apply(self, board: Board) -> None:
        """Join what this rule can among what is left."""
        unused = board.unused
        if not unused:
            return
        index: dict[str, list[str]] = {}
        for name in board.left:
            for key in self.media_keys(name):
                index.setdefault(key, []).append(name)
        if self.others:
            for name in board.others.keys() - board.placed.keys():
                index.setdefault(name, []).append(name)
        board.settle(self.name, self._wishes(unused, index) if index else ())

    def _wishes(
        self, unused: list[Card], index: dict[str, list[str]]
    ) -> Iterator[tuple[Card, Sequence[str]]]:
        for card in unused:
            names = {name for key in self.card_keys(card) for name in index.get(key, ())}
            if names:
                yield card, _one_still(names)


def _one_still(names: set[str]) -> Sequence[str]:
    """Of a still and the films beside it, the still: it is the picture, and they will share its sidecar."""
    if len(names) > 1:
        stills = [name for name in names if split(name)[1].lower() not in FILMS]
        if len(stills) == 1:
            return stills
    return sorted(names)


def _itself(name: str) -> Keys:
    return (name,)


def _named(card: Card) -> Keys:
    return media_names(*card.named)


def _titled(card: Card) -> Keys:
    return [name for reading in card.readings for name in media_names(*reading)]


def _start(name: str) -> Keys:
    """The part of a long media name that a cut sidecar name still has."""
    title, counter = uncount_media(name)
    return (counted(cut(title, SIDECAR_UNITS), counter),) if units(title) > SIDECAR_UNITS else ()


def _cut_base(card: Card) -> Keys:
    return (counted(*card.named),) if units(card.named.title) in (SIDECAR_UNITS, SIDECAR_UNITS + 1) else ()


def _all_readings(card: Card) -> Iterator[Reading]:
    """Readings, with the title composed and HTML-unescaped too: both change what is cut off."""
    for title, counter in card.readings:
        yield Reading(title, counter)
        if not title.isascii():
            yield Reading(composed(title), counter)
        if "&" in title:
            yield Reading(html.unescape(title), counter)


def _folding(fold: Callable[[str], str]) -> tuple[Callable[[str], Keys], Callable[[Card], Keys]]:
    """Keys of media and sidecars for names that are equal once folded."""

    def media_keys(name: str) -> Keys:
        return (fold(name),)

    def card_keys(card: Card) -> Keys:
        return {fold(name) for reading in _all_readings(card) for name in media_names(*reading)}

    return media_keys, card_keys


def _stem(name: str) -> Keys:
    return (split(name)[0],)


def _plain_stem(name: str) -> Keys:
    return (plain(split(name)[0]),)


def _other_stem(name: str) -> Keys:
    """The stem, for titles of stills; marked too where the file moves, for titles of films."""
    stem, extension = split(name)
    return (stem, FILM + stem) if extension.lower() in FILMS | {".gif"} else (stem,)


def _plain_other_stem(name: str) -> Keys:
    return map(plain, _other_stem(name))


def _whole_title(card: Card) -> Keys:
    """Media stems of a title that lacks its extension, or got another one appended."""
    keys: set[str] = set()
    for reading in _all_readings(card):
        keys.update(stems(*reading), media_names(*reading))
    return keys


def _title_stem(card: Card) -> Keys:
    """Media stems of a title whose extension is another than the file's.

    A still may have become a film (live photos), but the sidecar of a film is not for a still of its number.
    """
    keys: set[str] = set()
    for title, counter in _all_readings(card):
        stem, extension = split(title)
        if extension.lower() in STILLS:
            keys.update(stems(stem, counter))
        elif extension.lower() in FILMS:
            keys.update(FILM + name for name in stems(stem, counter))
    return keys


def _plainly(keys: Callable[[Card], Keys]) -> Callable[[Card], Keys]:
    return lambda card: {plain(key) for key in keys(card)}


SURE = (
    Rule("json-name", _itself, _named, others=True),
    Rule("json-name", _start, _cut_base),
    Rule("title", _itself, _titled, others=True),
    Rule("unicode", *_folding(composed)),
    Rule("case", *_folding(folded)),
    Rule("characters", *_folding(plain)),
    Rule("extension-added", _stem, _whole_title),
    Rule("extension-added", _plain_stem, _plainly(_whole_title)),
)
OTHER_EXTENSION = (
    Rule("extension-other", _other_stem, _title_stem),
    Rule("extension-other", _plain_other_stem, _plainly(_title_stem)),
)


class LongRule(NamedTuple):
    """A rule for cut names, which decides by what the whole folder holds and not only by what is left."""

    name: str
    wishes: Callable[[Board], Iterator[tuple[Card, Sequence[str]]]]

    def apply(self, board: Board) -> None:
        """Join what this rule can among what is left."""
        if board.left and board.unused:
            board.settle(self.name, self.wishes(board))


def _counter_lost(board: Board) -> Iterator[tuple[Card, Sequence[str]]]:
    """Only one of picture and sidecar has a counter, where a cut made names of theirs collide.

    Either the folder has one picture and one sidecar of that cut name at all, or the sidecar was counted because
    another title begins with the same 46 units.
    """
    pictures: dict[str, list[str]] = {}
    for name in board.media:
        pictures.setdefault(uncount_media(name).title, []).append(name)
    cards: dict[str, list[Card]] = {}
    bases: dict[str, set[str]] = {}
    for card in board.cards:
        if card.strict and units(card.reading.title) > SIDECAR_UNITS:
            cards.setdefault(media_name(card.reading.title, 0), []).append(card)
            bases.setdefault(cut(card.reading.title, SIDECAR_UNITS), set()).add(card.reading.title)
    left = set(board.left)
    for title, same in cards.items():
        names = pictures.get(title, [])
        if len(same) == 1 and len(names) == 1 and not same[0].given and names[0] in left:
            reading, counter = same[0].reading, uncount_media(names[0]).counter
            collided = len(bases[cut(reading.title, SIDECAR_UNITS)]) > 1
            alone = counter and not reading.counter and units(title) >= MEDIA_UNITS
            if alone or (collided and reading.counter and not counter):
                yield same[0], names


def _same_start(board: Board) -> Iterator[tuple[Card, Sequence[str]]]:
    """Names that some other tool cut at another length: one begins with the other, and nobody else begins so."""
    pictures: dict[tuple[str, int], list[str]] = {}
    for name in board.left:
        title, counter = uncount_media(name)
        if units(title) >= PREFIX_UNITS and name not in board.mains:
            pictures.setdefault((cut(plain(title), PREFIX_UNITS), counter), []).append(name)
    cards: dict[tuple[str, int], list[Card]] = {}
    for card in board.unused if pictures else ():
        title, counter = card.reading if card.reading.title else card.named
        if units(title) >= PREFIX_UNITS:
            cards.setdefault((cut(plain(title), PREFIX_UNITS), counter), []).append(card)
    for key, same in cards.items():
        names = pictures.get(key, [])
        if len(same) == 1 and len(names) == 1:
            title = plain(same[0].reading.title or same[0].named.title)
            stem = plain(split(uncount_media(names[0]).title)[0])
            if title.startswith(stem) or stem.startswith(split(title)[0]):
                yield same[0], names


CUT_ELSEWHERE = (LongRule("counter", _counter_lost), LongRule("prefix", _same_start))


def _matches(board: Board) -> Iterator[Match]:
    album = board.folder.album
    for media in board.folder.media:
        yield _match(board, media, board.placed.get(media.path.rpartition("/")[2]), album)
    for name in sorted(board.others.keys() & (board.placed.keys() | board.mains.keys())):
        for media in board.others[name]:
            yield _match(board, media, board.placed.get(name), album)


def _match(board: Board, media: MediaFile, placed: Placed | None, album: Album | None) -> Match:
    path, name = board.folder.path, media.path.rpartition("/")[2]
    if placed is None:
        reason = board.doubts.get(name, "no sidecar")
        return Match(media, path, reason=reason, main=board.mains.get(name, ""), album=album)
    file = placed.choose(media)
    if file is None:
        reason = f"ambiguous: {placed.cards[0].name} differs between sources"
        return Match(media, path, reason=reason, main=placed.main, album=album)
    return Match(media, path, file.sidecar, file, placed.rule, "", placed.main, album)
