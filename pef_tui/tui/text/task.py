"""Texts of the tasks on the result of a run."""

from __future__ import annotations

from textual.content import Content

from pef_tui.tui.session.task import Task
from pef_tui.tui.text.run import bar
from pef_tui.tui.text.safe_content import lines, safe_content

WIDTH = 56
"""Width of the progress bar, in cells."""


def task_text(task: Task) -> Content:
    """Return the progress of the task; after its end, the result."""
    if task.is_over:
        return task_result(task)
    word = "stopping after the current file" if task.stop_request.is_set() else _progress(task)
    if not task.total:
        return safe_content(word)
    fraction = min(task.done_count / task.total, 1.0)
    return lines([bar(fraction, WIDTH - 7), safe_content(word)])


def _progress(task: Task) -> str:
    if task.name == "undo":
        return f"{_files(task.done_count)} restored"
    differing = f", {task.problem_count:,} differ" if task.problem_count else ""
    return f"{task.done_count:,} of {_files(task.total)} verified{differing}"


def task_result(task: Task) -> Content:
    """Return the result of an ended task, in a sentence or two."""
    if task.error:
        return safe_content(("It failed: ", "bold $text-error"), task.error)
    stopped = "" if task.is_complete else "Stopped. "
    if task.name == "undo":
        restored = task.done_count - task.problem_count
        hint = ". Undo again to restore the remaining files." if stopped else "."
        unchanged = f", {task.problem_count:,} left unchanged" if task.problem_count else ""
        style = "bold $text-warning" if stopped or task.problem_count else "bold $text-success"
        return safe_content((stopped or "Undone. ", style), f"{_files(restored)} restored{unchanged}{hint}")
    if task.problem_count and task.name == "outputs":
        text = f"{task.problem_count:,} of {_files(task.done_count)} differ from what the manifest recorded. A run "
        text += "writes missing files again, and leaves files that you changed."
        return safe_content(
            (stopped, "bold $text-warning"), ("Differences found. ", "bold $text-error"), text
        )
    if task.problem_count:
        text = f"{task.problem_count:,} of {_files(task.done_count)} differ from what was written. They count as "
        text += "failed now: retry writes again those that no other program changed."
        return safe_content(
            (stopped, "bold $text-warning"), ("Differences found. ", "bold $text-error"), text
        )
    if stopped:
        text = f"{task.done_count:,} of {_files(task.total)} verified, no differences."
        return safe_content((stopped, "bold $text-warning"), text)
    return safe_content(
        ("Verified. ", "bold $text-success"), f"{_files(task.done_count)} read back, no differences."
    )


def problem_files_text(task: Task) -> Content:
    """Return the first files with a problem, and how many more there are."""
    rows = [safe_content(file.path, ("  " + file.problem, "dim")) for file in list(task.problem_files)]
    if task.problem_count > len(rows):
        rows.append(safe_content((f"and {task.problem_count - len(rows):,} more", "dim")))
    return lines(rows)


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)}"
