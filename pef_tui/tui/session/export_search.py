"""Search for exports where they usually are, for the start of the app. Only names and sizes are read.

The search takes at most `SECONDS`. Each place is searched in its own thread, so that a network disk that does not
answer delays no other place. Links are not followed.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from pef_tui.sources.found_exports import FoundExport, exports_in, is_export_folder, is_folder

SECONDS = 1.0
"""Maximum duration of a search in seconds."""
MAX_PLACES = 24
MAX_FOLDERS = 2_000
"""Maximum number of directories that are listed in one place."""
MOUNTS = "/proc/self/mountinfo"
"""File in which Linux lists the mounted file systems (proc(5))."""
VOLUMES = ("/media/", "/run/media/", "/mnt", "/Volumes/")
"""Beginnings of the mount points of volumes that users attach."""


class _TimeOver(Exception):
    """Raised in the thread of a place when the time of the search is over."""


def search_places(recent_sources: Iterable[str] = ()) -> list[str]:
    """Return the directories to search: the current one, `~/Downloads`, home, mounted volumes, and places of runs.

    `recent_sources`: the sources of earlier runs. The directories that contain them are searched too.
    """
    home = os.path.expanduser("~")
    try:
        current = os.getcwd()
    except OSError:  # the directory was removed
        current = ""
    near = (current, os.path.join(home, "Downloads"), home, *volumes(), *map(os.path.dirname, recent_sources))
    return [place for place in dict.fromkeys(near) if place.startswith("/")][:MAX_PLACES]


def volumes() -> list[str]:
    """Return the mount points of the volumes that users attach; [] if the system lists none."""
    try:
        lines = Path(MOUNTS).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return _names_in("/Volumes")
    points = [_unescaped(fields[4]) for line in lines if len(fields := line.split(" ")) > 4]
    return sorted({point for point in points if f"{point}/".startswith(VOLUMES)})


def _names_in(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _unescaped(field: str) -> str:
    """Return a path of `MOUNTS` without its escapes: blanks and others are `\\` and three octal digits (proc(5))."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


class ExportSearch:
    """Searches `places` for exports, in threads. Any thread may read the results."""

    def __init__(self, places: Sequence[str]) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._found: dict[str, list[FoundExport]] = {}
        """Exports by the directory in which they are."""
        self._directories: set[str] = set()
        """The directories that a thread lists or has listed, so that none is listed twice."""
        self._deadline = float("inf")
        self._threads = [
            threading.Thread(target=self._run, args=(place,), name="search", daemon=True) for place in places
        ]

    def start(self) -> None:
        """Start the threads."""
        self._deadline = time.monotonic() + SECONDS
        for thread in self._threads:
            thread.start()

    @property
    def is_over(self) -> bool:
        """Return whether all places are searched, or the time is over."""
        return time.monotonic() > self._deadline or not any(thread.is_alive() for thread in self._threads)

    @property
    def found(self) -> list[FoundExport]:
        """Return the exports found so far, in the order of the places."""
        with self._lock:
            found = dict(self._found)
        order = {place: number for number, place in enumerate(self._places)}
        directories = sorted(
            found, key=lambda path: (order.get(path, order.get(os.path.dirname(path), len(order))), path)
        )
        return [export for directory in directories for export in found[directory]]

    def wait(self) -> list[FoundExport]:
        """Wait until the search is over, and return the exports."""
        for thread in self._threads:
            thread.join(max(self._deadline - time.monotonic(), 0))
        return self.found

    # -- in the thread of a place

    def _run(self, place: str) -> None:
        try:
            if not os.path.islink(place):
                if is_export_folder(place, self._check_time):
                    place = os.path.dirname(place)
                    self._list(place, place)
                else:
                    for folder in self._list(place, place)[:MAX_FOLDERS]:
                        self._list(folder, place)
                self._measure(place)
        except _TimeOver:
            return

    def _check_time(self) -> None:
        if time.monotonic() > self._deadline:
            raise _TimeOver

    def _list(self, directory: str, place: str) -> list[str]:
        """Find the exports in a directory. Return the paths of the other folders in it."""
        self._check_time()
        with self._lock:
            is_repeated = directory in self._directories and directory != place
            self._directories.add(directory)
        if is_repeated:
            return []
        try:
            with os.scandir(directory) as listing:
                entries = list(listing)
        except OSError:
            return []
        exports = exports_in(directory, entries, lambda path: is_export_folder(path, self._check_time))
        self._check_time()
        if exports:
            with self._lock:
                self._found.setdefault(directory, exports)
        in_exports = {path for export in exports for path in export.folders}
        return [entry.path for entry in entries if entry.path not in in_exports and is_folder(entry)]

    def _measure(self, place: str) -> None:
        """Add the sizes of the folders of the exports in `place` and directly below it, if there is time."""
        with self._lock:
            found = {path: exports for path, exports in self._found.items() if path.startswith(place)}
        for directory, exports in found.items():
            measured = [export if export.is_measured else self._measured(export) for export in exports]
            with self._lock:
                self._found[directory] = measured

    def _measured(self, export: FoundExport) -> FoundExport:
        size = export.size + sum(map(self._folder_size, export.folders))
        return replace(export, size=size, is_measured=True)

    def _folder_size(self, folder: str) -> int:
        """Return the size of the files in a folder and all folders in it. Raises _TimeOver."""
        size = 0
        for _, _, names, descriptor in os.fwalk(folder):
            for name in names:
                size += os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_size
            self._check_time()
        return size
