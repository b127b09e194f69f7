"""A run: report the counts of the last run if nothing changed since then, else carry out all stages (`stages`).

Modules that plan and write are imported only if there is work: importing them takes most of the time of a run without
work.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

from pef_tui.errors import DestLocked, DiskFull, ExifToolMissing, RunError, UsageError
from pef_tui.filesystem.constants import DISK_FULL
from pef_tui.model import Record
from pef_tui.pipeline.exit_codes import end_code
from pef_tui.pipeline.setup import set_up
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.timing import RunningTimer


def run(settings: Settings, host: PluginHost, progress: Progress) -> Iterator[Record]:
    """Yield the record of each file as soon as it becomes known.

    Closing the generator, or setting `progress.stop`, ends the run after the batches that workers have begun. Finished
    files stay recorded. Raises UsageError, DestLocked, ExifToolMissing and RunError, each with one line for the user.
    """
    try:
        if not settings.profile:
            yield from _run(settings, host, progress)
            return
        from pef_tui.pipeline.profile import Profile

        progress.timer = timer = RunningTimer()
        profile = Profile(settings.profile, timer, settings.worker_count)
        try:
            yield from profile.observe(_run(settings, host, progress))
        finally:  # the profile of a failed run is useful too
            profile.write()
    except OSError as error:
        raise _failure(error, progress.output) from error


def _failure(error: OSError, output: str) -> RunError:
    """Return the error to show to the user for an OSError that ended the run. `output`: path of DEST."""
    if error.errno in DISK_FULL:
        return DiskFull(f"the disk of {output} is full: make room and run again, what is done stays done")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return RunError("too many open files: raise the limit (ulimit -n 1024) and run again")
    path = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else output
    return RunError(f"{path}: {error.strerror or error}")


def _run(settings: Settings, host: PluginHost, progress: Progress) -> Iterator[Record]:
    """Carry out the run, without a profile. If nothing changed, count the files of the last run and yield no
    records.
    """
    with ExitStack() as stack:
        setup = set_up(settings, host, progress, stack)
        if setup.snapshot is None:
            from pef_tui.pipeline.stages import run_stages

            stack.push(setup.record_failure)  # after the workers have ended, before the manifest is closed
            try:
                yield from run_stages(setup, stack)
            except OSError:
                setup.check_dest()  # a file may be missing only because the disk of DEST is missing
                raise
            return
        setup.snapshot.add_counts(progress)
        if not settings.dry_run:
            setup.record(sync=False)
            counts: Counter[str] = Counter(progress.media)
            progress.notes.add_missing(setup.host.notes)
            setup.manifest.close(
                counts + Counter(progress.json),
                exit_code=end_code(progress),
                stopped=progress.stop_reason,
                sync=False,
            )


__all__ = ["DestLocked", "DiskFull", "ExifToolMissing", "RunError", "UsageError", "run"]
