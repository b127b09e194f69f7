"""What earlier runs did to every file: the journal, and what is read from it."""

from pef_tui.manifest.format import Entry, NewerFormat, RunClosed, RunOpened
from pef_tui.manifest.ledger import Ledger
from pef_tui.manifest.lock import DestLock, Held

__all__ = ["DestLock", "Entry", "Held", "Ledger", "NewerFormat", "RunClosed", "RunOpened"]
