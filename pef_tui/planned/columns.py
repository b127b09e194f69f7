"""Columns of a byte a row, and masks over rows: a byte a row, 1 for those meant."""

from __future__ import annotations

from collections.abc import Iterable

OTHERS = "others"
"""What the 255th different value of a column and all after it are called."""


class Coded:
    """A column of few different words."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words: list[str] = []
        """By their codes."""
        self.codes = bytearray()
        """One a row."""
        self._known: dict[str, int] = {}
        for word in words:
            self._code(word)

    def append(self, word: str) -> None:
        """One more row."""
        code = self._known.get(word)
        self.codes.append(self._code(word) if code is None else code)

    def __getitem__(self, row: int) -> str:
        return self.words[self.codes[row]]

    def counts(self) -> dict[str, int]:
        """How many rows each word has; those with none are left out."""
        counted = ((word, self.codes.count(code)) for code, word in enumerate(self.words))
        return {word: count for word, count in counted if count}

    def mask(self, words: Iterable[str]) -> bytes:
        """The rows that have one of the words."""
        wanted = {self._known[word] for word in words if word in self._known}
        return bytes(self.codes).translate(bytes(code in wanted for code in range(256)))

    def _code(self, word: str) -> int:
        if len(self.words) >= 254:
            word = OTHERS
        if word not in self._known:
            self._known[word] = len(self.words)
            self.words.append(word)
        return self._known[word]


def both(first: bytes | bytearray, second: bytes | bytearray) -> bytes:
    """The rows meant by both masks; the shorter one says how many there are."""
    size = min(len(first), len(second))
    one, other = int.from_bytes(first[:size], "little"), int.from_bytes(second[:size], "little")
    return (one & other).to_bytes(size, "little")


def either(first: bytes | bytearray, second: bytes | bytearray) -> bytes:
    """The rows meant by one mask or the other."""
    size = min(len(first), len(second))
    one, other = int.from_bytes(first[:size], "little"), int.from_bytes(second[:size], "little")
    return (one | other).to_bytes(size, "little")
