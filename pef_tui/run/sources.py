"""The SOURCE and DEST of a run: what the user typed, checked and made absolute."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pef_tui.display import safe
from pef_tui.errors import UsageError
from pef_tui.hooks import Scanner
from pef_tui.model import Source
from pef_tui.run.parts import (
    archive_notes,
    missing_parts,
    part_folders,
    parts_in,
    unfinished_note,
    unfinished_notes,
)
from pef_tui.settings import Settings
from pef_tui.takeout.system_files import is_unfinished

_ARCHIVE_ENDING = re.compile(r"(?i)\.(zip|tgz|tar|tar\.gz)$")
_GLOB = re.compile(r"[*?\[]")


class SourceList(NamedTuple):
    """What the SOURCE arguments stand for."""

    paths: list[str]
    """Every source, absolute; the parts that a folder holds come after it. Their places are their numbers (`root`)."""
    named: list[str]
    """Those among them that the user named, or a glob."""
    notes: list[str]
    """What the user is to know about them, each in one line."""


def source_list(settings: Settings) -> SourceList:
    """The sources of a run: globs expanded, parts in folders included, no file twice. Raises UsageError.

    In place, archives in SOURCE are not read: nothing can be written into them.
    """
    given, unfinished = _given(settings)
    named, notes = distinct(given)
    notes += map(unfinished_note, unfinished)
    folders = [path for path in named if os.path.isdir(path)]
    paths = list(named)
    if not settings.in_place:
        for folder in folders:
            notes += _add_parts(folder, paths)
            notes += archive_notes(folder, paths)
    extracted = [path for folder in folders for path in part_folders(folder)]
    notes += missing_parts([*paths, *extracted])
    archives = [path for path in named if path not in folders]
    notes += (note for note in unfinished_notes(folders, archives) if note not in notes)
    return SourceList(paths, named, notes)


def _add_parts(folder: str, paths: list[str]) -> Iterator[str]:
    """Insert the parts that a folder holds after it, and yield a note on them."""
    parts = parts_in(folder)
    new = [path for path in parts if path not in paths]
    if new:
        at = paths.index(folder) + 1
        paths[at:at] = new
        yield f"SOURCE {safe(folder)}: reading the {_count(len(new), 'part')} of an export in this folder too"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def given_paths(settings: Settings) -> list[str]:
    """The SOURCEs as absolute paths, globs expanded, without unfinished downloads. Raises UsageError."""
    return _given(settings)[0]


def _given(settings: Settings) -> tuple[list[str], list[str]]:
    """The SOURCEs, and those among them that are unfinished downloads. Raises UsageError where nothing is left."""
    if not settings.sources:
        raise UsageError("no SOURCE given: name the folder of the export, or its parts")
    paths = [_absolute(path) for given in settings.sources for path in _expanded(given)]
    unfinished = [path for path in paths if _is_download(path)]
    if len(unfinished) == len(paths):
        raise UsageError(f"SOURCE {unfinished_note(paths[0])}")
    return [path for path in paths if path not in unfinished], unfinished


def _is_download(path: str) -> bool:
    """Safari's is a folder."""
    return is_unfinished(os.path.basename(path)) and (not os.path.isdir(path) or path.endswith(".download"))


def _expanded(given: str) -> list[str]:
    """The paths a SOURCE stands for: itself, or in name order what a glob of parts finds."""
    if not os.path.lexists(given) and _GLOB.search(given):
        found = sorted(glob.glob(given))
        if not found:
            raise UsageError(f"SOURCE {safe(given)}: nothing fits this pattern")
        return found
    return [given]


def _absolute(path: str) -> str:
    try:
        os.stat(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(f"SOURCE {safe(path)}: {reason}") from None
    return os.path.realpath(path)


def distinct(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """The paths without those given twice or lying in another one, so that no file is read twice; and a note on each.

    Two copies of an archive under two names are not seen here: their files are found to be the same.
    """
    kept: list[str] = []
    notes = []
    places = {(found.st_dev, found.st_ino): path for path in reversed(paths) if (found := os.stat(path))}
    for path in paths:
        found = os.stat(path)
        if path in kept or places[found.st_dev, found.st_ino] != path:
            notes.append(f"SOURCE {safe(path)}: is given twice and read once")
        elif (outer := next((other for other in paths if _holds(other, path)), None)) is not None:
            notes.append(f"SOURCE {safe(path)}: lies in {safe(outer)} and is read as a part of it")
        else:
            kept.append(path)
    return kept, notes


def _holds(outer: str, path: str) -> bool:
    """Does a folder lie in another one? An archive in a folder is no part of what is read of the folder."""
    return path != outer and path.startswith(outer.rstrip("/") + "/") and os.path.isdir(path)


def as_sources(paths: Sequence[str], scanners: Sequence[Scanner]) -> tuple[Source, ...]:
    """Each path with the scanner that reads it. Raises UsageError."""
    return tuple(_source(root, path, scanners, paths) for root, path in enumerate(paths))


def _source(root: int, path: str, scanners: Sequence[Scanner], paths: Sequence[str]) -> Source:
    for scanner in scanners:
        if scanner.accepts(path):
            inside = path.rstrip("/") + "/"
            return Source(
                root, path, scanner.name, tuple(p[len(inside) :] for p in paths if p.startswith(inside))
            )
    raise UsageError(f"SOURCE {safe(path)}: neither a folder nor an archive that can be read here")


def default_output(path: str) -> str:
    """DEST for one SOURCE where none is given."""
    return _ARCHIVE_ENDING.sub("", path.rstrip("/")) + "-fixed"


def output_path(given: str, paths: Sequence[str]) -> str:
    """DEST as an absolute path: as given, or beside the only SOURCE. Raises UsageError."""
    if not given:
        if len(paths) != 1:
            raise UsageError("several SOURCEs: name the output folder with -o DEST")
        given = default_output(paths[0])
    output = os.path.realpath(given)
    try:
        mode = os.stat(output).st_mode
    except FileNotFoundError:
        mode = None
    except (OSError, ValueError) as error:
        raise UsageError(f"DEST {safe(given)}: {error}") from None
    if mode is not None and not stat.S_ISDIR(mode):
        raise UsageError(f"DEST {safe(given)}: is a file, not a folder")
    if output in paths:
        raise UsageError(f"DEST {safe(given)}: is the SOURCE itself; name another folder with -o DEST")
    return output
