import pytest

from pef_tui import report
from pef_tui.model import JsonFile, JsonRecord, Match, MediaFile, OtherRecord, Outcome, Plan, Taken
from pef_tui.progress import PROBLEMS_KEPT, Progress


def outcome(word: str, reason: str = "", size: int = 0, number: int = 0) -> Outcome:
    match = Match(MediaFile(0, f"Trip/{number}.jpg", 1, 0), "Trip", reason="no sidecar")
    return Outcome(Plan(match, "copied", reason="planned"), word, reason=reason, size=size)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("taken", "text"),
    [
        (Taken(1561977296, 120), "2019-07-01T12:34:56+02:00"),
        (Taken(1561977296.25, -210), "2019-07-01T07:04:56.250-03:30"),
        (Taken(0.5), "1970-01-01T00:00:00.500+00:00"),
        (Taken(-86400, 0), "1969-12-31T00:00:00+00:00"),
        (Taken(4102444800, 825), "2100-01-01T13:45:00+13:45"),
    ],
)
def test_moments_carry_their_offset(taken: Taken, text: str) -> None:
    assert report.iso(taken) == text


def test_the_counts_add_up_in_counters_and_words() -> None:
    progress = Progress()
    for number, word in enumerate(report.MEDIA_WORDS):
        progress.add(outcome(word, size=10, number=number))
    for kind in report.JSON_WORDS:
        progress.add(JsonRecord(JsonFile(0, "a.json", 1, 0), kind))  # type: ignore[arg-type]
    progress.add(OtherRecord(MediaFile(0, "x.html", 1, 0)))
    assert (progress.media_count, progress.json_count, progress.other, progress.found) == (8, 5, 1, 14)
    assert (progress.bytes, progress.folder, progress.failed) == (80, "Trip", 1)
    words = "\n".join(report.summary(progress, dry_run=True))
    for text in (*report.MEDIA_WORDS.values(), *report.JSON_WORDS.values()):
        assert f"1 {text}" in words
    assert words.startswith("Dry run: nothing was written.")
    assert "14 files found" in words


def test_the_last_problems_are_kept_with_the_reason_of_the_run_or_the_plan() -> None:
    progress = Progress()
    for number in range(PROBLEMS_KEPT + 5):
        progress.add(outcome("failed", "disk" if number % 2 else "", number=number))
    assert len(progress.problems) == PROBLEMS_KEPT
    assert list(progress.problems)[-2:] == [("Trip/23.jpg", "disk"), ("Trip/24.jpg", "planned")]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.4, "59.4 s"), (61, "1 min 01 s"), (3600, "1 h 00 min"), (90061, "25 h 01 min")],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert report.clock(seconds) == text


def test_a_reason_is_the_nearest_one_known() -> None:
    assert report.reason(outcome("failed", "disk")) == "disk"
    assert report.reason(outcome("failed")) == "planned"
    assert report.reason(Outcome(Plan(outcome("x").plan.match, "unmatched"), "unmatched")) == "no sidecar"
