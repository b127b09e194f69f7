"""The words of the Run screen, each from counters alone."""

from __future__ import annotations

import os
from typing import Any

from textual.content import Content
from textual.geometry import Size

from pef_tui.display import safe
from pef_tui.report import MEDIA_WORDS, clock
from pef_tui.tui.before import size
from pef_tui.tui.content import lines, said
from pef_tui.tui.flow import Flow
from pef_tui.tui.pace import Pace, rough, sparkline
from pef_tui.tui.places import shown_path
from pef_tui.tui.work import Work

NOT_DONE = ("unchanged", "excluded", "duplicate")
"""Outcomes told in a fainter style: there was nothing to do."""
FULL, EMPTY = "█", "░"


def state(run: Work) -> tuple[str, str]:
    """What the run is doing, in a word, and the style of the word."""
    if run.ending:
        return run.ending, "bold $text-error" if run.ending == "failed" else "bold"
    if run.progress.stop.is_set():
        return "stopping after the batch in hand", "bold $text-warning"
    if run.progress.pause.is_set():
        return "paused", "bold $text-warning"
    return ("writing" if run.progress.found else "reading the sources"), "bold $text-success"


def headline(flow: Flow, run: Work, pace: Pace, width: int) -> Content:
    """From where to where, the bar, the time left."""
    sources = [shown_path(path) for path in run.settings.sources]
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    target = shown_path(run.progress.output or run.settings.output)
    part = flow.done_part(run)
    word, style = state(run)
    left = (
        pace.left(1.0)
        if not (run.over or run.progress.pause.is_set() or run.progress.stop.is_set())
        else None
    )
    time = f", {rough(left)} left" if left is not None else ""
    arrow = " (in place)" if run.settings.in_place else f"  ->  {safe(target)}"
    return lines(
        [
            said(sources[0] + more if sources else "", arrow),
            bar(part, max(10, min(width, 100) - 7)),
            said((word, style), time),
        ]
    )


def bar(part: float, width: int) -> Content:
    """A bar of `width` cells and the part (0 to 1) in figures."""
    filled = round(part * width)
    told = f"{int(part * 100)} %"
    return Content.assemble(
        (FULL * filled, "$primary"), (EMPTY * (width - filled), "$foreground-muted"), f" {told:>6}"
    )


def done_so_far(run: Work, expected: int) -> Content:
    """Counts by outcome; they add up to the first line."""
    progress = run.progress
    of = f" of {expected:,}" if expected >= progress.found else ""
    rows = [said((f"{progress.found:>10,}", "bold"), f"{of} files")]
    counts: Any = progress.media
    for word, text in MEDIA_WORDS.items():
        if count := counts[word]:
            style = "bold $text-error" if word == "failed" else "dim" if word in NOT_DONE else ""
            rows.append(said((f"{count:>10,} {text}", style)))
    if progress.json_count:
        rows.append(said((f"{progress.json_count:>10,} JSON files read", "dim")))
    if progress.other:
        rows.append(said((f"{progress.other:>10,} other files", "dim")))
    return lines(rows)


def speed(run: Work, pace: Pace, width: int) -> Content:
    """Files and bytes a second, each with its last minute, and the time so far."""
    files, octets = pace.speed()
    spark = max(0, min(60, width - 18))
    seconds = run.seconds or run.progress.seconds
    return lines(
        [
            said(f"{files:>10,.0f} /s    ", (sparkline(pace.files, spark), "$primary")),
            said(f"{size(octets):>10}/s    ", (sparkline(pace.bytes, spark), "$primary")),
            said(f"{clock(seconds):>10} so far"),
        ]
    )


def hands(run: Work, space: Size) -> Content:
    """The Folder in hand, and the batch of each writer."""
    rows = [said(run.progress.folder)] if run.progress.folder else []
    for number, (count, first) in enumerate(
        sorted(dict(run.progress.hands).values(), key=lambda each: each[1]), 1
    ):
        if len(rows) >= max(1, space.height):
            break
        name = os.path.basename(first)
        text = f"{count} files from {name}" if count > 1 else name
        rows.append(said(f"writer {number}  ", (text, "dim")))
    return lines(rows) if rows else said(("nothing yet", "dim"))


def problems(run: Work, height: int) -> Content:
    """The last failures, the latest first, then notes of the run."""
    rows = [
        said(("failed ", "bold $text-error"), path, ("  " + why, "dim"))
        for path, why in reversed(list(run.progress.problems))
    ]
    rows += [said(("note ", "bold"), note) for note in list(run.progress.notes)]
    if not rows:
        return said(("none", "dim"))
    return lines(rows[: max(1, height)])
