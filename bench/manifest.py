"""Measure large manifests: `python bench/manifest.py [ENTRIES] [--index]` prints the cost of writing, loading, queries.

Entries are generated: folders of 1,000 files, names of 20 bytes. Run it on an idle machine. Memory is the growth of the
process (without the page cache) while the manifest is open.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from pef_tui.manifest import Entry, EntryFilter, Manifest, RunHistory, RunOpened
from pef_tui.manifest.entry_columns import pack_entries
from pef_tui.manifest.folder import open_state_dir
from pef_tui.manifest.journal import Journal
from pef_tui.manifest.records import FolderListing, encode

Result = TypeVar("Result")
A_FOLDER = 1_000
A_BATCH = 200
ASKED = 200_000


def main() -> None:
    count = int(next((word for word in sys.argv[1:] if word.isdigit()), "1000000"))
    with tempfile.TemporaryDirectory(prefix="pef-tui-bench-") as dest:
        _told("written", count, lambda: _write(dest, count))
        size = os.path.getsize(os.path.join(dest, ".pef-tui", "manifest"))
        print(f"{'on disk':<28} {size / 1e6:10.1f} MB  {size / count:.0f} B an entry")
        before = _memory()
        ledger = _told("loaded", count, lambda: Manifest.open(dest, read_only=True))
        loaded = _memory()
        _told("look-ups, folder by folder", min(count, ASKED), lambda: _ask(ledger, count))
        print(f"{'memory, loaded':<28} {loaded - before:10.1f} MB")
        print(f"{'memory, after all look-ups':<28} {_memory() - before:10.1f} MB")
        ledger.release()
        if "--index" in sys.argv:
            catalog = _told("index made", count, lambda: RunHistory.open(dest))
            assert catalog is not None
            catalog.close()
            catalog = _told("index opened", 1, lambda: RunHistory.open(dest))
            assert catalog is not None
            _told("counts", 1, catalog.counts)
            page = _told("a page of 100 failed", 1, lambda: catalog.page(EntryFilter(outcomes=("failed",))))
            _told("the next page", 1, lambda: catalog.page(EntryFilter(outcomes=("failed",)), page[-1]))
            _told("a name sought in all", 1, lambda: catalog.counts(EntryFilter(text="img_0000777")))
            catalog.close()


def _told(what: str, count: int, work: Callable[[], Result]) -> Result:
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    print(f"{what:<28} {seconds:10.3f} s   {seconds / count * 1e6:.2f} us each")
    return result


def _entries(start: int, end: int) -> Iterator[Entry]:
    for number in range(start, end):
        key = b"Photos from %d/%04d/IMG_%010d.jpg" % (
            1990 + number // A_FOLDER % 36,
            number // A_FOLDER,
            number,
        )
        word = "failed" if number % 1009 == 0 else "written"
        yield Entry(
            key,
            3_000_000 + number,
            number * 10**9,
            b"%8d" % (number % 99),
            b"shape123",
            b"%8d" % (number % 98),
            word,
            output=key,
            output_size=3_000_100 + number,
            output_mtime_ns=number * 10**9,
        )


def _write(dest: str, count: int) -> None:
    """Write a journal as runs do, without the syncs."""
    folder = open_state_dir(dest, create=True)
    assert folder is not None
    journal = Journal.create(folder)
    journal.append(encode(RunOpened("bench", 1, "0", b"shape123")))
    for start in range(0, count, A_BATCH):
        entries = list(_entries(start, min(count, start + A_BATCH)))
        journal.append(encode(pack_entries(start // A_BATCH + 1, entries)))
        if start % A_FOLDER == 0:
            journal.append(
                encode(
                    FolderListing(
                        entries[0].key.rpartition(b"/")[0] + b".", b"l" * 16, b"shape123", bytes(8 * A_FOLDER)
                    )
                )
            )
    journal.close()
    os.close(folder)


def _ask(ledger: Manifest, count: int) -> None:
    """Look up every file, folder by folder, as a run does."""
    for entry in _entries(0, min(count, ASKED)):
        assert ledger.get(entry.key) is not None


def _memory() -> float:
    """Return the memory of this process in MB."""
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1000


if __name__ == "__main__":
    main()
