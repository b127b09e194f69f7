"""A plugin whose writer exists only in the process of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pef_tui import Staged, Writer, Written, hookimpl


class LocalWriterPlugin:
    """Registers the writer `only-here`, which no worker process has."""

    @hookimpl
    def pef_writers(self) -> list[Writer]:
        return [Writer("only-here", lambda plan: True, MarkSession, order=1)]


class MarkSession:
    """Appends a mark to each copy."""

    def write(self, staged: Sequence[Staged]) -> Iterator[Written]:
        for copy in staged:
            with Path(copy.path).open("ab") as file:
                file.write(b"mark")
            yield Written("written")

    def close(self) -> None:
        pass
