"""`--status`: what the manifest knows of DEST, without a look at any source."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from pef_tui.charts import bytes_words
from pef_tui.console import Console, data_out
from pef_tui.display import safe
from pef_tui.errors import RunError
from pef_tui.manifest import Catalog, FolderCount, Row, Run, Wanted, holder
from pef_tui.report import MEDIA_WORDS, encoded
from pef_tui.run.sources import default_output
from pef_tui.settings import Settings

DONE, FAILED, USAGE = 0, 1, 2
SHOWN = 20
"""Folders, failures and runs told in words; `-v` and `--json` tell all folders and failures."""
PAGE = 1_000

Line = tuple[dict[str, object], str]
"""The same thing as JSON and as words."""
Item = TypeVar("Item")


def status(settings: Settings) -> int:
    """Tell what is known of DEST; the exit code: 1 where that is nothing."""
    dest = _dest(settings)
    if not dest:
        Console().error("--status needs DEST: pef-tui --status -o DEST")
        return USAGE
    try:
        catalog = Catalog.open(dest)
    except (OSError, RunError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        Console().error(f"DEST {safe(dest)}: {safe(str(reason))}")
        return FAILED
    if catalog is None:
        Console().error(f"DEST {safe(dest)}: there is no manifest, so no run was ever made into it")
        return FAILED
    with data_out() as data:
        for fields, words in _lines(catalog, dest, settings):
            if settings.json:
                data.write(encoded({"v": 1, **fields}))
            elif words:
                data.write((words + "\n").encode("utf-8", "backslashreplace"))
    catalog.close()
    return DONE


def _dest(settings: Settings) -> str:
    """DEST as given, or the only SOURCE where it is one itself, or what a run of that SOURCE would choose."""
    if settings.output:
        return os.path.realpath(settings.output)
    if len(settings.sources) != 1:
        return ""
    [source] = settings.sources
    if os.path.isdir(os.path.join(source, ".pef-tui")):
        return os.path.realpath(source)
    return default_output(os.path.realpath(source))


def _lines(catalog: Catalog, dest: str, settings: Settings) -> Iterator[Line]:
    everything = settings.json or settings.verbose
    yield from _whole(catalog, dest)
    folders = _all(lambda last: catalog.folders(last.path if last else None, PAGE))
    yield from _some(map(_folder, folders), SHOWN, everything, "Folders:", "folders")
    failed = Wanted(words=("failed",))
    rows = _all(lambda last: catalog.page(failed, last, PAGE))
    yield from _some(map(_failed, rows), SHOWN, everything, "Failed:", "failed files")
    yield from _some(map(_run, catalog.runs(SHOWN)), SHOWN, everything, "Runs, the last first:", "runs")


def _all(page: Callable[[Item | None], list[Item]]) -> Iterator[Item]:
    """Everything, page by page."""
    last: Item | None = None
    while items := page(last):
        yield from items
        last = items[-1]


def _whole(catalog: Catalog, dest: str) -> Iterator[Line]:
    counts, totals, running = catalog.counts(), catalog.totals(), holder(dest)
    fields: dict[str, object] = {
        "type": "status",
        "output": dest,
        "files": totals.files,
        "bytes": totals.bytes,
        "media": dict(counts),
        "conflicts": totals.conflicts,
        "running": running or None,
        "problems": catalog.problems,
    }
    words = [f"{safe(dest)}: {totals.files:,} pictures and videos, {bytes_words(totals.bytes)}"]
    words += [f"{count:>9,} {MEDIA_WORDS[word]}" for word, count in counts.items() if count]
    if totals.conflicts:
        words.append(f"{totals.conflicts:>9,} say something else than Google does")
    if running:
        words.append(f"A run is at work: {safe(running)}")
    words += [safe(problem) for problem in catalog.problems]
    yield fields, "\n".join(words)


def _some(lines: Iterator[Line], limit: int, everything: bool, heading: str, what: str) -> Iterator[Line]:
    """Lines under a heading; unless everything is told, the words of those beyond the limit are a count."""
    more = 0
    for number, (fields, words) in enumerate(lines):
        if number == 0:
            words = f"{heading}\n{words}"
        if number >= limit and not everything:
            more += 1
            continue
        yield fields, words
    if more:
        yield {}, f"  and {more:,} more {what}; -v tells all"


def _folder(folder: FolderCount) -> Line:
    fields: dict[str, object] = {
        "type": "folder",
        "path": folder.path,
        "files": folder.files,
        "failed": folder.failed,
        "conflicts": folder.conflicts,
        "bytes": folder.bytes,
    }
    failed = f", {folder.failed:,} failed" if folder.failed else ""
    conflicts = f", {folder.conflicts:,} differ from Google" if folder.conflicts else ""
    return fields, f"{folder.files:>9,} {safe(folder.path) or '(top)'}{failed}{conflicts}"


def _failed(row: Row) -> Line:
    name = row.name.partition("\0")[0]
    path = f"{row.folder}/{name}" if row.folder else name
    fields: dict[str, object] = {"type": "failed", "path": path, "reason": row.reason}
    return fields, f"  {safe(path, 200)}: {safe(row.reason, 300)}"


def _run(run: Run) -> Line:
    started = datetime.fromtimestamp(run.started_ns / 1e9, UTC)
    seconds = None if run.ended_ns is None else round((run.ended_ns - run.started_ns) / 1e9, 3)
    fields: dict[str, object] = {
        "type": "run",
        "run": run.run,
        "started": started.isoformat(timespec="seconds"),
        "version": run.version,
        "options": run.options,
        "seconds": seconds,
        "counts": run.counts,
    }
    told = ", ".join(f"{count:,} {safe(word)}" for word, count in run.counts.items() if count)
    end = "did not come to its end" if seconds is None else f"{seconds:,.1f} s: {told or 'nothing found'}"
    return fields, f"  {started.astimezone():%Y-%m-%d %H:%M} {safe(run.version, 20)} {end}"
