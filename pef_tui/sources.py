"""The SOURCE and DEST of a run: what the user typed, checked and made absolute."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Sequence

from msgspec import Struct

from pef_tui.display import safe
from pef_tui.errors import UsageError
from pef_tui.hooks import Scanner
from pef_tui.model import Source
from pef_tui.settings import Settings

_ARCHIVE_ENDING = re.compile(r"(?i)\.(zip|tgz|tar\.gz)$")
_GLOB = re.compile(r"[*?\[]")


class Locations(Struct, frozen=True):
    """Where a run reads and writes; paths absolute."""

    sources: tuple[Source, ...]
    output: str


def resolve(settings: Settings, scanners: Sequence[Scanner]) -> Locations:
    """Check SOURCE and DEST. Raises UsageError."""
    if not settings.sources:
        raise UsageError("no SOURCE given: name the folder of the export, or its parts")
    paths = [path for given in settings.sources for path in _expanded(given)]
    sources = tuple(_source(root, path, scanners) for root, path in enumerate(paths))
    return Locations(sources, _output(settings.output, sources))


def _expanded(given: str) -> list[str]:
    """The paths a SOURCE stands for: itself, or in name order what a glob of parts finds."""
    if not os.path.lexists(given) and _GLOB.search(given):
        found = sorted(glob.glob(given))
        if not found:
            raise UsageError(f"SOURCE {safe(given)}: nothing fits this pattern")
        return found
    return [given]


def _source(root: int, path: str, scanners: Sequence[Scanner]) -> Source:
    try:
        os.stat(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(f"SOURCE {safe(path)}: {reason}") from None
    absolute = os.path.realpath(path)
    for scanner in scanners:
        if scanner.accepts(absolute):
            return Source(root, absolute, scanner.name)
    raise UsageError(f"SOURCE {safe(path)}: neither a folder nor an archive that can be read here")


def _output(given: str, sources: Sequence[Source]) -> str:
    if not given:
        if len(sources) != 1:
            raise UsageError("several SOURCEs: name the output folder with -o DEST")
        given = _ARCHIVE_ENDING.sub("", sources[0].path.rstrip("/")) + "-fixed"
    output = os.path.realpath(given)
    try:
        mode = os.stat(output).st_mode
    except FileNotFoundError:
        mode = None
    except (OSError, ValueError) as error:
        raise UsageError(f"DEST {safe(given)}: {error}") from None
    if mode is not None and not stat.S_ISDIR(mode):
        raise UsageError(f"DEST {safe(given)}: is a file, not a folder")
    if any(source.path == output for source in sources):
        raise UsageError(f"DEST {safe(given)}: is the SOURCE itself; name another folder with -o DEST")
    return output
