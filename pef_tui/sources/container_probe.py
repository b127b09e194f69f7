"""Find the containers of a source directory, and detect later whether the directory still has them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Protocol, TypeVar

import xxhash

from pef_tui.filesystem.disk_watch import LINE_ERRORS
from pef_tui.sources.dir_entries import MEASURED_NAMES, DirEntries
from pef_tui.sources.listed_ahead import ListedAhead
from pef_tui.takeout import containers
from pef_tui.takeout.folder_spellings import top_names
from pef_tui.takeout.system_files import folder_reason

Result = TypeVar("Result")
_TRANSIENT_ERRORS = LINE_ERRORS | {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors that may be temporary. They are raised: to treat such a directory as empty would be wrong, because the paths
of the containers (see `containers.py`) determine the names of all outputs.
"""


class Repeat(Protocol):
    """Makes a call and returns its result. If a temporary error is raised, the call is repeated."""

    def __call__(self, call: Callable[[], Result], /) -> Result:
        """Return the result of `call`. Raises what the last attempt raised, and DiskGone."""


class ContainerProbe:
    """Lists the few directories of a source that show where its containers are, each one once."""

    def __init__(
        self,
        top: str,
        is_included: Callable[[str, str], bool],
        is_earlier_output: Callable[[str, Sequence[str]], bool],
        ahead: ListedAhead,
        repeat: Repeat,
    ) -> None:
        """`top`: absolute path of the source. `is_included`, `is_earlier_output`: see `DirectoryReader`.

        `ahead`: lists directories of a slow device, and keeps them for `listings` while it has room. `repeat`: returns
        the result of a call, and repeats the call after a temporary error.
        """
        self._repeat = repeat
        self._top = top
        self._is_included = is_included
        self._is_earlier_output = is_earlier_output
        self._ahead = ahead
        self._shape: containers.Shape | None = None
        self._top_folders: Sequence[Sequence[str]] | None = None
        self._folder_digests: dict[str, int] = {}
        """Digest of the names of the folders in each directory that was listed."""
        self._json: dict[str, bool] = {}
        """Whether a directory has a JSON file, by the path of each directory that was searched."""

    def shape(self) -> containers.Shape:
        """Return the containers of the source. Raises OSError."""
        if self._shape is None:
            probe = containers.FolderProbe(self._folders, self._has_json)
            self._shape = containers.find_containers(probe, self._top)
        return self._shape

    def top_folders(self) -> Sequence[Sequence[str]]:
        """Return the names of the folders directly in each container (see `NamesFolders`). Raises OSError."""
        if self._top_folders is None:
            shape = self.shape()
            self._top_folders = top_names(self._folders, shape.containers, shape.prefix)
        return self._top_folders

    def agrees(self, path: str, entries: DirEntries) -> bool:
        """Return whether the directory at `path` still has the folders and JSON files that determine the containers."""
        digest = self._folder_digests.get(path)
        if digest is not None and digest != _digest(self._included(path, entries.folders)):
            return False
        has_json = self._json.get(path)
        return has_json is None or has_json == any(map(_is_json, (*entries.names, *entries.folders)))

    def _included(self, path: str, names: Iterable[str]) -> list[str]:
        """Return the sorted names of folders, without directories of operating systems."""
        below = f"{path}/" if path else ""
        return sorted(name for name in names if self._is_included(below, name) and not folder_reason(name))

    def _folders(self, path: str) -> list[str]:
        """Return the sorted names of the directories in `path`, without directories of operating systems.

        Return [] if `path` cannot be read: the listing reports that. Raises OSError for _TRANSIENT_ERRORS.
        """
        try:
            all_names = self._repeat(lambda: self._directory_names(path))
        except OSError as error:
            if error.errno in _TRANSIENT_ERRORS:
                raise
            return []
        names = self._included(path, all_names)
        self._folder_digests[path] = _digest(names)
        return [] if self._is_earlier_output(path, all_names) else names

    def _directory_names(self, path: str) -> list[str]:
        """Return the names of the directories in the directory `path`. Raises OSError."""
        if not self._ahead.is_slow:
            names: list[str] = []
            start = perf_counter()
            with os.scandir(f"{self._top}/{path}") as entries:
                for count, entry in enumerate(entries, 1):
                    if entry.is_dir(follow_symlinks=False):
                        names.append(entry.name)
                    # Some file systems need another call for the kind of each entry.
                    if count == MEASURED_NAMES and self._is_slow((perf_counter() - start) / count):
                        break
                else:
                    return names
        self._ahead.prepare(path, ())
        if (listed := self._ahead.get(path)) is None:
            with os.scandir(f"{self._top}/{path}") as entries:
                return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        if path and not self._ahead.has_room:
            self._ahead.take(path)
        for _, error in listed[1].unreadable:
            if not isinstance(error, FileNotFoundError):
                self._ahead.take(path)
                raise error
        return listed[1].folders

    def _is_slow(self, seconds: float) -> bool:
        self._ahead.queue.add_times([seconds] * MEASURED_NAMES)
        return self._ahead.is_slow

    def _has_json(self, path: str) -> bool:
        try:
            has_json = self._repeat(lambda: self._lists_json(path))
        except OSError as error:
            if error.errno in _TRANSIENT_ERRORS:
                raise
            return False
        self._json[path] = has_json
        return has_json

    def _lists_json(self, path: str) -> bool:
        with os.scandir(f"{self._top}/{path}") as entries:
            return any(_is_json(entry.name) for entry in entries)


def _is_json(name: str) -> bool:
    return name[-5:].lower() == ".json"


def _digest(names: Iterable[str]) -> int:
    return xxhash.xxh3_64_intdigest("\0".join(names).encode("utf-8", "surrogateescape"))
