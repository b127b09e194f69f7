"""How rows of the review look in its lists."""

from __future__ import annotations

from collections.abc import Sequence

from pef_tui.charts import bytes_words
from pef_tui.planned import FLAGS, Group, Order, Planned
from pef_tui.planned.details import taken_words
from pef_tui.tui.biglist import Cell, Kind

KINDS: dict[str, Kind] = {
    "written": "good", "sidecar": "good", "failed": "bad", "unmatched": "warn", "invalid": "bad", "orphan": "warn",
}  # fmt: skip
WIDE, ROOMY = 60, 76
"""Cells from which the folder is shown, and the time of day."""


def file_row(planned: Planned, row: int, width: int, order: Order) -> Sequence[Cell]:
    """Outcome, a mark, when, name and folder."""
    word = planned.words[row]
    when = size_words(planned, row) if order == "size" else taken_words(planned, row, width >= ROOMY)
    mark, kind = mark_of(planned, row)
    name: tuple[str, int, Kind] = (planned.names[row], 0, "")
    folder = planned.folders[planned.folder[row]]
    cells: list[Cell] = [(word, 9, KINDS.get(word, "dim")), (mark, 1, kind), (when, len(when), "dim"), name]
    return [*cells, (folder, width // 4, "dim")] if width >= WIDE and folder else cells


def mark_of(planned: Planned, row: int) -> tuple[str, Kind]:
    """`!` for a conflict that waits, `*` for one decided, `?` for an ambiguous match, `w` for a warning."""
    flags = planned.flags[row]
    if flags & FLAGS["conflict"]:
        waits = any(not group.choice(row) for group in planned.groups.of_row(row))
        return ("!", "warn") if waits else ("*", "good")
    if flags & FLAGS["ambiguous"]:
        return "?", "warn"
    return ("w", "warn") if flags & FLAGS["warning"] else ("", "")


def size_words(planned: Planned, row: int) -> str:
    """Its size, aligned."""
    return bytes_words(planned.size[row]).rjust(10)


def group_row(group: Group, width: int) -> Sequence[Cell]:
    """How many conflicts of which kind, and how far they are decided."""
    keep, google = group.choices.count(1), group.choices.count(2)
    parts = [(keep, "keep the file's"), (google, "take Google's"), (group.undecided, "undecided")]
    decided = ", ".join(
        f"{count:,} {words}" if count < len(group) else words for count, words in parts if count
    )
    kind: Kind = "warn" if group.undecided else "good"
    return [(group.words(), 0, ""), (decided, min(max(14, width // 2), len(decided)), kind)]
