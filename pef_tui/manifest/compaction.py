"""Compact a journal: make the records of a shorter one, which has only entries that are still valid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from pef_tui.manifest.entry_columns import pack_entries, unpack_entries
from pef_tui.manifest.records import BatchDone, Entry, Intended, Intent

FRAME_ENTRIES = 2_000
"""Largest number of entries in one frame (a record of the journal)."""
UNJOINED_FROM = 100
"""Number of entries from which a frame is copied unchanged if all its entries are live."""

UnfinishedOutput = tuple[bytes, Intended | None]
"""Path of an output of a stopped batch, and the details that were recorded of it; None without details."""


def compacted_frames(live_records: Iterable[tuple[BatchDone, list[int]]]) -> Iterator[BatchDone]:
    """Yield frames with all live entries. (An entry is live if no later entry supersedes it.)

    A frame of at least `UNJOINED_FROM` entries, all live, is copied as is. Entries of other frames are joined into new
    frames. `live_records`: each record, with the numbers of its live entries.
    """
    waiting: list[Entry] = []
    for record, numbers in live_records:
        if len(numbers) == record.count >= UNJOINED_FROM:
            yield replace(record, batch=0)
            continue
        waiting += unpack_entries(record, numbers)
        if len(waiting) >= FRAME_ENTRIES:
            yield pack_entries(0, waiting)
            waiting.clear()
    if waiting:
        yield pack_entries(0, waiting)


def unfinished_intent(batch: int, unfinished: Mapping[bytes, tuple[UnfinishedOutput, ...]]) -> Intent:
    """Return one Intent with the outputs of all stopped batches. `unfinished`: these outputs, by key of the file."""
    items = [(key, output) for key, outputs in unfinished.items() for output, _ in outputs]
    details = [intended for outputs in unfinished.values() for _, intended in outputs]
    return Intent(batch, tuple(items), tuple(details))
