"""Recognize exports by the names in a directory: archives and folders that belong together, and what is missing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.sources.export_parts import numbered_parts
from pef_tui.takeout.containers import MAX_JSON_PROBES, FolderProbe, find_containers, is_takeout_name, year_of
from pef_tui.takeout.system_files import folder_reason, is_part, is_unfinished

_STAMP = re.compile(r"(?i)takeout-([0-9]{8}t[0-9]{6}z)")
_EXPORT_NAME = re.compile(r"(?i)takeout|google")
"""Matches the names that an archive or a folder of an export may have. All languages write "Google" the same way."""


class FoundExport(Struct, frozen=True):
    """The archives and folders in one directory that belong to one export. Only their names show this."""

    directory: str
    stamp: str
    """Time of the export, from the names of its parts, such as `20260115T102030Z`; "" if no name states it."""
    archives: tuple[str, ...] = ()
    """Paths of the archives, sorted by name."""
    folders: tuple[str, ...] = ()
    """Paths of the folders that have the structure of an export, sorted by name."""
    downloads: tuple[str, ...] = ()
    """Paths of unfinished downloads, which cannot be read yet."""
    size: int = 0
    """Size in bytes of the archives, and of the measured folders."""
    is_measured: bool = True
    """Whether `size` includes all folders."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the paths of all archives and folders."""
        return (*self.archives, *self.folders)

    @property
    def missing(self) -> list[int]:
        """Return the numbers of the missing parts, without those of unfinished downloads."""
        names = [*self.sources, *map(name_after_download, self.downloads)]
        return sorted({number for parts in numbered_parts(names) for number in parts.missing})

    @property
    def downloading(self) -> list[int]:
        """Return the part numbers in the names of unfinished downloads. Names without a number are ignored."""
        names = [*map(name_after_download, self.downloads)]
        return sorted({number for parts in numbered_parts(names) for number in parts.paths})


def exports_in(
    directory: str, entries: Iterable[os.DirEntry[str]], is_export: Callable[[str], bool]
) -> list[FoundExport]:
    """Return the exports among the entries of a directory, the latest first. Links are not followed.

    `is_export`: returns whether the folder with this path has the structure of an export. Folders without a stamp
    belong to the export with a stamp, if there is only one.
    """
    archives: dict[str, list[str]] = {}
    folders: dict[str, list[str]] = {}
    downloads: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}
    for entry in sorted(entries, key=lambda entry: entry.name):
        name, stamp = entry.name, stamp_of(entry.name)
        if not _EXPORT_NAME.search(name):
            continue
        if is_unfinished(name):
            if "takeout" in name.lower():
                downloads.setdefault(stamp, []).append(entry.path)
        elif is_part(name) and (size := _file_size(entry)) is not None:
            archives.setdefault(stamp, []).append(entry.path)
            sizes[stamp] = sizes.get(stamp, 0) + size
        elif is_folder(entry) and is_export(entry.path):
            folders.setdefault(stamp, []).append(entry.path)
    if "" in folders and "" not in archives and len(stamps := {*archives, *folders} - {""}) == 1:
        stamp = stamps.pop()
        folders[stamp] = sorted([*folders.get(stamp, ()), *folders.pop("")])
    return [
        FoundExport(
            directory,
            stamp,
            tuple(archives.get(stamp, ())),
            tuple(folders.get(stamp, ())),
            tuple(downloads.get(stamp, ())),
            sizes.get(stamp, 0),
            stamp not in folders,
        )
        for stamp in sorted({*archives, *folders}, reverse=True)
    ]


def stamp_of(name: str) -> str:
    """Return the time of the export in the name of a part, in capitals; "" if there is none."""
    match = _STAMP.search(name)
    return match[1].upper() if match else ""


def is_export_folder(path: str, check_time: Callable[[], None]) -> bool:
    """Return whether the folder at `path` is an extracted export, by its name and the names in it.

    A folder that contains exports is none, nor is an output folder of this program. `check_time` is called before each
    directory is listed. It may raise an error to end the examination.
    """
    name = os.path.basename(path)
    if not _EXPORT_NAME.search(name) or os.path.lexists(f"{path}/{STATE_DIR}"):
        return False

    def names(below: str, is_wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
        check_time()
        try:
            with os.scandir(f"{path}/{below}") as entries:
                return [entry.name for entry in entries if is_wanted(entry)]
        except OSError:
            return []

    def folders(below: str) -> list[str]:
        return sorted(names(below, is_folder))

    def has_json(below: str) -> bool:
        return bool(names(below, lambda entry: entry.name[-5:].lower() == ".json"))

    top = folders("")
    if not (is_takeout_name(name) or stamp_of(name)) and (
        any(map(is_takeout_name, top)) or names("", lambda entry: is_part(entry.name))
    ):
        return False
    containers = find_containers(FolderProbe(folders, has_json), path).containers
    if any(_has_albums(container, folders(container), has_json) for container in containers):
        return True
    years = [name for name in top if year_of(name) is not None]
    return any(map(has_json, years[:MAX_JSON_PROBES]))


def _has_albums(container: str, albums: Sequence[str], has_json: Callable[[str], bool]) -> bool:
    return any(
        year_of(name) is not None or has_json(f"{container}/{name}") for name in albums[:MAX_JSON_PROBES]
    )


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a directory, and no link, hidden directory or directory of a system."""
    try:
        return entry.name[:1] != "." and entry.is_dir(follow_symlinks=False) and not folder_reason(entry.name)
    except OSError:
        return False


def name_after_download(path: str) -> str:
    """Return the path that a download has when it is finished: without the extension of the browser."""
    return path.rpartition(".")[0]


def _file_size(entry: os.DirEntry[str]) -> int | None:
    """Return the size of a regular file in bytes; None for anything else."""
    try:
        return entry.stat(follow_symlinks=False).st_size if entry.is_file(follow_symlinks=False) else None
    except OSError:
        return None
