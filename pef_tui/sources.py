"""The SOURCE and DEST of a run: what the user typed, checked and made absolute."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Sequence

from pef_tui.display import safe
from pef_tui.errors import UsageError
from pef_tui.hooks import Scanner
from pef_tui.model import Source
from pef_tui.settings import Settings

_ARCHIVE_ENDING = re.compile(r"(?i)\.(zip|tgz|tar\.gz)$")
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


def as_sources(paths: Sequence[str], scanners: Sequence[Scanner]) -> tuple[Source, ...]:
    """Each path with the scanner that reads it. Raises UsageError."""
    return tuple(_source(root, path, scanners) for root, path in enumerate(paths))


def _source(root: int, path: str, scanners: Sequence[Scanner]) -> Source:
    for scanner in scanners:
        if scanner.accepts(path):
            return Source(root, path, scanner.name)
    raise UsageError(f"SOURCE {safe(path)}: neither a folder nor an archive that can be read here")


def output_path(given: str, paths: Sequence[str]) -> str:
    """DEST as an absolute path: as given, or beside the only SOURCE. Raises UsageError."""
    if not given:
        if len(paths) != 1:
            raise UsageError("several SOURCEs: name the output folder with -o DEST")
        given = _ARCHIVE_ENDING.sub("", paths[0].rstrip("/")) + "-fixed"
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
