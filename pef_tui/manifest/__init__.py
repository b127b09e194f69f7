"""What earlier runs did to every file: the journal, and what is read from it."""

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
