"""Test the local time of a picture after the run."""

from __future__ import annotations

import pytest

from pef_tui.model import CaptureTime, Conflict, FileMetadata, Match, MediaFile, Outcome, Plan, TagEdit, Value
from pef_tui.reporting.local_time import capture_time, kept_time, local_time

TAG = "EXIF:DateTimeOriginal"
IN_FILE = "2019:12:05 14:00:00"
GOOGLE = 1_577_836_800
"""2020-01-01 00:00:00 UTC, in seconds since 1970."""
FILE_TIME = 1_575_554_400
"""2019-12-05 14:00:00, in seconds since 1970 as if it were UTC."""


def _outcome(tag: str, tags: dict[str, Value], *edits: TagEdit, choice: str = "") -> Outcome:
    conflict = Conflict("date", tag, tags[tag], "2020:01:01 02:00:00", choice=choice)  # type: ignore[arg-type]
    match = Match(
        MediaFile(0, "a.jpg", 1, 0),
        "",
        metadata=FileMetadata("jpeg", tags, "native"),
        capture_time=CaptureTime(GOOGLE, 120, "gps"),
    )
    return Outcome(Plan(match, "written", edits=edits, conflicts=(conflict,)), "written")


@pytest.mark.parametrize(
    ("tag", "tags", "seconds"),
    [
        (TAG, {TAG: IN_FILE}, FILE_TIME),
        ("XMP-photoshop:DateCreated", {"XMP-photoshop:DateCreated": "2019-12-05T14:00:00+05:00"}, FILE_TIME),
        ("XMP-photoshop:DateCreated", {"XMP-photoshop:DateCreated": "2019:12"}, 1_575_158_400),
        ("XMP-photoshop:DateCreated", {"XMP-photoshop:DateCreated": "1926"}, -1_388_534_400),
        ("QuickTime:CreateDate", {"QuickTime:CreateDate": "2019:12:05 12:00:00"}, FILE_TIME),
        (
            "IPTC:DateCreated",
            {"IPTC:DateCreated": "2019:12:05", "IPTC:TimeCreated": "14:00:00+01:00"},
            FILE_TIME,
        ),
        (TAG, {TAG: "0000:00:00 00:00:00"}, None),
    ],
)
@pytest.mark.parametrize("choice", ["", "keep"])
def test_a_date_that_stays_is_that_of_the_file(
    tag: str, tags: dict[str, Value], seconds: int | None, choice: str
) -> None:
    outcome = _outcome(tag, tags, choice=choice)
    assert kept_time(outcome) == seconds
    assert capture_time(outcome) == GOOGLE + 7200
    assert local_time(outcome) == (GOOGLE + 7200 if seconds is None else seconds)


def test_a_date_that_is_written_is_googles() -> None:
    written = _outcome(TAG, {TAG: IN_FILE}, TagEdit(TAG, "2020:01:01 02:00:00", unit="date"))
    assert kept_time(written) is None and local_time(written) == GOOGLE + 7200


def test_the_time_of_an_earlier_run_is_the_recorded_one() -> None:
    match = Match(MediaFile(0, "a.jpg", 1, 0), "")
    unchanged = Outcome(Plan(match, "unchanged"), "unchanged", mtime_ns=5 * 10**9, recorded_time=7)
    assert local_time(unchanged) == 7
