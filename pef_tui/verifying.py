"""Reading back what a run wrote once it is over, by the same checks as `--verify 100` makes while it is on."""

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
from pef_tui.hooks import SourceReader
from pef_tui.manifest import DestLock, Entry, Ledger
from pef_tui.model import Match, MediaFile, MediaOutcome, Outcome, Plan, Record, State, TagEdit
from pef_tui.planned.spill import Spill
from pef_tui.plugins import PluginHost
from pef_tui.run.digests import OpenMedia
from pef_tui.run.paths import xmp_there
from pef_tui.run.sources import as_sources, source_list
from pef_tui.run.verify import AS_IT_WAS, WRITTEN, Verifier, current_digest
from pef_tui.scratch import scratch_folder
from pef_tui.settings import Settings

BATCH = 64
"""Files that ExifTool is asked for at once."""
PUT = frozenset((*WRITTEN, *AS_IT_WAS))
_IPTC = "IPTC:"


Name = Any
"""A path: text where it is ASCII, else bytes, so that any name comes back as it was. (msgspec has no union of them.)"""


class _Kept(Struct, frozen=True, array_like=True, gc=False):
    """What reading back needs to know of an Outcome, as `_kept` lays it out."""

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


class Written:
    """What a run put into DEST, kept outside the memory until it is wanted. `add` is called by one thread."""

    def __init__(self) -> None:
        self._spill = Spill(scratch_folder("", True))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, record: Record) -> None:
        """Keep a record, where it tells of a file that was put there."""
        if isinstance(record, Outcome) and record.output is not None and record.word in PUT:
            self._spill.append(_kept(record, record.output))
            self._count += 1

    def outcomes(self) -> Iterator[Outcome]:
        """Everything kept, with what a Verifier looks at. Raises OSError."""
        return map(_outcome, self._spill.all(_Kept))

    def close(self) -> None:
        """Let go of it."""
        self._spill.close()


def _kept(outcome: Outcome, output: str) -> tuple[object, ...]:
    """A tuple, for it is made while the run goes on: a Struct and the bytes of names take four times as long."""
    plan, match = outcome.plan, outcome.plan.match
    media, state = match.media, match.state
    return (
        plan.key,
        media.root,
        media.path if media.path.isascii() else os.fsencode(media.path),
        media.size,
        output if output.isascii() else os.fsencode(output),
        outcome.word,
        state.format if state is not None else "",
        plan.edits if outcome.edits is None else outcome.edits,
        state is not None and "\n" + _IPTC in "\n" + "\n".join(state.tags),
        plan.xmp_edits,
        outcome.xmp,
        outcome.short_xmp,
        outcome.beside,
    )


def _outcome(kept: _Kept) -> Outcome:
    media = MediaFile(kept.root, _path(kept.source), kept.size, 0)
    state = State(kept.format, {_IPTC: ""} if kept.iptc else {})
    output = _path(kept.output)
    plan = Plan(
        Match(media, "", state=state),
        kept.word,
        kept.edits,
        output,
        xmp_edits=kept.xmp_edits,
        key=kept.key,
    )
    return Outcome(plan, kept.word, output, xmp=kept.xmp, short_xmp=kept.short_xmp, beside=kept.beside)


def _path(name: Name) -> str:
    return name if isinstance(name, str) else os.fsdecode(name)


def read_back(
    settings: Settings, host: PluginHost, output: str, written: Written, stop: threading.Event
) -> Iterator[Outcome]:
    """Every file that a run with these settings put into `output`, looked at again: `verified` says how it is.

    What is not as it should be counts as failed from then on: a later run does it again. Ends early where `stop` is
    set. Raises DestHeld, ExifToolMissing, RunError and OSError, each with one line for the user.
    """
    tool = locate(settings.exiftool)
    if not tool.usable:
        raise ExifToolMissing(f"{tool.problem}; {tool.advice}")
    with ExitStack() as stack:
        stack.enter_context(DestLock(output))
        ledger = Ledger.open(output, read_only=False)
        stack.callback(ledger.release)
        open_media = _opener(settings, host, stack)
        verifier = Verifier(tool.path, 100, output, open_media, in_place=settings.in_place)
        stack.callback(verifier.close)
        for outcomes in _checked(verifier, written.outcomes(), settings.worker_count, stop):
            if wrong := [outcome for outcome in outcomes if outcome.verified is False]:
                _record(ledger, output, wrong)
            yield from outcomes


def _opener(settings: Settings, host: PluginHost, stack: ExitStack) -> OpenMedia:
    paths = source_list(settings).paths
    scanners = [scanner for _, scanner in host.collect("pef_scanners")]
    by_name = {scanner.name: scanner for scanner in scanners}
    readers: list[SourceReader] = []
    for source in as_sources(paths, scanners):
        readers.append(by_name[source.scanner].open(source))
        stack.callback(readers[-1].close)
    return lambda media: readers[media.root].open(media.path)


def _checked(
    verifier: Verifier, outcomes: Iterator[Outcome], workers: int, stop: threading.Event
) -> Iterator[Sequence[Outcome]]:
    """Batches as they are checked, in order; no more of them are begun than there are workers to take them."""
    with ThreadPoolExecutor(workers, "verify") as pool:
        under_way: list[Future[list[Outcome]]] = []
        while not stop.is_set() and (batch := list(islice(outcomes, BATCH))):
            under_way.append(pool.submit(verifier.check, batch))
            if len(under_way) > workers:
                yield under_way.pop(0).result()
        for each in under_way:
            yield each.result()


def _record(ledger: Ledger, output: str, wrong: Sequence[Outcome]) -> None:
    """They failed, as the manifest has it from now on."""
    known = ((outcome, ledger.get(outcome.plan.key)) for outcome in wrong)
    ledger.done(0, [_failed(entry, output, each.reason) for each, entry in known if entry])


def _failed(entry: Entry, output: str, reason: str) -> Entry:
    """The entry of a file that is not as written, with the fingerprints that its files have now."""
    path = os.path.join(output, os.fsdecode(entry.output))
    digest = current_digest(path, entry.output_size, entry.output_mtime_ns, entry.output_digest)
    xmp_digest = entry.xmp_digest
    if entry.xmp:
        beside = xmp_there(path, entry.short_xmp)
        xmp_digest = current_digest(beside, entry.xmp_size, entry.xmp_mtime_ns, xmp_digest)
    return replace(entry, word="failed", reason=reason, output_digest=digest, xmp_digest=xmp_digest)
