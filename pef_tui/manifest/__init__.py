"""What earlier runs did to every file: the journal, and what is read from it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pef_tui.manifest.catalog import Catalog, FolderCount, Row, Run, Wanted
    from pef_tui.manifest.format import Entry, NewerFormat, RunClosed, RunOpened
    from pef_tui.manifest.ledger import Ledger
    from pef_tui.manifest.lock import DestLock, Held, holder

__all__ = [
    "Catalog",
    "DestLock",
    "Entry",
    "FolderCount",
    "Held",
    "Ledger",
    "NewerFormat",
    "Row",
    "Run",
    "RunClosed",
    "RunOpened",
    "Wanted",
    "holder",
]

_ROOMS = {
    "catalog": ("Catalog", "FolderCount", "Row", "Run", "Wanted"),
    "format": ("Entry", "NewerFormat", "RunClosed", "RunOpened"),
    "ledger": ("Ledger",),
    "lock": ("DestLock", "Held", "holder"),
}


def __getattr__(name: str) -> object:
    """Loaded when first asked for: a run needs no database."""
    for room, names in _ROOMS.items():
        if name in names:
            found: object = getattr(import_module(f"{__name__}.{room}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
