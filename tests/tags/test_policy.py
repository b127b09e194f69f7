"""The policy alone: equal values, units, priority of mappers, merged lists."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_cases import match

from pef_tui.model import Conflict, TagEdit, Value
from pef_tui.tags.comparison import equal_values
from pef_tui.tags.policy import TagDecision, decide

EQUAL = [
    ("EXIF:GPSLatitude", -33.8567844, -33.85678441, True),
    ("EXIF:GPSLatitude", -33.8567844, -33.856788, False),
    ("EXIF:GPSLatitude", -33.8567844, "-33.8567844", True),
    ("EXIF:GPSLatitude", 1.0, "x", False),
    ("EXIF:GPSAltitude", 8848.86, 8848.86001, True),
    ("XMP-xmp:Rating", 5, "5", True),
    ("XMP-xmp:Rating", 5, 4, False),
    ("XMP-dc:Description", "Zoë", "Zoe\u0308 ", True),
    ("XMP-dc:Description", "a\nb", "a\r\nb", True),
    ("XMP-dc:Description", "a", "A", False),
    ("XMP-dc:Description", "5.10", "5.1", False),
    ("XMP-dc:Subject", ("a", "b"), ("a", "b"), True),
    ("XMP-dc:Subject", ("a", "b"), ("b", "a"), False),
    ("XMP-dc:Subject", ("a",), "a", True),
    ("XMP-photoshop:DateCreated", "2019:07:01 12:00:00+02:00", "2019-07-01T10:00:01.5Z", True),
    ("XMP-photoshop:DateCreated", "2019:07:01 12:00:00+02:00", "2019:07:01 12:00:00+01:00", False),
    ("XMP-photoshop:DateCreated", "2019:07:01 12:00:00+02:00", "2019:07:01 12:00:00", False),
    ("EXIF:DateTimeOriginal", "2019:07:01 12:00:00", "2019-07-01 12:00:02", True),
    ("EXIF:DateTimeOriginal", "2019:07:01 12:00:00", "2019:07:01 12:00:03", False),
    ("Keys:GPSCoordinates", "-33.85678, 151.21530, 58.12", "-33.85678 151.2153 58.1", True),
    ("Keys:GPSCoordinates", "-33.85678, 151.21530", "-33.85678, 151.21530, 0", True),
    ("Keys:GPSCoordinates", "-33.85678, 151.21530", "-33.8567, 151.2153", False),
    ("Keys:GPSCoordinates", "-33.85678, 151.21530", "nowhere", False),
]


@pytest.mark.parametrize(("tag", "expected", "value", "equal"), EQUAL)
def test_equal_but_for_what_formats_do_to_values(
    tag: str, expected: Value, value: Value, equal: bool
) -> None:
    assert equal_values(tag, expected, value) is equal
    decision = decide(match({tag: value}), [TagEdit(tag, expected)])
    assert decision == TagDecision((), () if equal else (Conflict("", tag, value, expected),))


def unit(**values: Value | None) -> list[TagEdit]:
    return [
        TagEdit(f"XMP-dc:{name}", value, "always" if value is None else "missing", "u")
        for name, value in values.items()
    ]


def test_a_unit_is_written_all_or_none() -> None:
    edits = [*unit(A="1", B="2", C=None), TagEdit("XMP-dc:D", "4")]
    value: dict[str, Value] = {"XMP-dc:B": "other", "XMP-dc:C": "stale"}
    decision = decide(match(value), edits)
    assert [edit.tag for edit in decision.edits] == ["XMP-dc:D"]
    assert decision.conflicts == (Conflict("u", "XMP-dc:B", "other", "2"),)
    over = decide(match(value), edits, "overwrite")
    assert over == TagDecision(tuple(edits))


def test_one_conflict_a_unit_and_one_a_lone_tag() -> None:
    edits = [*unit(A="1", B="2"), TagEdit("XMP-dc:C", "3"), TagEdit("XMP-dc:D", "4")]
    decision = decide(match({f"XMP-dc:{name}": "x" for name in "ABCD"}), edits)
    assert [conflict.tag for conflict in decision.conflicts] == ["XMP-dc:A", "XMP-dc:C", "XMP-dc:D"]


@pytest.mark.parametrize(
    ("moment", "value", "stored_value", "output"),
    [
        ("missing", None, "x", False), ("always", None, "x", True), ("always", None, None, False),
        ("always", "y", "x", True), ("always", "x", "x", False), ("missing", "x", None, True),
        ("merge", (), "x", False),
        ("merge", (), None, False), ("merge", "x", ("x",), False), ("merge", "y", ("x",), True),
    ],
)  # fmt: skip
def test_when(moment: Any, value: Value | None, stored_value: Value | None, output: bool) -> None:
    tags: dict[str, Value] = {"XMP-dc:Other": "1"} | (
        {} if stored_value is None else {"XMP-dc:A": stored_value}
    )
    decision = decide(match(tags), [TagEdit("XMP-dc:A", value, moment)])
    assert bool(decision.edits) is output
    assert not decision.conflicts


@pytest.mark.parametrize("tags", [{}, {"XMP-dc:Z": "1"}])
def test_the_first_wins_and_the_loser_is_named_and_loses_its_unit(tags: dict[str, Value]) -> None:
    first = TagEdit("XMP-dc:A", "1", unit="u", mapper="dates")
    edits = [
        first,
        TagEdit("XMP-dc:A", "2", unit="u", mapper="mine"),
        TagEdit("XMP-dc:B", "3", unit="u", mapper="mine"),
        TagEdit("XMP-dc:C", "4", mapper="mine"),
        TagEdit("XMP-dc:A", "1", mapper="agrees"),
    ]
    decision = decide(match(tags), edits)
    assert decision.edits == (first, edits[3])
    assert len(decision.warnings) == 1
    assert "XMP-dc:A" in decision.warnings[0]
    assert "mine" in decision.warnings[0]
    assert "dates" in decision.warnings[0]


@pytest.mark.parametrize(
    ("tags", "pairs"), [({}, ("a", "b", "c")), ({"XMP-dc:Subject": ("c",)}, ("c", "a", "b"))]
)
def test_lists_of_two_mappers_are_joined(tags: dict[str, Value], pairs: tuple[str, ...]) -> None:
    edits = [
        TagEdit("XMP-dc:Subject", ("a", "b"), "merge", mapper="people"),
        TagEdit("XMP-dc:Subject", ("b", "c"), "merge", mapper="albums"),
    ]
    decision = decide(match(tags), edits)
    assert [edit.value for edit in decision.edits] == [pairs]
    assert decision.warnings == ()


def test_never_does_not_look_at_the_file() -> None:
    edits = unit(A="1", B="2", C=None)
    assert decide(match({"XMP-dc:A": "other", "XMP-dc:B": "2"}), edits, "never") == TagDecision(
        tuple(edits[:2])
    )


TAGS = st.sampled_from(
    [
        "XMP-dc:A",
        "XMP-dc:B",
        "EXIF:C",
        "Keys:GPSCoordinates",
        "XMP-photoshop:DateCreated",
        "EXIF:DateTimeOriginal",
    ]
)
VALUES = st.one_of(
    st.text(max_size=5), st.floats(-180, 180), st.integers(-5, 5), st.tuples(st.text(max_size=3), st.text(max_size=3)),
    st.sampled_from(["2019:07:01 12:00:00", "2019:07:01 12:00:00+02:00", "1.5, 2.5", "0, 0, 1"]),
)  # fmt: skip
EDITS = st.builds(
    TagEdit, TAGS, st.none() | VALUES, st.sampled_from(["missing", "merge", "always"]), st.sampled_from(["", "u", "v"]),
    st.sampled_from(["", "m", "n"]),
)  # fmt: skip


@given(st.dictionaries(TAGS, VALUES), st.lists(EDITS, max_size=6), st.sampled_from(["fill", "overwrite"]))
def test_what_was_settled_is_settled(tags: dict[str, Value], edits: list[TagEdit], existing: Any) -> None:
    first = decide(match(tags), edits, existing)
    state_after = dict(tags)
    for edit in first.edits:
        if edit.value is None:
            del state_after[edit.tag]
        else:
            state_after[edit.tag] = edit.value
    second = decide(match(state_after), edits, existing)
    assert second.edits == ()
    dropped = {conflict.unit for conflict in first.conflicts if conflict.unit}
    assert not any(edit.unit in dropped for edit in first.edits)
    assert len({edit.tag for edit in first.edits}) == len(first.edits)
