"""A run that takes about three seconds, and checks of its output."""

from __future__ import annotations

from pathlib import Path

from pef_tui.manifest import RunHistory
from pef_tui.testing.export import sidecar, takeout

SLOW = """
import time
from pef_tui import Filter, hookimpl

def wait(match):
    time.sleep(0.02)

@hookimpl
def pef_filters(settings):
    if not settings.dry_run:
        yield Filter("slow", wait)
"""
FILES = 150


def slow_export(tmp_path: Path) -> list[str]:
    """Make an export, and return the arguments of the run."""
    (tmp_path / "slow.py").write_text(SLOW)
    names = (f"Photos from 20{number % 10:02}/{number}.jpg" for number in range(FILES))
    export = takeout(tmp_path, {name: sidecar(name.rpartition("/")[2]) for name in names})
    return [str(export), "-p", str(tmp_path / "slow.py")]


def last_run_ended(tmp_path: Path) -> bool:
    """Return True if the manifest has one run, and the run has ended."""
    catalog = RunHistory.open(str(tmp_path / "Takeout-fixed"))
    assert catalog is not None
    [run] = catalog.runs()
    catalog.close()
    return run.ended_ns is not None


def written_count(tmp_path: Path) -> int:
    """Return the number of pictures in DEST."""
    return len(list((tmp_path / "Takeout-fixed").glob("Photos*/*.jpg")))


def nothing_temporary(tmp_path: Path) -> bool:
    """Return True if the staging directory is empty."""
    staging = tmp_path / "Takeout-fixed" / ".pef-tui" / "staging"
    return not staging.exists() or not list(staging.iterdir())
