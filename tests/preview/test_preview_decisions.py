"""Decisions in a preview: which one counts, undo, the file that is saved; likely sidecars; groups."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from msgspec.structs import replace
from preview_cases import TAKEN, hour, orphan, outcome, planned_files

from pef_tui.model import Choice, Conflict
from pef_tui.preview import PlannedFiles
from pef_tui.preview.decisions import Choices
from pef_tui.preview.sidecar_candidates import likely_sidecars, most_likely_sidecars
from pef_tui.tags.decisions import DecisionRule, load


def store() -> PlannedFiles:
    return planned_files(
        outcome("a.jpg", "Rome", conflicts=(hour(), hour("more text", "description"))),
        outcome("b.jpg", "Rome", conflicts=(hour(),)),
        outcome("c.jpg", "Paris", conflicts=(hour(),)),
        outcome("d.jpg", "Paris", conflicts=(hour("differs by 2 h"),)),
        outcome("e.jpg", "Paris"),
    )


def decided(rows: PlannedFiles) -> dict[tuple[int, str], Choice]:
    """Return the choices by row and unit."""
    groups = rows.groups.sorted()
    return {(row, group.unit): group.choice(row) for group in groups for row in group.rows}


def test_conflicts_are_grouped_the_largest_first() -> None:
    groups = store().groups
    assert [group.description() for group in groups.sorted()] == [
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
    state_before = decided(rows)
    choices.decide("google", row=0)
    state_after = decided(rows)
    choices.decide("keep")
    choices.undo()
    assert decided(rows) == state_after
    assert choices.undo() == [DecisionRule("google", file="Rome/a.jpg")] and choices.undo() == []
    assert decided(rows) == state_before and choices.count == 0


def test_what_the_preview_says_was_decided_stands_until_decided_again() -> None:
    rows = planned_files(outcome("a.jpg", "Rome", conflicts=(replace(hour(), choice="keep"),)))
    choices = Choices(rows, (DecisionRule("keep", kind="differs by 1 h"),))
    assert decided(rows) == {(0, "date"): "keep"} and rows.groups.undecided == 0
    choices.decide("google", row=0)
    assert decided(rows) == {(0, "date"): "google"}
    choices.undo()
    assert decided(rows) == {(0, "date"): "keep"}


def test_decisions_of_a_kind_and_of_what_it_differs_by_count_in_one_group() -> None:
    def by_hand(differs: str) -> Conflict:
        return replace(hour("set by hand in Google Photos"), differs=differs)

    rows = planned_files(
        outcome("a.jpg", "Rome", conflicts=(by_hand("differs by 3 days"),)),
        outcome("b.jpg", "Rome", conflicts=(by_hand("differs by years"),)),
        outcome("c.jpg", "Paris", conflicts=(by_hand("differs by years"),)),
    )
    (group,) = rows.groups.sorted()
    assert group.description() == "3 dates: set by hand in Google Photos"
    choices = Choices(rows)
    assert choices.decide("google", group) == DecisionRule(
        "google", unit="date", kind="set by hand in Google Photos"
    )
    assert set(decided(rows).values()) == {"google"}
    choices.undo()

    def made_before(*rules: DecisionRule) -> list[Choice]:
        second_run = Choices(rows, (*rules, DecisionRule("keep", file="nowhere.jpg")))
        second_run.remove(len(rules))
        return [decided(rows)[row, "date"] for row in range(3)]

    years = "differs by years"
    assert made_before(DecisionRule("google", kind=years)) == ["", "google", "google"]
    assert made_before(DecisionRule("google", kind=years, folder="Rome")) == ["", "google", ""]
    rules = (
        DecisionRule("google", kind=years, file="Rome/a.jpg"),
        DecisionRule("keep", kind=years, file="Rome/b.jpg"),
    )
    assert made_before(*rules) == ["", "keep", ""]


def test_any_decision_is_taken_back_those_before_the_preview_too() -> None:
    rows = planned_files(
        outcome("a.jpg", "Rome", conflicts=(replace(hour(), choice="keep"),)),
        outcome("b.jpg", "Rome", conflicts=(replace(hour(), choice="keep"),)),
    )
    choices = Choices(rows, (DecisionRule("keep", folder="Rome"), DecisionRule("keep", file="Rome/b.jpg")))
    choices.decide("google", row=0)
    assert choices.remove(0) == DecisionRule("keep", folder="Rome")
    assert decided(rows) == {(0, "date"): "google", (1, "date"): "keep"}
    choices.remove(1)
    assert decided(rows) == {(0, "date"): "", (1, "date"): "keep"}
    assert choices.rules == (DecisionRule("keep", file="Rome/b.jpg"),)


def test_the_document_is_what_a_run_reads(tmp_path: Path) -> None:
    rows = planned_files(
        outcome(os.fsdecode(b"\xe9\n.jpg"), "Rome", conflicts=(hour(),)),
        outcome("lost.jpg", "Rome", "unmatched", matched=False),
        orphan("x.json", "Rome"),
    )
    choices = Choices(rows, (DecisionRule("keep", unit="place"),))
    choices.decide("google", row=0)
    choices.decide("keep", rows.groups.sorted()[0], folder="Rome")
    choices.assign_sidecar(1, 2)
    assert choices.assigned_sidecar(1) == "x.json" and choices.assigned_sidecar(0) == ""
    path = tmp_path / "decisions.json"
    path.write_bytes(choices.document())
    assert load(str(path)).rules == choices.rules
    assert json.loads(choices.document())["v"] == 1
    actual = rows.outcome(0)
    assert actual is not None
    original = outcome(os.fsdecode(b"\xe9\n.jpg"), "Rome").plan.match
    assert load(str(path)).choose(original, hour()) == "google"


def test_a_hundred_thousand_conflicts_are_decided_in_no_time() -> None:
    rows = PlannedFiles()
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
    rows = planned_files(
        outcome(name, "Rome", "unmatched", matched=False, taken=None),
        *(orphan(sidecar, "Rome") for sidecar in SIDECARS),
        orphan("IMG_1234.jpg.json", "Elsewhere"),
        outcome("IMG_1234.png", "Rome"),
    )
    actual = likely_sidecars(rows, 0)
    assert actual[: len(first)] == first and sorted(actual) == [1, 2, 3]


def test_the_same_moment_makes_a_sidecar_likelier_than_its_name() -> None:
    rows = planned_files(
        outcome("a.jpg", "Rome", "unmatched", matched=False, taken=TAKEN),
        orphan("ab.json", "Rome", TAKEN + 86_400),
        orphan("quite another.json", "Rome", TAKEN),
    )
    assert [rows.names[row] for row in likely_sidecars(rows, 0)] == ["quite another.json", "ab.json"]


def test_files_decided_together_are_undone_together() -> None:
    rows = store()
    choices = Choices(rows)
    state_before = decided(rows)
    choices.decide("keep", row=2)
    state_after = decided(rows)
    assert [rule.file for rule in choices.decide_rows("google", [0, 1, 4])] == [
        "Rome/a.jpg", "Rome/b.jpg", "Paris/e.jpg",
    ]  # fmt: skip
    assert decided(rows) == {
        (0, "date"): "google", (0, "description"): "google", (1, "date"): "google", (2, "date"): "keep",
        (3, "date"): "",
    }  # fmt: skip
    assert choices.count == 4
    assert len(choices.undo()) == 3 and decided(rows) == state_after
    assert len(choices.undo()) == 1 and decided(rows) == state_before
    assert choices.decide_rows("keep", []) == [] and choices.undo() == []


def test_one_of_several_decided_together_is_removed_alone() -> None:
    rows = store()
    choices = Choices(rows, (DecisionRule("keep", file="Paris/c.jpg"),))
    choices.decide_rows("google", [0, 1])
    choices.decide("google", row=3)
    assert choices.remove(1).file == "Rome/a.jpg"
    assert choices.undo() == [DecisionRule("google", file="Paris/d.jpg")]
    assert choices.undo() == [DecisionRule("google", file="Rome/b.jpg")] and choices.undo() == []


def test_thousands_of_files_are_decided_together_in_seconds() -> None:
    records = [
        outcome(f"{number}.jpg", f"F{number % 500}", conflicts=(hour(f"{number % 3} h"),))
        for number in range(20_000)
    ]
    rows = planned_files(*records)
    choices = Choices(rows)
    started = time.process_time()
    choices.decide_rows("google", range(len(rows)))
    assert rows.groups.undecided == 0
    choices.decide("keep", row=7)
    assert len(choices.undo()) == 1 and len(choices.undo()) == 20_000
    assert rows.groups.undecided == 20_000
    assert time.process_time() - started < 20


def test_the_most_likely_sidecars_are_assigned_without_ties() -> None:
    rows = planned_files(
        outcome("IMG_1.jpg", "A", "unmatched", matched=False, taken=None),
        outcome("beach.jpg", "A", "unmatched", matched=False, taken=None),
        outcome("x.jpg", "A", "unmatched", matched=False, taken=None),
        outcome("IMG_1.jpg", "B", "unmatched", matched=False, taken=None),
        outcome("alone.jpg", "C", "unmatched", matched=False, taken=None),
        orphan("IMG_1.jpeg.json", "A"),
        orphan("beach(1).jpg.json", "A"),
        orphan("IMG_1(1).jpg.json", "B"),
        orphan("IMG_1(2).jpg.json", "B"),
    )
    likely = most_likely_sidecars(rows, range(5))
    assert {rows.names[row]: rows.names[json_row] for row, json_row in likely.items()} == {
        "IMG_1.jpg": "IMG_1.jpeg.json", "beach.jpg": "beach(1).jpg.json",
    }  # fmt: skip
    choices = Choices(rows)
    assert len(choices.assign_sidecars(likely)) == 2
    assert choices.assigned_sidecar(1) == "beach(1).jpg.json"
    assert len(choices.undo()) == 2 and choices.assigned_sidecar(1) == ""
