"""Rows of the lists on the Review screen."""

from __future__ import annotations

from collections.abc import Sequence

from pef_tui.preview import FLAGS, ConflictGroup, Order, PlannedFiles, preview_word
from pef_tui.preview.details import taken_text
from pef_tui.reporting.charts import size_text
from pef_tui.tui.widgets.virtual_list import Cell, Kind

KINDS: dict[str, Kind] = {
    "written": "good", "sidecar": "good", "failed": "bad", "unmatched": "warn", "invalid": "bad", "orphan": "warn",
}  # fmt: skip
WIDE, ROOMY = 60, 76
"""Widths of the list in cells: from `WIDE` on a row shows the folder, from `ROOMY` on the time of day."""


def file_row(planned_files: PlannedFiles, row: int, width: int, order: Order) -> Sequence[Cell]:
    """Return the cells of the row of a file: outcome, mark, date (or size, if `order` is the size), name and folder."""
    word = planned_files.outcomes[row]
    detail = (
        size_words(planned_files, row) if order == "size" else taken_text(planned_files, row, width >= ROOMY)
    )
    mark, kind = mark_of(planned_files, row)
    name: tuple[str, int, Kind] = (planned_files.names[row], 0, "")
    folder = planned_files.folders[planned_files.folder[row]]
    cells: list[Cell] = [
        (preview_word(word), 9, KINDS.get(word, "dim")),
        (mark, 1, kind),
        (detail, len(detail), "dim"),
        name,
    ]
    return [*cells, (folder, width // 4, "dim")] if width >= WIDE and folder else cells


def mark_of(planned_files: PlannedFiles, row: int) -> tuple[str, Kind]:
    """Return the mark of a file in the list, and the style of the mark.

    `!`: a conflict without a decision. `*`: conflicts that are all decided. `?`: several sidecars fit the file. `w`: a
    warning. "": none of these.
    """
    flags = planned_files.flags[row]
    if flags & FLAGS["conflict"]:
        is_undecided = any(not group.choice(row) for group in planned_files.groups.of_row(row))
        return ("!", "warn") if is_undecided else ("*", "good")
    if flags & FLAGS["ambiguous"]:
        return "?", "warn"
    return ("w", "warn") if flags & FLAGS["warning"] else ("", "")


def size_words(planned_files: PlannedFiles, row: int) -> str:
    """Return the size of the file in `row` as text, right-aligned."""
    return size_text(planned_files.size[row]).rjust(10)


def group_row(group: ConflictGroup, width: int) -> Sequence[Cell]:
    """Return the cells of the row of a conflict group: its conflicts, and the decisions on them."""
    keep, google = group.choices.count(1), group.choices.count(2)
    parts = [(keep, "keep the file's"), (google, "take Google's"), (group.undecided, "undecided")]
    decided = ", ".join(
        f"{count:,} {words}" if count < len(group) else words for count, words in parts if count
    )
    kind: Kind = "warn" if group.undecided else "good"
    return [(group.description(), 0, ""), (decided, min(max(14, width // 2), len(decided)), kind)]
