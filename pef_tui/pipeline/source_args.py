"""Check the SOURCE and DEST arguments of a run, and make their paths absolute."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

from pef_tui.errors import UsageError
from pef_tui.hooks import Scanner
from pef_tui.model import Source
from pef_tui.sanitize import safe
from pef_tui.settings import Settings
from pef_tui.sources.export_parts import (
    DirectoryEntries,
    archive_notes,
    missing_parts,
    part_folders,
    parts_in,
    repeated_parts,
    unfinished_note,
    unfinished_notes,
)
from pef_tui.takeout.system_files import is_unfinished

_ARCHIVE_ENDING = re.compile(r"(?i)\.(zip|tgz|tar|tar\.gz)$")
_GLOB = re.compile(r"[*?\[]")


class SourceList(NamedTuple):
    """The sources of a run, from its SOURCE arguments."""

    paths: list[str]
    """Absolute path of each source. The index is the number of the source (`root`).

    A directory is followed by the parts of an export (archives) in it.
    """
    named: list[str]
    """The paths that the arguments name, or that their globs match.

    Parts of an export that were found in directories are not among them.
    """
    remarks: list[str]
    """How the sources differ from the arguments without losing a file, such as parts that are read in addition.

    Each remark is one line for the user.
    """
    warnings: list[str]
    """What may be missing in the output, such as a part of an export. Each warning is one line for the user."""
    losses: list[str]
    """The warnings about parts of an export that are certainly not read: unfinished downloads, missing numbers."""


def source_list(settings: Settings) -> SourceList:
    """Return the sources of a run: the paths of its arguments (globs expanded), and the parts of an export in a
    directory.

    Each source is listed once. In place, archives in SOURCE are not read: nothing can be written into them. Raises
    UsageError if there is no SOURCE, or if a SOURCE does not exist.
    """
    arguments, unfinished = _source_arguments(settings)
    named_paths, remarks = distinct_paths(arguments)
    warnings: list[str] = []
    folders = [path for path in named_paths if os.path.isdir(path)]
    paths = list(named_paths)
    directories = DirectoryEntries()
    if not settings.in_place:
        for folder in folders:
            remarks += _add_parts(folder, paths, directories)
            warnings += archive_notes(folder, paths, directories)
    extracted = [path for folder in folders for path in part_folders(folder, directories)]
    remarks += repeated_parts([*paths, *extracted])
    archives = [path for path in named_paths if path not in folders]
    losses = [*map(unfinished_note, unfinished), *missing_parts([*paths, *extracted])]
    losses += (note for note in unfinished_notes(folders, archives, directories) if note not in losses)
    return SourceList(paths, named_paths, remarks, [*warnings, *losses], losses)


def _add_parts(folder: str, paths: list[str], directories: DirectoryEntries) -> Iterator[str]:
    """Insert the parts of an export that are in `folder` into `paths`, after `folder`.

    Yield a note for the user if `paths` did not have all of them.
    """
    parts = parts_in(folder, directories)
    new = [path for path in parts if path not in paths]
    if new:
        at = paths.index(folder) + 1
        paths[at:at] = new
        yield f"SOURCE {safe(folder)}: reading the {_count(len(new), 'part')} of an export in this folder too"


def _count(number: int, noun: str) -> str:
    """Return number and noun: `1 part`, `2 parts`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def source_paths(settings: Settings) -> list[str]:
    """Return the absolute paths of the SOURCE arguments, with globs expanded, without unfinished downloads.

    Raises UsageError if no path remains, or if a path does not exist.
    """
    return _source_arguments(settings)[0]


def _source_arguments(settings: Settings) -> tuple[list[str], list[str]]:
    """Return two lists of absolute paths from the SOURCE arguments: complete files and directories, unfinished
    downloads.

    Raises UsageError if the first list is empty, or if a path does not exist.
    """
    if not settings.sources:
        raise UsageError("no SOURCE given: name the folder of the export, or its parts")
    paths = [_absolute(path) for argument in settings.sources for path in _expanded(argument)]
    unfinished = [path for path in paths if _is_download(path)]
    if len(unfinished) == len(paths):
        raise UsageError(f"SOURCE {unfinished_note(paths[0])}")
    return [path for path in paths if path not in unfinished], unfinished


def _is_download(path: str) -> bool:
    """Return whether a path is an unfinished download: a file, or a `.download` directory (Safari)."""
    return is_unfinished(os.path.basename(path)) and (not os.path.isdir(path) or path.endswith(".download"))


def _expanded(argument: str) -> list[str]:
    """Return the paths of a SOURCE argument: the argument itself, or the sorted matches of a glob.

    The path of an existing file is not a glob. Raises UsageError if nothing matches.
    """
    if not os.path.lexists(argument) and _GLOB.search(argument):
        matches = sorted(glob.glob(argument))
        if not matches:
            raise UsageError(f"SOURCE {safe(argument)}: nothing fits this pattern")
        return matches
    return [argument]


def _absolute(path: str) -> str:
    """Return `path` as an absolute path, with symbolic links resolved. Raises UsageError if it is not accessible."""
    try:
        os.stat(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(f"SOURCE {safe(path)}: {reason}") from None
    return os.path.realpath(path)


def distinct_paths(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the paths without repetitions and without paths inside other paths; and a note on each path left out.

    Copies of one archive with different names remain. A later stage detects that their files are equal.
    """
    distinct: list[str] = []
    notes = []
    places = {(status.st_dev, status.st_ino): path for path in reversed(paths) if (status := os.stat(path))}
    for path in paths:
        status = os.stat(path)
        if path in distinct or places[status.st_dev, status.st_ino] != path:
            notes.append(f"SOURCE {safe(path)}: is given twice and read once")
        elif (outer := next((candidate for candidate in paths if _holds(candidate, path)), None)) is not None:
            notes.append(f"SOURCE {safe(path)}: lies in {safe(outer)} and is read as a part of it")
        else:
            distinct.append(path)
    return distinct, notes


def _holds(outer: str, path: str) -> bool:
    """Return whether `path` is a directory inside `outer`.

    False for an archive: reading the directory `outer` does not read archives in it.
    """
    return path != outer and path.startswith(outer.rstrip("/") + "/") and os.path.isdir(path)


def as_sources(paths: Sequence[str], scanners: Sequence[Scanner]) -> tuple[Source, ...]:
    """Return a Source for each path, with the scanner that reads it. Raises UsageError if no scanner accepts a path."""
    return tuple(_source(root, path, scanners, paths) for root, path in enumerate(paths))


def _source(root: int, path: str, scanners: Sequence[Scanner], paths: Sequence[str]) -> Source:
    """Return the Source of a path, with the first scanner that accepts it. Raises UsageError if none does."""
    for scanner in scanners:
        if scanner.accepts(path):
            inside = path.rstrip("/") + "/"
            return Source(
                root, path, scanner.name, tuple(p[len(inside) :] for p in paths if p.startswith(inside))
            )
    raise UsageError(f"SOURCE {safe(path)}: neither a folder nor an archive that can be read here")


def default_output(path: str) -> str:
    """Return the default DEST of a SOURCE: its path, without the extension of an archive, and `-fixed`."""
    return _ARCHIVE_ENDING.sub("", path.rstrip("/")) + "-fixed"


def _free_path(path: str) -> str:
    """Return `path`; if it exists, `path` and ` (2)` or a higher number."""
    return next(
        candidate
        for number in count(1)
        if not os.path.lexists(candidate := path if number == 1 else f"{path} ({number})")
    )


def output_path(option: str, paths: Sequence[str], *, is_preview: bool = False) -> str:
    """Return the absolute path of DEST: `option`, or the default DEST of the only SOURCE.

    Without `option`, and with several SOURCEs, a preview gets the path of a folder that does not exist; a run raises
    UsageError. Raises UsageError also if DEST is a file, is a SOURCE, or is not accessible.
    """
    if not option:
        if len(paths) == 1:
            option = default_output(paths[0])
        elif is_preview:
            return _free_path(default_output(paths[0]))
        else:
            raise UsageError("several SOURCEs: name the output folder with -o DEST")
    output = os.path.realpath(option)
    try:
        mode = os.stat(output).st_mode
    except FileNotFoundError:
        mode = None
    except (OSError, ValueError) as error:
        raise UsageError(f"DEST {safe(option)}: {error}") from None
    if mode is not None and not stat.S_ISDIR(mode):
        raise UsageError(f"DEST {safe(option)}: is a file, not a folder")
    if output in paths:
        raise UsageError(f"DEST {safe(option)}: is the SOURCE itself; name another folder with -o DEST")
    return output
