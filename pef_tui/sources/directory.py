"""Read a directory as a source: list its tree in one pass without following links, and open the listed files."""

from __future__ import annotations

import heapq
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from operator import attrgetter
from threading import Event
from typing import BinaryIO, TypeVar, cast

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.filesystem.disk_watch import SourceWatch
from pef_tui.filesystem.fingerprint import version, version_base
from pef_tui.formats import by_extension
from pef_tui.hooks import Listing
from pef_tui.model import MediaFile, Source
from pef_tui.sources.archive_problems import ReadProblems
from pef_tui.sources.container_probe import ContainerProbe
from pef_tui.sources.dir_entries import DirEntries, read_entries, tree_digest
from pef_tui.sources.earlier_outputs import EARLIER_OUTPUT, is_earlier_output
from pef_tui.sources.export_parts import unread_parts
from pef_tui.sources.file_count import count_tree
from pef_tui.sources.file_stream import FileStream
from pef_tui.sources.listed_ahead import ListedAhead
from pef_tui.takeout.system_files import is_part, path_reason

MAX_CACHED_FILES = 200_000
"""Largest number of files whose entries (about 150 bytes each) `current_state` keeps for the first listing."""
MAX_PATH_LENGTH = 1000
"""Longest path, in characters, that is passed to the kernel. A character has up to 4 bytes, PATH_MAX is 4,096 bytes."""

Result = TypeVar("Result")

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TOP = _FOLDER & ~os.O_NOFOLLOW  # the source itself may be a symbolic link
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ARCHIVES = (".zip", ".tgz", ".tar", ".gz", ".ZIP", ".TGZ", ".TAR", ".GZ")
_KINDS = {
    stat.S_IFLNK: "symbolic link, not followed",
    stat.S_IFIFO: "named pipe, left out",
    stat.S_IFSOCK: "socket, left out",
    stat.S_IFBLK: "device, left out",
    stat.S_IFCHR: "device, left out",
}


def listing_order(listing: Listing) -> str:
    """Return the sort key of a Listing. It compares paths component by component."""
    return listing.path.replace("/", "\0")


class DirectoryReader:
    """Reads a directory tree; a `SourceReader`.

    An entry that cannot be listed raises nothing: `problems` reports it.
    """

    def __init__(self, source: Source, skip: Collection[str] = (), *, links: bool = False) -> None:
        """`skip`: directories to leave out if they are inside the source, such as the output of the run.

        `links`: whether a symbolic link to a regular file outside the source is listed as a file.
        """
        self.watch: SourceWatch | None = None
        """Decides whether failed calls are repeated, and ends the run if the source is gone. None: calls are not
        repeated.
        """
        self._root = source.root
        self._top = os.path.abspath(source.path)
        self._links = links
        self._real_top = real = os.path.realpath(self._top)
        self._base = version_base(real)
        self._skip = frozenset(os.path.relpath(os.path.realpath(path), real) for path in skip)
        self._inside = frozenset(source.inside)
        self._problems = ReadProblems()
        self._has_media = self._has_unread_parts = False
        self._folder_digests: dict[str, bytes] | None = {}
        """Digest of each directory, during the first listing. None after it, or if a later change might not show."""
        self._listed_state = b""
        self._ahead = ListedAhead(self._open_folder, self._top)
        self._containers = ContainerProbe(
            self._top, self._is_included, self._is_earlier_output, self._ahead, self._repeat
        )
        self._cached: dict[str, tuple[int, DirEntries]] = {}
        """For each directory: time of listing (ns) and entries. `current_state` keeps them for the first `listings`."""
        self.bytes: int | None = None
        """Total size of all files in bytes; None until `current_state` has listed them."""

    def listings(self) -> Iterator[Listing]:
        """Yield a Listing of every directory once, ordered by path. Memory grows with the largest directory only.

        Each container is walked separately, and so are the directories outside. The sorted walks are merged.

        `listed_state` is set only if a later run could detect any change since now: the whole tree was listed, no file
        was too new, and the containers are the same as before the listing.
        """
        shape = self._containers.shape()
        walks = [self._walk(container, len(container) + 1, "") for container in shape.containers]
        walks.append(self._walk("", 0, shape.prefix, frozenset(shape.containers)))
        yield from heapq.merge(*walks, key=listing_order) if len(walks) > 1 else walks[0]
        # The target of a followed link is outside the source. Its changes do not show in the source's directories.
        if self._folder_digests is not None and not self._links:
            self._listed_state = tree_digest(self._folder_digests)
        self._folder_digests = None

    def top_folders(self) -> Sequence[Sequence[str]]:
        """Return the names of the folders directly in each container (see `NamesFolders`). Raises OSError."""
        return self._containers.top_folders()

    def listed_state(self) -> bytes:
        """Return the digest of the source from the first listing, before any file was opened.

        Return b"" if the source was not listed completely. Also return b"" if a file was so new that a later change
        might not show in its times (of modification and of change).
        """
        return self._listed_state

    def current_state(self) -> bytes:
        """Return a digest (16 bytes) of all names, sizes and times (of modification and of change) in the source.

        Raises OSError if anything is unreadable. The entries of up to MAX_CACHED_FILES files are kept for the first
        call of `listings`.
        """
        digests: dict[str, bytes] = {}
        total = 0
        waiting, room_left = [""], MAX_CACHED_FILES if self._folder_digests == {} else 0
        while waiting:
            path = waiting.pop()
            self._ahead.prepare(path, reversed(waiting))
            now_ns, entries = self._ahead.take(path) or self._ahead.list_now(path)
            if entries.unreadable:
                raise entries.unreadable[0][1]
            if self._is_earlier_output(path, entries.folders):
                continue
            digests[path] = entries.digest()
            total += sum(entries.sizes)
            # `listings` needs a descriptor to report links and special files, so do not keep such a directory
            if (room_left := room_left - len(entries.names)) > 0 and entries.only_files():
                self._cached[path] = now_ns, entries
            below = f"{path}/" if path else ""
            waiting += [below + name for name in entries.folders if self._is_included(below, name)]
        self.bytes = total
        return tree_digest(digests)

    def count_files(self, stop: Event) -> int | None:
        """Return the number of files; None if `stop` was set. Raises OSError."""
        return count_tree(self._top, self._is_included, self._is_listed, self._is_earlier_output, stop)

    def open(self, path: str) -> BinaryIO:
        """Open the regular file at `path`. Follows a symbolic link only if `links` was set. Raises OSError."""
        watch = self.watch
        attempt = 1
        while True:
            try:
                stream = FileStream(self._open_file(path), watch, partial(self._open_file, path))
                if watch is not None:
                    watch.note_read(f"{self._top}/{path}")
                return cast("BinaryIO", stream)
            except OSError as error:
                if watch is None or not watch.recovers(error, attempt):
                    raise
            attempt += 1

    def _open_file(self, path: str) -> int:
        folder, _, name = path.rpartition("/")
        flags = _FILE & ~os.O_NOFOLLOW if self._links else _FILE
        if len(path) + len(self._top) < MAX_PATH_LENGTH:
            return os.open(f"{self._top}/{path}", flags)
        parent = self._open_folder(folder)
        try:
            return os.open(name, flags, dir_fd=parent)
        finally:
            os.close(parent)

    def problems(self) -> Sequence[str]:
        """Return one line for each file and directory that was left out."""
        return self._problems.lines()

    def whole(self) -> bool:
        """Return whether all files were listed, and the source has not only parts in folders, which stay closed."""
        return not self._problems.may_miss_files and (self._has_media or not self._has_unread_parts)

    def close(self) -> None:
        """Do nothing: no resource is kept between calls."""

    def _walk(self, start: str, cut: int, prefix: str, skip: Collection[str] = ()) -> Iterator[Listing]:
        """Yield a Listing of `start` and of each directory below it. Directories in `skip` are left out, with their
        contents.

        The path of a Listing is `prefix` and the path of the directory without its first `cut` characters.
        """
        waiting = [start]
        while waiting:
            path = waiting.pop()
            if path not in self._cached:
                self._ahead.prepare(
                    path, (next_path for next_path in reversed(waiting) if next_path not in self._cached)
                )
            files, folders = self._list_folder(path)
            yield Listing("/".join(filter(None, (prefix, path[cut:]))), files)
            below = f"{path}/" if path else ""
            for name in sorted(folders, reverse=True):
                if below + name not in skip:
                    waiting.append(below + name)

    def _list_folder(self, path: str) -> tuple[tuple[MediaFile, ...], Sequence[str]]:
        """Return the regular files of a directory, sorted by path, and the names of its subdirectories.

        If the directory cannot be read, report it and return two empty tuples.
        """
        listed = self._cached.pop(path, None) or self._ahead.take(path)
        if listed is not None and not listed[1].unreadable:
            return self._to_listing(path, *listed)
        now_ns = time.time_ns()
        try:
            descriptor, entries = self._read_folder(path)
        except OSError as error:
            self._folder_digests = None
            if path_reason(path):  # a recycle bin or an index: it has no file of the export
                self._problems.add(path, f"{path_reason(path)}, cannot be read: {error.strerror or error}")
            else:
                self._problems.add_error(path or ".", error)
            return (), ()
        try:
            return self._to_listing(path, now_ns, entries, descriptor)
        finally:
            os.close(descriptor)

    def _read_folder(self, path: str) -> tuple[int, DirEntries]:
        """Return a descriptor of a directory, and its entries. Raises OSError if it cannot be opened, DiskGone."""
        attempt = 1
        while True:
            try:
                descriptor = self._open_folder(path)
            except OSError as error:
                if not self._recovers(error, attempt):
                    raise
            else:
                try:
                    entries = read_entries(descriptor, self._ahead.queue)
                    is_read = not entries.unreadable or not self._recovers(entries.unreadable[0][1], attempt)
                except BaseException:
                    os.close(descriptor)
                    raise
                if is_read:
                    return descriptor, entries
                os.close(descriptor)
            attempt += 1

    def _repeat(self, call: Callable[[], Result]) -> Result:
        return call() if self.watch is None else self.watch.repeat(call)

    def _recovers(self, error: OSError, attempt: int) -> bool:
        return self.watch is not None and self.watch.recovers(error, attempt)

    def _to_listing(
        self, path: str, now_ns: int, entries: DirEntries, descriptor: int = -1
    ) -> tuple[tuple[MediaFile, ...], Sequence[str]]:
        if self._is_earlier_output(path, entries.folders):
            self._problems.add(path, EARLIER_OUTPUT)
            return (), ()
        files = self._files(path, entries, descriptor)
        self._record_digest(path, entries, now_ns)
        self._report_archives(path, entries)
        self._has_media = self._has_media or any(by_extension(file.path) for file in files)
        below = f"{path}/" if path else ""
        for name, error in entries.unreadable:
            self._problems.add_error(below + name if name else path or ".", error)
        files.sort(key=attrgetter("path"))
        return tuple(files), [name for name in entries.folders if self._is_included(below, name)]

    def _record_digest(self, path: str, entries: DirEntries, now_ns: int) -> None:
        """Store the digest of a directory during its first listing.

        An unreadable entry, or a file that is too new (see `DirEntries.would_show_change`), discards all digests: a
        later run could miss a change.
        """
        if self._folder_digests is None or path in self._folder_digests:
            return
        # If containers appeared or moved during the listing, the next run lists different paths.
        agrees = self._containers.agrees(path, entries)
        if entries.unreadable or not agrees or not entries.would_show_change(now_ns):
            self._folder_digests = None
        else:
            self._folder_digests[path] = entries.digest()

    def _report_archives(self, path: str, entries: DirEntries) -> None:
        """Report archives in the source that have the name of an export part: they are not opened."""
        below = f"{path}/" if path else ""
        parts = [
            name
            for name in entries.names
            if name.endswith(_ARCHIVES) and is_part(name) and below + name not in self._inside
        ]
        for name in () if path else parts:
            self._problems.add(name, "an archive in a folder, not opened; name it as a SOURCE")
        if path and parts:
            self._has_unread_parts = True
            self._problems.add(path, unread_parts(parts))

    def _files(self, path: str, entries: DirEntries, descriptor: int) -> list[MediaFile]:
        root, below = self._root, f"{path}/" if path else ""
        versions = entries.versions(self._base)
        rows = zip(entries.names, entries.sizes, entries.mtimes_ns(), versions, strict=True)
        if entries.only_files() and not self._inside:
            return [
                MediaFile(root, below + name, size, mtime, file_version)
                for name, size, mtime, file_version in rows
            ]
        files = []
        for mode, (name, size, mtime, file_version) in zip(entries.modes, rows, strict=True):
            if below + name in self._inside:
                continue
            if stat.S_ISREG(mode):
                files.append(MediaFile(root, below + name, size, mtime, file_version))
            elif self._links and stat.S_ISLNK(mode):
                self._add_link_target(below, name, descriptor, files)
            else:
                self._problems.add(below + name, _KINDS.get(stat.S_IFMT(mode), "no regular file"))
        return files

    def _add_link_target(self, below: str, name: str, descriptor: int, files: list[MediaFile]) -> None:
        """Add a symbolic link to `files` if its target is a regular file outside the source. Otherwise report the link.

        A target inside the source is listed at its own path.
        """
        path = below + name
        try:
            status = self._stat_target(below.removesuffix("/"), name, descriptor)
            inside = self._leads_inside(path)
        except OSError:
            self._problems.add(path, "symbolic link that leads nowhere")
            return
        if inside or not stat.S_ISREG(status.st_mode):
            self._problems.add(path, _KINDS[stat.S_IFLNK])
        else:
            link_version = version(self._base, status.st_ctime_ns)
            files.append(MediaFile(self._root, path, status.st_size, status.st_mtime_ns, link_version))

    def _stat_target(self, folder: str, name: str, descriptor: int) -> os.stat_result:
        """Return the attributes of the file to which a link leads. `descriptor`: of the link's directory, or -1."""
        if descriptor != -1:
            return os.stat(name, dir_fd=descriptor)
        opened = self._open_folder(folder)
        try:
            return os.stat(name, dir_fd=opened)
        finally:
            os.close(opened)

    def _is_listed(self, below: str, entry: os.DirEntry[str]) -> bool:
        path = below + entry.name
        if path in self._inside or not entry.is_file(follow_symlinks=self._links):
            return False
        return not (entry.is_symlink() and self._leads_inside(path))

    def _leads_inside(self, path: str) -> bool:
        """Return whether the target of a symbolic link is in the source. It is then listed at its own path."""
        return f"{os.path.realpath(f'{self._top}/{path}')}/".startswith(f"{self._real_top}/")

    def _is_included(self, below: str, name: str) -> bool:
        return name != STATE_DIR and below + name not in self._skip

    def _is_earlier_output(self, path: str, folders: Sequence[str]) -> bool:
        """Return whether the directory at `path` is left out as the output folder of an earlier run.

        `folders`: the names of its directories. The top directory of the source is never left out.
        """
        return path != "" and STATE_DIR in folders and is_earlier_output(f"{self._top}/{path}")

    def _open_folder(self, path: str) -> int:
        """Return a descriptor of the directory at `path`. A path that is too long for the kernel is opened in steps.

        Raises OSError.
        """
        if not path:
            return os.open(self._top, _TOP)
        if len(path) + len(self._top) < MAX_PATH_LENGTH:
            return os.open(f"{self._top}/{path}", _FOLDER)
        descriptor = os.open(self._top, _TOP)
        for step in _steps(path):
            parent = descriptor
            try:
                descriptor = os.open(step, _FOLDER, dir_fd=parent)
            finally:
                os.close(parent)
        return descriptor


def _steps(path: str) -> Iterator[str]:
    """Split a relative path into parts. Each has complete components and is short enough for the kernel."""
    start = 0
    while len(path) - start > MAX_PATH_LENGTH:
        end = path.rfind("/", start, start + MAX_PATH_LENGTH)
        if end < 0:
            break
        yield path[start:end]
        start = end + 1
    yield path[start:]
