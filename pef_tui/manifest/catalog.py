"""The manifest as a database to look around in: filters, pages and counts over any number of entries."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pef_tui.manifest.format import WORDS
from pef_tui.manifest.indexing import up_to_date
from pef_tui.model import MediaOutcome

_FAILED = WORDS.index("failed")
_SUMS = f"sum(files), sum(files * (word = {_FAILED})), sum(conflicts), sum(bytes)"


class Wanted(Struct, frozen=True):
    """Which entries; what is left at its default does not matter."""

    words: tuple[MediaOutcome, ...] = ()
    folder: str | None = None
    text: str = ""
    """Part of the name; small and capital ASCII letters are alike."""
    conflict: bool = False
    """Only files that said something else than their sidecars."""


class Row(Struct, frozen=True):
    """One entry as it is shown."""

    folder: str
    name: str
    """Of the source; `\\0n` behind it for the n-th of that name."""
    word: MediaOutcome
    conflict: bool
    size: int
    """Bytes of the output."""
    reason: str
    output: str
    """Below DEST; "" where nothing was put there."""


class FolderCount(Struct, frozen=True):
    """What is known of one Folder."""

    path: str
    files: int
    failed: int
    conflicts: int
    bytes: int


class Run(Struct, frozen=True):
    """One run over this DEST."""

    run: str
    started_ns: int
    version: str
    options: dict[str, str]
    ended_ns: int | None
    """None: it did not come to its end, or has not yet."""
    counts: dict[str, int]


class Catalog:
    """The index of one DEST, open; for one thread. It is a copy of the manifest as it was when this was opened."""

    def __init__(self, dest: str, database: sqlite3.Connection) -> None:
        self._dest = dest
        self._database = database

    @classmethod
    def open(cls, dest: str) -> Catalog | None:
        """The index, up to date; None where DEST has no manifest. Raises OSError, NewerFormat."""
        database = up_to_date(dest)
        return None if database is None else cls(dest, database)

    def counts(self, wanted: Wanted | None = None) -> Counter[MediaOutcome]:
        """How many entries of each word."""
        wanted = wanted or Wanted()
        where, values = _where(wanted)
        counted = ("entry", "count(*)") if wanted.text or wanted.conflict else ("tally", "sum(files)")
        question = (
            f"SELECT word, {counted[1]} FROM {counted[0]} JOIN folder ON id = folder {where} GROUP BY word"
        )
        return Counter({WORDS[word]: count for word, count in self._all(question, values)})

    def totals(self) -> FolderCount:
        """All Folders as one."""
        [row] = self._all(f"SELECT {_SUMS} FROM tally")
        return FolderCount("", *(number or 0 for number in row))

    def folders(self, after: str | None = None, limit: int = 100) -> list[FolderCount]:
        """Folders by path, from behind `after`."""
        where, values = ("", []) if after is None else ("WHERE path > ?", [os.fsencode(after)])
        question = (
            f"SELECT path, {_SUMS} FROM folder JOIN tally ON folder = id {where} "
            "GROUP BY path ORDER BY path LIMIT ?"
        )
        return [
            FolderCount(os.fsdecode(path), *sums) for path, *sums in self._all(question, [*values, limit])
        ]

    def page(self, wanted: Wanted | None = None, after: Row | None = None, limit: int = 100) -> list[Row]:
        """Entries by folder and name, from behind `after`."""
        where, values = _where(wanted or Wanted())
        if after is not None:
            where += (" AND " if where else "WHERE ") + "(path, name) > (?, ?)"
            values += [os.fsencode(after.folder), os.fsencode(after.name)]
        question = (
            "SELECT path, name, word, conflict, size, reason, output "
            f"FROM folder CROSS JOIN entry ON folder = id {where} "
            "ORDER BY path, name LIMIT ?"
        )
        return [_row(*columns) for columns in self._all(question, [*values, limit])]

    def runs(self, limit: int = 10) -> list[Run]:
        """The last runs, the latest first."""
        read = msgspec.msgpack.decode
        rows = self._all("SELECT * FROM run ORDER BY rowid DESC LIMIT ?", [limit])
        return [
            Run(run, started, version, read(options), ended, read(counts) if counts else {})
            for run, started, version, options, ended, counts in rows
        ]

    @property
    def problems(self) -> list[str]:
        """What was wrong with the manifest when it was read, each in one line."""
        [(said,)] = self._all("SELECT problems FROM state")
        return os.fsdecode(said).splitlines()

    def close(self) -> None:
        """Let go of it."""
        self._database.close()

    def _all(self, question: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._database.execute(question, values).fetchall()
        except sqlite3.DatabaseError:  # a damaged page: once more from a new index
            self._database.close()
            database = up_to_date(self._dest, anew=True)
            if database is None:
                raise
            self._database = database
            return database.execute(question, values).fetchall()


def _where(wanted: Wanted) -> tuple[str, list[object]]:
    parts: list[str] = []
    values: list[object] = []
    if wanted.words:
        parts.append(f"word IN ({','.join('?' * len(wanted.words))})")
        values += [WORDS.index(word) for word in wanted.words]
    if wanted.folder is not None:
        parts.append("path = ?")
        values.append(os.fsencode(wanted.folder))
    if wanted.text:
        parts.append("instr(lower(CAST(name AS TEXT)), lower(CAST(? AS TEXT)))")
        values.append(os.fsencode(wanted.text))
    if wanted.conflict:
        parts.append("conflict")
    return ("WHERE " + " AND ".join(parts) if parts else ""), values


def _row(path: bytes, name: bytes, word: int, conflict: int, size: int, reason: bytes, output: bytes) -> Row:
    texts = os.fsdecode(reason), os.fsdecode(output)
    return Row(os.fsdecode(path), os.fsdecode(name), WORDS[word], bool(conflict), size, *texts)
