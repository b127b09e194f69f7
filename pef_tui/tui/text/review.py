"""Texts of the Review screen."""

from __future__ import annotations

from pef_tui.preview import PlannedFiles
from pef_tui.preview.decisions import Choices
from pef_tui.tui.session.run_thread import RunThread


def planning_progress(preview: RunThread, expected: int) -> str:
    """Return the progress of a preview in one line. `expected`: number of files that it will find; 0 if unknown."""
    count, folder = preview.progress.file_count, preview.progress.folder
    if not expected or count > expected:
        return f"Planning: {file_count(count)}, {folder}"
    return f"Planning: {count:,} of {file_count(expected)} ({100 * count // expected} %), {folder}"


def preview_result(preview: RunThread, planned_files: PlannedFiles, choices: Choices) -> str:
    """Return the result of an ended preview in one line."""
    if preview.ending == "failed":
        return f"The preview failed: {preview.error}"
    words = f"{file_count(len(planned_files))} planned in {preview.seconds:.1f} s"
    if preview.ending == "stopped":
        words = f"The preview was stopped: {words}"
    if undecided := planned_files.groups.undecided:
        kept = "taking Google's" if preview.settings.existing == "overwrite" else "keeping the file's"
        words += f"; {undecided:,} of {len(planned_files.groups):,} conflicts undecided ({kept})"
    if choices.count:
        return words + f"; {choices.count:,} decided here"
    notes = preview.progress.notes
    return words + (f"; {notes[-1]}" if notes else "")


def file_count(count: int) -> str:
    """Return a number of files in words."""
    return f"{count:,} file{'s' * (count != 1)}"
