"""Dates of videos: QuickTime has UTC, Keys has the offset."""

from __future__ import annotations

import pytest
from date_cases import (
    BERLIN,
    FILM,
    FILM_DATES,
    FILM_FULL,
    FULL,
    NOON,
    UTC,
    ZERO,
    decided,
    values,
)
from tag_cases import match, seconds

from pef_tui.model import CaptureTime, Value

FILMS = [
    # tags, zone, what is added
    ({}, "assumed", FILM_FULL),
    (dict.fromkeys(FILM_DATES, ZERO), "gps", FILM_FULL),
    (dict.fromkeys(FILM_DATES, "1904:01:01 00:00:00"), "gps", FILM_FULL),
    (dict.fromkeys(FILM_DATES, "1970:01:01 00:00:00"), "gps", FILM_FULL),
    (FILM, "gps", {"Keys:CreationDate": FULL}),
    (FILM, "assumed", {}),
    ({**FILM, "Keys:CreationDate": "2019:07:01 13:00:00+03:00"}, "file", {}),
    ({**FILM, "Keys:CreationDate": "2019:07:01 13:00:30+03:00"}, "file", {}),
    ({"Keys:CreationDate": FULL}, "file", FILM),
    ({"Keys:CreationDate": FULL, "QuickTime:ModifyDate": "2020:01:01 00:00:00"}, "file",
     {name: UTC for name in FILM_DATES if "Modify" not in name}),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "zone", "added"), FILMS)
def test_films(tags: dict[str, Value], zone: str, added: dict[str, Value]) -> None:
    decision = decided(match(tags, format="mp4", moment=NOON, taken=CaptureTime(seconds(NOON), 120, zone)))
    assert values(decision) == added
    assert not decision.conflicts


def test_a_film_that_shows_the_clock_of_its_place_gets_it_with_the_offset_and_keeps_its_own_dates() -> None:
    local = dict.fromkeys(FILM_DATES, FULL[:19])
    file_match = match({**local}, format="mp4", moment=NOON, taken=BERLIN)
    decision = decided(file_match)
    assert values(decision) == {"Keys:CreationDate": FULL}
    assert [conflict.tag for conflict in decision.conflicts] == ["QuickTime:CreateDate"]
    state_after: dict[str, Value] = {**local, "Keys:CreationDate": FULL}
    second_run = decided(
        match(state_after, format="mp4", moment=NOON, taken=CaptureTime(seconds(NOON), 120, "file"))
    )
    assert (second_run.edits, second_run.conflicts) == ((), decision.conflicts)
    assert values(decided(file_match, "overwrite")) == FILM_FULL
    for zone in ("camera", "assumed", "neighbour"):  # no place has this zone
        single = decided(
            match({**local}, format="mp4", moment=NOON, taken=CaptureTime(seconds(NOON), 120, zone))
        )
        assert (single.edits, len(single.conflicts)) == ((), 1)


@pytest.mark.parametrize(
    ("moment", "integers"),
    [("1969-12-31T23:59:59Z", False), ("1970-01-01T00:00:00Z", True), ("2040-02-06T06:28:15Z", True),
     ("2040-02-06T06:28:16Z", False), ("1960-05-05T00:00:00Z", False)],
)  # fmt: skip
def test_quicktime_integers_hold_1970_to_2040_only(moment: str, integers: bool) -> None:
    file_match = match(format="mov", moment=moment, taken=CaptureTime(seconds(moment), 0, "gps"))
    result = values(decided(file_match))
    assert ("QuickTime:CreateDate" in result) is integers
    assert str(result["Keys:CreationDate"]).endswith("+00:00")


def test_a_film_with_another_date_is_a_conflict_even_where_its_own_cannot_hold_the_right_one() -> None:
    moment = "1960-05-05T00:00:00Z"
    file_match = match(FILM, format="mov", moment=moment, taken=CaptureTime(seconds(moment), 0, "gps"))
    decision = decided(file_match)
    assert decision.edits == ()
    assert decision.conflicts[0].tag == "QuickTime:CreateDate"
