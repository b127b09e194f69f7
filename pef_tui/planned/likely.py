"""Sidecars without a picture that may belong to a picture without a sidecar: the likely ones first."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import compress

from pef_tui.planned.columns import both
from pef_tui.planned.select import in_folder
from pef_tui.planned.store import UNKNOWN, Planned

_JSON = re.compile(r"(?i)(\.su[a-z-]*)?(\(\d+\))?\.json$")
MOST = 500
"""Sidecars of a Folder that are compared; of more, those whose names begin alike."""


def likely_sidecars(planned: Planned, row: int) -> list[int]:
    """Rows of the sidecars without a picture in the same Folder as `row`, most likely first."""
    count = len(planned)
    orphans = planned.words.mask(("orphan",))[:count]
    here = in_folder(planned, (planned.folder[row],), count)
    rows = list(compress(range(count), both(orphans, here)))
    name = planned.names[row].casefold()
    if len(rows) > MOST:
        rows = sorted(rows, key=lambda other: -_begins_alike(planned.names[other].casefold(), name))[:MOST]
    return sorted(rows, key=lambda other: (-likeness(planned, row, other), planned.names.key(other)))


def likeness(planned: Planned, row: int, other: int) -> float:
    """0 to 2: how alike the names are, and one more where the moments are the same to the minute."""
    name = planned.names[row].casefold().rpartition(".")[0] or planned.names[row].casefold()
    title = (
        _JSON.sub("", planned.names[other].casefold()).rpartition(".")[0] or planned.names[other].casefold()
    )
    alike = SequenceMatcher(None, name, title, autojunk=False).ratio()
    mine, its = planned.taken[row], planned.taken[other]
    if (
        mine != UNKNOWN
        and its != UNKNOWN
        and abs(mine - its) % 900 <= 60
        and abs(mine - its) <= 14 * 3600 + 60
    ):
        alike += 1
    return alike


def _begins_alike(one: str, other: str) -> int:
    alike = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        alike += 1
    return alike
