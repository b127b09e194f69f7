"""What the tests of the seal share: an export, runs over it, and edits that keep size and time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pef_tui.pipeline import run
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.takeout.entries import STEP_NS
from pef_tui.testing.export import sidecar, takeout

YEAR = "Photos from 2019"


TICK = 2 * STEP_NS / 1e9
"""Seconds in which the clock for files goes on."""


def export_in(place: Path) -> Path:
    """Four pictures, one without a sidecar; an orphan, a text, an album, a broken JSON."""
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


def ran(*sources: Path, by_count: bool = True, **more: Any) -> Progress:
    """A run; the last path is DEST."""
    *given, out = sources
    wanted = Settings(sources=tuple(map(str, given)), output=str(out), **more)
    progress = Progress()
    progress.by_count = by_count
    for record in run(wanted, PluginHost(wanted), progress):
        progress.add(record)
    return progress


def told(progress: Progress) -> tuple[dict[str, int], dict[str, int], int, list[str]]:
    media = {str(word): count for word, count in progress.media.items() if count}
    return media, {str(word): count for word, count in progress.json.items()}, progress.other, progress.unread


def by_records(*sources: Path, **more: Any) -> Progress:
    """What a run would tell that goes the long way, as every preview by records does."""
    return ran(*sources, by_count=False, dry_run=True, **more)


def folder(export: Path, name: str = YEAR) -> Path:
    return export / "Google Photos" / name


# -- what changed


def same_times(path: Path, change: Callable[[Path], object]) -> None:
    """Change a file and set its modification time back."""
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
