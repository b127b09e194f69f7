"""A directory as a source: one pass over its tree, never following a link, opening what it listed."""

from __future__ import annotations

import errno
import heapq
import os
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from operator import attrgetter
from typing import BinaryIO, cast

from pef_tui.fingerprint import version, version_base
from pef_tui.hooks import Listing
from pef_tui.model import MediaFile, Source
from pef_tui.takeout import containers
from pef_tui.takeout.entries import Entries, entries, tree_digest
from pef_tui.takeout.opened import OpenedFile
from pef_tui.takeout.problems import Problems
from pef_tui.takeout.spellings import top_names
from pef_tui.takeout.system_files import folder_reason, is_part, path_reason

OWN_FOLDER = ".pef-tui"
"""Where an output folder keeps its manifest; never a part of an export."""
KEPT = 200_000
"""Files (about 150 bytes each) that are not listed twice."""
LONG = 1000
"""Characters of a path given to the kernel at once: up to 4 bytes each, where PATH_MAX is 4,096 bytes."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TOP = _FOLDER & ~os.O_NOFOLLOW  # the user may name a link
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PASSING = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""What may be otherwise the next time: where containers lie names every output, so it is not guessed then."""
_ARCHIVES = (".zip", ".tgz", ".tar", ".gz", ".ZIP", ".TGZ", ".TAR", ".GZ")
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
        self._base = version_base(real)
        self._skip = frozenset(os.path.relpath(os.path.realpath(path), real) for path in skip)
        self._inside = frozenset(source.inside)
        self._problems = Problems()
        self._first: dict[str, bytes] | None = {}
        """Digest of each folder as it was listed for the first time; None where a change since might not show."""
        self._seen = b""
        self._kept: dict[str, tuple[int, Entries]] = {}
        """What `look` listed and when, for the first listing to come."""
        self.bytes: int | None = None
        """Of all files together, once `look` has listed them all."""

    def listings(self) -> Iterator[Listing]:
        """Every directory once, ordered by path; memory follows the largest directory."""
        shape = self._shape()
        walks = [self._walk(container, len(container) + 1, "") for container in shape.containers]
        walks.append(self._walk("", 0, shape.prefix, frozenset(shape.containers)))
        yield from heapq.merge(*walks, key=order) if len(walks) > 1 else walks[0]
        if self._first is not None and not self._links and self._shape() == shape:
            self._seen = tree_digest(self._first)
        self._first = None

    def top_folders(self) -> Sequence[Sequence[str]]:
        """The names directly in each container. Raises OSError."""
        shape = self._shape()
        return top_names(self._folders, shape.containers, shape.prefix)

    def _shape(self) -> containers.Shape:
        return containers.find(containers.Look(self._folders, self._has_json), self._top)

    def seen(self) -> bytes:
        """What `look` told when the source was listed for the first time, before any file of it was opened.

        Empty where it was not listed wholly, and where a file was so young that a change since might not show.
        """
        return self._seen

    def look(self) -> bytes:
        """16 bytes that change with every file, name, size and time in the source. Raises OSError.

        What it lists, up to `KEPT` files, is not listed again by `listings` when that is called for the first time.
        """
        found: dict[str, bytes] = {}
        total = 0
        waiting, room = [""], KEPT if self._first == {} else 0
        while waiting:
            path, now = waiting.pop(), time.time_ns()
            descriptor = self._open_folder(path)
            try:
                listed = entries(descriptor)
            finally:
                os.close(descriptor)
            if listed.lost:
                raise listed.lost[0][1]
            found[path] = listed.digest()
            total += sum(listed.sizes)
            if (room := room - len(listed.names)) > 0 and listed.only_files():
                self._kept[path] = now, listed
            below = f"{path}/" if path else ""
            waiting += [below + name for name in listed.folders if self._wanted(below, name)]
        self.bytes = total
        return tree_digest(found)

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
        return cast("BinaryIO", OpenedFile(descriptor))

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

    def _read(self, path: str) -> tuple[tuple[MediaFile, ...], Sequence[str]]:
        """Regular files of a folder, sorted, and names of its folders."""
        if (kept := self._kept.pop(path, None)) is not None:
            return self._told(path, *kept)
        now = time.time_ns()
        try:
            descriptor = self._open_folder(path)
        except OSError as error:
            self._first = None
            if path_reason(path):  # a recycle bin, an index: nothing of the export is lost
                self._problems.tell(path, f"{path_reason(path)}, cannot be read: {error.strerror or error}")
            else:
                self._problems.failed(path or ".", error)
            return (), ()
        try:
            return self._told(path, now, entries(descriptor), descriptor)
        finally:
            os.close(descriptor)

    def _told(
        self, path: str, now: int, found: Entries, descriptor: int = -1
    ) -> tuple[tuple[MediaFile, ...], Sequence[str]]:
        files = self._files(path, found, descriptor)
        self._note(path, found, now)
        self._note_archives(path, found)
        below = f"{path}/" if path else ""
        for name, why in found.lost:
            self._problems.failed(below + name if name else path or ".", why)
        files.sort(key=attrgetter("path"))
        return tuple(files), [name for name in found.folders if self._wanted(below, name)]

    def _note(self, path: str, found: Entries, now: int) -> None:
        """Keep the digest of a folder that is listed for the first time."""
        if self._first is None or path in self._first:
            return
        if found.lost or not found.settled(now):
            self._first = None
        else:
            self._first[path] = found.digest()

    def _note_archives(self, path: str, found: Entries) -> None:
        """Parts of an export in a folder below the source are not opened; a line names each."""
        below = f"{path}/" if path else ""
        for name in found.names:
            if name.endswith(_ARCHIVES) and is_part(name) and below + name not in self._inside:
                self._problems.tell(below + name, "an archive in a folder, not opened; name it as a SOURCE")

    def _files(self, path: str, found: Entries, descriptor: int) -> list[MediaFile]:
        root, below = self._root, f"{path}/" if path else ""
        versions = found.versions(self._base)
        rows = zip(found.names, found.sizes, found.mtimes_ns(), versions, strict=True)
        if found.only_files() and not self._inside:
            return [MediaFile(root, below + name, size, mtime, now) for name, size, mtime, now in rows]
        files = []
        for mode, (name, size, mtime, now) in zip(found.modes, rows, strict=True):
            if below + name in self._inside:
                continue
            if stat.S_ISREG(mode):
                files.append(MediaFile(root, below + name, size, mtime, now))
            elif self._links and stat.S_ISLNK(mode):
                self._look_behind(below, name, descriptor, files)
            else:
                self._problems.tell(below + name, _KINDS.get(stat.S_IFMT(mode), "no regular file"))
        return files

    def _look_behind(self, below: str, name: str, descriptor: int, files: list[MediaFile]) -> None:
        """A symbolic link: a file, where it leads to one outside the source (inside, that one is found itself)."""
        path = below + name
        try:
            facts = os.stat(name, dir_fd=descriptor)
            inside = f"{os.path.realpath(f'{self._top}/{path}')}/".startswith(f"{self._real}/")
        except OSError:
            self._problems.tell(path, "symbolic link that leads nowhere")
            return
        if inside or not stat.S_ISREG(facts.st_mode):
            self._problems.tell(path, _KINDS[stat.S_IFLNK])
        else:
            now = version(self._base, facts.st_ctime_ns)
            files.append(MediaFile(self._root, path, facts.st_size, facts.st_mtime_ns, now))

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
        return sorted(name for name in names if self._wanted(below, name) and not folder_reason(name))

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
