"""The result of a preview, stored so that a user can browse and filter a million files and decide on conflicts."""

from pef_tui.preview.groups import ConflictGroup, ConflictGroups
from pef_tui.preview.planned_files import (
    FLAGS,
    JSON_OUTCOMES,
    MEDIA_OUTCOMES,
    UNKNOWN,
    Flag,
    PlannedFiles,
    preview_word,
)
from pef_tui.preview.select import ORDERS, Order, RowFilter, select_rows, sort_rows

__all__ = [
    "FLAGS",
    "JSON_OUTCOMES",
    "MEDIA_OUTCOMES",
    "ORDERS",
    "UNKNOWN",
    "ConflictGroup",
    "ConflictGroups",
    "Flag",
    "Order",
    "PlannedFiles",
    "RowFilter",
    "preview_word",
    "select_rows",
    "sort_rows",
]
