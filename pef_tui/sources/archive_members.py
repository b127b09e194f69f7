"""The common part of the readers of zip and tar archives: list the members and check their paths."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Event, Lock

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.filesystem.disk_watch import SourceWatch
from pef_tui.hooks import Listing
from pef_tui.model import MediaFile, Source
from pef_tui.sources.archive_problems import ReadProblems
from pef_tui.sources.dir_entries import file_entry
from pef_tui.sources.member_index import MemberIndex
from pef_tui.sources.member_location import MemberLocation
from pef_tui.sources.unpack_limits import UnpackLimits
from pef_tui.takeout import containers
from pef_tui.takeout.folder_spellings import top_names
from pef_tui.takeout.system_files import folder_reason

MAX_MEMBERS = 2_000_000
"""Largest number of members that are read from one archive. An archive of an export has some 10,000."""

DUPLICATE = "is in the archive twice with different content, the last is taken"


_DRIVE = re.compile(r"[A-Za-z]:/")


class ArchiveReader(ABC):
    """Base class of the readers of zip and tar archives. A reader is a `SourceReader` of one archive.

    The first call of `listings`, `top_folders` or `open` opens the archive. A member with unreadable data is listed
    too, so it is counted; `open` then raises OSError with the reason. Members that are not files, and members with an
    improper path (`path_fault`), are left out.
    """

    def __init__(self, source: Source, limits: UnpackLimits | None) -> None:
        """`limits`: the limits that all archives of the run share; None for limits of this archive alone."""
        self._source = source
        self._limits = limits if limits is not None else UnpackLimits()
        self._limits.register(source.path)
        self.watch: SourceWatch | None = None
        """Decides whether calls that failed are repeated, and ends the run if the source is gone. None: no call is
        repeated."""
        self._problems = ReadProblems()
        self._loading = Lock()
        self._index: MemberIndex | None = None
        self._listed_state = b""

    @abstractmethod
    def _members(self) -> MemberIndex:
        """Return the index of the members. The first call reads them from the archive."""

    @abstractmethod
    def location(self, path: str) -> MemberLocation | None:
        """Return the location of the listed member `path`; None if only this process can read it.

        Raises OSError.
        """

    def share_members(self) -> None:  # noqa: B027 - most archives are read in place
        """Allow other machines to read the members too. Call it before the first listing."""

    def top_folders(self) -> Sequence[Sequence[str]]:
        """Return the names of the folders directly in each container of the archive (see `NamesFolders`)."""
        return top_folders(self._members())

    def count_files(self, stop: Event) -> int | None:
        """Return the number of files; None if the list of the members is not read yet. Raises OSError."""
        if not self._loading.acquire(blocking=False):
            return None
        try:
            return None if self._index is None else self._index.count()
        finally:
            self._loading.release()

    def problems(self) -> Sequence[str]:
        """Return one line for each problem, such as a member that was left out or a damaged part of the archive."""
        return self._problems.lines()

    def whole(self) -> bool:
        """Return whether the archive was read completely. If so, no file is missing."""
        return not self._problems.may_miss_files

    def listed_state(self) -> bytes:
        """Return the `current_state` from before the archive was read.

        Return b"" if the archive is missing or not read yet. Also return b"" if it was so new that a later change might
        not show in its times (of modification and of change).
        """
        return self._listed_state

    def current_state(self) -> bytes:
        """Return a digest (16 bytes) of the archive's size and times. It changes when the archive changes.

        The times are the modification time and the change time (ctime). Raises OSError.
        """
        return file_entry(self._source.path).digest()


def plain_path(path: str) -> str:
    """Return the path of a member as a relative path, as unzip and the tools of Windows do.

    Examples: `./a`, `/a` and `C:/a` become `a`; `a//b` becomes `a/b`. A `..` stays, because `path_fault` reports it.
    """
    if _DRIVE.match(path):
        path = path[3:]
    if path[:1] not in "./" and "//" not in path and "/./" not in path and path[-2:] != "/.":
        return path
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return "/".join(parts) + "/" * path.endswith("/")


def path_fault(path: str) -> str:
    """Return why a member with this path is left out; "" for a normal relative path."""
    parts = path.split("/")
    if ".." in parts:
        return "path out of the archive, left out"
    if "" in parts or "." in parts or "\0" in path:
        return "no proper path, left out"
    return ""


def listings(index: MemberIndex, root: int, version_of: Callable[[int, int], int]) -> Iterator[Listing]:
    """Yield a Listing for each folder of an archive, ordered by path. The paths are as in the extracted archive.

    `root`: the `MediaFile.root` of all files. `version_of`: takes the checksum and the offset of a member, and returns
    its `MediaFile.version`.
    """
    folders = _folders(index)
    shape = containers.find_containers(_folder_probe(folders), "")
    folder_keys = sorted((_below(folder, shape).replace("/", "\0"), folder) for folder in folders)
    for _, folder in folder_keys:
        files = tuple(
            MediaFile(root, path, size, mtime_ns, version_of(crc, start))
            for path, size, mtime_ns, crc, start in index.in_folder(folder)
        )
        yield Listing(_below(folder, shape), files)


def top_folders(index: MemberIndex) -> Sequence[Sequence[str]]:
    """Return the names of the folders directly in each container of an archive (see `NamesFolders`)."""
    probe = _folder_probe(_folders(index))
    shape = containers.find_containers(probe, "")
    return top_names(probe.folders, shape.containers, shape.prefix)


def _folders(index: MemberIndex) -> dict[str, bool]:
    """Return each folder that has members, and whether it has a JSON file directly in it. Leave out STATE_DIR."""
    return {folder: json for folder, json in index.folders() if STATE_DIR not in folder.split("/")}


def _folder_probe(folders: Mapping[str, bool]) -> containers.FolderProbe:
    children: dict[str, set[str]] = {}
    for folder in folders:
        while folder:
            above, _, name = folder.rpartition("/")
            names = children.setdefault(above, set())
            if name in names:
                break
            names.add(name)
            folder = above
    return containers.FolderProbe(
        lambda path: sorted(name for name in children.get(path, ()) if not folder_reason(name)),
        lambda path: folders.get(path, False),
    )


def _below(folder: str, shape: containers.Shape) -> str:
    for container in shape.containers:
        if folder == container or folder.startswith(container + "/"):
            return folder[len(container) + 1 :]
    return folder
