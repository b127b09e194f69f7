"""What the History screen can do with an output folder: which folder to show first, verify its outputs, undo a run."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.manifest import holder
from pef_tui.manifest.origin import foreign_runs
from pef_tui.output.undo_folder import UndoRun, undo_runs
from pef_tui.tui.session import recent
from pef_tui.tui.session.session import Session
from pef_tui.tui.session.task import Task, TaskFile, undo_task


def first_folder(session: Session) -> str:
    """Return the folder to show first: the output folder of the session, or else that of a recent run; "" if none.

    Of the recent folders, one in which a run is in progress comes first.
    """
    if session.output:
        return os.path.realpath(session.output)
    folders = [
        folder
        for run in recent.load(session.environ)
        for folder in (run.output, *run.sources)
        if folder and os.path.isdir(os.path.join(folder, STATE_DIR))
    ]
    in_progress = (folder for folder in folders if holder(folder))
    return os.path.realpath(next(in_progress, folders[0])) if folders else ""


def undoable_runs(folder: str) -> list[UndoRun]:
    """Return the runs in place that can be undone in a folder, the last run first; [] if there are none."""
    with suppress(OSError):
        return [run for run in reversed(undo_runs(folder)) if not run.empty]
    return []


def is_foreign(session: Session, folder: str, run: UndoRun) -> bool:
    """Return whether the undo record of a run was made on another machine, or for another folder."""
    try:
        return bool(foreign_runs(folder, session.environ, [run.name]))
    except OSError:
        return True


def is_own_run(session: Session, folder: str) -> bool:
    """Return whether the run in progress in a folder is that of this session."""
    run = session.run
    output = (run.progress.output or run.settings.output) if run is not None and session.is_running else ""
    return bool(output) and os.path.realpath(output) == folder


def start_undo(session: Session, folder: str, run: UndoRun) -> Task:
    """Start and return a task that undoes a run in place. The Done screen shows it if it undoes the last run."""
    if session.run is not None and session.run.is_over and session.run.progress.undo == run.name:
        return session.undo()
    return session.start_task(undo_task(folder, run.name))


def start_verify(session: Session, folder: str, output_count: int) -> Task:
    """Start and return a task that compares the outputs in a folder with what the manifest recorded of them."""

    def steps(stop: threading.Event) -> Iterator[TaskFile]:
        from pef_tui.pipeline.verify_outputs import verify_outputs

        for file in verify_outputs(folder, stop):
            yield TaskFile(file.path, file.problem)

    return session.start_task(Task("outputs", steps, output_count))
