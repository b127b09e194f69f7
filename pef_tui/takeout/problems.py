"""What could not be read of a source, told in lines and never raised."""

from __future__ import annotations

from collections.abc import Sequence

TOLD = 1000
"""Lines kept of one source; the rest is only counted, so that a tree of a million links stays small."""


class Problems:
    """Collects one line per file or folder that was left out; listing a source again adds none."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}
        self._more = 0
        self.lost = False
        """May there be files of which not even the name is known?"""

    def tell(self, path: str, what: str) -> None:
        """Add one line; the path is quoted, so that a name cannot break the line."""
        if len(self._lines) < TOLD:
            shown = f"{path!r}" if len(path) <= 500 else f"{path[:200]!r}…{path[-200:]!r}"
            self._lines.setdefault(f"{shown}: {what}")
        else:
            self._more += 1

    def failed(self, path: str, error: OSError) -> None:
        """Add a line for what the system refused."""
        self.lose(path, f"cannot be read: {error.strerror or error}")

    def lose(self, path: str, what: str) -> None:
        """Add a line for what may have held files that nobody knows of now."""
        self.tell(path, what)
        self.lost = True

    def lines(self) -> Sequence[str]:
        """What was told, the surplus as one closing line."""
        return (*self._lines, f"and {self._more} more") if self._more else tuple(self._lines)
