"""Neighbours in a Folder provide the zone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from capture_time_cases import BERLIN, DTO, NOON, date_in_name, run, told
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tag_cases import geo, match, seconds

from pef_tui.model import CaptureTime, Match, Origin
from pef_tui.settings import Settings
from pef_tui.tags import capture_time as taken
from pef_tui.tags.capture_evidence import Evidence
from pef_tui.tags.capture_time import NearbyTimes, stage


@pytest.fixture(autouse=True)
def _machine_in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_nearest_neighbour_states_on_either_side() -> None:
    early, late = "2019-07-01T08:00:00Z", "2019-07-01T11:00:00Z"
    sydney, berlin = match(moment=early, place=geo(-33.87, 151.21)), match(moment=late, place=BERLIN)
    assert told(sydney, match(moment=NOON), berlin)[1] == ("neighbour", 120)
    assert told(match(moment=NOON), sydney, berlin)[0] == ("neighbour", 120)
    assert told(sydney, berlin, match(moment="2019-07-01T09:00:00Z"))[2] == ("neighbour", 600)


@pytest.mark.parametrize(("hours", "zone"), [(11, "neighbour"), (12, "neighbour"), (13, "assumed")])
def test_neighbours_are_near_within_twelve_hours(hours: int, zone: str) -> None:
    second = datetime.fromtimestamp(seconds(NOON) - hours * 3600, UTC).isoformat()
    assert told(match(moment=second, place=BERLIN), match(moment=NOON))[1][0] == zone


def test_neighbours_are_of_one_folder_and_know_themselves() -> None:
    berlin = match(moment=NOON, place=BERLIN, folder="A")
    assert told(berlin, match(moment=NOON, folder="B"))[1][0] == "assumed"
    chain = [match(moment=f"2019-07-0{day}T10:00:00Z") for day in (1, 1)]
    later = match(moment="2019-07-01T21:00:00Z")
    far = match(moment="2019-07-02T08:00:00Z")
    assert [zone for zone, _ in told(berlin, *chain)] == ["gps", "assumed", "assumed"]  # other folder
    assert [zone for zone, _ in told(match(moment=NOON, place=BERLIN), later, far)] == [
        "gps",
        "neighbour",
        "assumed",
    ]


def test_a_clock_without_instant_goes_by_the_clocks_of_its_neighbours() -> None:
    berlin = match(moment=NOON, place=BERLIN)
    actual = run(match({DTO: "2019:07:01 12:30:00"}, sidecar=False), berlin)[0]
    assert actual.capture_time == CaptureTime(seconds("2019-07-01T10:30:00Z"), 120, "neighbour", "file")


def from_other(kind: str, **keywords: Any) -> Match:
    file_match = match(**keywords)
    assert file_match.sidecar is not None
    origin = Origin(**{kind: {}})
    return replace(file_match, sidecar=replace(file_match.sidecar, google_photos_origin=origin))


@pytest.mark.parametrize("kind", ["from_partner_sharing", "from_shared_album"])
def test_what_came_from_other_people_is_no_neighbour(kind: str) -> None:
    friend = from_other(kind, moment=NOON, place=BERLIN)
    assert told(friend, match(moment=NOON))[1] == ("assumed", 540)
    home = match(moment="2019-07-01T01:00:00Z", place=geo(-33.87, 151.21))
    assert told(friend, home, match(moment=NOON))[2] == ("neighbour", 600)
    assert told(home, from_other(kind, moment=NOON))[1] == ("neighbour", 600)  # it may still get a zone
    foreign = from_other("mobile_upload", moment=NOON, place=BERLIN)
    assert told(foreign, match(moment=NOON))[1] == ("neighbour", 120)


def test_the_same_camera_goes_before_a_nearer_neighbour() -> None:
    def by(model: str, moment: str, place: Any = None, make: str = "Maker") -> Match:
        return match({"EXIF:Make": make, "EXIF:Model": model}, moment=moment, place=place)

    sydney = geo(-33.87, 151.21)
    near, far = by("B", "2019-07-01T09:59:00Z", sydney), by("A", "2019-07-01T01:00:00Z", BERLIN)
    assert told(near, far, by("A", NOON))[2] == ("neighbour", 120)
    assert told(near, far, by("A", NOON, make="Other"))[2] == ("neighbour", 600)
    assert told(near, far, match(moment=NOON))[2] == ("neighbour", 600)  # a screenshot has no camera
    too_far = by("A", "2019-06-30T21:00:00Z", BERLIN)
    assert told(near, too_far, by("A", NOON))[2] == ("neighbour", 600)


def test_a_clock_read_as_utc_goes_by_the_clocks_of_its_neighbours() -> None:
    sydney = match(moment="2019-07-01T00:30:00Z", place=geo(-33.87, 151.21))  # 10:30 there
    berlin = match(moment="2019-07-01T10:05:00Z", place=BERLIN)  # 12:05 there
    actual = run(sydney, berlin, match({DTO: "2019:07:01 10:00:00"}, moment=NOON))[2]
    assert actual.capture_time == CaptureTime(seconds("2019-07-01T00:00:00Z"), 600, "neighbour", "file")


def test_a_picture_whose_evidence_disagrees_is_no_neighbour() -> None:
    odd = match({DTO: "2019:07:01 03:00:00"}, moment=NOON, place=geo(35.68, 139.69))
    assert told(odd, match(moment=NOON)) == [("gps", 540), ("assumed", 540)]
    assert told(odd, match(moment=NOON, place=BERLIN), match(moment="2019-07-01T10:00:01Z"))[2] == (
        "neighbour",
        120,
    )


def test_order_is_kept_and_waiting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taken, "LOOK_AHEAD", 10)
    requests = itertools.count()

    def endless() -> Iterator[Match]:
        for number in requests:
            day = match(name=f"{number}.jpg", moment=NOON, place=BERLIN if number % 7 == 6 else None)
            yield day

    stream = stage(Settings(), date_in_name)(endless())
    actual = list(itertools.islice(stream, 100))
    assert [item.media.name for item in actual] == [f"{number}.jpg" for number in range(100)]
    assert {item.capture_time.zone for item in actual if item.capture_time} == {"gps", "neighbour"}
    assert next(requests) <= 120


def test_every_match_comes_out_once() -> None:
    inputs = [
        match(
            name=f"{number}.jpg",
            folder=f"F{number // 5}",
            moment=NOON if number % 3 else "",
            place=BERLIN if number % 4 else None,
        )
        for number in range(40)
    ]
    actual = run(*inputs)
    assert [item.media for item in actual] == [item.media for item in inputs]
    assert [item.capture_time is None for item in actual] == [number % 3 == 0 for number in range(40)]


@given(
    st.lists(
        st.tuples(st.integers(0, 200_000), st.sampled_from([0, 60, 120])),
        max_size=30,
        unique_by=lambda one: one[0],
    ),
    st.lists(st.integers(-50_000, 250_000), min_size=1, max_size=10),
)
def test_the_nearest_of_any_number_tells(known: list[tuple[int, int]], asked: list[int]) -> None:
    neighbours = NearbyTimes()
    for instant, offset in known:
        neighbours.add(CaptureTime(instant, offset, "gps"))
    for moment in asked:
        distances = [
            (abs(instant - moment), offset) for instant, offset in known if abs(instant - moment) <= 43_200
        ]
        best = {offset for distance, offset in distances if distance == min(distances)[0]}
        actual = neighbours.nearest(Evidence("a.jpg", {}, None, None, "sidecar", date_in_name, moment))
        assert actual in best if best else actual is None
