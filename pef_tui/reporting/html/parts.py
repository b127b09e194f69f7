"""The sections of the report page on the run as a whole: summary, charts, problems and conflicts."""

from __future__ import annotations

from collections import Counter

from pef_tui.formats import FORMATS
from pef_tui.model import JsonOutcome, MediaOutcome
from pef_tui.progress import Progress
from pef_tui.reporting.charts import Bar, size_text
from pef_tui.reporting.charts.bars import largest
from pef_tui.reporting.html import svg
from pef_tui.reporting.html.escape import FileLink, table, text
from pef_tui.reporting.html.rows import conflict_name
from pef_tui.reporting.json_lines import JSON_WORDS, MEDIA_WORDS, assumed_zone_text, duration_text
from pef_tui.reporting.stats import OTHER_CAUSES, Causes, RunStats

MAX_LINES = 200
"""Maximum number of listed notes, and of listed parts of the sources that could not be read."""


def summary(progress: Progress, dry_run: bool, error: str) -> str:
    """Return the error of the run, its sources and its counts in HTML. The counts add up to the number of files found.

    `error`: why the run as a whole failed; "" if it did not.
    """
    lines = []
    if error:
        lines.append(f"<p class=failed><strong>{text(error)}</strong>")
    if dry_run:
        lines.append("<p><strong>A dry run: nothing was written. A run would have this result.</strong>")
    target = f" into <code>{text(progress.output)}</code>" if progress.output else ""
    sources = ", ".join(f"<code>{text(source)}</code>" for source in progress.sources[:20])
    lines.append(f"<p>From {sources or 'nothing'}{target}.")
    tool = f"ExifTool {text(progress.exiftool)}" if progress.exiftool else "no ExifTool"
    lines.append(
        f"<p class=soft>{progress.found_count:,} files found; {duration_text(progress.seconds)}; {tool}."
    )
    lines.append("<ul class=cards>")
    lines += _cards(progress.media, MEDIA_WORDS, "")
    lines += _cards(progress.json, JSON_WORDS, "JSON ")
    if progress.other_count:
        lines.append(
            f"<li><b>{progress.other_count:,}</b>other {'file' if progress.other_count == 1 else 'files'}</li>"
        )
    if progress.not_reached:
        lines.append(f"<li><b>{progress.not_reached:,}</b>not reached</li>")
    return "\n".join([*lines, f"<li><b>{progress.found_count:,}</b>files in all</li></ul>\n"])


def _cards(
    counter: Counter[MediaOutcome] | Counter[JsonOutcome], words: dict[str, str], prefix: str
) -> list[str]:
    counts: dict[str, int] = dict(counter)  # type: ignore[arg-type]
    counted = ((word, label, counts.get(word, 0)) for word, label in words.items())
    return [
        f"<li><b class={word}>{count:,}</b>{prefix}{label}</li>" for word, label, count in counted if count
    ]


def charts(figures: RunStats) -> str:
    """Return the charts in HTML; "" if all charts are empty."""
    sizes = [
        Bar(FORMATS[name].words if name in FORMATS else "unknown", size, _size(figures, name, size))
        for name, size in largest(figures.bytes)
    ]
    people = [Bar(name, count, f"{count:,.0f}") for name, count in largest(figures.people)]
    figures_html = [
        _figure("Dates of the files in the export", svg.months(figures.file_months), "before"),
        _figure("Dates taken", svg.months(figures.capture_months)),
        _figure(f"Places: {figures.points.total:,} pictures", svg.world(figures.points.points()), "wide"),
        _figure("Size by format", svg.bars(sizes)),
        _figure(f"People: {len(people):,}", svg.bars(people)),
    ]
    html = "".join(figures_html)
    return f"<section id=pictures><h2>Pictures</h2><div class=charts>{html}</div></section>\n" if html else ""


def _size(figures: RunStats, name: str, size: float) -> str:
    return f"{size_text(size)} in {figures.formats[name]:,}"


def _figure(title: str, svg_text: str, cls: str = "plain") -> str:
    return f"<figure class={cls}><h3>{text(title)}</h3>{svg_text}</figure>\n" if svg_text else ""


def problems(progress: Progress, figures: RunStats) -> str:
    """Return, in HTML, the problems by cause with example files, then unreadable parts of the sources, then notes."""
    parts = []
    for title, causes, outcome in (
        ("Failed", figures.failures, "failed"),
        ("Without a sidecar", figures.unmatched, "unmatched"),
        ("Warnings", figures.warnings, ""),
    ):
        if causes.counts:
            parts.append(f"<h3>{title}: {causes.counts.total():,}</h3>" + _causes(causes, outcome))
    if progress.assumed_zones:
        words = f"{assumed_zone_text()}. If you know the zone, run again with --timezone ZONE, such as Europe/Berlin."
        parts.append(f"<h3>Time zone assumed: {progress.assumed_zones:,}</h3><p>{text(words)}")
    for title, texts in (("Not read", progress.source_problems), ("Notes", progress.notes)):
        lines = [line for line in texts if title == "Not read" or line not in progress.source_problems]
        if lines:
            items = "".join(f"<li>{text(line, 2000)}</li>" for line in lines[:MAX_LINES])
            rest_note = f"<p class=soft>and {len(lines) - MAX_LINES:,} more" if len(lines) > MAX_LINES else ""
            parts.append(f"<h3>{title}</h3><ul>{items}</ul>{rest_note}")
    body = "".join(parts) or "<p>None."
    return f"<section id=problems><h2>Problems</h2>{body}</section>\n"


def _causes(causes: Causes, outcome: str) -> str:
    """Return a table of causes in HTML, each with a link to its files. `outcome`: outcome of the files; "" for any."""
    rows: list[tuple[object, ...]] = [
        (
            cause if cause == OTHER_CAUSES else FileLink(cause, cause, outcome),
            f"{count:,}",
            ", ".join(causes.examples.get(cause, ())),
        )
        for cause, count in causes.counts.most_common()
    ]
    return table(("cause", "files", "first files"), rows, (1,))


def conflicts(figures: RunStats) -> str:
    """Return the numbers of conflicts by unit and kind in HTML; "" if there are no conflicts."""
    if not figures.conflicts:
        return ""
    rows: list[tuple[object, ...]] = [
        (FileLink(unit, conflict_name(unit, kind)), FileLink(kind, conflict_name(unit, kind)), f"{count:,}")
        for (unit, kind), count in figures.conflicts.most_common()
    ]
    intro = "Files with values that differ from Google's. A link shows the files of a line."
    counted = table(("value", "difference", "files"), rows, (2,))
    return f"<section id=conflicts><h2>Conflicts</h2><p>{intro}{counted}</section>\n"
