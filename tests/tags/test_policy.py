"""The policy by itself: what is equal, all or none, first come, joined lists."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_cases import match

from pef_tui.model import Conflict, TagEdit, Value
from pef_tui.tags.equal import same
from pef_tui.tags.policy import Settled, settle

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


@pytest.mark.parametrize(("tag", "wanted", "held", "equal"), EQUAL)
def test_equal_but_for_what_formats_do_to_values(tag: str, wanted: Value, held: Value, equal: bool) -> None:
    assert same(tag, wanted, held) is equal
    done = settle(match({tag: held}), [TagEdit(tag, wanted)])
    assert done == Settled((), () if equal else (Conflict("", tag, held, wanted),))


def unit(**values: Value | None) -> list[TagEdit]:
    return [
        TagEdit(f"XMP-dc:{name}", value, "always" if value is None else "missing", "u")
        for name, value in values.items()
    ]


def test_a_unit_is_written_all_or_none() -> None:
    edits = [*unit(A="1", B="2", C=None), TagEdit("XMP-dc:D", "4")]
    held: dict[str, Value] = {"XMP-dc:B": "other", "XMP-dc:C": "stale"}
    done = settle(match(held), edits)
    assert [edit.tag for edit in done.edits] == ["XMP-dc:D"]
    assert done.conflicts == (Conflict("u", "XMP-dc:B", "other", "2"),)
    over = settle(match(held), edits, "overwrite")
    assert over == Settled(tuple(edits))


def test_one_conflict_a_unit_and_one_a_lone_tag() -> None:
    edits = [*unit(A="1", B="2"), TagEdit("XMP-dc:C", "3"), TagEdit("XMP-dc:D", "4")]
    done = settle(match({f"XMP-dc:{name}": "x" for name in "ABCD"}), edits)
    assert [conflict.tag for conflict in done.conflicts] == ["XMP-dc:A", "XMP-dc:C", "XMP-dc:D"]


@pytest.mark.parametrize(
    ("when", "value", "held", "written"),
    [
        ("missing", None, "x", False), ("always", None, "x", True), ("always", None, None, False),
        ("always", "y", "x", True), ("always", "x", "x", False), ("missing", "x", None, True),
        ("merge", (), "x", False),
        ("merge", (), None, False), ("merge", "x", ("x",), False), ("merge", "y", ("x",), True),
    ],
)  # fmt: skip
def test_when(when: Any, value: Value | None, held: Value | None, written: bool) -> None:
    tags: dict[str, Value] = {"XMP-dc:Other": "1"} | ({} if held is None else {"XMP-dc:A": held})
    done = settle(match(tags), [TagEdit("XMP-dc:A", value, when)])
    assert bool(done.edits) is written
    assert not done.conflicts


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
    done = settle(match(tags), edits)
    assert done.edits == (first, edits[3])
    assert len(done.warnings) == 1
    assert "XMP-dc:A" in done.warnings[0]
    assert "mine" in done.warnings[0]
    assert "dates" in done.warnings[0]


@pytest.mark.parametrize(
    ("tags", "joined"), [({}, ("a", "b", "c")), ({"XMP-dc:Subject": ("c",)}, ("c", "a", "b"))]
)
def test_lists_of_two_mappers_are_joined(tags: dict[str, Value], joined: tuple[str, ...]) -> None:
    edits = [
        TagEdit("XMP-dc:Subject", ("a", "b"), "merge", mapper="people"),
        TagEdit("XMP-dc:Subject", ("b", "c"), "merge", mapper="albums"),
    ]
    done = settle(match(tags), edits)
    assert [edit.value for edit in done.edits] == [joined]
    assert done.warnings == ()


def test_never_does_not_look_at_the_file() -> None:
    edits = unit(A="1", B="2", C=None)
    assert settle(match({"XMP-dc:A": "other", "XMP-dc:B": "2"}), edits, "never") == Settled(tuple(edits[:2]))


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
    first = settle(match(tags), edits, existing)
    after = dict(tags)
    for edit in first.edits:
        if edit.value is None:
            del after[edit.tag]
        else:
            after[edit.tag] = edit.value
    second = settle(match(after), edits, existing)
    assert second.edits == ()
    dropped = {conflict.unit for conflict in first.conflicts if conflict.unit}
    assert not any(edit.unit in dropped for edit in first.edits)
    assert len({edit.tag for edit in first.edits}) == len(first.edits)
