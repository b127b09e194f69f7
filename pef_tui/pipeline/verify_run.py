"""Read back all outputs of a run after its end, with the checks of `--verify 100`."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from pef_tui.errors import ExifToolMissing
from pef_tui.exiftool.locate import locate
from pef_tui.filesystem.record_store import RecordStore
from pef_tui.filesystem.temp_files import temp_dir
from pef_tui.hooks import OpenMedia, SourceReader
from pef_tui.manifest import DestLock, Entry, Manifest
from pef_tui.model import FileMetadata, Match, MediaFile, MediaOutcome, Outcome, Plan, Record, TagEdit
from pef_tui.pipeline.source_args import as_sources, source_list
from pef_tui.pipeline.verify import AS_IT_WAS, WRITTEN, Verifier, current_digest
from pef_tui.planning.output_names import existing_xmp_path
from pef_tui.plugins.host import PluginHost
from pef_tui.settings import Settings

BATCH = 64
"""Number of files that ExifTool reads in one call."""
PUT = frozenset((*WRITTEN, *AS_IT_WAS))
"""Outcomes of files that got an output in DEST from this run."""
_IPTC = "IPTC:"


Name = Any
"""A path: `str` if it is ASCII, else `bytes`. So a name that is not UTF-8 stays exact.

The type is `Any` because msgspec cannot decode a union of `str` and `bytes`.
"""


class _WrittenFile(Struct, frozen=True, array_like=True, gc=False):
    """The fields of an Outcome that a check needs. In the order of the tuple from `_stored`."""

    key: bytes
    root: int
    source: Name
    size: int
    output: Name
    word: MediaOutcome
    format: str
    edits: tuple[TagEdit, ...]
    iptc: bool
    xmp_edits: tuple[TagEdit, ...]
    xmp: tuple[int, int] | None
    short_xmp: bool
    beside: tuple[TagEdit, ...]


class WrittenFiles:
    """The outcomes of all files that a run put into DEST, stored in an unnamed file for a check after its end.

    Only one thread may call `add`.
    """

    def __init__(self) -> None:
        self._spill = RecordStore(temp_dir("", True))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, record: Record) -> None:
        """Store `record` if it is the outcome of a file that was put into DEST; ignore other records."""
        if isinstance(record, Outcome) and record.output is not None and record.outcome in PUT:
            self._spill.append(_stored(record, record.output))
            self._count += 1

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the stored outcomes. They have only the fields that a Verifier reads. Raises OSError."""
        return map(_outcome, self._spill.records(_WrittenFile))

    def close(self) -> None:
        """Close the unnamed file. This deletes the stored outcomes."""
        self._spill.close()


def _stored(outcome: Outcome, output: str) -> tuple[object, ...]:
    """Return the fields of `_WrittenFile` as a tuple. (Creating the Struct takes four times as long.)

    `outcome`: an outcome with an output. `output`: the path of this output.
    """
    plan, match = outcome.plan, outcome.plan.match
    media, state = match.media, match.metadata
    return (
        plan.key,
        media.root,
        media.path if media.path.isascii() else os.fsencode(media.path),
        media.size,
        output if output.isascii() else os.fsencode(output),
        outcome.outcome,
        state.format if state is not None else "",
        plan.edits if outcome.edits is None else outcome.edits,
        state is not None and "\n" + _IPTC in "\n" + "\n".join(state.tags),
        plan.xmp_edits,
        outcome.xmp,
        outcome.short_xmp,
        outcome.beside,
    )


def _outcome(file: _WrittenFile) -> Outcome:
    """Return the Outcome of a stored file, with only the fields that a Verifier reads."""
    media = MediaFile(file.root, _path(file.source), file.size, 0)
    state = FileMetadata(file.format, {_IPTC: ""} if file.iptc else {})
    output = _path(file.output)
    plan = Plan(
        Match(media, "", metadata=state),
        file.word,
        file.edits,
        output,
        xmp_edits=file.xmp_edits,
        key=file.key,
    )
    return Outcome(plan, file.word, output, xmp=file.xmp, short_xmp=file.short_xmp, beside=file.beside)


def _path(name: Name) -> str:
    """Return a stored path as text."""
    return name if isinstance(name, str) else os.fsdecode(name)


def read_back(
    settings: Settings, host: PluginHost, output: str, written: WrittenFiles, stop: threading.Event
) -> Iterator[Outcome]:
    """Check all files that a run with `settings` put into `output`. Yield their outcomes with `verified` set.

    A file that differs is recorded in the manifest as `failed`, so a later run writes it again. After `stop` is set, no
    more files are checked. Raises DestLocked, ExifToolMissing, RunError and OSError, each with one line for the user.
    """
    tool = locate(settings.exiftool)
    if not tool.usable:
        raise ExifToolMissing(f"{tool.problem}; {tool.advice}")
    with ExitStack() as stack:
        stack.enter_context(DestLock(output))
        ledger = Manifest.open(output, read_only=False)
        stack.callback(ledger.release)
        sources, open_media = _opener(settings, host, stack)
        verifier = Verifier(tool.path, 100, output, open_media, in_place=settings.in_place, sources=sources)
        stack.callback(verifier.close)
        for outcomes in _checked(verifier, written.outcomes(), settings.worker_count, stop):
            if wrong := [outcome for outcome in outcomes if outcome.verified is False]:
                _record(ledger, output, wrong)
            yield from outcomes


def _opener(settings: Settings, host: PluginHost, stack: ExitStack) -> tuple[Sequence[str], OpenMedia]:
    """Return the paths of the sources of `settings`, and the function that opens a media file in them.

    `stack` closes the sources.
    """
    paths = source_list(settings).paths
    scanners = [scanner for _, scanner in host.collect("pef_scanners")]
    by_name = {scanner.name: scanner for scanner in scanners}
    readers: list[SourceReader] = []
    for source in as_sources(paths, scanners):
        readers.append(by_name[source.scanner].open(source))
        stack.callback(readers[-1].close)
    return paths, lambda media: readers[media.root].open(media.path)


def _checked(
    verifier: Verifier, outcomes: Iterator[Outcome], workers: int, stop: threading.Event
) -> Iterator[Sequence[Outcome]]:
    """Check the outcomes in batches of `BATCH`, in `workers` threads. Yield the checked batches in order."""
    with ThreadPoolExecutor(workers, "verify") as pool:
        under_way: list[Future[list[Outcome]]] = []
        while not stop.is_set() and (batch := list(islice(outcomes, BATCH))):
            under_way.append(pool.submit(verifier.check, batch))
            if len(under_way) > workers:
                yield under_way.pop(0).result()
        for future in under_way:
            yield future.result()


def _record(ledger: Manifest, output: str, wrong: Sequence[Outcome]) -> None:
    """Record in the manifest that the check of the outcomes in `wrong` failed. `output`: path of DEST."""
    with_entries = ((outcome, ledger.get(outcome.plan.key)) for outcome in wrong)
    ledger.record_batch(0, [_failed(entry, output, each.reason) for each, entry in with_entries if entry])


def _failed(entry: Entry, output: str, reason: str) -> Entry:
    """Return the manifest entry of a file whose check failed: `entry` with the outcome `failed` and with `reason`.

    It also gets the present fingerprints of the output and its XMP file. `output`: path of DEST.
    """
    path = os.path.join(output, os.fsdecode(entry.output))
    digest = current_digest(path, entry.output_size, entry.output_mtime_ns, entry.output_digest)
    xmp_digest = entry.xmp_digest
    if entry.xmp:
        xmp_path = existing_xmp_path(path, entry.short_xmp)
        xmp_digest = current_digest(xmp_path, entry.xmp_size, entry.xmp_mtime_ns, xmp_digest)
    return replace(entry, outcome="failed", reason=reason, output_digest=digest, xmp_digest=xmp_digest)
