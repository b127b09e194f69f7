"""A run in its own thread, and what the screens and the final summary show of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.reporting.json_lines import summary_lines
from pef_tui.settings import Settings
from pef_tui.testing import sidecar, takeout
from pef_tui.tui.session.run_thread import RunThread
from pef_tui.tui.text.done import heading
from pef_tui.tui.text.review import planning_progress


def test_the_duration_does_not_grow_after_the_end(tmp_path: Path) -> None:
    source = takeout(tmp_path, {"Photos from 2019/a.jpg": sidecar("a.jpg", taken=1.5e9)})
    settings = Settings(sources=(str(source),), output=str(tmp_path / "out"))
    run = RunThread(settings, lambda: PluginHost(settings), lambda record: None)
    run.start()
    run.join(60)
    assert run.ending == "done" and run.progress.seconds == run.seconds > 0
    shown = list(summary_lines(run.progress, dry_run=False))
    time.sleep(0.3)
    assert list(summary_lines(run.progress, dry_run=False)) == shown and run.progress.seconds == run.seconds


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda progress: None, "Done. 1"),
        (lambda progress: progress.notes.append("ExifTool is old"), "Done. 1"),
        (lambda progress: progress.notes.warn("a link was left out"), "Done. 1"),
        (lambda progress: progress.notes.warn("part 2 is missing", is_loss=True), "something was not read"),
        (lambda progress: setattr(progress, "incomplete", True), "something was not read"),
        (lambda progress: progress.media.update(failed=1), "Done, but 1 failed"),
    ],
)
def test_a_run_that_misses_something_is_not_simply_done(
    change: Callable[[Progress], None], words: str
) -> None:
    run = RunThread(Settings(), lambda: PluginHost(Settings()), lambda record: None)
    run.ending = "done"
    run.progress.media["written"] = 1
    change(run.progress)
    assert words in heading(run).plain


@pytest.mark.parametrize(
    ("count", "expected", "text"),
    [
        (0, 0, "Planning: 0 files, Trip"),
        (7, 0, "Planning: 7 files, Trip"),
        (0, 8, "Planning: 0 of 8 files (0 %), Trip"),
        (1_999, 2_000, "Planning: 1,999 of 2,000 files (99 %), Trip"),
        (8, 8, "Planning: 8 of 8 files (100 %), Trip"),
        (9, 8, "Planning: 9 files, Trip"),
    ],
)
def test_the_progress_of_a_preview_has_no_percentage_that_is_wrong(
    count: int, expected: int, text: str
) -> None:
    settings = Settings()
    preview = RunThread(settings, lambda: PluginHost(settings), lambda record: None)
    preview.progress.other_count, preview.progress.folder = count, "Trip"
    assert planning_progress(preview, expected) == text
