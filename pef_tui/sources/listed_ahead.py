"""List directories of a slow device ahead of time, several at once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain, islice, repeat

from pef_tui.filesystem.parallel_io import IoQueue, io_queue
from pef_tui.sources.dir_entries import DirEntries, read_entries, read_named

MAX_FOLDERS = 32
"""Largest number of directories that are open at once."""
MAX_NAMES = 4096
"""Largest number of names in all directories that are listed ahead. (An entry needs about 150 bytes.)"""

Listed = tuple[int, DirEntries]
"""Time before the directory was listed (ns), and its entries."""
_Opened = tuple[str, int, int, list[str]]
"""Path, time before the directory was opened (ns), descriptor, and names."""


class ListedAhead:
    """Lists directories below one directory ahead of time. Used by one thread at a time."""

    def __init__(self, open_folder: Callable[[str], int], device: str) -> None:
        """`open_folder`: takes the path of a directory, and returns a descriptor or raises OSError. Any thread may call
        it.

        `device`: a path on the device of the directories.
        """
        self.queue = io_queue(device)
        """Queue for reading the attributes of files."""
        self._open_folder = open_folder
        self._device = device
        self._listed: dict[str, Listed] = {}
        self._counts: dict[str, int] = {}
        """Number of names of each directory that was opened ahead but not listed.

        A directory that cannot be opened, or has too many names, counts as MAX_NAMES + 1 names.
        """
        self._names = 0
        """Number of names in `_listed`."""

    @cached_property
    def _open_queue(self) -> IoQueue:
        return io_queue(self._device)

    @property
    def is_slow(self) -> bool:
        """Whether the device is slow. Directories are then listed ahead."""
        return self.queue.is_slow

    @property
    def has_room(self) -> bool:
        """Whether fewer than MAX_NAMES names are listed ahead."""
        return self._names < MAX_NAMES

    def prepare(self, path: str, following: Iterable[str]) -> None:
        """List the directory at `path`, and some of `following` (the next ones, in their order).

        Does nothing if the device is fast, or if `path` is already listed. Directories that cannot be opened are not
        listed. `following` directories are listed only while all names stay within MAX_NAMES. Raises nothing.
        """
        if not self.is_slow or path in self._listed:
            return
        paths = [path, *islice(self._with_room(path, following), MAX_FOLDERS - 1)]
        opened = self._open_queue.run(self._open, zip(paths, chain([False], repeat(True)), strict=False))
        try:
            chosen = self._choose(path, paths, opened)
            entries = read_named([(descriptor, names) for _, _, descriptor, names in chosen], self.queue)
        finally:
            for folder in opened:
                if folder is not None:
                    os.close(folder[2])
        for (listed_path, now_ns, _, names), folder_entries in zip(chosen, entries, strict=True):
            self._listed[listed_path] = now_ns, folder_entries
            self._names += len(names)

    def _with_room(self, path: str, following: Iterable[str]) -> Iterator[str]:
        """Yield the `following` directories whose names may have room in addition to the names in `path`.

        If the number of names is known, there certainly is room: `_choose` takes such a directory before others.
        """
        room = MAX_NAMES - self._names - self._counts.get(path, 0)
        for next_path in following:
            count = self._counts.get(next_path, 0)
            if next_path not in self._listed and count <= room:
                room -= count
                yield next_path

    def _choose(self, path: str, paths: list[str], opened: list[_Opened | None]) -> list[_Opened]:
        """Return the directory at `path`, and those others whose names have room.

        Store the numbers of names of the rest. They are opened again only when their names have room.
        """
        room = MAX_NAMES - self._names
        chosen = []
        pairs = list(zip(paths, opened, strict=True))
        for next_path, folder in sorted(
            pairs, key=lambda pair: pair[0] != path and pair[0] not in self._counts
        ):
            count = MAX_NAMES + 1 if folder is None else len(folder[3])
            if folder is not None and (next_path == path or count <= room):
                chosen.append(folder)
                self._counts.pop(next_path, None)
                room -= count
            else:
                self._counts[next_path] = count
        return chosen

    def take(self, path: str) -> Listed | None:
        """Return and remove the entries of the directory at `path`; None if it is not listed."""
        if (listed := self._listed.pop(path, None)) is not None:
            self._names -= len(listed[1].names) + len(listed[1].folders) + len(listed[1].unreadable)
        return listed

    def list_now(self, path: str) -> Listed:
        """Return the entries of the directory at `path`. Raises OSError."""
        now_ns = time.time_ns()
        descriptor = self._open_folder(path)
        try:
            return now_ns, read_entries(descriptor, self.queue)
        finally:
            os.close(descriptor)

    def get(self, path: str) -> Listed | None:
        """Return the entries of the directory at `path`, which stay listed; None if it is not listed."""
        return self._listed.get(path)

    def _open(self, item: tuple[str, bool]) -> _Opened | None:
        """Open a directory, and read the names in it. `item`: its path, and whether the number of names is limited.

        None if this fails, or if it has too many names.
        """
        path, is_limited = item
        now_ns = time.time_ns()
        try:
            descriptor = self._open_folder(path)
        except OSError:
            return None
        names: list[str] | None = None
        try:
            if is_limited:
                with os.scandir(descriptor) as entries:
                    names = [entry.name for entry in islice(entries, MAX_NAMES + 1)]
            else:
                names = os.listdir(descriptor)
        except OSError:
            pass
        if names is None or (is_limited and len(names) > MAX_NAMES):
            os.close(descriptor)
            return None
        return path, now_ns, descriptor, names
