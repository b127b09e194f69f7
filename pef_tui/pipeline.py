"""A run: opened, told at once where nothing changed since the last one, else carried out by the chain (`chain`).

What plans and writes is loaded only where there is something to do: loading it is most of what nothing would take.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

from pef_tui.clock import RunningClock
from pef_tui.errors import DestHeld, DiskFull, ExifToolMissing, RunError, UsageError
from pef_tui.model import Record
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.run.beginning import begun
from pef_tui.scratch import FULL
from pef_tui.settings import Settings


def run(settings: Settings, host: PluginHost, progress: Progress) -> Iterator[Record]:
    """Everything: what became of each file found, as it becomes known.

    Closing the generator, or setting `progress.stop`, ends the run after the batches in hand; what is done stays
    recorded. Raises UsageError, DestHeld, ExifToolMissing and RunError, each with one line for the user.
    """
    try:
        if not settings.profile:
            yield from _run(settings, host, progress)
            return
        from pef_tui.run.profile import Profile

        progress.clock = clock = RunningClock()
        profile = Profile(settings.profile, clock, settings.worker_count)
        try:
            yield from profile.watched(_run(settings, host, progress))
        finally:  # of a run that failed, it is wanted all the more
            profile.write()
    except OSError as error:
        raise _failure(error, progress.output) from error


def _failure(error: OSError, output: str) -> RunError:
    """What the system refused to the run as a whole, for the user."""
    if error.errno in FULL:
        return DiskFull(f"the disk of {output} is full: make room and run again, what is done stays done")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return RunError("too many open files: raise the limit (ulimit -n 1024) and run again")
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else output
    return RunError(f"{where}: {error.strerror or error}")


def _run(settings: Settings, host: PluginHost, progress: Progress) -> Iterator[Record]:
    with ExitStack() as stack:
        start = begun(settings, host, progress, stack)
        if start.seal is None:
            from pef_tui.chain import carried_out

            yield from carried_out(start, stack)
            return
        start.seal.tell(progress)
        if not settings.dry_run:
            start.record(sync=False)
            counts: Counter[str] = Counter(progress.media)
            start.ledger.close(counts + Counter(progress.json), sync=False)


__all__ = ["DestHeld", "DiskFull", "ExifToolMissing", "RunError", "UsageError", "run"]
