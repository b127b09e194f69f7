"""Read the manifest for browsing: filters, pages and counts, for any number of entries."""

from __future__ import annotations

import ast
import os
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pef_tui.manifest.browse_index import open_index
from pef_tui.manifest.records import OUTCOMES
from pef_tui.model import MediaOutcome

_FAILED = OUTCOMES.index("failed")
_SUMS = f"sum(files), sum(files * (word = {_FAILED})), sum(conflicts), sum(bytes)"


class EntryFilter(Struct, frozen=True):
    """A filter of entries. A field with its default value accepts all entries."""

    outcomes: tuple[MediaOutcome, ...] = ()
    folder: str | None = None
    text: str = ""
    """Part of the file name. Upper and lower case of ASCII letters is ignored."""
    conflict: bool = False
    """Accept only files whose tags had other values than their sidecars."""


class Row(Struct, frozen=True):
    """One entry of the manifest, for display."""

    folder: str
    name: str
    """Name of the source file. For the n-th file of that name, `\\0n` follows."""
    outcome: MediaOutcome
    conflict: bool
    size: int
    """Size of the output in bytes."""
    reason: str
    output: str
    """Path of the output below DEST; "" if the file has no output."""


class FolderCount(Struct, frozen=True):
    """Numbers of files, failures and conflicts in one Folder, and bytes of its outputs."""

    path: str
    files: int
    failed: int
    conflicts: int
    bytes: int


class Run(Struct, frozen=True):
    """One run with this DEST."""

    run: str
    started_ns: int
    version: str
    options: dict[str, str]
    ended_ns: int | None
    """End of the run in nanoseconds since 1970; None if the run was stopped or still runs."""
    counts: dict[str, int]
    exit_code: int | None = None
    """Exit code; None if the run did not end, or if an old version of pef-tui wrote the record."""
    stopped: str | None = None
    """Why the run was stopped before its end: `SIGTERM`, `user`; "" if it was not, None if it did not end."""

    @property
    def option_values(self) -> dict[str, object]:
        """The values of `options`, whose texts are Python literals, by name."""
        return {name: _literal(text) for name, text in self.options.items()}


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text


class RunHistory:
    """The open browsing index of one DEST. Only one thread may use it.

    It shows the manifest as of the call of `open`.
    """

    def __init__(self, dest: str, database: sqlite3.Connection) -> None:
        self._dest = dest
        self._database = database

    @classmethod
    def open(cls, dest: str) -> RunHistory | None:
        """Update the index of DEST and open it; return None if DEST has no manifest. Raises OSError, NewerFormat."""
        database = open_index(dest)
        return None if database is None else cls(dest, database)

    def counts(self, entry_filter: EntryFilter | None = None) -> Counter[MediaOutcome]:
        """Return the number of entries that the filter accepts, by outcome."""
        entry_filter = entry_filter or EntryFilter()
        condition, values = _condition(entry_filter)
        counted = (
            ("entry", "count(*)") if entry_filter.text or entry_filter.conflict else ("tally", "sum(files)")
        )
        query = f"SELECT word, {counted[1]} FROM {counted[0]} JOIN folder ON id = folder {condition} GROUP BY word"
        return Counter({OUTCOMES[word]: count for word, count in self._query(query, values)})

    def totals(self) -> FolderCount:
        """Return the sums of the counts of all Folders, with the path ""."""
        [row] = self._query(f"SELECT {_SUMS} FROM tally")
        return FolderCount("", *(number or 0 for number in row))

    def output_count(self) -> int:
        """Return the number of entries that have an output."""
        [(count,)] = self._query("SELECT count(*) FROM entry WHERE output != x''")
        return int(count)

    def folders(self, last_path: str | None = None, limit: int = 100) -> list[FolderCount]:
        """Return up to `limit` Folders, sorted by path: those after `last_path`, or the first ones if it is None."""
        condition, values = ("", []) if last_path is None else ("WHERE path > ?", [os.fsencode(last_path)])
        query = (
            f"SELECT path, {_SUMS} FROM folder JOIN tally ON folder = id {condition} "
            "GROUP BY path ORDER BY path LIMIT ?"
        )
        return [FolderCount(os.fsdecode(path), *sums) for path, *sums in self._query(query, [*values, limit])]

    def page(
        self, entry_filter: EntryFilter | None = None, last_row: Row | None = None, limit: int = 100
    ) -> list[Row]:
        """Return up to `limit` entries that the filter accepts, sorted by folder and name.

        `last_row`: the last entry of the previous page; None for the first page.
        """
        condition, values = _condition(entry_filter or EntryFilter())
        if last_row is not None:
            condition += (" AND " if condition else "WHERE ") + "(path, name) > (?, ?)"
            values += [os.fsencode(last_row.folder), os.fsencode(last_row.name)]
        query = (
            "SELECT path, name, word, conflict, size, reason, output "
            f"FROM folder CROSS JOIN entry ON folder = id {condition} "
            "ORDER BY path, name LIMIT ?"
        )
        return [_row(*columns) for columns in self._query(query, [*values, limit])]

    def runs(self, limit: int = 10) -> list[Run]:
        """Return up to `limit` runs, the latest first."""
        decode = msgspec.msgpack.decode
        rows = self._query("SELECT * FROM run ORDER BY rowid DESC LIMIT ?", [limit])
        return [
            Run(run, started, version, decode(options), ended, decode(counts) if counts else {}, *end)
            for run, started, version, options, ended, counts, *end in rows
        ]

    @property
    def problems(self) -> list[str]:
        """The problems that were found while the manifest was read, one line each."""
        [(problems,)] = self._query("SELECT problems FROM state")
        return os.fsdecode(problems).splitlines()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _query(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.DatabaseError:  # the index has a damaged page: build it again, and repeat the query
            self._database.close()
            database = open_index(self._dest, rebuild=True)
            if database is None:
                raise
            self._database = database
            return database.execute(query, values).fetchall()


def _condition(entry_filter: EntryFilter) -> tuple[str, list[object]]:
    parts: list[str] = []
    values: list[object] = []
    if entry_filter.outcomes:
        parts.append(f"word IN ({','.join('?' * len(entry_filter.outcomes))})")
        values += [OUTCOMES.index(word) for word in entry_filter.outcomes]
    if entry_filter.folder is not None:
        parts.append("path = ?")
        values.append(os.fsencode(entry_filter.folder))
    if entry_filter.text:
        parts.append("instr(lower(CAST(name AS TEXT)), lower(CAST(? AS TEXT)))")
        values.append(os.fsencode(entry_filter.text))
    if entry_filter.conflict:
        parts.append("conflict")
    return ("WHERE " + " AND ".join(parts) if parts else ""), values


def _row(path: bytes, name: bytes, word: int, conflict: int, size: int, reason: bytes, output: bytes) -> Row:
    texts = os.fsdecode(reason), os.fsdecode(output)
    return Row(os.fsdecode(path), os.fsdecode(name), OUTCOMES[word], bool(conflict), size, *texts)
