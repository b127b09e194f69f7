import base64
import json

import pytest

from pef_tui.model import CaptureTime, JsonFile, JsonRecord, Match, MediaFile, OtherRecord, Outcome, Plan
from pef_tui.progress import MAX_FAILURES, Progress
from pef_tui.reporting import json_lines as report
from pef_tui.reporting import media_line


def outcome(word: str, reason: str = "", size: int = 0, number: int = 0) -> Outcome:
    match = Match(MediaFile(0, f"Trip/{number}.jpg", 1, 0), "Trip", reason="no sidecar")
    return Outcome(Plan(match, "copied", reason="planned"), word, reason=reason, size=size)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("taken", "text"),
    [
        (CaptureTime(1561977296, 120), "2019-07-01T12:34:56+02:00"),
        (CaptureTime(1561977296.25, -210), "2019-07-01T07:04:56.250-03:30"),
        (CaptureTime(0.5), "1970-01-01T00:00:00.500+00:00"),
        (CaptureTime(-86400, 0), "1969-12-31T00:00:00+00:00"),
        (CaptureTime(4102444800, 825), "2100-01-01T13:45:00+13:45"),
    ],
)
def test_moments_carry_their_offset(taken: CaptureTime, text: str) -> None:
    assert media_line.iso_time(taken) == text


def test_the_counts_add_up_in_counters_and_words() -> None:
    progress = Progress()
    for number, word in enumerate(report.MEDIA_WORDS):
        progress.add(outcome(word, size=10, number=number))
    for kind in report.JSON_WORDS:
        progress.add(JsonRecord(JsonFile(0, "a.json", 1, 0), kind))  # type: ignore[arg-type]
    progress.add(OtherRecord(MediaFile(0, "x.html", 1, 0)))
    assert (progress.media_count, progress.json_count, progress.other_count, progress.file_count) == (
        8,
        5,
        1,
        14,
    )
    assert (progress.bytes, progress.folder, progress.failed) == (80, "Trip", 1)
    words = "\n".join(report.summary_lines(progress, dry_run=True))
    for text in (*report.MEDIA_WORDS.values(), *report.JSON_WORDS.values()):
        assert f"1 {text}" in words
    assert words.startswith("Dry run: nothing was written.")
    assert "14 files found, 0" in words
    assert "14 files found, 80 B written, " in "\n".join(report.summary_lines(progress, dry_run=False))


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01T00:00:00+00:00"),
        (1_561_977_296_250_000_999, "2019-07-01T10:34:56.250+00:00"),
        (-1, "1969-12-31T23:59:59.999+00:00"),
        (2**63 - 1, "2262-04-11T23:47:16.854+00:00"),
        (10**21, None),
    ],
)
def test_times_of_files_are_in_utc(time_ns: int, text: str | None) -> None:
    match = Match(MediaFile(0, "a.jpg", 1, time_ns), "")
    assert media_line.media_line(Outcome(Plan(match, "copied"), "copied")).source_time == text


def test_the_last_problems_are_kept_with_the_reason_of_the_run_or_the_plan() -> None:
    progress = Progress()
    for number in range(MAX_FAILURES + 5):
        progress.add(outcome("failed", "disk" if number % 2 else "", number=number))
    assert len(progress.recent_failures) == MAX_FAILURES
    assert list(progress.recent_failures)[-2:] == [("Trip/23.jpg", "disk"), ("Trip/24.jpg", "planned")]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.4, "59.4 s"), (61, "1 min 01 s"), (3600, "1 h 00 min"), (90061, "25 h 01 min")],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert report.duration_text(seconds) == text


def test_a_reason_is_the_nearest_one_known() -> None:
    assert media_line.outcome_reason(outcome("failed", "disk")) == "disk"
    assert media_line.outcome_reason(outcome("failed")) == "planned"
    assert (
        media_line.outcome_reason(Outcome(Plan(outcome("x").plan.match, "unmatched"), "unmatched"))
        == "no sidecar"
    )


def test_the_path_of_an_xmp_file_that_is_not_utf_8_is_given_exactly() -> None:
    match = Match(MediaFile(0, "a\udcff.avi", 1, 0), "")
    written = Outcome(
        Plan(match, "sidecar"), "sidecar", "a\udcff.avi", size=1, mtime_ns=1, xmp=(3, 1), short_xmp=True
    )
    line = json.loads(report.record_line(written))
    assert line["xmp"] == "a\\xff.xmp" and base64.b64decode(line["xmp_bytes"]) == b"a\xff.xmp"
