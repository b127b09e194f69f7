"""What the source tree shows of a directory: folders and archives, with the state of each part of an export."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from pef_tui.sources.export_parts import numbered_parts
from pef_tui.sources.found_exports import exports_in, is_export_folder, name_after_download
from pef_tui.sources.part_state import part_state
from pef_tui.takeout.system_files import ARCHIVE, is_part, is_unfinished

MAX_CHECKED = 200
"""Maximum number of parts in one directory that are opened to see whether they are complete."""
MAX_MISSING = 100
"""Maximum number of missing parts that are listed in one directory."""


class FolderEntry(NamedTuple):
    """A folder, an archive, or a part that is missing or not downloaded completely."""

    name: str
    """Name on the disk; for an unfinished download, the name that it gets."""
    is_dir: bool
    note: str = ""
    """State of a part, if it is not complete."""
    is_source: bool = True
    """Whether it can be chosen as a source."""


def contents(path: str) -> tuple[list[FolderEntry], str]:
    """Return the entries of the directory `path`, and why it cannot be read; "" if it can be read.

    The entries are sorted by name, without names that begin with a dot. A missing part is at its place.
    """
    found: list[FolderEntry] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if is_unfinished(entry.name):
                    found.append(FolderEntry(name_after_download(entry.name), False, "downloading", False))
                elif entry.is_dir() or ARCHIVE.search(entry.name):
                    found.append(FolderEntry(entry.name, entry.is_dir()))
    except OSError as error:
        return [], error.strerror or "cannot be read"
    found.sort(key=lambda entry: entry.name.lower())
    with_states = [*_with_states(path, found), *_missing(found)]
    return sorted(with_states, key=lambda entry: entry.name.lower()), ""


def _with_states(directory: str, entries: Sequence[FolderEntry]) -> list[FolderEntry]:
    result = []
    checked = 0
    for entry in entries:
        if not entry.note and not entry.is_dir and is_part(entry.name) and checked < MAX_CHECKED:
            checked += 1
            if part_state(os.path.join(directory, entry.name)) == "cut off":
                entry = entry._replace(note="cut off")
        result.append(entry)
    return result


def _missing(entries: Sequence[FolderEntry]) -> list[FolderEntry]:
    names = [entry.name for entry in entries]
    missing = [
        FolderEntry(f"{parts.name}{number:03}", False, "missing", False)
        for parts in numbered_parts(names)
        if len(parts.paths) > 1
        for number in parts.missing
    ]
    return missing[:MAX_MISSING]


def parts_with(path: str) -> tuple[str, ...]:
    """Return the paths of all parts in the directory `path`; for a part, those of its export.

    Return () if there is none.
    """
    if os.path.isdir(path) and not is_export_folder(path, _no_limit):
        found = [source for export in _exports(path) for source in export]
        numbered = [part for parts in _numbered(path) for part in parts]
        return tuple(sorted({*found, *numbered}))
    directory = os.path.dirname(path)
    groups = [set(group) for group in (*_exports(directory), *_numbered(directory)) if path in group]
    return tuple(sorted(set[str]().union(*groups)))


def _exports(directory: str) -> list[tuple[str, ...]]:
    try:
        with os.scandir(directory) as entries:
            exports = exports_in(directory, entries, lambda path: is_export_folder(path, _no_limit))
    except OSError:
        return []
    return [export.sources for export in exports]


def _numbered(directory: str) -> list[list[str]]:
    """Return the archives in a directory that have the number of a part, by export."""
    try:
        with os.scandir(directory) as entries:
            names = [entry.path for entry in entries if is_part(entry.name) and entry.is_file()]
    except OSError:
        return []
    return [[path for same in parts.paths.values() for path in same] for parts in numbered_parts(names)]


def _no_limit() -> None:
    """Do nothing: a directory that the user chose is examined without a limit of time."""
