"""Find the XMP files in SOURCE that runs in place wrote. They are reported together with their media files.

Entries of the manifest identify these files. For a stopped run, its intents do (records of planned outputs).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from pef_tui.manifest.manifest import Manifest
from pef_tui.manifest.records import Entry, Intended
from pef_tui.model import Folder, MediaFile, Outcome, xmp_name
from pef_tui.output.output_records import recorded_xmp_facts
from pef_tui.output.replacement import FileFacts, covers_all, same_time

Fingerprint = Callable[[MediaFile], bytes]


class RecordedXmp(NamedTuple):
    """An XMP file that is named in an entry of the manifest, or in an intent (the record of a planned output)."""

    stem: str
    """Path of the XMP file without extension. If the record has no output, only the name, without folders."""
    short: bool
    facts: FileFacts
    has_output: bool
    """Whether the record is an entry with an output.

    If True, a file with the recorded size and time is the recorded file. If False, its fingerprint must be equal too.
    """


def own_xmp_paths(folder: Folder, manifest: Manifest, fingerprint: Fingerprint) -> frozenset[str]:
    """Return the paths of the XMP files of a Folder that earlier runs in place wrote and nobody changed since."""
    xmp_files = [file for file in folder.other if _is_xmp(file)]
    if not xmp_files:
        return frozenset()
    path = os.fsencode(folder.path)
    keys = [key for key in manifest.unfinished if key.rpartition(b"/")[0] == path]
    records: list[Entry | Intended] = [*manifest.folder(path)]
    for key in keys:
        records += manifest.intended_outputs(key)
    recorded_files = [*_recorded_xmp_files(records)]
    return frozenset(
        file.path
        for file in xmp_files
        if any(_is_recorded(file, recorded, fingerprint) for recorded in recorded_files)
    )


def with_own_xmp(entry: Entry, outcome: Outcome, manifest: Manifest, fingerprint: Fingerprint) -> Entry:
    """Return the entry of a file in place, with its XMP file.

    The XMP file is added if an earlier run wrote it and this run did not write it again.
    """
    xmp = outcome.plan.match.xmp
    if entry.xmp or not entry.output or xmp is None:
        return entry
    previous = manifest.get(entry.key)
    records: list[Entry | Intended] = [previous] if previous is not None else []
    records += manifest.intended_outputs(entry.key)
    for recorded in _recorded_xmp_files(records):
        if _is_recorded(xmp.file, recorded, fingerprint):
            return replace(
                entry,
                xmp=True,
                xmp_size=recorded.facts.size,
                xmp_mtime_ns=recorded.facts.mtime_ns,
                xmp_digest=recorded.facts.digest,
                short_xmp=recorded.short,
            )
    return entry


def _is_xmp(file: MediaFile) -> bool:
    return file.path[-4:].lower() == ".xmp"


def _recorded_xmp_files(records: Iterable[Entry | Intended]) -> Iterator[RecordedXmp]:
    """Yield the XMP files that the records name.

    A record may name the short name (`a.xmp`) although a stopped run used the long name (`a.jpg.xmp`). So both are
    yielded. An entry with an XMP file and no output: the media file failed after its XMP file was in place.
    """
    for record in records:
        facts = recorded_xmp_facts(record, record.short_xmp)
        if facts is None:
            continue
        has_output = isinstance(record, Entry) and record.output != b""
        output = record.output
        if isinstance(record, Entry) and not output:
            output = record.key.partition(b"\0")[0].rpartition(b"/")[2]
        for short in (True, False) if record.short_xmp and not has_output else (record.short_xmp,):
            yield RecordedXmp(xmp_name(os.fsdecode(output), short)[:-4], short, facts, has_output)


def _is_recorded(file: MediaFile, recorded: RecordedXmp, fingerprint: Fingerprint) -> bool:
    facts = recorded.facts
    if file.path[:-4] != recorded.stem and (recorded.has_output or file.name[:-4] != recorded.stem):
        return False
    if file.size != facts.size:
        return False
    has_same_time = same_time(file.mtime_ns, facts.mtime_ns)
    if recorded.has_output and has_same_time:
        return True
    return (has_same_time or covers_all(facts)) and fingerprint(file) == facts.digest != b""
