"""The words of the Done screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct
from textual.content import Content

from pef_tui.figures import Causes, Figures
from pef_tui.report import JSON_WORDS, MEDIA_WORDS, clock
from pef_tui.tui.advice import NEXT_STEPS, advice
from pef_tui.tui.before import size
from pef_tui.tui.chore import Chore
from pef_tui.tui.chore_words import ending
from pef_tui.tui.content import lines, said
from pef_tui.tui.places import shown_path
from pef_tui.tui.work import Work

SHOWN = 100
"""Causes listed of each kind."""


class Problem(Struct, frozen=True):
    """One cause, with how many files and the first of them."""

    kind: Literal["failed", "warning", "unmatched", "invalid", "note"]
    cause: str
    count: int = 1
    examples: tuple[str, ...] = ()


def heading(run: Work, chores: Mapping[str, Chore] | None = None) -> Content:
    """How it ended, in a sentence; what was done to the result since, each in another."""
    return lines([_ended(run), *(ending(chore) for chore in (chores or {}).values())])


def _ended(run: Work) -> Content:
    progress = run.progress
    where = shown_path(progress.output or run.settings.output)
    if run.ending == "failed":
        return lines(
            [said(("The run failed: ", "bold $text-error"), run.error), said("What was done before is kept.")]
        )
    if run.ending == "stopped":
        return lines(
            [
                said(("Stopped. ", "bold $text-warning"), f"What is done lies in {where}"),
                said("A later run goes on from there."),
            ]
        )
    failed = progress.failed
    word = (
        (f"Done, but {failed:,} failed. ", "bold $text-warning")
        if failed
        else ("Done. ", "bold $text-success")
    )
    return said(word, f"{progress.media_count:,} pictures and videos: {where}")


def result(run: Work) -> Content:
    """Every count; the parts add up to what was found."""
    progress = run.progress
    rows = [_row(progress.media_count, "pictures and videos", "bold")]
    rows += _parts(progress.media, MEDIA_WORDS)
    rows.append(_row(progress.json_count, "JSON files", "bold"))
    rows += _parts(progress.json, JSON_WORDS)
    rows.append(_row(progress.other, "other files", "bold"))
    rows.append(said("-" * 34))
    rows.append(_row(progress.found, "files found", "bold"))
    seconds = run.seconds or progress.seconds
    rows.append(said(""))
    rows.append(said(f"{clock(seconds):>10}  {size(progress.bytes)} written"))
    if progress.conflicts:
        rows.append(_row(progress.conflicts, "differ from Google"))
    if progress.warnings:
        rows.append(_row(progress.warnings, "have warnings"))
    return lines(rows)


def _parts(counts: Any, words: Mapping[str, str]) -> Iterator[Content]:
    return (_row(counts[word], "  " + text) for word, text in words.items() if counts[word])


def _row(count: int, text: str, style: str = "") -> Content:
    return said((f"{count:>10,}", style), f"  {text}")


def problems(run: Work, figures: Figures | None) -> list[Problem]:
    """What went wrong or is doubtful, by cause, the gravest first and in each kind the most frequent."""
    found: list[Problem] = []
    if figures is not None:
        found += _by_cause("failed", figures.failures)
        found += _by_cause("unmatched", figures.unmatched)
        found += _by_cause("warning", figures.warnings)
    if invalid := run.progress.json["invalid"]:
        found.append(Problem("invalid", "JSON files that cannot be read", invalid))
    found += [Problem("note", note) for note in run.progress.notes]
    return found


def _by_cause(kind: Literal["failed", "warning", "unmatched"], causes: Causes) -> Iterator[Problem]:
    for cause, count in causes.counts.most_common(SHOWN):
        yield Problem(kind, cause, count, tuple(causes.examples.get(cause, ())))


_STYLES = {"failed": "bold $text-error", "warning": "bold $text-warning"}


def problem_row(problem: Problem) -> Content:
    """A problem as one line of the list."""
    count = f"{problem.count:>7,}" if problem.kind != "note" else " " * 7
    return said(f"{count}  ", (f"{problem.kind:<10}", _STYLES.get(problem.kind, "")), problem.cause)


def problem_text(problem: Problem) -> Content:
    """Everything about a problem: what, what to do, which files."""
    rows = [said((problem.cause, "bold"))]
    if problem.kind in ("failed", "unmatched", "warning"):
        rows += [said(""), said(advice(problem.cause))]
    if problem.examples:
        rows += [
            said(""),
            said(f"{problem.count:,} files, the first of them:" if problem.count > 1 else "The file:"),
        ]
        rows += [said("  " + path) for path in problem.examples]
    return lines(rows)


def next_steps(run: Work) -> Content:
    """Where the pictures go from here."""
    output = shown_path(run.progress.output or run.settings.output)
    rows = []
    for who, how in NEXT_STEPS:
        rows.append(said((f"{who}: ", "bold"), how.replace("{output}", output)))
    return lines(rows)
