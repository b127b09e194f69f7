"""Sidecars that were counted because their titles are equal in the first 46 units, not because they are equal.

A sidecar's name is cut at 46 units, a picture's at 51 or (exports of 2026) not at all. Of a burst with long names the
sidecars are then `x.json`, `x(1).json` and `x(2).json`, while each picture has the whole title as its name and no
counter. Among sidecars of one title, the order of their counters is the order of the pictures'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pef_tui.takeout.board import Board, Card, few
from pef_tui.takeout.names import (
    MEDIA_UNITS,
    SIDECAR_UNITS,
    counted,
    cut,
    media_names,
    split,
    units,
)

RULE = "counter"


class Fit(NamedTuple):
    """A sidecar and the two names that its picture may have in the folder; "" where there is none."""

    card: Card
    counted: str
    """By the sidecar's own counter."""
    ranked: str
    """By its place among the sidecars of its title."""
    unsure: tuple[str, ...] = ()
    """Pictures of names that are not cut, of which it is not known which one is meant: sidecars are missing."""


def collided(board: Board) -> Iterator[tuple[Card, Sequence[str]]]:
    """Sidecars with the picture that each is of, where counters of their own do not lead to it.

    What both ways of counting lead to is in doubt.
    """
    for cards in _groups(board):
        fits = [*_fits(board, cards)]
        for fit in fits:
            if fit.unsure:
                _doubt(board, fit.card, fit.unsure, [fit.card.name])
        fits = [fit for fit in fits if not fit.unsure]
        if _all_distinct([fit.counted for fit in fits]):
            continue
        if _all_distinct([fit.ranked for fit in fits]):
            yield from ((fit.card, (fit.ranked,)) for fit in fits if fit.ranked != fit.counted)
        else:
            yield from _partly(board, fits)


def _groups(board: Board) -> Iterator[list[Card]]:
    """Sidecars whose names are equal but for the counter, by counter; only where one is counted and a title is cut."""
    bases: dict[str, list[Card]] = {}
    for card in board.cards:
        if card.strict and not card.given and units(card.reading.title) > SIDECAR_UNITS:
            bases.setdefault(cut(card.reading.title, SIDECAR_UNITS), []).append(card)
    for cards in bases.values():
        if any(card.reading.counter for card in cards):
            yield sorted(cards, key=lambda card: (card.reading.counter, card.name))


def _fits(board: Board, cards: list[Card]) -> Iterator[Fit]:
    """Each sidecar with the names of its picture.

    Its place among those of its title is known where no sidecar is missing: the counters have no gap, or a title has
    one sidecar and one picture.
    """
    counters = [card.reading.counter for card in cards]
    whole = counters == list(range(len(cards)))
    titles: dict[str, list[Card]] = {}
    for card in cards:
        titles.setdefault(card.reading.title, []).append(card)
    for title, same in titles.items():
        stem, extension = split(title)
        names = [counted(stem, place) + extension for place in range(max(counters) + 1)]
        there = tuple(name for name in names if name in board.media)
        sure = whole or (len(same) == 1 and len(there) == 1)
        for place, card in enumerate(same):
            if not sure and len(there) > 1 and units(title) > MEDIA_UNITS:
                yield Fit(card, "", "", there)
            else:
                yield Fit(card, _first(board, card), names[place] if sure and names[place] in there else "")


def _first(board: Board, card: Card) -> str:
    return next((name for name in media_names(*card.reading) if name in board.media), "")


def _all_distinct(names: list[str]) -> bool:
    return "" not in names and len(set(names)) == len(names)


def _partly(board: Board, fits: list[Fit]) -> Iterator[tuple[Card, Sequence[str]]]:
    """Where pictures or sidecars are missing: what has one answer; the rest of what differs is in doubt."""
    claims: dict[str, list[Card]] = {}
    for fit in fits:
        for name in {fit.counted, fit.ranked} - {""}:
            claims.setdefault(name, []).append(fit.card)
    for fit in fits:
        names = {fit.counted, fit.ranked} - {""}
        rivals = {card.name for name in names for card in claims[name]}
        if len(names) == 1 and len(rivals) == 1:
            if not fit.counted:
                yield fit.card, tuple(names)
        elif len(names) > 1 or fit.card.reading.counter:
            _doubt(board, fit.card, names, rivals)


def _doubt(board: Board, card: Card, names: Iterable[str], rivals: Iterable[str]) -> None:
    card.given = True
    for name in names:
        board.doubts[name] = f"ambiguous: {few(sorted(rivals))}"
