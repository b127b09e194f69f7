"""Sidecars without a picture that may belong to a picture without a sidecar: the likely ones first."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import compress, takewhile

from pef_tui.planned.columns import both
from pef_tui.planned.select import in_folder
from pef_tui.planned.store import UNKNOWN, Planned

_JSON = re.compile(r"(?i)(\.su[a-z-]*)?(\(\d+\))?\.json$")
_COUNTER = re.compile(r"\(\d+\)$")
MOST = 500
"""Sidecars of a Folder that are compared; of more, those whose names begin alike."""


def likely_sidecars(planned: Planned, row: int) -> list[int]:
    """Rows of the sidecars without a picture in the same Folder as `row`, most likely first."""
    count = len(planned)
    orphans = planned.words.mask(("orphan",))[:count]
    here = in_folder(planned, (planned.folder[row],), count)
    rows = list(compress(range(count), both(orphans, here)))
    if len(rows) > MOST:
        name = planned.names[row].casefold()
        rows = sorted(rows, key=lambda other: -_begins_alike(planned.names[other].casefold(), name))[:MOST]
    return sorted(rows, key=lambda other: (-likeness(planned, row, other), planned.names.key(other)))


def likeness(planned: Planned, row: int, other: int) -> float:
    """0 to 2: how alike the names are, and one more where the moments are the same to the minute."""
    name, title = _stem(planned.names[row]), _stem(_JSON.sub("", planned.names[other]))
    alike = SequenceMatcher(None, name, title, autojunk=False).ratio()
    mine, its = planned.taken[row], planned.taken[other]
    apart = abs(mine - its)  # of clocks whose zone is not known: quarters of an hour up to 14 hours
    if UNKNOWN not in (mine, its) and apart % 900 <= 60 and apart <= 14 * 3600 + 60:
        alike += 1
    return alike


def _stem(name: str) -> str:
    """The name without extension and counter."""
    name = name.casefold()
    return _COUNTER.sub("", name.rpartition(".")[0] or name)


def _begins_alike(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
