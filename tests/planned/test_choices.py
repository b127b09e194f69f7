"""Decisions over a preview: which counts, what is undone, the file they make; likely sidecars; groups."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from planned_cases import TAKEN, hour, orphan, outcome, planned

from pef_tui.model import Choice, Conflict
from pef_tui.planned import Planned
from pef_tui.planned.choices import Choices
from pef_tui.planned.likely import likely_sidecars
from pef_tui.tags.decisions import Rule, load


def store() -> Planned:
    return planned(
        outcome("a.jpg", "Rome", conflicts=(hour(), hour("more text", "description"))),
        outcome("b.jpg", "Rome", conflicts=(hour(),)),
        outcome("c.jpg", "Paris", conflicts=(hour(),)),
        outcome("d.jpg", "Paris", conflicts=(hour("differs by 2 h"),)),
        outcome("e.jpg", "Paris"),
    )


def decided(rows: Planned) -> dict[tuple[int, str], Choice]:
    """By row and unit."""
    groups = rows.groups.sorted()
    return {(row, group.unit): group.choice(row) for group in groups for row in group.rows}


def test_conflicts_are_grouped_the_largest_first() -> None:
    groups = store().groups
    assert [group.words() for group in groups.sorted()] == [
        "3 dates: differs by 1 h", "1 date: differs by 2 h", "1 description: more text",
    ]  # fmt: skip
    assert len(groups) == 5 == groups.undecided
    assert [group.kind for group in groups.of_row(0)] == ["differs by 1 h", "more text"]
    assert groups.of_row(4) == []


def test_the_nearest_decision_counts_whenever_it_was_made() -> None:
    rows = store()
    choices, hours = Choices(rows), rows.groups.by_key["date", "differs by 1 h"]
    choices.decide("google", row=0)
    choices.decide("keep", hours, folder="Rome")
    choices.decide("google", hours)
    assert decided(rows) == {
        (0, "date"): "google", (0, "description"): "google", (1, "date"): "keep", (2, "date"): "google",
        (3, "date"): "",
    }  # fmt: skip
    choices.decide("keep")
    assert decided(rows)[2, "date"] == "keep" and decided(rows)[0, "date"] == "google"
    assert rows.groups.undecided == 0


def test_each_undo_takes_back_the_last_decision() -> None:
    rows = store()
    choices = Choices(rows)
    before = decided(rows)
    choices.decide("google", row=0)
    after = decided(rows)
    choices.decide("keep")
    choices.undo()
    assert decided(rows) == after
    assert choices.undo() == Rule("google", file="Rome/a.jpg") and choices.undo() is None
    assert decided(rows) == before and choices.made == 0


def test_what_the_preview_says_was_decided_stands_until_decided_anew() -> None:
    rows = planned(outcome("a.jpg", "Rome", conflicts=(replace(hour(), choice="keep"),)))
    choices = Choices(rows, (Rule("keep", kind="differs by 1 h"),))
    assert decided(rows) == {(0, "date"): "keep"} and rows.groups.undecided == 0
    choices.decide("google", row=0)
    assert decided(rows) == {(0, "date"): "google"}
    choices.undo()
    assert decided(rows) == {(0, "date"): "keep"}


def test_decisions_of_a_kind_and_of_what_it_differs_by_count_in_one_group() -> None:
    def by_hand(differs: str) -> Conflict:
        return replace(hour("set by hand in Google Photos"), differs=differs)

    rows = planned(
        outcome("a.jpg", "Rome", conflicts=(by_hand("differs by 3 days"),)),
        outcome("b.jpg", "Rome", conflicts=(by_hand("differs by years"),)),
        outcome("c.jpg", "Paris", conflicts=(by_hand("differs by years"),)),
    )
    (group,) = rows.groups.sorted()
    assert group.words() == "3 dates: set by hand in Google Photos"
    choices = Choices(rows)
    assert choices.decide("google", group) == Rule("google", unit="date", kind="set by hand in Google Photos")
    assert set(decided(rows).values()) == {"google"}
    choices.undo()

    def made_before(*rules: Rule) -> list[Choice]:
        again = Choices(rows, (*rules, Rule("keep", file="nowhere.jpg")))
        again.withdraw(len(rules))
        return [decided(rows)[row, "date"] for row in range(3)]

    years = "differs by years"
    assert made_before(Rule("google", kind=years)) == ["", "google", "google"]
    assert made_before(Rule("google", kind=years, folder="Rome")) == ["", "google", ""]
    assert made_before(Rule("google", kind=years, file="Rome/a.jpg"), Rule("keep", kind=years, file="Rome/b.jpg")) == [
        "", "keep", "",
    ]  # fmt: skip


def test_any_decision_is_taken_back_those_before_the_preview_too() -> None:
    rows = planned(
        outcome("a.jpg", "Rome", conflicts=(replace(hour(), choice="keep"),)),
        outcome("b.jpg", "Rome", conflicts=(replace(hour(), choice="keep"),)),
    )
    choices = Choices(rows, (Rule("keep", folder="Rome"), Rule("keep", file="Rome/b.jpg")))
    choices.decide("google", row=0)
    assert choices.withdraw(0) == Rule("keep", folder="Rome")
    assert decided(rows) == {(0, "date"): "google", (1, "date"): "keep"}
    choices.withdraw(1)
    assert decided(rows) == {(0, "date"): "", (1, "date"): "keep"}
    assert choices.rules == (Rule("keep", file="Rome/b.jpg"),)


def test_the_document_is_what_a_run_reads(tmp_path: Path) -> None:
    rows = planned(
        outcome(os.fsdecode(b"\xe9\n.jpg"), "Rome", conflicts=(hour(),)),
        outcome("lost.jpg", "Rome", "unmatched", matched=False),
        orphan("x.json", "Rome"),
    )
    choices = Choices(rows, (Rule("keep", unit="place"),))
    choices.decide("google", row=0)
    choices.decide("keep", rows.groups.sorted()[0], folder="Rome")
    choices.give_sidecar(1, 2)
    assert choices.sidecar_given(1) == "x.json" and choices.sidecar_given(0) == ""
    path = tmp_path / "decisions.json"
    path.write_bytes(choices.document())
    assert load(str(path)).rules == choices.rules
    assert json.loads(choices.document())["v"] == 1
    found = rows.outcome(0)
    assert found is not None
    original = outcome(os.fsdecode(b"\xe9\n.jpg"), "Rome").plan.match
    assert load(str(path)).choose(original, hour()) == "google"


def test_a_hundred_thousand_conflicts_are_decided_in_no_time() -> None:
    rows = Planned()
    for number in range(5000):
        rows.add(outcome(f"{number}.jpg", f"F{number % 50}", conflicts=(hour(),)))
    rows.finish()
    choices = Choices(rows)
    for number in range(50):
        choices.decide("keep", row=number)
    choices.decide("google", rows.groups.sorted()[0], folder="F3")
    assert rows.groups.undecided == 5000 - 50 - 100 + 1


SIDECARS = ("IMG_1243.jpg.supplemental-meta.json", "zzz.json", "IMG_1234(1).jpg.json")
LIKELY: list[tuple[str, list[int]]] = [("IMG_1234.jpg", [3, 1, 2]), ("zz.jpg", [2])]


@pytest.mark.parametrize(("name", "first"), LIKELY)
def test_the_sidecars_of_the_folder_are_offered_by_likeness(name: str, first: list[int]) -> None:
    rows = planned(
        outcome(name, "Rome", "unmatched", matched=False, taken=None),
        *(orphan(each, "Rome") for each in SIDECARS),
        orphan("IMG_1234.jpg.json", "Elsewhere"),
        outcome("IMG_1234.png", "Rome"),
    )
    found = likely_sidecars(rows, 0)
    assert found[: len(first)] == first and sorted(found) == [1, 2, 3]


def test_the_same_moment_makes_a_sidecar_likelier_than_its_name() -> None:
    rows = planned(
        outcome("a.jpg", "Rome", "unmatched", matched=False, taken=TAKEN),
        orphan("ab.json", "Rome", TAKEN + 86_400),
        orphan("quite another.json", "Rome", TAKEN),
    )
    assert [rows.names[row] for row in likely_sidecars(rows, 0)] == ["quite another.json", "ab.json"]
