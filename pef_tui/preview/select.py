"""Filter and sort rows. Filtering a million rows takes less than 0.1 s."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from typing import Literal

from msgspec import Struct

from pef_tui.preview.columns import mask_and
from pef_tui.preview.planned_files import FLAGS, Flag, PlannedFiles
from pef_tui.preview.search import folder_mask, masks, parse

Order = Literal["listed", "taken", "name", "size"]
ORDERS: tuple[Order, ...] = ("listed", "taken", "name", "size")
"""All sort orders. The first is the order of the records, in which the run reported the files."""


class RowFilter(Struct, frozen=True):
    """Conditions for rows. A row is selected if it meets all conditions that are set."""

    outcomes: tuple[str, ...] = ()
    """Allowed outcomes of the row; () for all outcomes."""
    folder: str | None = None
    format: str | None = None
    rule: str | None = None
    flag: Flag | Literal[""] = ""
    group: tuple[str, str] | None = None
    """Unit and kind of a conflict that the row must have."""
    text: str = ""
    """A search (see `preview.search`): words that the name or the Folder of the file must contain, and terms such as
    `person:Ann`."""


def select_rows(
    files: PlannedFiles, row_filter: RowFilter, order: Sequence[int] | None = None
) -> Sequence[int]:
    """Return the rows that meet `row_filter`, in the order of `order`, which `sort_rows` returned.

    If `order` is None, they are in the order of the records.
    """
    count = len(files)
    mask: bytes | bytearray | None = None
    for part in _masks(files, row_filter, count):
        mask = part if mask is None else mask_and(mask, part)
    rows: Sequence[int] = range(count) if order is None else order
    if mask is None:
        return rows
    if order is None:
        return array("I", compress(rows, mask))
    return array("I", [row for row in order if mask[row]])


def sort_rows(files: PlannedFiles, order: Order, down: bool = False) -> Sequence[int] | None:
    """Return all rows sorted by `order`, reversed if `down`. A million rows take about a second.

    Return None for the order of the records, not reversed, because the rows are in this order already.
    """
    count = len(files)
    if order == "listed":
        return array("I", range(count - 1, -1, -1)) if down else None
    keys: dict[Order, Callable[[], Sequence[int] | Sequence[bytes]]] = {
        "taken": lambda: files.taken,
        "size": lambda: files.size,
        "name": lambda: files.names.keys()[:count],
    }
    key = keys[order]().__getitem__
    return array("I", sorted(range(count), key=key, reverse=down))


def _masks(files: PlannedFiles, row_filter: RowFilter, count: int) -> Iterable[bytes | bytearray]:
    """Yield a mask of the first `count` rows for each condition that is set."""
    if row_filter.outcomes:
        yield files.outcomes.mask(row_filter.outcomes)[:count]
    if row_filter.format is not None:
        yield files.formats.mask((row_filter.format,))[:count]
    if row_filter.rule is not None:
        yield files.rules.mask((row_filter.rule,))[:count]
    if row_filter.flag:
        bit = FLAGS[row_filter.flag]
        yield bytes(files.flags[:count]).translate(bytes(bool(byte_value & bit) for byte_value in range(256)))
    if row_filter.folder is not None:
        number = files.folder_number(row_filter.folder)
        yield folder_mask(files, (number,) if number >= 0 else (), count)
    if row_filter.group is not None:
        yield _in_group(files, row_filter.group, count)
    if row_filter.text:
        yield from masks(files, parse(row_filter.text), count)


def _in_group(files: PlannedFiles, key: tuple[str, str], count: int) -> bytearray:
    mask = bytearray(count)
    group = files.groups.by_key.get(key)
    for row in group.rows if group is not None else ():
        if row < count:
            mask[row] = 1
    return mask
