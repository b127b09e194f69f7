"""The XMP files beside media under SOURCE that runs in place wrote: each is reported with its media file.

What is recorded of a file says which they are; of a run that came to no end, what it was about to put there does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from pef_tui.manifest.format import Entry, Intended
from pef_tui.manifest.ledger import Ledger
from pef_tui.model import Folder, MediaFile, Outcome, xmp_name
from pef_tui.write.recorded import of_xmp
from pef_tui.write.replacing import FAT_NS, FileFacts

Fingerprint = Callable[[MediaFile], bytes]


class Meant(NamedTuple):
    """An XMP file that a record names."""

    stem: str
    """Its path without the extension; its name alone where the record has no output."""
    short: bool
    facts: FileFacts
    in_place: bool
    """Says an Entry that it is there, beside its output? Else its bytes are to be compared."""


def own_xmp(folder: Folder, ledger: Ledger, fingerprint: Fingerprint) -> frozenset[str]:
    """Paths of the XMP files of a Folder that earlier runs in place wrote, and nobody changed since."""
    beside = [file for file in folder.other if _is_xmp(file)]
    if not beside:
        return frozenset()
    path = os.fsencode(folder.path)
    keys = [key for key in ledger.unfinished if key.rpartition(b"/")[0] == path]
    records: list[Entry | Intended] = [*ledger.folder(path)]
    for key in keys:
        records += ledger.intended(key)
    meant = [*_meant(records)]
    return frozenset(file.path for file in beside if any(_is(file, each, fingerprint) for each in meant))


def with_own_xmp(entry: Entry, outcome: Outcome, ledger: Ledger, fingerprint: Fingerprint) -> Entry:
    """The Entry of a file in place; with the XMP file beside it that an earlier run wrote and this one left."""
    beside = outcome.plan.match.xmp
    if entry.xmp or not entry.output or beside is None:
        return entry
    before = ledger.get(entry.key)
    for each in _meant([*([before] if before is not None else []), *ledger.intended(entry.key)]):
        if _is(beside.file, each, fingerprint):
            return replace(
                entry,
                xmp=True,
                xmp_size=each.facts.size,
                xmp_mtime_ns=each.facts.mtime_ns,
                xmp_digest=each.facts.digest,
                short_xmp=each.short,
            )
    return entry


def _is_xmp(file: MediaFile) -> bool:
    return file.path[-4:].lower() == ".xmp"


def _meant(records: Iterable[Entry | Intended]) -> Iterator[Meant]:
    """The XMP files that records name. One that was to get the short name may have got the long one.

    An Entry has no output where its media file failed once its XMP file was in place.
    """
    for record in records:
        facts = of_xmp(record, record.short_xmp)
        if facts is None:
            continue
        in_place = isinstance(record, Entry) and record.output != b""
        output = record.output
        if isinstance(record, Entry) and not output:
            output = record.key.partition(b"\0")[0].rpartition(b"/")[2]
        for short in (True, False) if record.short_xmp and not in_place else (record.short_xmp,):
            yield Meant(xmp_name(os.fsdecode(output), short)[:-4], short, facts, in_place)


def _is(file: MediaFile, meant: Meant, fingerprint: Fingerprint) -> bool:
    """Is a file what was recorded?"""
    facts = meant.facts
    if file.path[:-4] != meant.stem and (meant.in_place or file.name[:-4] != meant.stem):
        return False
    if file.size != facts.size or abs(file.mtime_ns - facts.mtime_ns) > FAT_NS:
        return False
    return meant.in_place or fingerprint(file) == facts.digest != b""
