"""Count the files of all sources before a run lists them. Progress then has a total. No file is opened or examined."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Protocol, runtime_checkable

from pef_tui.errors import RunError
from pef_tui.hooks import SourceReader

POLL_SECONDS = 0.2
"""Seconds between two queries of an archive whose member list is not read yet."""


@runtime_checkable
class CountsFiles(Protocol):
    """A SourceReader that can count its files before it lists them. Readers of plugins cannot."""

    def count_files(self, stop: Event) -> int | None:
        """Return the number of files that `listings` yields; None if it is not known yet, or if `stop` is set.

        Any thread may call it. Raises OSError.
        """


class FileCounter:
    """Context manager that counts the files of the sources in a thread of its own. Leaving it ends the count."""

    def __init__(self, readers: Sequence[SourceReader]) -> None:
        """`readers`: the readers of all sources."""
        self.total: int | None = None
        """Number of files of all sources. None until all are counted, or if a source cannot be counted."""
        self._readers = readers
        self._stop = Event()
        self._thread = Thread(target=self._count, name="count", daemon=True)

    def __enter__(self) -> FileCounter:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    def _count(self) -> None:
        total = 0
        try:
            for reader in self._readers:
                if not isinstance(reader, CountsFiles):
                    return
                while (count := reader.count_files(self._stop)) is None:
                    if self._stop.wait(POLL_SECONDS):
                        return
                total += count
        except (OSError, RunError):  # the listing of the run will meet and report the same error
            return
        self.total = total


def count_tree(
    top: str,
    is_folder: Callable[[str, str], bool],
    is_file: Callable[[str, os.DirEntry[str]], bool],
    is_left_out: Callable[[str, Sequence[str]], bool],
    stop: Event,
) -> int | None:
    """Return the number of files in the directory `top` and below it; None if `stop` was set. Raises OSError.

    `is_folder(below, name)`: whether a directory is counted. `is_file(below, entry)`: whether an entry that is no
    directory is counted. `below`: path of the parent below `top`, with a final `/`, or "".

    `is_left_out(path, folders)`: whether the directory at `path` (below `top`), which has these directories, is left
    out with all files below it.
    """
    count = 0
    waiting = [""]
    while waiting:
        if stop.is_set():
            return None
        path = waiting.pop()
        below = f"{path}/" if path else ""
        files, folders = 0, []
        with os.scandir(f"{top}/{path}") as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                else:
                    files += is_file(below, entry)
        if not is_left_out(path, folders):
            count += files
            waiting += [below + name for name in folders if is_folder(below, name)]
    return count
