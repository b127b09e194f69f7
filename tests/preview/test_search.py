"""The search of the Review screen by person, camera, description, album and year."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from preview_cases import outcome, planned_files

from pef_tui.model import Album, Outcome
from pef_tui.preview import PlannedFiles, RowFilter, select_rows
from pef_tui.preview.search import Query, Term, parse


def _described(record: Outcome, description: str, title: str = "") -> Outcome:
    match = record.plan.match
    assert match.sidecar is not None
    album = Album(title) if title else None
    sidecar = replace(match.sidecar, description=description)
    return replace(record, plan=replace(record.plan, match=replace(match, sidecar=sidecar, album=album)))


def store() -> PlannedFiles:
    return planned_files(
        outcome("a.jpg", people=("Ann Lee", "Bob"), tags={"EXIF:Make": "Canon", "EXIF:Model": "EOS 5D"}),
        _described(
            outcome("b.jpg", "Untitled(1)", people=("ANN",), tags={"EXIF:Make": "Nikon"}),
            "At the beach\nin Nice",
            "Côte d’Azur",
        ),
        outcome("c.jpg", "Untitled(1)", tags={"EXIF:Model": "Pixel 7"}),
        _described(outcome("d.jpg", "Photos from 2020", tags={"EXIF:Make": "Nikon"}), "Straße"),
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("person:ann", [0, 1]),
        ('person:"ann lee"', [0]),
        ("person:ann person:bob", [0]),
        ("person:ann a.jpg", [0]),
        ("camera:canon", [0]),
        ('camera:"canon eos"', [0]),
        ("camera:canon camera:pixel", [0, 2]),
        ("desc:BEACH", [1]),
        ('desc:"beach in"', [1]),
        ("desc:strasse", [3]),
        ("desc:beach desc:strasse", [1, 3]),
        ("album:azur", [1, 2]),
        ("album:azur person:ann desc:nice", [1]),
        ("person:ann year:2019", [0, 1]),
        ("person:ann year:2018", []),
        ("person:nobody", []),
    ],
)
def test_terms_and_words_are_combined(text: str, rows: list[int]) -> None:
    assert list(select_rows(store(), RowFilter(text=text))) == rows


def test_a_search_is_parsed_while_it_is_typed() -> None:
    assert parse("person:") == parse('person:"') == parse("") == Query(())
    assert parse('Person:"Ann L') == Query((Term("person", "Ann L"),))
    assert parse("x:y a") == Query((Term("", "x:y"), Term("", "a")))
    assert parse("year:2019-2020 b").terms == (Term("year", "2019-2020"), Term("", "b"))


@pytest.mark.parametrize("value", ["x", "20", "2020-2019", "0000", "2019-"])
def test_a_year_that_is_none_is_named(value: str) -> None:
    query = parse(f"year:{value} a")
    assert query.terms == (Term("", "a"),) and value in query.problem
