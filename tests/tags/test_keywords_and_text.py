"""People, descriptions and favourites."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_cases import match

from pef_tui.model import Conflict, Match, Value
from pef_tui.tags.google import favourites
from pef_tui.tags.keywords import people
from pef_tui.tags.policy import TagDecision, decide
from pef_tui.tags.tag_lists import as_xmp_target
from pef_tui.tags.text import text

SUBJECT, PERSON = "XMP-dc:Subject", "XMP-iptcExt:PersonInImage"
LIGHTROOM, DIGIKAM = "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList"
EXIF, DC, TIFF, IPTC = (
    "EXIF:ImageDescription",
    "XMP-dc:Description",
    "XMP-tiff:ImageDescription",
    "IPTC:Caption-Abstract",
)
RATING = "XMP-xmp:Rating"


def settled(file_match: Match, existing: Any = "fill") -> TagDecision:
    return decide(file_match, [*people(file_match), *text(file_match), *favourites(file_match)], existing)


def values(result: TagDecision) -> dict[str, Value | None]:
    return {edit.tag: edit.value for edit in result.edits}


@pytest.mark.parametrize("format", ["jpeg", "mp4", "gif", "nef", ""])
def test_people_are_keywords_in_every_format(format: str) -> None:
    assert values(settled(match(format=format, people=("Zoë", "", "李雷", "Zoe\u0308", " ")))) == {
        SUBJECT: ("Zoë", "李雷"),
        PERSON: ("Zoë", "李雷"),
        LIGHTROOM: ("People|Zoë", "People|李雷"),
        DIGIKAM: ("People/Zoë", "People/李雷"),
    }


def test_separators_in_names_make_no_levels() -> None:
    result = values(settled(match(people=("A|B/C",))))
    assert result[SUBJECT] == result[PERSON] == ("A|B/C",)
    assert (result[LIGHTROOM], result[DIGIKAM]) == (("People|A-B-C",), ("People/A-B-C",))


JOINED = [
    (("Zoë",), ("Zoë", "Bob"), ("Zoë", "Bob")),
    (("zoë",), ("Zoë",), ("zoë", "Zoë")),
    (("Zoe\u0308", "beach"), ("Zoë",), None),
    (("beach", "beach"), ("Zoë",), ("beach", "beach", "Zoë")),
    ("beach", ("Zoë",), ("beach", "Zoë")),
    ((), ("Zoë",), ("Zoë",)),
    (2019, ("2019",), None),
]


@pytest.mark.parametrize(("value", "names", "pairs"), JOINED)
@pytest.mark.parametrize("existing", ["fill", "overwrite"])
def test_lists_are_joined(
    value: Any, names: tuple[str, ...], pairs: tuple[str, ...] | None, existing: str
) -> None:
    decision = settled(match({SUBJECT: value}, people=names), existing)
    assert values(decision).get(SUBJECT) == pairs
    assert not decision.conflicts


@pytest.mark.parametrize(
    ("format", "tags"),
    [("jpeg", (EXIF, DC)), ("heic", (EXIF, DC)), ("mp4", ("Keys:Description", "ItemList:Description", DC)),
     ("gif", (DC, TIFF)), ("cr2", (DC, TIFF)), ("avi", (DC, TIFF)), ("", (DC, TIFF))],
)  # fmt: skip
def test_descriptions_in_every_format(format: str, tags: tuple[str, ...]) -> None:
    story = 'One 😀 "two" <&amp;> $5\n-if\nsystem("x") @日本'
    file_match = match(format=format, description=f"  {story}\n")
    assert values(settled(file_match)) == dict.fromkeys(tags, story)
    assert {edit.unit for edit in text(file_match)} == {"description"}


@pytest.mark.parametrize(
    ("value", "output"),
    [
        ("a\0b\x1b[0m\x07", "ab[0m"),
        ("a\ud800b", "ab"),
        ("\ufffe", None),
        (" \n\t", None),
        ("", None),
        ("a\r\nb", "a\r\nb"),
    ],
)
def test_what_no_tag_can_hold_is_left_out(value: str, output: str | None) -> None:
    assert values(settled(match(description=value))).get(DC) == output


def test_only_exif_is_cut() -> None:
    long = "é😀" * 1500
    result = values(settled(match({"IPTC:City": "Bern"}, description=long)))
    assert result[EXIF] == long[:2000]
    assert result[DC] == long
    caption = result[IPTC]
    assert isinstance(caption, str)
    assert 1990 < len(caption.encode()) <= 2000
    assert long.startswith(caption)


def test_a_cut_description_is_no_other_description() -> None:
    decision = settled(match({EXIF: "a" * 2000}, description="a" * 3000))
    assert values(decision) == {DC: "a" * 3000}
    assert not decision.conflicts


@pytest.mark.parametrize(
    ("tags", "added"),
    [
        ({EXIF: "Hello", DC: "Hello"}, {}),
        ({EXIF: " Hello ", DC: "Hello\r\n"}, {}),
        ({EXIF: "Hello"}, {DC: "Hello"}),
        ({DC: "Hello"}, {EXIF: "Hello"}),
        ({EXIF: "          ", DC: ""}, {EXIF: "Hello", DC: "Hello"}),
        ({TIFF: "Hello"}, {EXIF: "Hello", DC: "Hello"}),
        ({"IPTC:Keywords": ("x",)}, {EXIF: "Hello", DC: "Hello", IPTC: "Hello"}),
    ],
)
def test_descriptions_are_filled(tags: dict[str, Value], added: dict[str, Value]) -> None:
    decision = settled(match(tags, description="Hello"))
    assert values(decision) == added
    assert not decision.conflicts


@pytest.mark.parametrize(
    ("format", "tags", "tag"),
    [("jpeg", {EXIF: "Other"}, EXIF), ("jpeg", {DC: "Other"}, DC), ("jpeg", {EXIF: "Hello", DC: "Other"}, DC),
     ("jpeg", {IPTC: "Other"}, IPTC), ("tiff", {IPTC: "Other"}, IPTC), ("nef", {IPTC: "Other"}, IPTC),
     ("jpeg", {TIFF: "Other"}, TIFF), ("nef", {EXIF: "Other"}, EXIF),
     ("mp4", {"Keys:Description": "Other"}, "Keys:Description")],
)  # fmt: skip
def test_another_description_is_kept_and_a_conflict(format: str, tags: dict[str, Value], tag: str) -> None:
    file_match = match(tags, format=format, description="Hello")
    decision = settled(file_match)
    assert decision.edits == ()
    assert decision.conflicts == (Conflict("description", tag, "Other", "Hello"),)
    overwritten = settled(file_match, "overwrite")
    assert {"Hello"} == set(values(overwritten).values())
    assert overwritten.conflicts == ()


@pytest.mark.parametrize("format", ["tiff", "psd"])
def test_a_caption_that_was_cut_says_the_same(format: str) -> None:
    long = "Ж" * 1500
    decision = settled(match({IPTC: "Ж" * 1000}, format=format, description=long))
    assert values(decision) == {EXIF: long, DC: long}
    assert not decision.conflicts


def test_a_caption_in_a_block_that_cannot_hold_the_text_is_a_conflict() -> None:
    decision = settled(match({IPTC: "Flu\xdf"}, description="李雷"))
    assert (decision.edits, decision.conflicts) == ((), (Conflict("description", IPTC, "Flu\xdf", "李雷"),))


def test_iptc_only_where_there_is_a_block() -> None:
    name = "Ж" * 40
    result = values(settled(match({"IPTC:City": "Bern"}, people=(name, "Bob"))))
    assert result["IPTC:Keywords"] == ("Ж" * 32, "Bob")
    assert not any(tag.startswith("IPTC") for tag in values(settled(match({DC: ""}, people=(name,)))))


@pytest.mark.parametrize(
    ("value", "output", "conflict"),
    [
        (None, 5, False),
        (0, 5, False),
        ("0", 5, False),
        (5, None, False),
        ("5", None, False),
        (3, None, True),
        (-1, None, True),
    ],
)
def test_favourites(value: Value | None, output: int | None, conflict: bool) -> None:
    file_match = match({} if value is None else {RATING: value, "EXIF:Make": "x"}, favorited=True)
    decision = settled(file_match)
    assert values(decision).get(RATING) == output
    assert bool(decision.conflicts) is conflict


def test_no_favourite_no_rating() -> None:
    assert values(settled(match())) == {}


@pytest.mark.parametrize("mapper", [people, text, favourites])
def test_nothing_without_sidecar(mapper: Any) -> None:
    assert list(mapper(match(sidecar=False))) == []


@given(
    st.lists(st.text(max_size=90), max_size=4), st.text(max_size=80) | st.text(min_size=1990, max_size=2010),
    st.sampled_from(["jpeg", "mp4", "gif"]), st.sampled_from([{}, {"IPTC:City": "x"}, {SUBJECT: ("a",), EXIF: "b"}]),
    st.sampled_from(["fill", "overwrite"]),
)  # fmt: skip
def test_a_second_run_writes_nothing(
    names: list[str], description: str, format: str, tags: dict[str, Value], existing: str
) -> None:
    def found(value: dict[str, Value]) -> Match:
        return match(value, format=format, people=tuple(names), description=description, favorited=True)

    first = settled(found(tags), existing)
    state_after = {**tags, **{edit.tag: edit.value for edit in first.edits if edit.value is not None}}
    second = settled(found(state_after), existing)
    assert second.edits == ()
    assert second.conflicts == first.conflicts


def test_an_xmp_file_gets_everything() -> None:
    actual = as_xmp_target(
        match({DC: "Other", SUBJECT: ("a",)}, people=("Bob",), description="Hello", favorited=True)
    )
    decision = settled(actual, "never")
    assert values(decision) == {
        SUBJECT: ("Bob",), PERSON: ("Bob",), LIGHTROOM: ("People|Bob",), DIGIKAM: ("People/Bob",),
        DC: "Hello", TIFF: "Hello", RATING: 5,
    }  # fmt: skip
