"""Texts of the History screen: rows and details of runs and files, and the state of an output folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime

from textual.content import Content

from pef_tui.manifest import Row, Run, RunHistory
from pef_tui.manifest.run_follower import FollowedRun
from pef_tui.output.undo_folder import UndoRun
from pef_tui.reporting.json_lines import MEDIA_WORDS, duration_text
from pef_tui.reporting.run_words import run_end
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.preflight import size
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.text.values import value_text


def local_minute(nanoseconds: int) -> str:
    """Return a time in nanoseconds since 1970 as local date and time, to the minute."""
    return f"{datetime.fromtimestamp(nanoseconds / 1e9).astimezone():%Y-%m-%d %H:%M}"


def folder_state(history: RunHistory, running: str, hint: str) -> Content:
    """Return the counts of an output folder, and its run in progress (`running`) with the hint how to watch it."""
    counts, totals = history.counts(), history.totals()
    count_words = ", ".join(f"{count:,} {MEDIA_WORDS[word]}" for word, count in counts.items() if count)
    rows = [
        safe_content(
            (f"{totals.files:,} pictures and videos, {size(totals.bytes)}", "bold"), f": {count_words}"
        )
    ]
    if running:
        rows.append(safe_content((f"A run is in progress ({hint}): ", "bold $text-warning"), running))
    return lines(rows + [safe_content(("note ", "bold"), text) for text in history.problems])


def no_history(folder: str) -> Content:
    """Return the text for a folder without a manifest. `folder`: its path; "" if no folder was given."""
    text = "No run has written into this folder." if folder else "Type the path of an output folder."
    return safe_content((text, "dim"))


def run_row(run: Run) -> Content:
    """Return a run as one row of the list."""
    if run.ended_ns is None:
        return safe_content(f"{local_minute(run.started_ns)}  ", ("not finished", "$text-warning"))
    files = f"{local_minute(run.started_ns)}  {sum(run.counts.values()):,} files"
    return safe_content(files, (", stopped", "$text-warning")) if run.stopped else safe_content(files)


def run_text(run: Run) -> Content:
    """Return all that is known about a run."""
    seconds = None if run.ended_ns is None else (run.ended_ns - run.started_ns) / 1e9
    rows = [safe_content(("started  ", "dim"), local_minute(run.started_ns))]
    duration = "not finished, or still in progress" if seconds is None else duration_text(seconds)
    rows.append(safe_content(("duration ", "dim"), duration))
    if seconds is not None:
        code = f" (exit code {run.exit_code})" if run.exit_code else ""
        rows.append(safe_content(("end      ", "dim"), f"{run_end(run)}{code}"))
    rows.append(safe_content(("version  ", "dim"), run.version))
    rows.append(safe_content(("name     ", "dim"), run.run))
    rows += _counts(run.counts)
    if run.options:
        rows += [safe_content(""), safe_content(("Settings", "bold"))]
        rows += [safe_content(f"{name} = {value_text(value)}") for name, value in run.option_values.items()]
    return lines(rows)


def _counts(counts: Mapping[str, int]) -> list[Content]:
    return [safe_content(f"{count:>9,}  {word}") for word, count in counts.items() if count]


def path_of(row: Row) -> str:
    """Return the path of the source file of an entry: its Folder and its name."""
    name = row.name.partition("\0")[0]
    return f"{row.folder}/{name}" if row.folder else name


def file_row(row: Row) -> Content:
    """Return a file as one row of the list."""
    style = "bold $text-error" if row.outcome == "failed" else "dim"
    return safe_content((f"{row.outcome:<10}", style), path_of(row))


def file_text(row: Row) -> Content:
    """Return all that is known about a file."""
    rows = [safe_content((path_of(row), "bold")), safe_content("")]
    words = MEDIA_WORDS[row.outcome]
    explained = row.outcome if words == row.outcome else f"{row.outcome}: {words}"
    rows.append(safe_content(("outcome  ", "dim"), explained))
    if row.reason:
        rows.append(safe_content(("reason   ", "dim"), row.reason))
    if row.output:
        rows.append(safe_content(("output   ", "dim"), shown_path(row.output)))
        rows.append(safe_content(("size     ", "dim"), size(row.size)))
    if row.conflict:
        rows.append(safe_content("Conflict with Google: the file had another value."))
    return lines(rows)


def undo_question(run: UndoRun, is_foreign: bool) -> str:
    """Return the question before the undo of a run in place."""
    text = "Every file that the run changed is restored, byte for byte, and its new files are removed."
    if is_foreign:
        text += (
            "\nThe record was not made here: the folder was copied, restored, or came with the export. "
            "Undo the run only if the record is yours."
        )
    return f"The run in place of {local_minute(run.started_ns)}.\n{text}"


def followed_run(run: FollowedRun) -> Content:
    """Return the progress of a run of another process; after its end, the result."""
    if run.state == "none":
        return safe_content("No run is recorded in this folder.")
    seconds = (run.ended_ns or time.time_ns()) / 1e9 - run.started_ns / 1e9
    state = {
        "running": (("In progress", "bold $text-success"), f": {run.holder}"),
        "ended": (("Ended. ", "bold $text-success"), "All counts are final."),
        "left": (
            ("Not finished. ", "bold $text-warning"),
            "No process of this computer works on it: it was stopped, or runs on another computer. "
            "A new run continues.",
        ),
    }[run.state]
    rows = [safe_content(*state), safe_content("")]
    rows.append(safe_content(("started   ", "dim"), local_minute(run.started_ns)))
    if run.state != "left":
        rows.append(safe_content(("duration  ", "dim"), duration_text(max(seconds, 0.0))))
    if run.state == "ended":
        return lines([*rows, *_counts(run.counts)])
    recorded = run.recorded.total()
    rows.append(safe_content(("recorded  ", "dim"), (f"{recorded:,} file{'s' * (recorded != 1)}", "bold")))
    rows += _counts(run.recorded)
    if run.latest:
        rows.append(safe_content(("last      ", "dim"), run.latest))
    rows += [
        safe_content(""),
        safe_content(("Files that need no work are counted at the end of the run.", "dim")),
    ]
    return lines(rows)
