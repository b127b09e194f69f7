"""Test charts as lines of text: their values, and that no line exceeds the width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pef_tui.reporting.charts import WORLD, Bar, View, bars, fit_view, months, size_text, world
from pef_tui.reporting.charts.coast import coastlines
from pef_tui.reporting.charts.months import BLOCKS
from pef_tui.reporting.charts.world import MARKS
from pef_tui.sanitize import cells, safe


def month(year: int, number: int) -> int:
    return year * 12 + number - 1


def test_months_rise_with_their_pictures() -> None:
    lines = months({month(2019, 7): 80, month(2019, 8): 10, month(2020, 1): 40}, 40)
    assert lines[0] == "     JFMAMJJASOND"
    assert lines[1].startswith("2019 ······█▂···· 90 ")
    assert lines[2].startswith("2020 ▅··········· 40 ")


def test_a_gap_of_years_is_one_line() -> None:
    lines = months({month(1990, 1): 1, month(2019, 7): 8}, 60)
    assert [line[:4] for line in lines[1:]] == ["1990", "   ⋮", "2019"]


def test_years_asked_for_are_shown_even_empty() -> None:
    assert [line[:4] for line in months({month(2019, 7): 8}, 60, (2018, 2020))[1:]] == [
        "2018",
        "2019",
        "2020",
    ]


def test_nothing_is_no_chart() -> None:
    assert months({}, 60) == [] and months({month(2019, 7): 0}, 60) == [] and bars([], 40) == []


@given(
    st.dictionaries(st.integers(12, 110_000), st.integers(1, 10**7), max_size=40),
    st.integers(36, 200),
)
def test_months_keep_to_their_width(counts: dict[int, int], width: int) -> None:
    assert all(len(line) <= width for line in months(counts, width))
    assert not counts or any(BLOCKS[-1] in line for line in months(counts, width))


@given(
    st.lists(st.tuples(st.text(max_size=60), st.floats(0, 1e15)), min_size=1, max_size=9),
    st.integers(36, 120),
)
def test_bars_keep_to_their_width_whatever_the_names(rows: list[tuple[str, float]], width: int) -> None:
    lines = bars([Bar(name, amount, size_text(amount)) for name, amount in rows], width, 5)
    assert len(lines) == min(len(rows), 5)
    assert all(cells(line) <= width and line == safe(line) for line in lines)


def test_bars_say_how_many_are_left_out() -> None:
    lines = bars([Bar(str(number), number, str(number)) for number in range(9)], 40, 4)
    assert lines[-1] == "and 6 more" and len(lines) == 4


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (123_456_789, "123 MB"),
        (5e9, "5.0 GB"),
        (4.2e15, "4,200.0 TB"),
    ],
)
def test_sizes_in_words(size: float, words: str) -> None:
    assert size_text(size) == words


def test_the_coast_is_that_of_the_earth() -> None:
    points = [point for line in coastlines() for point in line]
    assert len(points) > 2000
    assert all(-180 <= east <= 180 and -90 <= north <= 90 for east, north in points)
    assert any(abs(east + 9.5) < 1 and abs(north - 38.7) < 1 for east, north in points), "Lisbon's cape"
    assert any(abs(east - 18.4) < 1 and abs(north + 34) < 1 for east, north in points), "Cape Town"


@pytest.mark.parametrize(("width", "height"), [(20, 5), (78, 18), (118, 40), (200, 60)])
def test_a_map_fills_its_place_exactly(width: int, height: int) -> None:
    lines = world([(48.86, 2.35, 1)], width, height)
    assert len(lines) == height and all(len(line) == width for line in lines)
    assert sum(character in MARKS for line in lines for character in line) == 1


def test_marks_grow_with_the_pictures_there() -> None:
    lines = "".join(world([(48, 2, 100), (-22, -43, 20), (-33, 151, 1)], 100, 30))
    assert [character for character in lines if character in MARKS] == [MARKS[2], MARKS[1], MARKS[0]]


def test_places_out_of_sight_are_left_out() -> None:
    lines = "".join(world([(48, 2, 1), (-33, 151, 1)], 60, 20, View(48, 2, 20)))
    assert sum(character in MARKS for character in lines) == 1


def test_the_fitted_view_holds_every_place() -> None:
    places = [(48.8, 2.3, 1), (41.9, 12.5, 3)]
    view = fit_view(places)
    assert view.degrees < 30
    assert sum(character in MARKS for line in world(places, 60, 20, view) for character in line) == 2
    assert fit_view([]) == WORLD == fit_view([(48, 2, 1), (-33, 151, 1)])


def test_a_view_stays_on_the_map() -> None:
    view = WORLD
    for _ in range(50):
        view = view.moved(0.5, 0.5)
    assert -180 <= view.longitude <= 180 and view.latitude == 85
    assert WORLD.zoomed(1e9).degrees == 0.5 and WORLD.zoomed(0.001).degrees == 360


def test_places_across_the_date_line_are_seen_together() -> None:
    lines = world([(-18, 178, 1), (-14, -171, 1)], 60, 20, View(-16, 180, 40))
    assert sum(character in MARKS for line in lines for character in line) == 2
