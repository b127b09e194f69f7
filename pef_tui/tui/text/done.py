"""Texts of the Done screen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct
from textual.content import Content

from pef_tui.pipeline.exit_codes import OK, progress_code
from pef_tui.reporting.json_lines import JSON_WORDS, MEDIA_WORDS, assumed_zone_text, duration_text
from pef_tui.reporting.stats import Causes, RunStats
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.preflight import size
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.session.task import Task
from pef_tui.tui.text.advice import Step, advice
from pef_tui.tui.text.advice import next_steps as steps_after
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.text.task import task_result

MAX_CAUSES = 100
"""Maximum number of causes that are listed for each kind of problem."""


class Problem(Struct, frozen=True):
    """One cause of problems, with the number of its files and the paths of its first files."""

    kind: Literal["failed", "warning", "unmatched", "invalid", "note"]
    cause: str
    count: int = 1
    examples: tuple[str, ...] = ()


def heading(run: RunThread, tasks: Mapping[str, Task] | None = None) -> Content:
    """Return how the run ended, and the result of each later task (verify, undo), one line each."""
    return lines([_run_result(run), *(task_result(task) for task in (tasks or {}).values())])


def _run_result(run: RunThread) -> Content:
    progress = run.progress
    output = shown_path(progress.output or run.settings.output)
    if run.ending == "failed":
        return lines(
            [
                safe_content(("The run failed: ", "bold $text-error"), run.error),
                safe_content(
                    "The files that were written are complete."
                    if progress.media["written"] or progress.media["sidecar"]
                    else "Nothing was written."
                ),
            ]
        )
    if run.ending == "stopped":
        return lines(
            [
                safe_content(
                    ("Stopped. ", "bold $text-warning"), f"The files written so far are in {output}"
                ),
                safe_content("The next run continues."),
            ]
        )
    if not progress.media_count:
        return safe_content(
            ("Nothing to do. ", "bold $text-warning"), "The sources have no picture or video."
        )
    failed = progress.failed
    if failed:
        word = (f"Done, but {failed:,} failed. ", "bold $text-warning")
    elif progress_code(progress) != OK:
        word = ("Done, but something was not read or is missing (see the problems). ", "bold $text-warning")
    else:
        word = ("Done. ", "bold $text-success")
    return safe_content(word, f"{progress.media_count:,} pictures and videos: {output}")


def result(run: RunThread) -> Content:
    """Return all counts of the run as text. They add up to the number of files found."""
    progress = run.progress
    rows = [_row(progress.media_count, "pictures and videos", "bold")]
    rows += _parts(progress.media, MEDIA_WORDS)
    rows.append(_row(progress.json_count, "JSON files", "bold"))
    rows += _parts(progress.json, JSON_WORDS)
    rows.append(_row(progress.other_count, "other files", "bold"))
    if progress.not_reached:
        rows.append(_row(progress.not_reached, "not reached", "bold"))
    rows.append(safe_content("-" * 34))
    rows.append(_row(progress.found_count, "files found", "bold"))
    seconds = run.seconds or progress.seconds
    rows.append(safe_content(""))
    rows.append(safe_content(f"{duration_text(seconds):>10}  {size(progress.bytes)} written"))
    if progress.assumed_zones:
        rows.append(_row(progress.assumed_zones, "with an assumed time zone"))
    if progress.conflicts:
        rows.append(_row(progress.conflicts, "with conflicts"))
    if progress.warnings:
        rows.append(_row(progress.warnings, "with warnings"))
    return lines(rows)


def _parts(counts: Any, words: Mapping[str, str]) -> Iterator[Content]:
    return (_row(counts[word], "  " + text) for word, text in words.items() if counts[word])


def _row(count: int, text: str, style: str = "") -> Content:
    return safe_content((f"{count:>10,}", style), f"  {text}")


def problems(run: RunThread, stats: RunStats | None) -> list[Problem]:
    """Return the problems of the run, one for each cause, and its notes.

    The most severe kind comes first (`failed`), and in each kind the most frequent cause. `stats` has the causes of
    media files; without it, only JSON files and notes are included.
    """
    causes: list[Problem] = []
    if stats is not None:
        causes += _by_cause("failed", stats.failures)
        causes += _by_cause("unmatched", stats.unmatched)
        causes += _by_cause("warning", stats.warnings)
    if assumed := run.progress.assumed_zones:
        causes.append(Problem("warning", assumed_zone_text(), assumed))
    if invalid := run.progress.json["invalid"]:
        causes.append(Problem("invalid", "JSON files that cannot be read", invalid))
    causes += [Problem("note", note) for note in run.progress.notes]
    return causes


def _by_cause(kind: Literal["failed", "warning", "unmatched"], causes: Causes) -> Iterator[Problem]:
    for cause, count in causes.counts.most_common(MAX_CAUSES):
        yield Problem(kind, cause, count, tuple(causes.examples.get(cause, ())))


_STYLES = {"failed": "bold $text-error", "warning": "bold $text-warning"}


def problem_row(problem: Problem) -> Content:
    """Return a problem as one row of the list."""
    count = f"{problem.count:>7,}" if problem.kind != "note" else " " * 7
    return safe_content(f"{count}  ", (f"{problem.kind:<10}", _STYLES.get(problem.kind, "")), problem.cause)


def problem_text(problem: Problem) -> Content:
    """Return the text of a problem: its cause, advice, and the first files."""
    rows = [safe_content((problem.cause, "bold"))]
    if problem.kind in ("failed", "unmatched", "warning"):
        rows += [safe_content(""), safe_content(advice(problem.cause))]
    if problem.examples:
        rows += [
            safe_content(""),
            safe_content(
                f"{problem.count:,} files, the first of them:" if problem.count > 1 else "The file:"
            ),
        ]
        rows += [safe_content("  " + path) for path in problem.examples]
    return lines(rows)


def steps_of(run: RunThread, tasks: Mapping[str, Task]) -> list[Step]:
    """Return what to do after the run and the later tasks (verify, undo)."""
    output = run.progress.output or run.settings.output
    is_undone = "undo" in tasks and tasks["undo"].is_complete
    return steps_after(run.progress, run.ending, run.error, output, is_undone)


def next_steps(steps: Iterable[Step]) -> Content:
    """Return the next steps as text; each command has its own line."""
    rows = []
    for step in steps:
        rows.append(safe_content((f"{step.name}: ", "bold"), step.text))
        if step.command:
            rows.append(safe_content((step.command, "$text-primary")))
    return lines(rows)
