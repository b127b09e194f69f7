"""`--status`: print what the manifest of DEST records. No source is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from pef_tui.errors import RunError
from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.manifest import EntryFilter, FolderCount, Row, Run, RunHistory, holder
from pef_tui.pipeline.source_args import default_output
from pef_tui.reporting.charts import size_text
from pef_tui.reporting.console import Console, data_out
from pef_tui.reporting.json_lines import MEDIA_WORDS, encode_line
from pef_tui.reporting.run_words import run_end
from pef_tui.sanitize import safe
from pef_tui.settings import Settings

OK, FAILED, USAGE_ERROR = 0, 1, 2
"""Exit codes."""
MAX_LISTED = 20
"""Maximum number of listed folders, failed files and runs. `-v` and `--json` list all folders and failed files."""
PAGE = 1_000
"""Number of folders or files that are read from the manifest at once."""

Line = tuple[dict[str, object], str]
"""A line of output in both forms: as fields of a JSON line, and as text ("" for no line)."""
Item = TypeVar("Item")


def status(settings: Settings) -> int:
    """Print the status of DEST. Return the exit code.

    It is 1 if DEST has no manifest or the manifest cannot be read, and 2 if the settings do not determine DEST.
    """
    dest = _dest(settings)
    if not dest:
        Console().error("--status needs DEST: pef-tui --status -o DEST")
        return USAGE_ERROR
    try:
        history = RunHistory.open(dest)
    except (OSError, RunError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        Console().error(f"DEST {safe(dest)}: {safe(str(reason))}")
        return FAILED
    if history is None:
        Console().error(f"DEST {safe(dest)}: no manifest: no run has written into it")
        return FAILED
    with data_out() as data:
        for fields, words in _lines(history, dest, settings):
            if settings.json:
                data.write(encode_line({"v": 1, **fields}))
            elif words:
                data.write((words + "\n").encode("utf-8", "backslashreplace"))
    history.close()
    return OK


def _dest(settings: Settings) -> str:
    """Return the path of DEST: `--output`, or else derived from SOURCE, if there is exactly one; else "".

    A SOURCE with a `.pef-tui` folder was written in place, so it is DEST itself. For any other SOURCE, return the
    folder into which a run without `--output` writes.
    """
    if settings.output:
        return os.path.realpath(settings.output)
    if len(settings.sources) != 1:
        return ""
    [source] = settings.sources
    if os.path.isdir(os.path.join(source, STATE_DIR)):
        return os.path.realpath(source)
    return default_output(os.path.realpath(source))


def _lines(history: RunHistory, dest: str, settings: Settings) -> Iterator[Line]:
    is_complete = settings.json or settings.verbose
    yield from _totals(history, dest)
    folders = _all_items(lambda last: history.folders(last.path if last else None, PAGE))
    yield from _limited(map(_folder_line, folders), MAX_LISTED, is_complete, "Folders:", "folders")
    failed = EntryFilter(outcomes=("failed",))
    rows = _all_items(lambda last: history.page(failed, last, PAGE))
    yield from _limited(map(_failed_line, rows), MAX_LISTED, is_complete, "Failed:", "failed files")
    yield from _limited(
        map(_run_line, history.runs(MAX_LISTED)), MAX_LISTED, is_complete, "Runs, most recent first:", "runs"
    )


def _all_items(page: Callable[[Item | None], list[Item]]) -> Iterator[Item]:
    """Yield the items of all pages. `page` returns the items that follow its argument; None means from the start."""
    last: Item | None = None
    while items := page(last):
        yield from items
        last = items[-1]


def _totals(history: RunHistory, dest: str) -> Iterator[Line]:
    counts, totals, running = history.counts(), history.totals(), holder(dest)
    fields: dict[str, object] = {
        "type": "status",
        "output": dest,
        "files": totals.files,
        "bytes": totals.bytes,
        "media": dict(counts),
        "conflicts": totals.conflicts,
        "running": running or None,
        "problems": history.problems,
    }
    words = [f"{safe(dest)}: {totals.files:,} pictures and videos, {size_text(totals.bytes)}"]
    words += [f"{count:>9,} {MEDIA_WORDS[word]}" for word, count in counts.items() if count]
    if totals.conflicts:
        words.append(f"{totals.conflicts:>9,} with values that differ from Google's")
    if running:
        words.append(f"A run is in progress: {safe(running)}")
    words += [safe(problem) for problem in history.problems]
    yield fields, "\n".join(words)


def _limited(lines: Iterator[Line], limit: int, is_complete: bool, heading: str, noun: str) -> Iterator[Line]:
    """Yield the lines, the first of them with `heading` above it; yield nothing if there are no lines.

    Unless `is_complete`, yield at most `limit` lines, and then a line with the number of omitted items. `noun`: what
    the items are, such as `folders`.
    """
    omitted = 0
    for number, (fields, words) in enumerate(lines):
        if number == 0:
            words = f"{heading}\n{words}"
        if number >= limit and not is_complete:
            omitted += 1
            continue
        yield fields, words
    if omitted:
        yield {}, f"  and {omitted:,} more {noun} (-v lists all)"


def _folder_line(folder: FolderCount) -> Line:
    fields: dict[str, object] = {
        "type": "folder",
        "path": folder.path,
        "files": folder.files,
        "failed": folder.failed,
        "conflicts": folder.conflicts,
        "bytes": folder.bytes,
    }
    failed = f", {folder.failed:,} failed" if folder.failed else ""
    conflicts = f", {folder.conflicts:,} with values that differ from Google's" if folder.conflicts else ""
    return fields, f"{folder.files:>9,} {safe(folder.path) or '(top)'}{failed}{conflicts}"


def _failed_line(row: Row) -> Line:
    name = row.name.partition("\0")[0]
    path = f"{row.folder}/{name}" if row.folder else name
    fields: dict[str, object] = {"type": "failed", "path": path, "reason": row.reason}
    return fields, f"  {safe(path, 200)}: {safe(row.reason, 300)}"


def _run_line(run: Run) -> Line:
    started = datetime.fromtimestamp(run.started_ns / 1e9, UTC)
    seconds = None if run.ended_ns is None else round((run.ended_ns - run.started_ns) / 1e9, 3)
    fields: dict[str, object] = {
        "type": "run",
        "run": run.run,
        "started": started.isoformat(timespec="seconds"),
        "version": run.version,
        "options": run.option_values,
        "seconds": seconds,
        "counts": run.counts,
        "exit": run.exit_code,
        "stopped": run.stopped or None,
    }
    counts = ", ".join(f"{count:,} {safe(word)}" for word, count in run.counts.items() if count)
    end = run_end(run)
    if seconds is not None:
        code = f", exit code {run.exit_code}" if run.exit_code else ""
        end += f" after {seconds:,.1f} s{code}: {counts or 'no files found'}"
    return fields, f"  {started.astimezone():%Y-%m-%d %H:%M} {safe(run.version, 20)} {end}"
