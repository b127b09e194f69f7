"""Files without a sidecar of their own that share a picture's: edited copies, live films, motion films."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

from pef_tui.takeout.board import Board, Card, Placed, few
from pef_tui.takeout.languages import EDITED, EFFECTS
from pef_tui.takeout.live import LIVE_SECONDS, LivePairs, Open
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

HEIC = frozenset((".heic", ".heif"))
"""What an iPhone takes live photos in: of several stills with one stem, the live one."""
LIVE_STILLS = HEIC | {".jpg", ".jpeg", ".jpe", ".avif", ".dng"}
RAW = {".raw", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"}
STILLS = LIVE_STILLS | RAW | {".png", ".gif", ".webp", ".jxl", ".bmp", ".tif", ".tiff", ".mpo", ".insp"}
LIVE_FILMS = frozenset((".mp4", ".mov", ".m4v", ".qt"))
FILMS = LIVE_FILMS | {
    ".3gp",
    ".3g2",
    ".avi",
    ".mkv",
    ".webm",
    ".mts",
    ".m2ts",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".mp",
    ".mv",
}
MOTION_FILMS = frozenset((".mp", ".mv"))
"""Films of motion photos, beside `X.MP.jpg` and `X.MV.jpg`."""

WORD_LETTERS = 30
"""No language takes more letters to say "edited"."""

SUFFIXES = frozenset(folded(suffix) for suffix in EDITED + EFFECTS)
"""Of edited copies, folded; each has one dash, its first character."""

Item = TypeVar("Item")

_FILM_ENDINGS = tuple(sorted(LIVE_FILMS))
_MOTION = re.compile(r"\.M[PV](?:~\d+)?", re.IGNORECASE)


class Base(NamedTuple):
    """The picture that something belongs to."""

    main: str
    """Its name; "" where only its sidecar is in the folder."""
    cards: tuple[Card, ...]
    """What it was given; none where it has nothing itself."""
    doubt: str = ""
    """Why it is not known which picture it is."""


class Neighbours:
    """Looks pictures of a folder up by name and by stem: as they lie there, and as the sidecars foretell them."""

    def __init__(self, board: Board) -> None:
        self._board = board

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        return _grouped((plain(name), name) for name in sorted(self._board.media))

    @cached_property
    def _stems(self) -> dict[str, list[str]]:
        return _grouped((plain(split(name)[0]), name) for name in sorted(self._board.media))

    @cached_property
    def _cards(self) -> dict[str, list[Card]]:
        return _grouped(
            (name, card) for card in self._board.cards for name in set(map(plain, media_names(*_title(card))))
        )

    @cached_property
    def _card_stems(self) -> dict[str, list[Card]]:
        return _grouped((stem, card) for card in self._board.cards for stem in _stems_foretold(card))

    def named(self, name: str) -> Base | None:
        """The picture of that name, in the folder or only foretold."""
        names = [name] if name in self._board.media else self._names.get(plain(name))
        if names:
            return self.lying(names)
        return self._foretold(self._cards.get(plain(name), ()))

    def stemmed(self, stem: str, extensions: Container[str]) -> Base | None:
        """The picture of that name before the extension, which is one of `extensions` (or not told by the title)."""
        names = [name for name in self._stems.get(plain(stem), ()) if split(name)[1].lower() in extensions]
        if len(names) > 1:
            live = [name for name in names if split(name)[1].lower() in HEIC]
            names = live if len(live) == 1 else [name for name in names if split(name)[0] == stem] or names
        if names:
            return self.lying(names)
        cards = self._card_stems.get(plain(stem), ())
        return self._foretold([card for card in cards if _may_be(_extension(card), extensions)])

    def is_of_a_copy(self, base: Base, stem: str) -> bool:
        """Is the file of this stem no picture of its own, but a copy of the one that `stemmed` names?"""
        names = self._stems.get(plain(stem), ())
        return base.main != "" and bool(names) and base.main not in names

    def rivals(self, stem: str) -> list[str]:
        """Media of that stem that nothing was given to yet."""
        return [name for name in self._stems.get(plain(stem), ()) if name not in self._board.placed]

    def lying(self, names: Sequence[str]) -> Base:
        """The picture of a name in the folder; a doubt where there are several names."""
        placed = [self._board.placed.get(name) for name in names]
        first = placed[0]
        if len(names) == 1:
            return Base((first and first.main) or names[0], first.cards if first else ())
        return Base("", (), f"ambiguous: belongs to one of {few(names)}")

    def _foretold(self, cards: Sequence[Card]) -> Base | None:
        if not cards:
            return None
        first = cards[0]
        if all(card.sidecar == first.sidecar for card in cards):
            return Base(first.holder, (first,))
        if all(card.name == first.name for card in cards):
            return Base(first.holder, tuple(cards))
        return Base("", (), f"ambiguous: {few(sorted(card.name for card in cards))}")


def _grouped(pairs: Iterable[tuple[str, Item]]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return groups


def _title(card: Card) -> Reading:
    return card.reading if card.reading.title else card.named


def _extension(card: Card) -> str:
    return split(_title(card).title)[1].lower()


def _may_be(extension: str, extensions: Container[str]) -> bool:
    return extension in extensions or (extension not in STILLS and extension not in FILMS)


def _stems_foretold(card: Card) -> set[str]:
    title, counter = _title(card)
    stem, extension = split(title)
    known = extension.lower() in STILLS or extension.lower() in FILMS
    return {plain(name) for name in stems(stem if known else title, counter)}


class Companions:
    """Gives the films and edited copies that other rules left the sidecar of the picture they belong to."""

    def __init__(self, board: Board, open_media: Open | None = None) -> None:
        self._board = board
        self._near = Neighbours(board)
        self._live_pairs = LivePairs(board, LIVE_STILLS, LIVE_FILMS, open_media)

    def films(self) -> None:
        """Live films (`live`) and motion films (`motion`), also those whose name does not say that they are films."""
        board = self._board
        settled = set()
        for name, still in self._live_pairs.pairs(board.left, self._named_still):
            settled.add(name)
            if still:
                self._share("live", name, self._near.lying([still]))
        for name in board.left:
            extension = split(name)[1].lower()
            if extension in LIVE_FILMS and name not in settled:
                self._share("live", name, self._live(name))
            if extension not in STILLS and name not in board.placed:
                self._share("motion", name, self._motion(name))
        for name in sorted(board.others.keys() - board.placed.keys()):
            if not split(name)[1] or _MOTION.fullmatch(split(name)[1]):
                self._share("motion", name, self._motion(name))

    def edited(self) -> None:
        """Copies edited in Google Photos (`edited`, `edited-cut`, `edited-word`)."""
        for name in self._board.left:
            for rule, base in self._edits(name):
                self._share(rule, name, base)
                if base is not None:
                    break

    def pair(self) -> None:
        """Tell films that have a sidecar of their own to which still they belong."""
        board = self._board
        films = [name for name, placed in board.placed.items() if not placed.main and _is_film(name)]
        for name in films:
            base = self._near.stemmed(split(name)[0], LIVE_STILLS)
            if base is not None and base.main and self._taken_together(name, base):
                board.placed[name] = board.placed[name]._replace(main=base.main)

    def _taken_together(self, film: str, still: Base) -> bool:
        """Are a film with a sidecar of its own and the still of its name one live photo?

        An iPhone's still always is, unless there are several of its title and the moments differ.
        """
        times = (self._live_pairs.taken(film), still.cards[0].sidecar.taken if still.cards else None)
        known = [time for time in times if time is not None]
        if len(known) == 2 and abs(known[0] - known[1]) <= LIVE_SECONDS:
            return True
        alone = self._live_pairs.group(film) is None or len(known) < 2
        return alone and split(still.main)[1].lower() in HEIC

    def _named_still(self, film: str) -> str:
        """The still in the folder that a film's name means; "" where there is none, or it is in doubt."""
        base = self._near.stemmed(split(film)[0], LIVE_STILLS)
        return base.main if base is not None else ""

    def _share(self, rule: str, name: str, base: Base | None) -> None:
        board = self._board
        if base is None:
            return
        if base.doubt:
            board.doubts[name] = base.doubt
        elif base.cards:
            board.placed[name] = Placed(base.cards, rule, base.main)
            for card in base.cards:
                card.given = True
        elif base.main:
            board.mains[name] = base.main

    def _live(self, name: str) -> Base | None:
        return self._one_film(split(name)[0], LIVE_STILLS)

    def _motion(self, name: str) -> Base | None:
        """Pixel: `X.MP` beside `X.MP.jpg`, `X(1).MP` beside `X.MP(1).jpg`, `X.mp4` beside `X.MP.jpg`."""
        title, counter = uncount_media(name)
        stem, extension = split(title)
        if extension.lower() in FILMS - MOTION_FILMS:
            return self._near.stemmed(counted(stem + ".MP", counter), LIVE_STILLS) or self._near.stemmed(
                counted(stem + ".MV", counter), LIVE_STILLS
            )
        return self._one_film(name, LIVE_STILLS) or (
            self._one_film(counted(title, counter), LIVE_STILLS) if counter else None
        )

    def _one_film(self, stem: str, extensions: Container[str]) -> Base | None:
        """The still of a film; where it is only foretold, its sidecar is for the one file of that stem."""
        base = self._near.stemmed(stem, extensions)
        if base is None or base.main or base.doubt:
            return base
        rivals = self._near.rivals(stem)
        if any(card.given for card in base.cards) or any(not _is_film(name) for name in rivals):
            return None
        if len(rivals) > 1:
            return Base("", (), f"ambiguous: {base.cards[0].name} fits {few(rivals)}")
        return base

    def _edits(self, name: str) -> Iterator[tuple[str, Base | None]]:
        """Every way to read the name as an edited copy's, the surest first."""
        title, counter = uncount_media(composed(name))
        stem, extension = split(title)
        if counter == 1 and units(title) in (MEDIA_UNITS, MEDIA_UNITS - 1):
            yield "edited-cut", self._without_suffix(title, counter)
        base_stem, dash, word = stem.rpartition("-")
        if not dash or not base_stem:
            return
        if folded(dash + word) in SUFFIXES:
            yield "edited", self._picture(base_stem, counter, extension)
        if MEDIA_UNITS in (units(title), units(title) - 1, units(uncount_media(name).title)):
            tail = folded(dash + word)
            if any(suffix.startswith(tail) for suffix in SUFFIXES):
                yield "edited-cut", self._picture(base_stem, counter, extension)
        if _is_word(word):
            base = self._picture(base_stem, counter, extension, other_extensions=False)
            yield "edited-word", base if base is not None and base.cards else None

    def _without_suffix(self, title: str, counter: int) -> Base | None:
        """The picture of an edited copy at the limit, where nothing is left of the suffix and a counter came instead.

        Only where the title is cut too, and no sidecar has the counter: another picture of that name would have one.
        """
        base = self._near.named(title)
        if base is None or base.main != title or len(base.cards) != 1:
            return None
        card = base.cards[0]
        stem, extension = split(card.reading.title)
        if not card.strict or card.reading.counter or units(stem) < MEDIA_UNITS - units(extension):
            return None
        start = cut(card.reading.title, SIDECAR_UNITS)
        alike = [other for other in self._board.cards if cut(other.reading.title, SIDECAR_UNITS) == start]
        more = media_name(title, counter + 1) in self._board.media
        return None if more or alike != [card] else base

    def _picture(self, stem: str, counter: int, extension: str, other_extensions: bool = True) -> Base | None:
        """The picture that a copy was made of: the one of its counter where there is one, else the plain one."""
        for count in dict.fromkeys((counter, 0)):
            base = self._near.named(counted(stem, count) + extension)
            if base is None and other_extensions:
                base = self._near.stemmed(counted(stem, count), STILLS | FILMS) if extension else None
                if base is not None and self._near.is_of_a_copy(base, counted(stem, count)):
                    base = None  # the copy of a copy has its extension: this one is of another picture's copy
            if base is not None:
                return base
        return None


def _is_film(name: str) -> bool:
    return name.lower().endswith(_FILM_ENDINGS)


def _is_word(text: str) -> bool:
    """One or two words of letters in any script: what some language may say for "edited"."""
    if not 0 < len(text) <= WORD_LETTERS or text != text.strip() or text.count(" ") > 1:
        return False
    return all(char.isalpha() or char == " " or unicodedata.category(char)[0] == "M" for char in text)
