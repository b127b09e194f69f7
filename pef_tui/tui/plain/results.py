"""What the plain app does with the result of a run: verify, undo, history and the path of the report."""

from __future__ import annotations

import os
import time
from datetime import datetime

from pef_tui.errors import RunError
from pef_tui.manifest import RunHistory, holder
from pef_tui.reporting.html import last_report
from pef_tui.reporting.json_lines import MEDIA_WORDS
from pef_tui.reporting.run_words import run_end
from pef_tui.sanitize import safe
from pef_tui.tui.plain.prompts import menu, say
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.session import Session
from pef_tui.tui.session.task import Task

TICK = 5.0
"""Seconds between two lines of progress."""
MAX_RUNS = 20


def verify(session: Session) -> None:
    """Read back every file that the last run wrote, and write the result."""
    if session.run is None or not session.written_files:
        say("There is nothing to verify: no run has written files in this session.")
        return
    task = session.verify()
    _wait(task)
    _say_end(
        task, f"{task.done_count:,} files read back, {task.problem_count:,} differ from what was written."
    )


def undo(session: Session) -> None:
    """Undo the last run in place, after a question."""
    run = session.run
    if run is None or not run.progress.undo:
        say(
            "There is nothing to undo: no run in place was made in this session. Earlier runs: pef-tui --undo."
        )
        return
    if menu("Restore every file that the run changed, byte for byte?", ["undo the run"], "back") < 0:
        return
    task = session.undo()
    _wait(task)
    restored = task.done_count - task.problem_count
    _say_end(task, f"{restored:,} files restored, {task.problem_count:,} left unchanged.")


def _wait(task: Task) -> None:
    """Wait until the task ends, with a line of progress every `TICK` seconds. Ctrl-C stops it."""
    next_line = time.monotonic() + TICK
    while not task.is_over:
        try:
            time.sleep(0.05)
        except KeyboardInterrupt:
            task.stop_request.set()
            say("Stopping after the current file.")
        if time.monotonic() >= next_line:
            next_line += TICK
            percent = f", {100 * task.done_count // task.total} %" if task.total else ""
            say(f"{task.done_count:,} files{percent}")


def _say_end(task: Task, text: str) -> None:
    if task.error:
        say(f"It failed: {safe(task.error, 1000)}")
        return
    say(text if task.is_complete else f"Stopped. {text}")
    for file in list(task.problem_files):
        say(f"  {safe(file.path)}: {safe(file.problem, 500)}")


def history(session: Session) -> None:
    """Write the runs and counts in the manifest of the output folder."""
    output = session.output
    try:
        runs_history = RunHistory.open(output) if output and os.path.isdir(output) else None
        if runs_history is None:
            say(f"No run has written into {safe(shown_path(output)) or 'an output folder yet'}.")
            return
        try:
            _say_history(runs_history, output)
        finally:
            runs_history.close()
    except (OSError, RunError) as error:
        say(safe(str(error), 1000))


def _say_history(runs_history: RunHistory, output: str) -> None:
    counts = runs_history.counts()
    words = ", ".join(f"{count:,} {MEDIA_WORDS[word]}" for word, count in counts.items() if count)
    say(f"{safe(shown_path(output))}: {words or 'no files'}")
    if running := holder(output):
        say(f"A run is in progress: {safe(running)}")
    for run in runs_history.runs(MAX_RUNS):
        started = datetime.fromtimestamp(run.started_ns / 1e9).astimezone()
        files = f": {sum(run.counts.values()):,} files" if run.ended_ns is not None else ""
        say(f"  {started:%Y-%m-%d %H:%M}  {run_end(run)}{files}")


def report_path(session: Session) -> None:
    """Write the path of the report of the last run."""
    run = session.run
    output = run.progress.output if run is not None else session.output
    path = (run.settings.report if run is not None else "") or (last_report(output) if output else "")
    say(
        f"Report: {safe(os.path.abspath(path), 5000)}"
        if path
        else "There is no report yet: no run has written one."
    )
