"""Undo one run in place, for `--undo` and the app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from pef_tui.manifest import DestLock, Manifest
from pef_tui.output.output_dir import OutputDir
from pef_tui.output.staging import clean_staging
from pef_tui.output.undo import UndoneFile, undo
from pef_tui.output.undo_folder import clear_leftovers, forget_run, undo_runs


def undo_run(source: str, run: str, lock: DestLock | None = None) -> Iterator[UndoneFile]:
    """Restore the files in SOURCE that a run in place changed, and yield the result of each file.

    `source`: path of SOURCE. `run`: name of the run. `lock`: the lock of SOURCE, which this function takes; None for a
    lock that does not wait. Each restored file is removed from the manifest. When all files are restored, the undo
    record is deleted. If the generator is closed early, the next call with the same arguments continues. Raises
    DestLocked, RunError and OSError.
    """
    not_restored = 0
    with lock or DestLock(source), ExitStack() as stack:
        clean_staging(source)
        clear_leftovers(source, except_run=run)
        manifest = Manifest.open(source, read_only=False)
        stack.callback(manifest.release)
        output_dir = OutputDir(source)
        stack.callback(output_dir.close)
        keys: list[bytes] = []
        stack.callback(lambda: manifest.forget(keys))
        for file in undo(output_dir, run, _written_count(manifest, source, run)):
            if file.key:
                keys.append(file.key)
            not_restored += file.outcome == "left"
            yield file
        stack.close()
        if not not_restored:
            forget_run(source, run)


def _written_count(manifest: Manifest, source: str, run: str) -> int | None:
    """Return how many files `run` wrote, from the manifest. None if the run was killed, or is not in the manifest."""
    started_ns = next((undoable.started_ns for undoable in undo_runs(source) if undoable.name == run), 0)
    earlier = [pair for pair in manifest.runs if pair[0].started_ns <= started_ns]
    closing_record = earlier[-1][1] if earlier else None
    if closing_record is None:
        return None
    return closing_record.counts.get("written", 0) + closing_record.counts.get("sidecar", 0)
