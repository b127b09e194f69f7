"""People, descriptions and favourites."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_cases import match

from pef_tui.model import Conflict, Match, Value
from pef_tui.tags.classes import for_xmp_file
from pef_tui.tags.favourites import favourites
from pef_tui.tags.people import people
from pef_tui.tags.policy import Settled, settle
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


def settled(found: Match, existing: Any = "fill") -> Settled:
    return settle(found, [*people(found), *text(found), *favourites(found)], existing)


def values(done: Settled) -> dict[str, Value | None]:
    return {edit.tag: edit.value for edit in done.edits}


@pytest.mark.parametrize("format", ["jpeg", "mp4", "gif", "nef", ""])
def test_people_are_keywords_in_every_format(format: str) -> None:
    assert values(settled(match(format=format, people=("Zoë", "", "李雷", "Zoe\u0308", " ")))) == {
        SUBJECT: ("Zoë", "李雷"),
        PERSON: ("Zoë", "李雷"),
        LIGHTROOM: ("People|Zoë", "People|李雷"),
        DIGIKAM: ("People/Zoë", "People/李雷"),
    }


def test_separators_in_names_make_no_levels() -> None:
    done = values(settled(match(people=("A|B/C",))))
    assert done[SUBJECT] == done[PERSON] == ("A|B/C",)
    assert (done[LIGHTROOM], done[DIGIKAM]) == (("People|A-B-C",), ("People/A-B-C",))


JOINED = [
    (("Zoë",), ("Zoë", "Bob"), ("Zoë", "Bob")),
    (("zoë",), ("Zoë",), ("zoë", "Zoë")),
    (("Zoe\u0308", "beach"), ("Zoë",), None),
    (("beach", "beach"), ("Zoë",), ("beach", "beach", "Zoë")),
    ("beach", ("Zoë",), ("beach", "Zoë")),
    ((), ("Zoë",), ("Zoë",)),
    (2019, ("2019",), None),
]


@pytest.mark.parametrize(("held", "names", "joined"), JOINED)
@pytest.mark.parametrize("existing", ["fill", "overwrite"])
def test_lists_are_joined(
    held: Any, names: tuple[str, ...], joined: tuple[str, ...] | None, existing: str
) -> None:
    done = settled(match({SUBJECT: held}, people=names), existing)
    assert values(done).get(SUBJECT) == joined
    assert not done.conflicts


@pytest.mark.parametrize(
    ("format", "tags"),
    [("jpeg", (EXIF, DC)), ("heic", (EXIF, DC)), ("mp4", ("Keys:Description", "ItemList:Description", DC)),
     ("gif", (DC, TIFF)), ("cr2", (DC, TIFF)), ("avi", (DC, TIFF)), ("", (DC, TIFF))],
)  # fmt: skip
def test_descriptions_in_every_format(format: str, tags: tuple[str, ...]) -> None:
    story = 'One 😀 "two" <&amp;> $5\n-if\nsystem("x") @日本'
    found = match(format=format, description=f"  {story}\n")
    assert values(settled(found)) == dict.fromkeys(tags, story)
    assert {edit.unit for edit in text(found)} == {"description"}


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("a\0b\x1b[0m\x07", "ab[0m"),
        ("a\ud800b", "ab"),
        ("\ufffe", None),
        (" \n\t", None),
        ("", None),
        ("a\r\nb", "a\r\nb"),
    ],
)
def test_what_no_tag_can_hold_is_left_out(given: str, written: str | None) -> None:
    assert values(settled(match(description=given))).get(DC) == written


def test_only_exif_is_cut() -> None:
    long = "é😀" * 1500
    done = values(settled(match({"IPTC:City": "Bern"}, description=long)))
    assert done[EXIF] == long[:2000]
    assert done[DC] == long
    caption = done[IPTC]
    assert isinstance(caption, str)
    assert 1990 < len(caption.encode()) <= 2000
    assert long.startswith(caption)


def test_a_cut_description_is_no_other_description() -> None:
    done = settled(match({EXIF: "a" * 2000}, description="a" * 3000))
    assert values(done) == {DC: "a" * 3000}
    assert not done.conflicts


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
    done = settled(match(tags, description="Hello"))
    assert values(done) == added
    assert not done.conflicts


@pytest.mark.parametrize(
    ("format", "tags", "tag"),
    [("jpeg", {EXIF: "Other"}, EXIF), ("jpeg", {DC: "Other"}, DC), ("jpeg", {EXIF: "Hello", DC: "Other"}, DC),
     ("jpeg", {IPTC: "Other"}, IPTC), ("tiff", {IPTC: "Other"}, IPTC), ("nef", {IPTC: "Other"}, IPTC),
     ("jpeg", {TIFF: "Other"}, TIFF), ("nef", {EXIF: "Other"}, EXIF),
     ("mp4", {"Keys:Description": "Other"}, "Keys:Description")],
)  # fmt: skip
def test_another_description_is_kept_and_a_conflict(format: str, tags: dict[str, Value], tag: str) -> None:
    found = match(tags, format=format, description="Hello")
    done = settled(found)
    assert done.edits == ()
    assert done.conflicts == (Conflict("description", tag, "Other", "Hello"),)
    overwritten = settled(found, "overwrite")
    assert {"Hello"} == set(values(overwritten).values())
    assert overwritten.conflicts == ()


@pytest.mark.parametrize("format", ["tiff", "psd"])
def test_a_caption_that_was_cut_says_the_same(format: str) -> None:
    long = "Ж" * 1500
    done = settled(match({IPTC: "Ж" * 1000}, format=format, description=long))
    assert values(done) == {EXIF: long, DC: long}
    assert not done.conflicts


def test_a_caption_in_a_block_that_cannot_hold_the_text_is_a_conflict() -> None:
    done = settled(match({IPTC: "Flu\xdf"}, description="李雷"))
    assert (done.edits, done.conflicts) == ((), (Conflict("description", IPTC, "Flu\xdf", "李雷"),))


def test_iptc_only_where_there_is_a_block() -> None:
    name = "Ж" * 40
    done = values(settled(match({"IPTC:City": "Bern"}, people=(name, "Bob"))))
    assert done["IPTC:Keywords"] == ("Ж" * 32, "Bob")
    assert not any(tag.startswith("IPTC") for tag in values(settled(match({DC: ""}, people=(name,)))))


@pytest.mark.parametrize(
    ("held", "written", "conflict"),
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
def test_favourites(held: Value | None, written: int | None, conflict: bool) -> None:
    found = match({} if held is None else {RATING: held, "EXIF:Make": "x"}, favorited=True)
    done = settled(found)
    assert values(done).get(RATING) == written
    assert bool(done.conflicts) is conflict


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
    def found(held: dict[str, Value]) -> Match:
        return match(held, format=format, people=tuple(names), description=description, favorited=True)

    first = settled(found(tags), existing)
    after = {**tags, **{edit.tag: edit.value for edit in first.edits if edit.value is not None}}
    second = settled(found(after), existing)
    assert second.edits == ()
    assert second.conflicts == first.conflicts


def test_an_xmp_file_gets_everything() -> None:
    found = for_xmp_file(
        match({DC: "Other", SUBJECT: ("a",)}, people=("Bob",), description="Hello", favorited=True)
    )
    done = settled(found, "never")
    assert values(done) == {
        SUBJECT: ("Bob",), PERSON: ("Bob",), LIGHTROOM: ("People|Bob",), DIGIKAM: ("People/Bob",),
        DC: "Hello", TIFF: "Hello", RATING: 5,
    }  # fmt: skip
