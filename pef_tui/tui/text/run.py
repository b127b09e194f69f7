"""Texts of the Run screen, made from the counters of the run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from textual.content import Content
from textual.geometry import Size

from pef_tui.formats import FORMATS
from pef_tui.reporting.charts import columns
from pef_tui.reporting.charts.bars import bar as chart_bar
from pef_tui.reporting.charts.bars import largest
from pef_tui.reporting.json_lines import MEDIA_WORDS, duration_text
from pef_tui.reporting.rate import HISTORY, RateMeter, rough_duration, sparkline
from pef_tui.reporting.stats import RunStats
from pef_tui.sanitize import safe
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.preflight import size
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.session.session import Session
from pef_tui.tui.session.time_use import TimeUse
from pef_tui.tui.text.charts import chart_text
from pef_tui.tui.text.safe_content import lines, safe_content

DIM_OUTCOMES = ("unchanged", "excluded", "duplicate")
"""Outcomes that are shown dim, because nothing was written."""
OF_WORK = " of the work"
"""After the percentage, which counts the estimated time of each file, not the files."""
FULL, EMPTY = "█", "░"
CHART_HEIGHT = 5
"""Height of the pane of the speed, in lines, from which it has charts."""
MAX_STRETCH = 4
"""Maximum width of a column in the charts of the speed, in cells."""
GAP = 3
"""Number of blanks between the two charts of the speed."""
NAME_WIDTH, COLUMN_WIDTH = 14, 9
"""Width of the first column and of the other columns in the table of the formats."""
FORMAT_OUTCOMES = ("failed", "written", "sidecar", "copied", "unmatched", "unchanged")
"""Outcomes in the table of the formats, the most important first."""
COLUMN_HEADS = {"sidecar": "with XMP", "copied": "complete", "unmatched": "no JSON", "unchanged": "earlier"}
"""Headings of the columns of these outcomes; those of the others are their names."""


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
            bar(fraction, max(10, width - 7 - len(OF_WORK))) + safe_content((OF_WORK, "dim")),
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


def speed(run: RunThread, rate: RateMeter, space: Size) -> Content:
    """Return files and bytes per second with charts of the last minutes, and the elapsed time.

    `space`: size of the pane. Below `CHART_HEIGHT` lines, the charts are sparklines in three lines.
    """
    files, octets = rate.speed()
    elapsed = f"{duration_text(run.seconds or run.progress.seconds)} so far"
    if space.height < CHART_HEIGHT:
        spark = max(0, min(HISTORY, space.width - 18))
        return lines(
            [
                safe_content(f"{files:>10,.0f} /s    ", (sparkline(rate.files, spark), "$primary")),
                safe_content(f"{size(octets):>10}/s    ", (sparkline(rate.bytes, spark), "$primary")),
                safe_content(f"{elapsed:>17}"),
            ]
        )
    half, height = (space.width - GAP) // 2, space.height - 1
    highest_files = f"highest {max(rate.files, default=0.0):,.0f}"
    highest_bytes = f"highest {size(max(rate.bytes, default=0.0))}/s"
    rows = [
        _caption((f"{files:,.0f} files/s", highest_files, elapsed), half)
        + _caption((f"{size(octets)}/s", highest_bytes), half, " " * GAP)
    ]
    charts = [columns(_stretched(values, half), half, height) for values in (rate.files, rate.bytes)]
    for left, right in zip(*charts, strict=True):
        rows.append(safe_content((f"{left:<{half + GAP}}{right}", "$primary")))
    return lines(rows)


def _stretched(values: Sequence[float], width: int) -> list[float]:
    """Return the values, each up to `MAX_STRETCH` times, so that few of them fill the width too."""
    times = max(min(width // max(len(values), 1), MAX_STRETCH), 1)
    return [value for value in values for _ in range(times)]


def _caption(texts: tuple[str, ...], width: int, before: str = "") -> Content:
    """Return the line above a chart: the present speed in bold, then the others texts that fit into `width`."""
    first, text = texts[0], ""
    for more in texts[1:]:
        text += f"   {more}" if len(first) + len(text) + len(more) + 3 <= width else ""
    return safe_content(before, (first, "bold"), (f"{text:<{max(width - len(first), 0)}}", "$text-muted"))


def formats(stats: RunStats, space: Size) -> Content:
    """Return a table with the files, the outcomes and the bytes of each format, the most frequent format first.

    `space`: size of the pane. Outcomes and formats for which there is no room are left out; failures are shown first.
    """
    by_outcome, octets = dict(stats.outcomes), dict(stats.bytes)
    rows = largest(dict(stats.formats))
    if not rows:
        return safe_content(("nothing yet", "$text-muted"))
    present = {outcome for _, outcome in by_outcome}
    room = max((space.width - NAME_WIDTH - 2 * COLUMN_WIDTH) // COLUMN_WIDTH, 0)
    kept = [outcome for outcome in FORMAT_OUTCOMES if outcome in present][:room]
    shown = [outcome for outcome in MEDIA_WORDS if outcome in kept]
    heads = ("files", *(COLUMN_HEADS.get(outcome, outcome) for outcome in shown), "size")
    texts = [
        safe_content((" " * NAME_WIDTH + "".join(f"{head:>{COLUMN_WIDTH}}" for head in heads), "$text-muted"))
    ]
    for name, count in rows[: max(space.height - 1, 1)]:
        words = FORMATS[name].words if name in FORMATS else "unknown"
        cells = [safe_content(f"{safe(words, NAME_WIDTH):<{NAME_WIDTH}}{count:>{COLUMN_WIDTH},.0f}")]
        for outcome in shown:
            number = by_outcome.get((name, outcome), 0)
            style = "bold $text-error" if outcome == "failed" and number else ""
            text = f"{number:,}" if number else ""
            cells.append(safe_content((f"{text:>{COLUMN_WIDTH}}", style)))
        cells.append(safe_content(f"{size(octets.get(name, 0)):>{COLUMN_WIDTH}}"))
        texts.append(Content("").join(cells))
    return lines(texts)


def time_use(use: TimeUse, space: Size) -> Content:
    """Return a bar chart of what the threads of the run do, in shares of their time."""
    shares = use.shares()
    if not shares:
        return safe_content(("nothing yet", "$text-muted"))
    name_width = max(len(words) for words, _ in shares)
    room = max(space.width - name_width - 7, 1)
    return chart_text(
        [
            f"{words:<{name_width}} {chart_bar(share / shares[0][1], room)} {share * 100:>3.0f} %"
            for words, share in shares[: max(space.height, 1)]
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
