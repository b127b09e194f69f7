"""Helpers of the tests of snapshots: an export, runs over it, and edits that keep size and time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pef_tui.pipeline.run import run
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.sources.dir_entries import FINE_NS, STEP_NS
from pef_tui.testing.export import sidecar, takeout

YEAR = "Photos from 2019"


TICK = 2 * STEP_NS / 1e9
"""Seconds in which the clock of file times advances by a step."""


def export_in(place: Path) -> Path:
    """Make four pictures, one without a sidecar; an orphan, a text, an album, a broken JSON file."""
    spec: dict[str, Any] = {
        f"{YEAR}/a.jpg": sidecar("a.jpg", taken=1.5e9),
        f"{YEAR}/alone.jpg": None,
        f"{YEAR}/notes.txt": b"not a picture",
        f"{YEAR}/gone.jpg.json": sidecar("gone.jpg"),
        "Trip/b.jpg": sidecar("b.jpg", people=["Ana"]),
        "Trip/c.gif": sidecar("c.gif"),
        "Trip/metadata.json": {"title": "Trip", "description": "by train"},
        "broken.json": b"{",
    }
    return takeout(place, spec)


def export_of_the_past(place: Path) -> Path:
    """Make the export, and wait until its file times are old enough for a snapshot."""
    export = export_in(place)
    time.sleep(2 * FINE_NS / 1e9)
    return export


def ran(*sources: Path, by_count: bool = True, **fields: Any) -> Progress:
    """Run over the sources. The last path is DEST. Return the counts."""
    *inputs, out = sources
    expected = Settings(sources=tuple(map(str, inputs)), output=str(out), **fields)
    progress = Progress()
    progress.accepts_counts_only = by_count
    for record in run(expected, PluginHost(expected), progress):
        progress.add(record)
    return progress


def counts(progress: Progress) -> tuple[dict[str, int], dict[str, int], int, list[str]]:
    media = {str(word): count for word, count in progress.media.items() if count}
    return (
        media,
        {str(word): count for word, count in progress.json.items()},
        progress.other_count,
        progress.source_problems,
    )


def by_records(*sources: Path, **fields: Any) -> Progress:
    """Return the counts of a run that looks at every Folder, as a preview does."""
    return ran(*sources, by_count=False, dry_run=True, **fields)


def folder(export: Path, name: str = YEAR) -> Path:
    return export / "Google Photos" / name


# -- changes


def same_times(path: Path, change: Callable[[Path], object]) -> None:
    """Change a file, and restore its modification time."""
    facts = path.stat()
    change(path)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def reversed_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


def of_a(export: Path) -> Path:
    return next(folder(export).glob("a.jpg.*json"))


def reversed_text(path: Path) -> None:
    text = path.read_text()
    old, new = ("1500000000", "1500000001") if "1500000000" in text else ("1500000001", "1500000000")
    path.write_text(text.replace(old, new))
