"""Which names are taken, for outputs of a whole run: eight bytes a name instead of the name."""

from __future__ import annotations

from array import array

import xxhash

FULLEST = 0.6
"""Part of the table that is filled before it is doubled."""


class Claims:
    """A set of texts, kept as 64-bit hashes in one table (13 to 27 bytes each; a set of texts takes 150).

    Two different texts are taken for one with a chance of about 1 to 10**7 among a million: then a file gets a number
    that it would not need.
    """

    def __init__(self) -> None:
        self._table = array("Q", bytes(8 * 64))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, text: str) -> bool:
        key = _key(text)
        return self._table[self._slot(key)] == key

    def add(self, text: str) -> None:
        """Put a text in."""
        key = _key(text)
        slot = self._slot(key)
        if self._table[slot] == key:
            return
        self._table[slot] = key
        self._count += 1
        if self._count > FULLEST * len(self._table):
            self._grow()

    def _slot(self, key: int) -> int:
        """Where the key is, or would be."""
        table, mask = self._table, len(self._table) - 1
        slot = key & mask
        while table[slot] and table[slot] != key:
            slot = slot + 1 & mask
        return slot

    def _grow(self) -> None:
        old, self._table = self._table, array("Q", bytes(16 * len(self._table)))
        for key in old:
            if key:
                self._table[self._slot(key)] = key


def _key(text: str) -> int:
    """Never 0, which stands for a free place."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) or 1
