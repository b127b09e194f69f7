"""`--undo` and `--forget`: restore the files that an in-place run changed, or delete the undo record of the run."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pef_tui.errors import DestLocked, RunError, UsageError
from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.manifest import DestLock
from pef_tui.manifest.origin import check_links, foreign_runs
from pef_tui.output.undo import UndoneFile
from pef_tui.output.undo_folder import UndoRun, clear_leftovers, forget_run, undo_runs
from pef_tui.pipeline.undo_run import undo_run
from pef_tui.reporting.console import Console, data_out
from pef_tui.reporting.json_lines import encode_line
from pef_tui.sanitize import safe
from pef_tui.settings import Settings, duration_seconds

OK, FAILED, USAGE_ERROR, SOME_LEFT, LOCKED = 0, 1, 2, 3, 75
"""Exit codes."""


def undo_or_forget(settings: Settings, action: str, run: str) -> int:
    """Carry out `action` (`undo` or `forget`) for one in-place run of SOURCE. Return the exit code.

    `run`: name of the run, or `last`.
    """
    console = Console(settings.quiet)
    try:
        source = _source(settings, action)
        undo_record = _find_run(source, run, _lock(settings, source, console))
        if action == "undo":
            return _undo(settings, source, undo_record, console)
        with _lock(settings, source, console):
            forget_run(source, undo_record.name)
            clear_leftovers(source)
        console.say(f"run {undo_record.name} can no longer be undone")
        return OK
    except UsageError as error:
        console.error(safe(str(error), 500))
        return USAGE_ERROR
    except DestLocked as error:
        console.error(safe(str(error), 500))
        return LOCKED
    except (OSError, RunError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        console.error(safe(reason or str(error), 500))
        return FAILED


def _source(settings: Settings, action: str) -> str:
    """Return the absolute path of SOURCE. Raises UsageError if there is not exactly one SOURCE, or if it is no folder.

    `action`: `undo` or `forget`, for the message.
    """
    if len(settings.sources) != 1:
        raise UsageError(f"--{action}: name the one SOURCE that was written in place")
    source = os.path.realpath(settings.sources[0])
    if not os.path.isdir(source):
        raise UsageError(f"SOURCE {settings.sources[0]}: is no folder")
    check_links(source)
    return source


def _lock(settings: Settings, source: str, console: Console) -> DestLock:
    """Return the lock of SOURCE, which waits for another run as long as `--lock-wait` allows."""

    def on_wait(error: DestLocked) -> None:
        console.say(safe(f"{error}; waiting for its end, at most {settings.lock_wait}", 500))

    return DestLock(source, duration_seconds(settings.lock_wait), on_wait=on_wait)


def _find_run(source: str, run: str, lock: DestLock) -> UndoRun:
    """Return the undo record of the run with the name `run`, or of the last run if `run` is `last`. Raises OSError.

    Raises UsageError if there is no such run. `last` ignores undo records that were made on another machine or for
    another folder, because they may not belong to the user: the user must name such a run.
    `lock`: the lock of SOURCE.
    """
    records = undo_runs(source)
    for record in records:
        if record.name == run:
            return record
    foreign = foreign_runs(source, os.environ, [record.name for record in records if not record.empty])
    local = [record for record in records if record.name not in foreign and (not record.empty or not foreign)]
    names = ", ".join(record.name for record in records)
    if run == "last" and local:
        return local[-1]
    if run == "last" and records:
        raise UsageError(
            f"the undo records in {source} were not made here (the folder was copied, restored, or came with the "
            f"export): if they are yours, name the run: {names}"
        )
    if not records and os.path.lexists(os.path.join(source, STATE_DIR)):
        with lock:
            clear_leftovers(source)
    available = f"there are: {names}" if records else "there is none"
    raise UsageError(f"no in-place run {run!r} to be undone in {source}; {available}")


def _undo(settings: Settings, source: str, run: UndoRun, console: Console) -> int:
    """Restore the files of a run, and print the results. Return the exit code."""
    restored = unrestored = damaged = 0
    with data_out() as data:
        for file in undo_run(source, run.name, _lock(settings, source, console)):
            restored += file.outcome == "restored"
            unrestored += file.outcome == "left"
            damaged += file.damaged
            for line in _output_lines(file, settings):
                data.write(line)
        if settings.json:
            counts = {"restored": restored, "left": unrestored, "damaged": damaged}
            data.write(encode_line({"v": 1, "type": "undo", "run": run.name, **counts}))
    words = f"{_files(restored)} restored" + (f", {unrestored:,} not restored" if unrestored else "")
    console.say(words, always=unrestored > 0)
    if damaged:
        console.error(
            f"{_files(damaged)} cannot be restored because the undo record is damaged; nothing of it was deleted: "
            f"{safe(source)}/{STATE_DIR}/undo/{run.name}"
        )
        return FAILED
    return SOME_LEFT if unrestored else OK


def _files(count: int) -> str:
    return f"{count:,} {'file' if count == 1 else 'files'}"


def _output_lines(file: UndoneFile, settings: Settings) -> Iterator[bytes]:
    """Yield the line to print about a file. Without `--json`, yield nothing for a file that was restored."""
    if settings.json:
        fields = {
            "v": 1,
            "type": "undone",
            "source": file.path,
            "outcome": file.outcome,
            "reason": file.reason,
        }
        yield encode_line(fields)
    elif file.outcome == "left":
        yield f"not restored: {safe(file.path) or '(unknown)'} ({safe(file.reason, 200)})\n".encode()
