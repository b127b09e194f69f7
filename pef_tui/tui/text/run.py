"""Texts of the Run screen, made from the counters of the run."""

from __future__ import annotations

import os
from typing import Any

from textual.content import Content
from textual.geometry import Size

from pef_tui.reporting.json_lines import MEDIA_WORDS, duration_text
from pef_tui.reporting.rate import RateMeter, rough_duration, sparkline
from pef_tui.sanitize import safe
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.preflight import size
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.session.session import Session
from pef_tui.tui.text.safe_content import lines, safe_content

DIM_OUTCOMES = ("unchanged", "excluded", "duplicate")
"""Outcomes that are shown dim, because nothing was written."""
OF_WORK = " of the work"
"""After the percentage, which counts the estimated time of each file, not the files."""
FULL, EMPTY = "█", "░"


def state(run: RunThread) -> tuple[str, str]:
    """Return the state of the run (`writing`, `paused`), and the Textual style in which to show it."""
    if run.ending:
        return run.ending, "bold $text-error" if run.ending == "failed" else "bold"
    if run.progress.stop.is_set():
        return "stopping after the current batch", "bold $text-warning"
    if run.progress.pause.is_set():
        return "paused", "bold $text-warning"
    if run.progress.phase == "wait":
        return "waiting for another run", "bold $text-warning"
    return ("writing" if run.progress.file_count else "reading the sources"), "bold $text-success"


def headline(session: Session, run: RunThread, rate: RateMeter, width: int) -> Content:
    """Return three lines: sources and output folder; the progress bar; the state of the run and the remaining time."""
    sources = [shown_path(path) for path in run.settings.sources]
    more_sources = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    target = shown_path(run.progress.output or run.settings.output)
    fraction = session.done_fraction(run)
    word, style = state(run)
    remaining = (
        rate.remaining(1.0)
        if not (run.is_over or run.progress.pause.is_set() or run.progress.stop.is_set())
        else None
    )
    time = f", {rough_duration(remaining)} left" if remaining is not None else ""
    arrow = " (in place)" if run.settings.in_place else f"  ->  {safe(target)}"
    return lines(
        [
            safe_content(sources[0] + more_sources if sources else "", arrow),
            bar(fraction, max(10, min(width, 100) - 7 - len(OF_WORK))) + safe_content((OF_WORK, "dim")),
            safe_content((word, style), time),
        ]
    )


def bar(fraction: float, width: int) -> Content:
    """Return a progress bar of `width` cells, filled to `fraction` (0 to 1), and the percentage after it."""
    filled = round(fraction * width)
    percent = f"{int(fraction * 100)} %"
    return Content.assemble(
        (FULL * filled, "$primary"), (EMPTY * (width - filled), "$foreground-muted"), f" {percent:>6}"
    )


def done_so_far(run: RunThread, expected: int) -> Content:
    """Return a line with the number of files so far, then a line for each outcome. The outcomes add up to the number.

    `expected`: how many files the run will find; 0 if unknown.
    """
    progress = run.progress
    of = f" of {expected:,}" if expected >= progress.file_count else ""
    rows = [safe_content((f"{progress.file_count:>10,}", "bold"), f"{of} files")]
    counts: Any = progress.media
    for word, text in MEDIA_WORDS.items():
        if count := counts[word]:
            style = "bold $text-error" if word == "failed" else "dim" if word in DIM_OUTCOMES else ""
            rows.append(safe_content((f"{count:>10,} {text}", style)))
    if progress.json_count:
        rows.append(safe_content((f"{progress.json_count:>10,} JSON files read", "dim")))
    if progress.other_count:
        rows.append(safe_content((f"{progress.other_count:>10,} other files", "dim")))
    return lines(rows)


def speed(run: RunThread, rate: RateMeter, width: int) -> Content:
    """Return three lines: files per second and bytes per second, with sparklines of the last minute; elapsed time."""
    files, octets = rate.speed()
    spark = max(0, min(60, width - 18))
    seconds = run.seconds or run.progress.seconds
    return lines(
        [
            safe_content(f"{files:>10,.0f} /s    ", (sparkline(rate.files, spark), "$primary")),
            safe_content(f"{size(octets):>10}/s    ", (sparkline(rate.bytes, spark), "$primary")),
            safe_content(f"{duration_text(seconds):>10} so far"),
        ]
    )


def current_batches(run: RunThread, space: Size) -> Content:
    """Return a line with the current folder, then a line for the batch of each writer thread.

    `space`: size of the pane. Batches that do not fit into its height are left out.
    """
    rows = [safe_content(run.progress.folder)] if run.progress.folder else []
    for number, (count, first) in enumerate(
        sorted(dict(run.progress.active_batches).values(), key=lambda batch: batch[1]), 1
    ):
        if len(rows) >= max(1, space.height):
            break
        name = os.path.basename(first)
        text = f"{count} files from {name}" if count > 1 else name
        rows.append(safe_content(f"writer {number}  ", (text, "dim")))
    return lines(rows) if rows else safe_content(("nothing yet", "dim"))


def problems(run: RunThread, height: int) -> Content:
    """Return the last failures, the most recent first, then the notes of the run, in at most `height` lines."""
    rows = [
        safe_content(("failed ", "bold $text-error"), path, ("  " + reason, "dim"))
        for path, reason in reversed(list(run.progress.recent_failures))
    ]
    rows += [safe_content(("note ", "bold"), note) for note in list(run.progress.notes)]
    if not rows:
        return safe_content(("none", "dim"))
    return lines(rows[: max(1, height)])
