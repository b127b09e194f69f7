"""Store the lists of a preview in little memory: columns with one byte for each row, and row masks.

A row mask has one byte for each row: 1 if the row is selected, else 0.
"""

from __future__ import annotations

from collections.abc import Iterable

OTHER_VALUES = "others"
"""Text that replaces the 255th different text of a column, and all texts that come after it."""


class CodedColumn:
    """A column with a text in each row, such as an outcome or a format, stored as a code of one byte.

    A column has at most 255 different texts (see `OTHER_VALUES`).
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words: list[str] = []
        """The different texts. The index of a text is its code."""
        self.codes = bytearray()
        """The code of each row."""
        self._code_by_word: dict[str, int] = {}
        for word in words:
            self._code(word)

    def append(self, word: str) -> None:
        """Append a row with the text `word`."""
        code = self._code_by_word.get(word)
        self.codes.append(self._code(word) if code is None else code)

    def __getitem__(self, row: int) -> str:
        return self.words[self.codes[row]]

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each text, without texts that no row has."""
        counted = ((word, self.codes.count(code)) for code, word in enumerate(self.words))
        return {word: count for word, count in counted if count}

    def mask(self, words: Iterable[str]) -> bytes:
        """Return the mask of the rows that have one of the texts in `words`."""
        codes = {self._code_by_word[word] for word in words if word in self._code_by_word}
        return bytes(self.codes).translate(bytes(code in codes for code in range(256)))

    def _code(self, word: str) -> int:
        """Return the code of a text. The 255th different text, and all later texts, have the code of `OTHER_VALUES`."""
        if len(self.words) >= 254:
            word = OTHER_VALUES
        if word not in self._code_by_word:
            self._code_by_word[word] = len(self.words)
            self.words.append(word)
        return self._code_by_word[word]


def mask_and(first: bytes | bytearray, second: bytes | bytearray) -> bytes:
    """Return the mask of the rows that are in both masks. It has the length of the shorter mask."""
    size = min(len(first), len(second))
    left, right = int.from_bytes(first[:size], "little"), int.from_bytes(second[:size], "little")
    return (left & right).to_bytes(size, "little")


def mask_or(first: bytes | bytearray, second: bytes | bytearray) -> bytes:
    """Return the mask of the rows that are in one of the masks or both. It has the length of the shorter mask."""
    size = min(len(first), len(second))
    left, right = int.from_bytes(first[:size], "little"), int.from_bytes(second[:size], "little")
    return (left | right).to_bytes(size, "little")
