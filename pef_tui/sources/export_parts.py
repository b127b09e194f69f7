"""Recognize parts of an export by name: archives in a directory, missing numbers, unfinished downloads."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct

from pef_tui.sanitize import safe
from pef_tui.takeout.system_files import ARCHIVE, is_part, is_unfinished

_COPY = (
    r"(?: ?\([0-9]{1,2}\)| [0-9]{1,2}| ?[-–]? ?(?:copy|kopie|copie|copia|copy of)(?: ?\(?[0-9]{1,2}\)?)?)?"
)
"""Pattern of the text in the name of a second copy: "(1)" (browsers), " 2" or " - Copy" (file managers)."""
_NUMBERED = re.compile(rf"(?i)(.*-)([0-9]{{3,4}}){_COPY}(\.(?:zip|tgz|tar\.gz|tar))?")
"""Pattern of the name of a numbered part: `takeout-20240102T030405Z-001.zip`, also `...-3-001.zip`.

A directory of such a name is an extracted part.
"""
_MAX_NAMES = 10


class DirectoryEntries:
    """Lists directories, each of them once."""

    def __init__(self) -> None:
        self._entries: dict[str, list[os.DirEntry[str]]] = {}

    def of(self, folder: str) -> list[os.DirEntry[str]]:
        """Return the entries of the directory `folder`, sorted by name; [] if it cannot be read."""
        if folder not in self._entries:
            self._entries[folder] = _entries(folder)
        return self._entries[folder]


def parts_in(folder: str, directories: DirectoryEntries) -> list[str]:
    """Return the paths of the archives directly in `folder` that have the name of an export part, sorted by name.

    [] if `folder` cannot be read. Links are not followed.
    """
    return [entry.path for entry in directories.of(folder) if is_part(entry.name) and _is_file(entry)]


def part_folders(folder: str, directories: DirectoryEntries) -> list[str]:
    """Return the paths of the directories directly in `folder` that have the name of an extracted part, sorted by name.

    [] if `folder` cannot be read.
    """
    return [
        entry.path
        for entry in directories.of(folder)
        if (match := _numbered(entry.name)) and not match[3] and not _is_file(entry)
    ]


def archive_notes(folder: str, sources: Collection[str], directories: DirectoryEntries) -> Iterator[str]:
    """Yield one note if `folder` has archives that are not opened, because they do not have the name of an export part.

    `sources`: paths that the user gave as a SOURCE. Archives among them are opened, so the note leaves them out.
    """
    names = [
        entry.name
        for entry in directories.of(folder)
        if ARCHIVE.search(entry.name)
        and not is_part(entry.name)
        and entry.path not in sources
        and _is_file(entry)
    ]
    if names:
        subject = "archive does" if len(names) == 1 else f"{len(names)} archives do"
        yield (
            f"SOURCE {safe(folder)}: {subject} not have the name of a part and {'is' if len(names) == 1 else 'are'} "
            f"not opened ({_name_list(names)}); name each as a SOURCE to read it"
        )


def unfinished_notes(
    folders: Iterable[str], archives: Iterable[str], directories: DirectoryEntries
) -> Iterator[str]:
    """Yield a note on each of the `unfinished_downloads`."""
    return map(unfinished_note, unfinished_downloads(folders, archives, directories))


def unfinished_downloads(
    folders: Iterable[str], archives: Iterable[str], directories: DirectoryEntries
) -> Iterator[str]:
    """Yield the path of each unfinished download beside the sources.

    `folders`: directories that are a SOURCE. Every unfinished archive in such a directory counts. `archives`: archives
    that are a SOURCE. In the directory of such an archive, only downloads with "takeout" in their names count.
    """
    archive_folders = dict.fromkeys(os.path.dirname(path) for path in archives)
    for folder in dict.fromkeys((*folders, *archive_folders)):
        is_source = folder not in archive_folders
        for entry in directories.of(folder):
            if is_unfinished(entry.name) and (is_source or "takeout" in entry.name.lower()):
                yield entry.path


def unfinished_note(path: str) -> str:
    """Return the note on the unfinished download at `path`."""
    return f"{safe(path)}: an unfinished download, not read; download this part again"


def unread_parts(names: Sequence[str]) -> str:
    """Return the problem of a folder below a SOURCE that has parts of an export. `names`: the archives."""
    subject = "1 part of an export is" if len(names) == 1 else f"{len(names):,} parts of an export are"
    return f"{subject} in this folder and not read ({_name_list(names)}); name the folder as a SOURCE too"


class NumberedParts(Struct):
    """The parts of one export that have numbers in their names."""

    name: str
    """The name before the number, such as `takeout-20240102T030405Z-`."""
    paths: dict[int, list[str]]
    """Paths of the archives and directories of each part, by its number."""

    @property
    def missing(self) -> list[int]:
        """Return the numbers that are missing below the highest number, in ascending order."""
        return [number for number in range(1, max(self.paths)) if number not in self.paths]


def numbered_parts(paths: Sequence[str]) -> list[NumberedParts]:
    """Return the numbered parts among `paths`, by export. The name before the part number identifies the export."""
    exports: dict[str, NumberedParts] = {}
    for path in paths:
        if match := _numbered(path.rpartition("/")[2]):
            parts = exports.setdefault(match[1].lower(), NumberedParts(match[1], {}))
            parts.paths.setdefault(int(match[2]), []).append(path)
    return list(exports.values())


def missing_parts(paths: Sequence[str]) -> Iterator[str]:
    """Yield a note for each export with missing part numbers. `paths`: the sources."""
    for export in numbered_parts(paths):
        if missing := [f"{number:03}" for number in export.missing]:
            yield (
                f"{safe(export.name)}…: part {_name_list(missing)} is not among the sources; "
                "what it holds will be missing"
            )


def repeated_parts(paths: Sequence[str]) -> Iterator[str]:
    """Yield a note for each part that exists as several archives. `paths`: the sources."""
    for export in numbered_parts(paths):
        for number, same in export.paths.items():
            archives = [os.path.basename(path) for path in same if ARCHIVE.search(path)]
            if len(archives) > 1:
                yield (
                    f"{safe(export.name)}…: part {number:03} is there {len(archives)} times "
                    f"({_name_list(archives)}); what is the same in them is put there once"
                )


def _numbered(name: str) -> re.Match[str] | None:
    """Return the match of `_NUMBERED`. Its second group is the number of the part.

    None if `name` has no such number, or if it is neither an archive's name nor begins with `takeout-`.
    """
    match = _NUMBERED.fullmatch(name)
    return match if match and (match[3] or match[1].lower().startswith("takeout-")) else None


def _name_list(names: Sequence[str]) -> str:
    remaining = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(map(safe, names[:_MAX_NAMES])) + remaining


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False
