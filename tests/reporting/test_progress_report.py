from __future__ import annotations

import json
import time

import pytest

from pef_tui.model import Match, MediaFile, Outcome, Plan
from pef_tui.progress import Progress
from pef_tui.reporting.progress_report import ProgressReport


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def copied(number: int) -> Outcome:
    match = Match(MediaFile(0, f"Trip/{number}.jpg", 10, 0), "Trip")
    return Outcome(Plan(match, "copied"), "copied", output=f"{number}.jpg", size=1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    progress = Progress()
    progress.begin_work(is_preview=False)
    clock.now = progress.work_started
    return progress


def test_percentage_and_time_left_follow_the_files(progress: Progress, clock: Clock) -> None:
    report = ProgressReport(progress, clock)
    progress.counted = lambda: 400
    for number in range(100):
        progress.add(copied(number))
        clock.now += 1
        text = report.text()
    assert text.startswith("100 pictures and videos | 25 % of 400 files, about 5 min left | ")
    assert text.endswith(" | Trip")
    line = json.loads(report.line())
    assert (line["stage"], line["done"], line["total"], line["bytes"]) == ("write", 100, 400, 100_000)
    assert line["left"] == pytest.approx(300, rel=0.05)


def test_one_sample_a_minute_is_enough(progress: Progress, clock: Clock) -> None:
    report = ProgressReport(progress, clock)
    progress.counted = lambda: 200
    for number in range(100):
        progress.add(copied(number))
    clock.now += 60
    assert "| 50 % of 200 files, about 1 min left |" in report.text().replace("about 60 s", "about 1 min")


def test_nothing_is_estimated_while_the_total_is_unknown(progress: Progress, clock: Clock) -> None:
    report = ProgressReport(progress, clock)
    progress.add(copied(1))
    clock.now += 10
    assert "%" not in report.text() and "left" not in report.text()
    line = json.loads(report.line())
    assert line["total"] is None and line["left"] is None


def test_the_listing_is_the_total_once_it_is_complete(progress: Progress) -> None:
    progress.counted = lambda: 400
    progress.listed = 3
    assert progress.total == 400
    progress.is_listed = True
    assert progress.total == 3
    for number in range(4):
        progress.add(copied(number))
    assert progress.total == 4  # never less than what is done


def test_before_the_work_it_says_what_it_waits_for() -> None:
    progress = Progress()
    assert ProgressReport(progress).text().startswith("checking the sources | ")
    progress.phase = "wait"
    assert ProgressReport(progress).text().startswith("waiting for another run | ")
    progress.started -= 5
    progress.begin_work(is_preview=True)
    assert time.monotonic() - progress.work_started < 60
    assert json.loads(ProgressReport(progress).line())["stage"] == "plan"
