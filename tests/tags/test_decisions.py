"""Decisions on conflicts: which one counts, what a decisions file may contain, and the kinds of conflicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tag_cases import geo, match

from pef_tui.errors import UsageError
from pef_tui.model import Conflict, TagEdit
from pef_tui.tags.conflict_kinds import with_kind
from pef_tui.tags.decisions import DecisionRule, Decisions, load
from pef_tui.tags.policy import decide

DTO = "EXIF:DateTimeOriginal"
CLOCK = Conflict("date", DTO, "2019:07:01 11:00:00", "2019:07:01 12:00:00", "differs by 1 h")
IN_TRIP = match(folder="Trip")

ORDER: list[tuple[list[DecisionRule], str]] = [
    ([], ""),
    ([DecisionRule("google")], "google"),
    ([DecisionRule("google"), DecisionRule("keep")], "keep"),
    ([DecisionRule("google", folder="Trip"), DecisionRule("keep")], "google"),
    (
        [
            DecisionRule("google", file="Trip/a.jpg"),
            DecisionRule("keep", folder="Trip"),
            DecisionRule("keep"),
        ],
        "google",
    ),
    ([DecisionRule("google", file="Trip/b.jpg")], ""),
    ([DecisionRule("google", folder="Trip/"), DecisionRule("keep", folder="Other")], "google"),
    ([DecisionRule("google", unit="date")], "google"),
    ([DecisionRule("google", unit=DTO)], "google"),
    ([DecisionRule("google", unit="place"), DecisionRule("google", kind="differs by 2 h")], ""),
    (
        [DecisionRule("google", kind="differs by 1 h", unit="date", file="Trip/a.jpg", folder="Trip")],
        "google",
    ),
    ([DecisionRule("google", file="Trip/a.jpg", folder="Elsewhere")], ""),
]


@pytest.mark.parametrize(("rules", "choice"), ORDER)
def test_the_nearest_decision_counts(rules: list[DecisionRule], choice: str) -> None:
    assert Decisions(tuple(rules)).choose(IN_TRIP, CLOCK) == choice


KINDS: list[tuple[Any, Any, str]] = [
    ("2019:07:01 11:00:00", "2019:07:01 12:00:00", "differs by 1 h"),
    ("2019:07:01 17:30:00", "2019:07:01 12:00:00", "differs by 5 h 30 min"),
    ("2019:07:01 12:30:00", "2019:07:01 12:00:00", "differs by 30 min"),
    ("2019:07:01 12:00:05", "2019:07:01 12:00:00", "differs by seconds"),
    ("2019:07:01 12:10:00", "2019:07:01 12:00:00", "differs by less than 1 h"),
    ("2019:07:01 14:10:00", "2019:07:01 12:00:00", "differs by less than 1 day"),
    ("2019:07:02 12:00:00", "2019:07:01 12:00:00", "differs by 1 day"),
    ("2019:07:11 12:00:00", "2019:07:01 12:00:00", "differs by 10 days"),
    ("2019:07:11 12:00:01", "2019:07:01 12:00:00", "differs by less than 1 year"),
    ("2002:01:01 00:00:00", "2019:07:01 12:00:00", "differs by years"),
    ("2019:07:01 14:00:00+02:00", "2019:07:01 13:00:00Z", "differs by 1 h"),
    ("a cat", "a cat on the sofa", "more text"),
    ("a cat", "a dog", "another text"),
    (3, 5, "another value"),
]


@pytest.mark.parametrize(("file", "google", "kind"), KINDS)
def test_kinds(file: Any, google: Any, kind: str) -> None:
    assert with_kind(match(), Conflict("", "x:Y", file, google)).kind == kind


HERE = {"EXIF:GPSLatitude": 52.5, "EXIF:GPSLongitude": 13.4}
SCANNED, SET = "2019:07:01 12:00:00", "1975:06:02 10:00:00+01:00"
BY_HAND: list[tuple[dict[str, Any], dict[str, Any], str, str, bool]] = [
    # the file's other tags, the sidecar, the file's date, Google's date, whether the kind is SET_BY_HAND
    ({}, {}, SCANNED, SET, True),
    ({}, {"place": geo(52.5, 13.4)}, SCANNED, SET, True),
    (HERE, {"place": geo(52.5005, 13.4), "camera": geo(52.5, 13.4)}, SCANNED, SET, True),
    ({}, {}, "2019:07:01 12:00:00", "2019:06:30 12:00:00+02:00", True),
    ({}, {}, "2019", SET, True),
    ({}, {}, "1975-06-01", SET, False),  # ten hours outside
    ({}, {}, "2019:07:01 12:00:00", "2019:07:01 14:00:00+02:00", False),
    (HERE, {"place": geo(52.6, 13.4)}, SCANNED, SET, False),
    (HERE, {"place": geo(52.5, 13.4), "camera": geo(-33.0, 13.4)}, SCANNED, SET, False),
    ({"EXIF:ImageDescription": "Bob"}, {"description": "Ana"}, SCANNED, SET, False),
    ({"EXIF:ImageDescription": "edf"}, {"description": "Ana"}, SCANNED, SET, True),
    ({"EXIF:ImageDescription": "Bob"}, {}, SCANNED, SET, True),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "fields", "file", "google", "by_hand"), BY_HAND)
def test_dates_set_by_hand_are_a_kind_of_their_own(
    tags: dict[str, Any], fields: dict[str, Any], file: str, google: str, by_hand: bool
) -> None:
    file_match = match({DTO: file, **tags}, **fields)
    conflict = with_kind(file_match, Conflict("date", DTO, file, google))
    differs = conflict.differs if isinstance(conflict.differs, str) else ""
    assert (conflict.kind == "set by hand in Google Photos") is by_hand
    assert (differs if by_hand else conflict.kind).startswith("differs by")
    for kind in {conflict.kind, differs} - {""}:  # older decisions name the difference
        assert Decisions((DecisionRule("google", kind=kind),)).choose(file_match, conflict) == "google"


@pytest.mark.parametrize(
    ("latitude", "kind"),
    [(52.505, "less than 1 km away"), (52.55, "less than 10 km away"), (-33.0, "more than 1000 km away")],
)
def test_kinds_of_places(latitude: float, kind: str) -> None:
    file_match = match({"EXIF:GPSLatitude": 52.5, "EXIF:GPSLongitude": 13.4}, place=geo(latitude, 13.4))
    assert with_kind(file_match, Conflict("place", "EXIF:GPSLatitude", 52.5, latitude)).kind == kind


def test_decided_units_are_written_whole_and_the_rest_follows_the_setting() -> None:
    value: dict[str, Any] = {"XMP-dc:A": "1", "XMP-dc:B": "2"}
    edits = [TagEdit("XMP-dc:A", "x", unit="a"), TagEdit("XMP-dc:C", "x", unit="a"), TagEdit("XMP-dc:B", "x")]
    rules = Decisions((DecisionRule("google", unit="a"),))
    decision = decide(match(value), edits, "fill", lambda conflict: rules.choose(IN_TRIP, conflict))
    assert [edit.tag for edit in decision.edits] == ["XMP-dc:A", "XMP-dc:C"]
    assert [(each.tag, each.choice) for each in decision.conflicts] == [("XMP-dc:B", "")]
    retained = decide(match(value), edits, "overwrite", lambda _: "keep")
    assert retained.edits == ()
    assert {each.choice for each in retained.conflicts} == {"keep"}


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    toml, json = tmp_path / "d.toml", tmp_path / "d.json"
    toml.write_text('[[decisions]]\nfolder = "Trip"\nchoice = "google"\n')
    json.write_text('{"v": 1, "decisions": [{"folder": "Trip", "choice": "google"}]}')
    assert {load(str(path)).choose(IN_TRIP, CLOCK) for path in (toml, json)} == {"google"}
    assert not load("") and load(str(toml)).content != load(str(json)).content


WRONG = [
    ("d.json", "[", "is not JSON"),
    ("d.json", "[" * 200_000, "is not JSON"),
    ("d.toml", "x = ", "is not TOML"),
    ("d.json", "{}", "missing required field `decisions`"),
    ("d.json", '{"decisions": [{"choice": "both"}]}', "Invalid enum value 'both'"),
    ("d.json", '{"decisions": [{"choice": ""}]}', "keep or google"),
    ("d.json", '{"decisions": [{"choice": "keep", "album": "x"}]}', "unknown field `album`"),
    ("d.json", '{"decisions": [{"choice": "keep", "file": 3}]}', "decisions[0].file"),
    ("d.json", '{"v": 2, "decisions": []}', "Invalid enum value 2"),
]


@pytest.mark.parametrize(("name", "text", "reason"), WRONG)
def test_what_cannot_be_meant_is_one_line(tmp_path: Path, name: str, text: str, reason: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        load(str(tmp_path / name))
    assert reason in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        load(str(tmp_path / "none.json"))
