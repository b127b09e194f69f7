"""Dates of videos: QuickTime counts in UTC, Keys has the offset."""

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
    settled,
    values,
)
from tag_cases import match, seconds

from pef_tui.model import Taken, Value

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
    done = settled(match(tags, format="mp4", when=NOON, taken=Taken(seconds(NOON), 120, zone)))
    assert values(done) == added
    assert not done.conflicts


def test_a_film_that_shows_the_clock_of_its_place_gets_it_with_the_offset_and_keeps_its_own_dates() -> None:
    local = dict.fromkeys(FILM_DATES, FULL[:19])
    found = match({**local}, format="mp4", when=NOON, taken=BERLIN)
    done = settled(found)
    assert values(done) == {"Keys:CreationDate": FULL}
    assert [conflict.tag for conflict in done.conflicts] == ["QuickTime:CreateDate"]
    after: dict[str, Value] = {**local, "Keys:CreationDate": FULL}
    again = settled(match(after, format="mp4", when=NOON, taken=Taken(seconds(NOON), 120, "file")))
    assert (again.edits, again.conflicts) == ((), done.conflicts)
    assert values(settled(found, "overwrite")) == FILM_FULL
    for zone in ("camera", "assumed", "neighbour"):  # no place says so
        alone = settled(match({**local}, format="mp4", when=NOON, taken=Taken(seconds(NOON), 120, zone)))
        assert (alone.edits, len(alone.conflicts)) == ((), 1)


@pytest.mark.parametrize(
    ("when", "integers"),
    [("1969-12-31T23:59:59Z", False), ("1970-01-01T00:00:00Z", True), ("2040-02-06T06:28:15Z", True),
     ("2040-02-06T06:28:16Z", False), ("1960-05-05T00:00:00Z", False)],
)  # fmt: skip
def test_quicktime_integers_hold_1970_to_2040_only(when: str, integers: bool) -> None:
    found = match(format="mov", when=when, taken=Taken(seconds(when), 0, "gps"))
    done = values(settled(found))
    assert ("QuickTime:CreateDate" in done) is integers
    assert str(done["Keys:CreationDate"]).endswith("+00:00")


def test_a_film_with_another_date_is_a_conflict_even_where_its_own_cannot_hold_the_right_one() -> None:
    when = "1960-05-05T00:00:00Z"
    found = match(FILM, format="mov", when=when, taken=Taken(seconds(when), 0, "gps"))
    done = settled(found)
    assert done.edits == ()
    assert done.conflicts[0].tag == "QuickTime:CreateDate"
