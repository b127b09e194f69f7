"""Neighbours of a Folder tell the zone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tag_cases import geo, match, seconds
from taken_cases import BERLIN, DTO, NOON, date_in_name, run, told

from pef_tui.model import Match, Origin, Taken
from pef_tui.settings import Settings
from pef_tui.tags import taken
from pef_tui.tags.evidence import Evidence
from pef_tui.tags.taken import Neighbours, stage


@pytest.fixture(autouse=True)
def _machine_in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_nearest_neighbour_tells_on_either_side() -> None:
    early, late = "2019-07-01T08:00:00Z", "2019-07-01T11:00:00Z"
    sydney, berlin = match(when=early, place=geo(-33.87, 151.21)), match(when=late, place=BERLIN)
    assert told(sydney, match(when=NOON), berlin)[1] == ("neighbour", 120)
    assert told(match(when=NOON), sydney, berlin)[0] == ("neighbour", 120)
    assert told(sydney, berlin, match(when="2019-07-01T09:00:00Z"))[2] == ("neighbour", 600)


@pytest.mark.parametrize(("hours", "zone"), [(11, "neighbour"), (12, "neighbour"), (13, "assumed")])
def test_neighbours_are_near_within_twelve_hours(hours: int, zone: str) -> None:
    other = datetime.fromtimestamp(seconds(NOON) - hours * 3600, UTC).isoformat()
    assert told(match(when=other, place=BERLIN), match(when=NOON))[1][0] == zone


def test_neighbours_are_of_one_folder_and_know_themselves() -> None:
    berlin = match(when=NOON, place=BERLIN, folder="A")
    assert told(berlin, match(when=NOON, folder="B"))[1][0] == "assumed"
    chain = [match(when=f"2019-07-0{day}T10:00:00Z") for day in (1, 1)]
    later = match(when="2019-07-01T21:00:00Z")
    far = match(when="2019-07-02T08:00:00Z")
    assert [zone for zone, _ in told(berlin, *chain)] == ["gps", "assumed", "assumed"]  # other folder
    assert [zone for zone, _ in told(match(when=NOON, place=BERLIN), later, far)] == [
        "gps",
        "neighbour",
        "assumed",
    ]


def test_a_clock_without_instant_goes_by_the_clocks_of_its_neighbours() -> None:
    berlin = match(when=NOON, place=BERLIN)
    found = run(match({DTO: "2019:07:01 12:30:00"}, sidecar=False), berlin)[0]
    assert found.taken == Taken(seconds("2019-07-01T10:30:00Z"), 120, "neighbour", "file")


def from_other(kind: str, **given: Any) -> Match:
    found = match(**given)
    assert found.sidecar is not None
    origin = Origin(**{kind: {}})
    return replace(found, sidecar=replace(found.sidecar, google_photos_origin=origin))


@pytest.mark.parametrize("kind", ["from_partner_sharing", "from_shared_album"])
def test_what_came_from_other_people_is_no_neighbour(kind: str) -> None:
    friend = from_other(kind, when=NOON, place=BERLIN)
    assert told(friend, match(when=NOON))[1] == ("assumed", 540)
    home = match(when="2019-07-01T01:00:00Z", place=geo(-33.87, 151.21))
    assert told(friend, home, match(when=NOON))[2] == ("neighbour", 600)
    assert told(home, from_other(kind, when=NOON))[1] == ("neighbour", 600)  # it may still be helped
    mine = from_other("mobile_upload", when=NOON, place=BERLIN)
    assert told(mine, match(when=NOON))[1] == ("neighbour", 120)


def test_the_same_camera_goes_before_a_nearer_neighbour() -> None:
    def by(model: str, when: str, place: Any = None, make: str = "Maker") -> Match:
        return match({"EXIF:Make": make, "EXIF:Model": model}, when=when, place=place)

    sydney = geo(-33.87, 151.21)
    near, far = by("B", "2019-07-01T09:59:00Z", sydney), by("A", "2019-07-01T01:00:00Z", BERLIN)
    assert told(near, far, by("A", NOON))[2] == ("neighbour", 120)
    assert told(near, far, by("A", NOON, make="Other"))[2] == ("neighbour", 600)
    assert told(near, far, match(when=NOON))[2] == ("neighbour", 600)  # a screenshot has no camera
    too_far = by("A", "2019-06-30T21:00:00Z", BERLIN)
    assert told(near, too_far, by("A", NOON))[2] == ("neighbour", 600)


def test_a_clock_read_as_utc_goes_by_the_clocks_of_its_neighbours() -> None:
    sydney = match(when="2019-07-01T00:30:00Z", place=geo(-33.87, 151.21))  # 10:30 there
    berlin = match(when="2019-07-01T10:05:00Z", place=BERLIN)  # 12:05 there
    found = run(sydney, berlin, match({DTO: "2019:07:01 10:00:00"}, when=NOON))[2]
    assert found.taken == Taken(seconds("2019-07-01T00:00:00Z"), 600, "neighbour", "file")


def test_a_picture_whose_evidence_disagrees_is_no_neighbour() -> None:
    odd = match({DTO: "2019:07:01 03:00:00"}, when=NOON, place=geo(35.68, 139.69))
    assert told(odd, match(when=NOON)) == [("gps", 540), ("assumed", 540)]
    assert told(odd, match(when=NOON, place=BERLIN), match(when="2019-07-01T10:00:01Z"))[2] == (
        "neighbour",
        120,
    )


def test_order_is_kept_and_waiting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taken, "LOOK_AHEAD", 10)
    asked = itertools.count()

    def endless() -> Iterator[Match]:
        for number in asked:
            day = match(name=f"{number}.jpg", when=NOON, place=BERLIN if number % 7 == 6 else None)
            yield day

    stream = stage(Settings(), date_in_name)(endless())
    found = list(itertools.islice(stream, 100))
    assert [each.media.name for each in found] == [f"{number}.jpg" for number in range(100)]
    assert {each.taken.zone for each in found if each.taken} == {"gps", "neighbour"}
    assert next(asked) <= 120


def test_every_match_comes_out_once() -> None:
    given = [
        match(
            name=f"{number}.jpg",
            folder=f"F{number // 5}",
            when=NOON if number % 3 else "",
            place=BERLIN if number % 4 else None,
        )
        for number in range(40)
    ]
    found = run(*given)
    assert [each.media for each in found] == [each.media for each in given]
    assert [each.taken is None for each in found] == [number % 3 == 0 for number in range(40)]


@given(
    st.lists(
        st.tuples(st.integers(0, 200_000), st.sampled_from([0, 60, 120])),
        max_size=30,
        unique_by=lambda one: one[0],
    ),
    st.lists(st.integers(-50_000, 250_000), min_size=1, max_size=10),
)
def test_the_nearest_of_any_number_tells(known: list[tuple[int, int]], asked: list[int]) -> None:
    neighbours = Neighbours()
    for instant, offset in known:
        neighbours.add(Taken(instant, offset, "gps"))
    for moment in asked:
        distances = [
            (abs(instant - moment), offset) for instant, offset in known if abs(instant - moment) <= 43_200
        ]
        best = {offset for distance, offset in distances if distance == min(distances)[0]}
        found = neighbours.nearest(Evidence("a.jpg", {}, None, None, "sidecar", date_in_name, moment))
        assert found in best if best else found is None
