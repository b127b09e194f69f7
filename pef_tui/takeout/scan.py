"""A directory as a source: one pass over its tree, never following a link, opening what it listed."""

from __future__ import annotations

import errno
import heapq
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from operator import attrgetter
from typing import BinaryIO

from pef_tui.hooks import Listing
from pef_tui.model import MediaFile, Source
from pef_tui.takeout import containers
from pef_tui.takeout.problems import Problems

OWN_FOLDER = ".pef-tui"
"""Where an output folder keeps its manifest; never a part of an export."""
LONG = 1000
"""Characters of a path given to the kernel at once: up to 4 bytes each, where PATH_MAX is 4,096 bytes."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TOP = _FOLDER & ~os.O_NOFOLLOW  # the user may name a link
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PASSING = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What may be otherwise the next time: where containers lie names every output, so it is not guessed then."""
_KINDS = {
    stat.S_IFLNK: "symbolic link, not followed",
    stat.S_IFIFO: "named pipe, left out",
    stat.S_IFSOCK: "socket, left out",
    stat.S_IFBLK: "device, left out",
    stat.S_IFCHR: "device, left out",
}


def order(listing: Listing) -> str:
    """Sort key of a Listing: compares as the components of its path do."""
    return listing.path.replace("/", "\0")


class DirectoryReader:
    """Reads a directory tree; a `SourceReader`.

    Nothing here raises for what lies in the tree: what cannot be listed is told by `problems`.
    """

    def __init__(self, source: Source, skip: Collection[str] = (), *, links: bool = False) -> None:
        """`skip`: folders left out where they lie in the source, as the output of the run may.

        `links`: a symbolic link to a regular file outside the source counts as a file, with what it leads to.
        """
        self._root = source.root
        self._top = os.path.abspath(source.path)
        self._links = links
        self._real = real = os.path.realpath(self._top)
        self._skip = frozenset(os.path.relpath(os.path.realpath(path), real) for path in skip)
        self._problems = Problems()

    def listings(self) -> Iterator[Listing]:
        """Every directory once, ordered by path; memory follows the largest directory."""
        shape = containers.find(containers.Look(self._folders, self._has_json), self._top)
        walks = [self._walk(container, len(container) + 1, "") for container in shape.containers]
        walks.append(self._walk("", 0, shape.prefix, frozenset(shape.containers)))
        return heapq.merge(*walks, key=order) if len(walks) > 1 else walks[0]

    def open(self, path: str) -> BinaryIO:
        """Open one regular file, through a link only where links count as files. Raises OSError."""
        folder, _, name = path.rpartition("/")
        flags = _FILE & ~os.O_NOFOLLOW if self._links else _FILE
        if len(path) + len(self._top) < LONG:
            descriptor = os.open(f"{self._top}/{path}", flags)
        else:
            above = self._open_folder(folder)
            try:
                descriptor = os.open(name, flags, dir_fd=above)
            finally:
                os.close(above)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{path!r} is no regular file any more")
        return os.fdopen(descriptor, "rb")

    def problems(self) -> Sequence[str]:
        """What was left out, one line each."""
        return self._problems.lines()

    def whole(self) -> bool:
        """Was everything in it found?"""
        return not self._problems.lost

    def close(self) -> None:
        """Nothing is held between calls."""

    def _walk(self, start: str, cut: int, prefix: str, skip: Collection[str] = ()) -> Iterator[Listing]:
        """Folders from `start` down; their Listings lose the first `cut` characters and gain the prefix."""
        waiting = [start]
        while waiting:
            path = waiting.pop()
            files, folders = self._read(path)
            yield Listing("/".join(filter(None, (prefix, path[cut:]))), files)
            below = f"{path}/" if path else ""
            for name in sorted(folders, reverse=True):
                if below + name not in skip:
                    waiting.append(below + name)

    def _read(self, path: str) -> tuple[tuple[MediaFile, ...], list[str]]:
        """Regular files of a folder, sorted, and names of its folders."""
        files: list[MediaFile] = []
        folders: list[str] = []
        try:
            descriptor = self._open_folder(path)
        except OSError as error:
            self._problems.failed(path or ".", error)
            return (), folders
        try:
            with os.scandir(descriptor) as entries:
                self._sort_out(path, entries, files, folders)
        except OSError as error:
            self._problems.failed(path or ".", error)
        finally:
            os.close(descriptor)
        files.sort(key=attrgetter("path"))
        return tuple(files), folders

    def _sort_out(
        self, path: str, entries: Iterator[os.DirEntry[str]], files: list[MediaFile], folders: list[str]
    ) -> None:
        root, below = self._root, f"{path}/" if path else ""
        for entry in entries:
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError as error:  # gone since, or out of reach
                self._problems.failed(below + entry.name, error)
                continue
            mode = facts.st_mode
            if stat.S_ISREG(mode):
                files.append(MediaFile(root, below + entry.name, facts.st_size, facts.st_mtime_ns))
            elif self._links and stat.S_ISLNK(mode):
                self._look_behind(below, entry, files)
            elif not stat.S_ISDIR(mode):
                self._problems.tell(below + entry.name, _KINDS.get(stat.S_IFMT(mode), "no regular file"))
            elif self._wanted(below, entry.name):
                folders.append(entry.name)

    def _look_behind(self, below: str, entry: os.DirEntry[str], files: list[MediaFile]) -> None:
        """A symbolic link: a file, where it leads to one outside the source (inside, that one is found itself)."""
        path = below + entry.name
        try:
            facts = entry.stat()
            inside = f"{os.path.realpath(f'{self._top}/{path}')}/".startswith(f"{self._real}/")
        except OSError:
            self._problems.tell(path, "symbolic link that leads nowhere")
            return
        if inside or not stat.S_ISREG(facts.st_mode):
            self._problems.tell(path, _KINDS[stat.S_IFLNK])
        else:
            files.append(MediaFile(self._root, path, facts.st_size, facts.st_mtime_ns))

    def _wanted(self, below: str, name: str) -> bool:
        return name != OWN_FOLDER and below + name not in self._skip

    def _open_folder(self, path: str) -> int:
        """Open a folder; in steps where its path is longer than the kernel takes. Raises OSError."""
        if not path:
            return os.open(self._top, _TOP)
        if len(path) + len(self._top) < LONG:
            return os.open(f"{self._top}/{path}", _FOLDER)
        descriptor = os.open(self._top, _TOP)
        for step in _steps(path):
            above = descriptor
            try:
                descriptor = os.open(step, _FOLDER, dir_fd=above)
            finally:
                os.close(above)
        return descriptor

    def _folders(self, path: str) -> list[str]:
        """Names of the folders in a folder, sorted; none where it cannot be read (the walk tells why)."""
        below = f"{path}/" if path else ""
        try:
            with os.scandir(f"{self._top}/{path}") as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError as error:
            if error.errno in _PASSING:
                raise
            return []
        return sorted(name for name in names if self._wanted(below, name))

    def _has_json(self, path: str) -> bool:
        try:
            with os.scandir(f"{self._top}/{path}") as entries:
                return any(entry.name[-5:].lower() == ".json" for entry in entries)
        except OSError as error:
            if error.errno in _PASSING:
                raise
            return False


def _steps(path: str) -> Iterator[str]:
    """A relative path in pieces of whole components, each short enough for the kernel."""
    start = 0
    while len(path) - start > LONG:
        end = path.rfind("/", start, start + LONG)
        if end < 0:
            break
        yield path[start:end]
        start = end + 1
    yield path[start:]
