"""The parts of the page that tell of the run as a whole."""

from __future__ import annotations

from collections import Counter

from pef_tui.charts import Bar, bytes_words
from pef_tui.charts.bars import largest
from pef_tui.figures import Causes, Figures
from pef_tui.formats import FORMATS
from pef_tui.model import JsonOutcome, MediaOutcome
from pef_tui.progress import Progress
from pef_tui.report import JSON_WORDS, MEDIA_WORDS, clock
from pef_tui.report_page import svg
from pef_tui.report_page.html import table, text

TOLD = 200
"""Notes, and things that could not be read, that are listed."""


def summary(progress: Progress, dry_run: bool, error: str) -> str:
    """Counts that add up to what was found."""
    lines = []
    if error:
        lines.append(f"<p class=failed><strong>{text(error)}</strong>")
    if dry_run:
        lines.append("<p><strong>A dry run: nothing was written. This is what a run would do.</strong>")
    where = f" into <code>{text(progress.output)}</code>" if progress.output else ""
    sources = ", ".join(f"<code>{text(source)}</code>" for source in progress.sources[:20])
    lines.append(f"<p>From {sources or 'nothing'}{where}.")
    tool = f"ExifTool {text(progress.exiftool)}" if progress.exiftool else "no ExifTool"
    lines.append(f"<p class=soft>{progress.found:,} files found; {clock(progress.seconds)}; {tool}.")
    lines.append("<ul class=cards>")
    lines += _cards(progress.media, MEDIA_WORDS, "")
    lines += _cards(progress.json, JSON_WORDS, "JSON ")
    if progress.other:
        lines.append(f"<li><b>{progress.other:,}</b>other files</li>")
    return "\n".join([*lines, f"<li><b>{progress.found:,}</b>files in all</li></ul>\n"])


def _cards(
    counter: Counter[MediaOutcome] | Counter[JsonOutcome], words: dict[str, str], before: str
) -> list[str]:
    counts: dict[str, int] = dict(counter)  # type: ignore[arg-type]
    counted = ((word, said, counts.get(word, 0)) for word, said in words.items())
    return [f"<li><b class={word}>{count:,}</b>{before}{said}</li>" for word, said, count in counted if count]


def charts(figures: Figures) -> str:
    """Pictures instead of numbers."""
    sizes = [
        Bar(FORMATS[name].words if name in FORMATS else "not known", size, _size(figures, name, size))
        for name, size in largest(figures.bytes)
    ]
    people = [Bar(name, count, f"{count:,.0f}") for name, count in largest(figures.people)]
    drawn = [
        _figure("As the export dates the files", svg.months(figures.before), "before"),
        _figure("As they were taken", svg.months(figures.after)),
        _figure(f"Places: {figures.places.total:,} pictures", svg.world(figures.places.points()), "wide"),
        _figure("Size by format", svg.bars(sizes)),
        _figure(f"People: {len(people):,}", svg.bars(people)),
    ]
    shown = "".join(drawn)
    return (
        f"<section id=pictures><h2>Pictures</h2><div class=charts>{shown}</div></section>\n" if shown else ""
    )


def _size(figures: Figures, name: str, size: float) -> str:
    return f"{bytes_words(size)} in {figures.formats[name]:,}"


def _figure(title: str, drawn: str, cls: str = "plain") -> str:
    return f"<figure class={cls}><h3>{text(title)}</h3>{drawn}</figure>\n" if drawn else ""


def problems(progress: Progress, figures: Figures) -> str:
    """By cause, with the first files of each; then what the run as a whole has to tell."""
    parts = []
    for title, causes in (
        ("Failed", figures.failures),
        ("Without a sidecar", figures.unmatched),
        ("Doubtful", figures.warnings),
    ):
        if causes.counts:
            parts.append(f"<h3>{title}: {causes.counts.total():,}</h3>" + _causes(causes))
    for title, told in (("Not read", progress.unread), ("Notes", progress.notes)):
        lines = [line for line in told if title == "Not read" or line not in progress.unread]
        if lines:
            items = "".join(f"<li>{text(line, 2000)}</li>" for line in lines[:TOLD])
            more = f"<p class=soft>and {len(lines) - TOLD:,} more" if len(lines) > TOLD else ""
            parts.append(f"<h3>{title}</h3><ul>{items}</ul>{more}")
    body = "".join(parts) or "<p>None."
    return f"<section id=problems><h2>Problems</h2>{body}</section>\n"


def _causes(causes: Causes) -> str:
    rows: list[tuple[object, ...]] = [
        (cause, f"{count:,}", ", ".join(causes.examples.get(cause, ())))
        for cause, count in causes.counts.most_common()
    ]
    return table(("cause", "files", "the first of them"), rows, (1,))


def conflicts(figures: Figures) -> str:
    """Where files say something else than Google."""
    if not figures.conflicts:
        return ""
    rows: list[tuple[object, ...]] = [
        (unit, kind, f"{count:,}") for (unit, kind), count in figures.conflicts.most_common()
    ]
    said = "Files that say something else than Google; each is named in its folder below."
    counted = table(("what", "how", "files"), rows, (2,))
    return f"<section id=conflicts><h2>Conflicts</h2><p>{said}{counted}</section>\n"
