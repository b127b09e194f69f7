"""Replace the letters and digits of words, so that equal words stay equal and different words stay different.

Google cuts names anywhere, so the replacement of the beginning of a word must be the beginning of its replacement. Each
letter is therefore replaced depending on the letters before it and on a random key. A letter becomes another one of the
same kind: case, length in UTF-8, and lengths in decomposed form (NFD) stay. Case and Unicode form do not change which
letter it becomes, because they do not change which names match.
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache

BLOCK = 256
"""Number of neighbouring code points among which the replacement of a letter is chosen."""


class LetterMap:
    """Replaces words with one key. Words that differ only in case or Unicode form get equal replacements."""

    def __init__(self, key: bytes) -> None:
        """`key`: up to 64 random bytes. The same key gives the same replacements."""
        self._key = key
        self._orders: dict[tuple[str, str], dict[str, str]] = {}

    def replace(self, word: str) -> str:
        """Return the replacement of a word, which consists of letters with their marks, or of digits.

        Each letter and digit differs from that of `word`, unless no other one is of the same kind.
        """
        composed = unicodedata.normalize("NFC", word)
        if composed == word:
            return self._of_composed(word)
        replaced = self._of_composed(composed)
        if unicodedata.normalize("NFD", word) == word:
            return unicodedata.normalize("NFD", replaced)
        return replaced if len(replaced) == len(word) else unicodedata.normalize("NFD", replaced)

    def _of_composed(self, word: str) -> str:
        letters, before = [], ""
        for letter in word:
            letters.append(self._letter(letter, before))
            before += letter.casefold()
        return "".join(letters)

    def _letter(self, letter: str, before: str) -> str:
        if unicodedata.category(letter)[0] not in "LN":
            return letter
        small = letter.lower()
        if letter != small and len(small) == 1 and _upper(small) == letter:
            return _upper(self._next(small, before))
        return self._next(letter, before)

    def _next(self, letter: str, before: str) -> str:
        """Return the letter that follows `letter` in a random cycle of all letters of its kind."""
        group = _group(letter)
        cycle = self._orders.get((group, before))
        if cycle is None:
            order = sorted(group, key=lambda item: self._digest(before + "\0" + item))
            cycle = dict(zip(order, [*order[1:], order[0]], strict=True))
            if len(self._orders) > 100_000:
                self._orders.clear()
            self._orders[group, before] = cycle
        return cycle[letter]

    def _digest(self, text: str) -> bytes:
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=8, key=self._key).digest()


@lru_cache(4096)
def _group(letter: str) -> str:
    """Return all letters of the kind of `letter`, with `letter` itself."""
    first = ord(letter) // BLOCK * BLOCK
    kind = _kind(letter)
    return "".join(item for item in map(chr, range(first, first + BLOCK)) if _kind(item) == kind)


@lru_cache(65_536)
def _kind(letter: str) -> tuple[object, ...]:
    """Return what the replacement of a letter has in common with it."""
    upper, parts = _upper(letter), unicodedata.normalize("NFD", letter)
    return (
        unicodedata.category(letter),
        _length(letter),
        upper != letter and (_length(upper), _length(unicodedata.normalize("NFD", upper))),
        len(parts),
        _length(parts),
        letter.casefold() if letter.casefold() != letter else "",
        unicodedata.normalize("NFC", letter) == letter,
        letter.lower() == letter,
    )


def _upper(letter: str) -> str:
    """Return the capital of a letter; the letter itself if it has none that has it as its only small letter."""
    upper = letter.upper()
    return upper if len(upper) == 1 and upper.lower() == letter and upper.casefold() == letter else letter


def _length(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
