"""Store which output names of a run are taken, as hashes, which need little memory."""

from __future__ import annotations

from array import array

import xxhash

MAX_FILL = 0.6
"""Share of filled slots above which the table gets twice as many slots."""


class NameClaims:
    """A set of texts that needs little memory: 64-bit hashes in an open-addressing table.

    A text takes 13 to 27 bytes; in a Python `set` it takes 150. Among a million texts, the chance that any two have the
    same hash is about 1 in 10**7. If that happens, the second name counts as taken, and its file gets a number without
    need.
    """

    def __init__(self) -> None:
        self._table = array("Q", bytes(8 * 64))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, text: str) -> bool:
        key = hash_name(text)
        return self._table[self._slot(key)] == key

    def add(self, text: str) -> None:
        """Add `text` to the set."""
        self.add_hash(hash_name(text))

    def add_hash(self, key: int) -> None:
        """Add the text with the hash `key` (`hash_name`) to the set."""
        slot = self._slot(key)
        if self._table[slot] == key:
            return
        self._table[slot] = key
        self._count += 1
        if self._count > MAX_FILL * len(self._table):
            self._grow()

    def _slot(self, key: int) -> int:
        """Return the index of the slot that has `key`, or of the free slot for `key`."""
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


def hash_name(text: str) -> int:
    """Return the 64-bit hash of `text`; 1 instead of 0, because 0 marks a free slot."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) or 1
