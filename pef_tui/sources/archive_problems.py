"""Collect what could not be read of a source, as lines of text. Functions in this module never raise."""

from __future__ import annotations

from collections.abc import Sequence

MAX_LINES = 1000
"""Number of lines that are kept for a source. Further lines are only counted: a tree may have a million links."""


class ReadProblems:
    """Collects one line for each file or folder of a source that was left out. Equal lines are kept once."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}
        self._uncounted_lines = 0
        self.may_miss_files = False
        """Whether files with unknown names may be missing, for example in an unreadable folder."""

    def add(self, path: str, problem: str) -> None:
        """Add one line about `path`. The path is quoted: a line break in it must not split the line."""
        if len(self._lines) < MAX_LINES:
            quoted = f"{path!r}" if len(path) <= 500 else f"{path[:200]!r}…{path[-200:]!r}"
            self._lines.setdefault(f"{quoted}: {problem}")
        else:
            self._uncounted_lines += 1

    def add_error(self, path: str, error: OSError) -> None:
        """Add a line about `path`, which the system could not read, and set `may_miss_files`."""
        self.add_loss(path, f"cannot be read: {error.strerror or error}")

    def add_loss(self, path: str, problem: str) -> None:
        """Add a line about `path`, and set `may_miss_files`: files with unknown names may be missing."""
        self.add(path, problem)
        self.may_miss_files = True

    def lines(self) -> Sequence[str]:
        """Return the kept lines. If there were more than MAX_LINES, the last line states how many are missing."""
        return (
            (*self._lines, f"and {self._uncounted_lines} more")
            if self._uncounted_lines
            else tuple(self._lines)
        )
