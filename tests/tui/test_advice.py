from __future__ import annotations

import re
import shlex

import pytest

from pef_tui.progress import Progress
from pef_tui.tui.text.advice import ADVICE, DEFAULT_ADVICE, advice, next_steps


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("No space left on device", "Free space"),
        ("no sidecar", "The export has no JSON"),
        ("ambiguous", "make a preview, and decide"),
        ("damaged in the archive (a checksum)", "Download this part"),
        ("empty file", "no content in the export"),
        ("another run is at work in x", "Wait until the other run has ended"),
        ("the source x is gone", "Connect the disk"),
        ("something else", DEFAULT_ADVICE),
    ],
)
def test_every_cause_has_an_advice(cause: str, words: str) -> None:
    assert words in advice(cause)


def test_retry_is_no_advice_for_what_cannot_change() -> None:
    assert "etry" not in advice("empty file") and "etry" not in DEFAULT_ADVICE


def _progress(written: int = 0, failed: int = 0, not_reached: int = 0) -> Progress:
    progress = Progress()
    progress.media["written"], progress.media["failed"], progress.not_reached = written, failed, not_reached
    return progress


@pytest.mark.parametrize(
    ("progress", "ending", "error", "is_undone", "words"),
    [
        (_progress(5), "stopped", "", False, "run again: the run continues"),
        (_progress(5), "failed", "No space left", False, "Free space"),
        (_progress(5, not_reached=9_026), "failed", "gone", False, "9,026 files were not reached"),
        (_progress(), "done", "", False, "no picture or video"),
        (_progress(5), "done", "", True, "the run was undone"),
        (_progress(0, 3), "done", "", False, "3 files were not written"),
    ],
)
def test_nothing_is_imported_from_an_incomplete_output(
    progress: Progress, ending: str, error: str, is_undone: bool, words: str
) -> None:
    [step] = next_steps(progress, ending, error, "/out", is_undone)
    assert words in step.text and not step.command


@pytest.mark.parametrize("output", ["/out", "/my photos/it's", "/a$b;c"])
def test_the_next_command_is_quoted(output: str) -> None:
    steps = next_steps(_progress(5, 1), "done", "", output)
    assert "1 file was not written" in steps[0].text
    [command] = [step.command for step in steps if step.command]
    assert shlex.split(command) == ["immich", "upload", "--recursive", output]


def test_advice_names_no_screen_because_the_plain_app_shows_it_too() -> None:
    texts = [text for _, text in ADVICE] + [DEFAULT_ADVICE]
    assert not [text for text in texts if re.search(r"(?i)\b(screen|press|review|history)\b", text)]
