"""Rows of the page, kept by Folder in an unnamed file until the page is written: memory follows the Folders alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO

from pef_tui.scratch import unnamed_file, write_at

HELD = 1 << 20
"""Bytes of rows that wait in memory."""


class Spool:
    """Rows by the name of their section."""

    def __init__(self, folder: str, held: int = HELD) -> None:
        """`folder`: where the unnamed file lies; where there can be none, all stays in memory."""
        self._folder = folder
        self._limit = held
        self._waiting: dict[str, list[bytes]] = {}
        self._pieces: dict[str, list[tuple[int, int]]] = {}
        self._counts: dict[str, int] = {}
        self._held = 0
        self._end = 0
        self._file: int | BytesIO = -1

    def add(self, section: str, row: bytes) -> None:
        """One more row."""
        self._waiting.setdefault(section, []).append(row)
        self._counts[section] = self._counts.get(section, 0) + 1
        self._held += len(row)
        if self._held > self._limit:
            self._flush()

    def sections(self) -> list[tuple[str, int]]:
        """Each section and its number of rows, by name."""
        return sorted(self._counts.items())

    def rows(self, section: str) -> Iterator[bytes]:
        """The rows of a section, in pieces. Raises OSError."""
        for start, stop in self._pieces.get(section, ()):
            yield self._read(start, stop)
        yield b"".join(self._waiting.get(section, ()))

    def close(self) -> None:
        """Let the file go."""
        if isinstance(self._file, int) and self._file >= 0:
            os.close(self._file)
        self._file = -1
        self._waiting.clear()

    def _flush(self) -> None:
        for section, rows in self._waiting.items():
            data = b"".join(rows)
            self._write(data)
            self._pieces.setdefault(section, []).append((self._end, self._end + len(data)))
            self._end += len(data)
        self._waiting.clear()
        self._held = 0

    def _write(self, data: bytes) -> None:
        if self._file == -1:
            try:
                self._file = unnamed_file(self._folder)
            except OSError:
                self._file = BytesIO()
        if isinstance(self._file, int):
            try:
                write_at(self._file, data, self._end)
                return
            except OSError:  # a full disk: what is there goes to memory
                self._to_memory(self._file)
        assert isinstance(self._file, BytesIO)
        self._file.seek(self._end)
        self._file.write(data)

    def _to_memory(self, descriptor: int) -> None:
        self._file = BytesIO(os.pread(descriptor, self._end, 0))
        os.close(descriptor)

    def _read(self, start: int, stop: int) -> bytes:
        if isinstance(self._file, int):
            return os.pread(self._file, stop - start, start)
        return self._file.getvalue()[start:stop]
