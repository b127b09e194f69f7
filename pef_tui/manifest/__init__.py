"""The manifest: the record of what runs did with every file.

It has three parts: a journal on the disk, an index of the journal, and a database for browsing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pef_tui.manifest.history import EntryFilter, FolderCount, Row, Run, RunHistory
    from pef_tui.manifest.lock import DestInUse, DestLock, holder
    from pef_tui.manifest.manifest import Manifest
    from pef_tui.manifest.records import Entry, NewerFormat, RunClosed, RunOpened

__all__ = [
    "DestInUse",
    "DestLock",
    "Entry",
    "EntryFilter",
    "FolderCount",
    "Manifest",
    "NewerFormat",
    "Row",
    "Run",
    "RunClosed",
    "RunHistory",
    "RunOpened",
    "holder",
]

_MODULES = {
    "history": ("RunHistory", "FolderCount", "Row", "Run", "EntryFilter"),
    "records": ("Entry", "NewerFormat", "RunClosed", "RunOpened"),
    "manifest": ("Manifest",),
    "lock": ("DestLock", "DestInUse", "holder"),
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a submodule when one of its names is used for the first time.

        So a run does not import the database, which it does not need.
        """
        for module, names in _MODULES.items():
            if name in names:
                member: object = getattr(import_module(f"{__name__}.{module}"), name)
                globals()[name] = member
                return member
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
