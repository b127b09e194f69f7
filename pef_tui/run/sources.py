"""The SOURCE and DEST of a run: what the user typed, checked and made absolute."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence

from pef_tui.display import safe
from pef_tui.errors import UsageError
from pef_tui.hooks import Scanner
from pef_tui.model import Source
from pef_tui.settings import Settings

_ARCHIVE_ENDING = re.compile(r"(?i)\.(zip|tgz|tar|tar\.gz)$")
_PART = re.compile(r"(?i)(.*-)([0-9]{3,4})(?: ?\([0-9]+\))?(\.(?:zip|tgz|tar\.gz))?")
"""`takeout-20240102T030405Z-001.zip`, also `...-3-001.zip`; "(1)" is of browsers, a folder is one extracted."""
_SHOWN = 10
_GLOB = re.compile(r"[*?\[]")


def given_paths(settings: Settings) -> list[str]:
    """The SOURCEs as absolute paths, globs expanded. Raises UsageError."""
    if not settings.sources:
        raise UsageError("no SOURCE given: name the folder of the export, or its parts")
    return [_absolute(path) for given in settings.sources for path in _expanded(given)]


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


def missing_parts(paths: Sequence[str]) -> Iterator[str]:
    """A note on every gap in the numbers of an export's parts, as far as names tell."""
    exports: dict[str, set[int]] = {}
    for path in paths:
        if (part := _PART.fullmatch(path.rpartition("/")[2])) and (part[3] or part[1].startswith("takeout-")):
            exports.setdefault(part[1], set()).add(int(part[2]))
    for name, numbers in exports.items():
        missing = [number for number in range(1, max(numbers)) if number not in numbers]
        if missing:
            shown = ", ".join(f"{number:03}" for number in missing[:_SHOWN])
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            yield f"{safe(name)}…: part {shown}{more} is not among the sources; what it holds will be missing"


def as_sources(paths: Sequence[str], scanners: Sequence[Scanner]) -> tuple[Source, ...]:
    """Each path with the scanner that reads it. Raises UsageError."""
    return tuple(_source(root, path, scanners) for root, path in enumerate(paths))


def _source(root: int, path: str, scanners: Sequence[Scanner]) -> Source:
    for scanner in scanners:
        if scanner.accepts(path):
            return Source(root, path, scanner.name)
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
