"""Store the rows of a page in a temporary file. The memory that it uses grows only with the number of sections."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.filesystem.spill_file import SpillFile

MEMORY_LIMIT = 1 << 20
"""Maximum size of the rows in memory, in bytes. When they exceed it, they are moved to the temporary file."""


class Spool:
    """The rows of a page, by the name of their section."""

    def __init__(self, folder: str, memory_limit: int = MEMORY_LIMIT) -> None:
        """`folder`: directory of the temporary file. If it cannot be created, all rows stay in memory."""
        self._stored = SpillFile(folder, 0)
        self._limit = memory_limit
        self._waiting: dict[str, list[bytes]] = {}
        self._pieces: dict[str, list[tuple[int, int]]] = {}
        self._counts: dict[str, int] = {}
        self._memory_size = 0
        self.size = 0
        """Size of all rows in bytes."""

    def add(self, section: str, row: bytes) -> None:
        """Append a row to a section."""
        self._waiting.setdefault(section, []).append(row)
        self._counts[section] = self._counts.get(section, 0) + 1
        self._memory_size += len(row)
        self.size += len(row)
        if self._memory_size > self._limit:
            self._flush()

    def sections(self) -> list[tuple[str, int]]:
        """Return the name and the number of rows of each section, sorted by name."""
        return sorted(self._counts.items())

    def rows(self, section: str) -> Iterator[bytes]:
        """Yield the rows of a section, in blocks. Raises OSError."""
        for start, stop in self._pieces.get(section, ()):
            yield self._stored.read(start, stop)
        yield b"".join(self._waiting.get(section, ()))

    def close(self) -> None:
        """Close the temporary file."""
        self._stored.close()
        self._waiting.clear()

    def _flush(self) -> None:
        for section, rows in self._waiting.items():
            data = b"".join(rows)
            start = self._stored.append(data)
            self._pieces.setdefault(section, []).append((start, start + len(data)))
        self._waiting.clear()
        self._memory_size = 0
