"""Propose sidecars for a picture without a sidecar, out of the sidecars without a picture in its Folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import compress, takewhile

from pef_tui.preview.columns import mask_and
from pef_tui.preview.planned_files import UNKNOWN, PlannedFiles
from pef_tui.preview.search import folder_mask

_JSON = re.compile(r"(?i)(\.su[a-z-]*)?(\(\d+\))?\.json$")
_COUNTER = re.compile(r"\(\d+\)$")
MAX_COMPARED = 500
"""Maximum number of sidecars that are compared in full. If there are more, only the sidecars are compared whose names
have the longest common prefix with the name of the picture.
"""


def likely_sidecars(files: PlannedFiles, row: int) -> list[int]:
    """Return the rows of the sidecars without a picture in the Folder of the picture `row`, most similar first."""
    count = len(files)
    orphans = files.outcomes.mask(("orphan",))[:count]
    same_folder = folder_mask(files, (files.folder[row],), count)
    rows = list(compress(range(count), mask_and(orphans, same_folder)))
    if len(rows) > MAX_COMPARED:
        name = files.names[row].casefold()
        rows = sorted(
            rows, key=lambda candidate: -_common_prefix_length(files.names[candidate].casefold(), name)
        )[:MAX_COMPARED]
    return sorted(rows, key=lambda candidate: (-likeness(files, row, candidate), files.names.key(candidate)))


def most_likely_sidecars(files: PlannedFiles, rows: Iterable[int]) -> dict[int, int]:
    """Return the sidecar (row) that fits best, by picture (row), for pictures without a sidecar.

    A picture is left out if its folder has no sidecar without a picture, if two of them fit equally well, or if the
    best one fits another picture better or equally well.
    """
    best: dict[int, tuple[float, list[int]]] = {}
    for row in rows:
        candidates = likely_sidecars(files, row)[:2]
        scores = [likeness(files, row, candidate) for candidate in candidates]
        if scores and (len(scores) == 1 or scores[0] > scores[1]):
            score, pictures = best.setdefault(candidates[0], (-1.0, []))
            if scores[0] >= score:
                pictures = [*pictures, row] if scores[0] == score else [row]
                best[candidates[0]] = scores[0], pictures
    return {pictures[0]: json_row for json_row, (_, pictures) in best.items() if len(pictures) == 1}


def likeness(files: PlannedFiles, row: int, json_row: int) -> float:
    """Return how well the sidecar `json_row` fits the picture `row`, from 0 to 2.

    The result is the similarity of the names, 0 to 1, plus 1 if the times agree to the minute. Times that differ by the
    offset of a time zone agree too, because the time zone of the picture may be unknown.
    """
    name, title = _stem(files.names[row]), _stem(_JSON.sub("", files.names[json_row]))
    alike = SequenceMatcher(None, name, title, autojunk=False).ratio()
    taken, json_taken = files.taken[row], files.taken[json_row]
    apart = abs(taken - json_taken)  # unknown zone: off by quarters of an hour, up to 14 hours
    if UNKNOWN not in (taken, json_taken) and apart % 900 <= 60 and apart <= 14 * 3600 + 60:
        alike += 1
    return alike


def _stem(name: str) -> str:
    """Return the case-folded name without its extension and counter: `img` for `IMG(2).jpg`."""
    name = name.casefold()
    return _COUNTER.sub("", name.rpartition(".")[0] or name)


def _common_prefix_length(first: str, second: str) -> int:
    """Return the number of characters at the start that both texts have in common."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
