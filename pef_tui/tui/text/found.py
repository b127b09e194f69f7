"""Text of the exports that the search found, for the Choose screen and the plain app."""

from __future__ import annotations

from collections.abc import Sequence

from pef_tui.sanitize import safe
from pef_tui.sources.found_exports import FoundExport
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.preflight import size

MAX_NUMBERS = 5
"""Maximum number of part numbers that a text lists."""


def found_text(export: FoundExport) -> str:
    """Return an export in one line, such as `Takeout of 2026-01-15 in ~/Downloads: 12 parts, 48 GB`."""
    stamp = export.stamp
    date = f" of {stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}" if stamp else ""
    return f"Takeout{date} in {safe(shown_path(export.directory))}: {_content(export)}{_problems(export)}"


def _content(export: FoundExport) -> str:
    parts, folders = _count(export.archives, "part"), _count(export.folders, "folder")
    counts = " and ".join(filter(None, (parts, folders)))
    if not export.size:
        return counts
    return f"{counts}, {'' if export.is_measured else 'more than '}{size(export.size)}"


def _problems(export: FoundExport) -> str:
    texts = [
        f"; part {number_list(numbers)} is {state}"
        if len(numbers) == 1
        else f"; parts {number_list(numbers)} are {state}"
        for numbers, state in ((export.missing, "missing"), (export.downloading, "still downloading"))
        if numbers
    ]
    unknown = len(export.downloads) - len(export.downloading)
    if unknown > 0:
        texts.append(f"; {unknown} {'download is' if unknown == 1 else 'downloads are'} not finished")
    return "".join(texts)


def number_list(numbers: Sequence[int]) -> str:
    """Return the numbers of parts: `5`, `5 and 7`, or `1, 2, 3, 4, 5 and 7 more`."""
    if len(numbers) == 1:
        return str(numbers[0])
    if len(numbers) > MAX_NUMBERS:
        listed, last = numbers[:MAX_NUMBERS], f"{len(numbers) - MAX_NUMBERS} more"
    else:
        listed, last = numbers[:-1], str(numbers[-1])
    return f"{', '.join(map(str, listed))} and {last}"


def _count(paths: Sequence[str], noun: str) -> str:
    return f"{len(paths)} {noun}{'s' * (len(paths) != 1)}" if paths else ""
