"""Test the statistics of a run, and that they need little memory."""

from __future__ import annotations

from preview_cases import EXPORTED, hour, outcome

from pef_tui.model import GeoPoint
from pef_tui.preview.overview import overview
from pef_tui.reporting.stats import Causes, PointCounts, RunStats


def test_pictures_are_counted_by_month_format_place_and_people() -> None:
    figures = RunStats()
    figures.add(outcome("a.jpg", people=("Ann", "Bob"), place=(48.861, 2.341), conflicts=(hour(),)))
    figures.add(outcome("b.heic", format="heic", people=("Ann",), place=(48.862, 2.342), size=5))
    figures.add(outcome("c.jpg", word="unmatched", matched=False, taken=None, reason="ambiguous: x, y"))
    figures.add(outcome("d.jpg", word="excluded"))
    assert figures.capture_months == {2019 * 12 + 6: 2}
    assert figures.file_months == {2023 * 12 + 10: 3} and EXPORTED == 1_700_000_000
    assert figures.formats == {"jpeg": 2, "heic": 1} and figures.bytes == {"jpeg": 2000, "heic": 5}
    assert figures.people == {"Ann": 2, "Bob": 1}
    assert figures.conflicts == {("date", "differs by 1 h"): 1}
    assert figures.zones == {"gps": 2} and figures.rules == {"exact": 2}
    assert figures.unmatched.counts == {"ambiguous": 1}
    assert figures.points.total == 2 and len(figures.points.points()) == 1


def test_a_place_that_only_the_file_states_counts() -> None:
    figures = RunStats()
    figures.add(outcome(tags={"EXIF:GPSLatitude": -33.85, "EXIF:GPSLongitude": 151.2}))
    ((latitude, longitude, count),) = figures.points.points()
    assert (round(latitude, 1), round(longitude, 1), count) == (-33.8, 151.2, 1)


def test_places_grow_coarser_instead_of_more() -> None:
    places = PointCounts(max_cells=100)
    for number in range(10_000):
        places.add(GeoPoint(number % 100 / 10 - 5, number // 100 / 10 - 5))
    assert len(places.cells) <= 100 and places.total == 10_000 and places.degrees > 0.1


def test_causes_keep_the_first_files_and_a_bounded_number_of_kinds() -> None:
    causes = Causes()
    for number in range(1000):
        causes.add(f"cause {number % 500}", f"{number}.jpg")
    assert len(causes.counts) <= 201 and causes.counts.total() == 1000
    assert causes.examples["cause 0"] == ["0.jpg", "500.jpg"]


def test_the_overview_stands_side_by_side_where_there_is_room() -> None:
    figures = RunStats()
    figures.add(outcome("a.jpg", people=("Ann",)))
    wide, narrow = overview(figures, 120), overview(figures, 78)
    assert any("Dates of the files" in line and "Dates taken" in line for line in wide)
    assert max(map(len, wide)) <= 120 and max(map(len, narrow)) <= 78
    assert "Dates taken (1 known)" in narrow
    assert overview(RunStats(), 80) == []
