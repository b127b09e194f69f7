"""The date unit: what is written, kept and called a conflict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_cases import geo, match, seconds

from pef_tui.model import Match, Taken, Value
from pef_tui.tags.classes import for_xmp_file
from pef_tui.tags.dates import dates
from pef_tui.tags.policy import Settled, settle

NOON = "2019-07-01T10:00:00Z"
BERLIN = Taken(seconds(NOON), 120, "gps")
DTO, CREATED = "EXIF:DateTimeOriginal", "EXIF:CreateDate"
OFFSET, OFFSET2 = "EXIF:OffsetTimeOriginal", "EXIF:OffsetTimeDigitized"
SUBSEC, SUBSEC2 = "EXIF:SubSecTimeOriginal", "EXIF:SubSecTimeDigitized"
PHOTOSHOP, XMP_DTO, XMP_CREATED = (
    "XMP-photoshop:DateCreated",
    "XMP-exif:DateTimeOriginal",
    "XMP-xmp:CreateDate",
)
FULL = "2019:07:01 12:00:00+02:00"
EXIF_FULL = {DTO: FULL[:19], CREATED: FULL[:19], OFFSET: "+02:00", OFFSET2: "+02:00", PHOTOSHOP: FULL}
XMP_FULL = {XMP_DTO: FULL, PHOTOSHOP: FULL, XMP_CREATED: FULL}
UTC = "2019:07:01 10:00:00"
FILM_DATES = [
    f"QuickTime:{name}" for name in ("CreateDate", "ModifyDate", "TrackCreateDate", "MediaCreateDate")
]
FILM = dict.fromkeys(FILM_DATES, UTC)
FILM_FULL = {**FILM, "Keys:CreationDate": FULL, PHOTOSHOP: FULL}
ZERO = "0000:00:00 00:00:00"


def settled(found: Match, existing: Any = "fill") -> Settled:
    return settle(found, dates(found), existing)


def values(done: Settled) -> dict[str, Value | None]:
    return {edit.tag: edit.value for edit in done.edits}


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        *(
            (name, EXIF_FULL)
            for name in ("jpeg", "tiff", "dng", "psd", "jp2", "heic", "avif", "webp", "png", "jxl", "cr3")
        ),
        *((name, FILM_FULL) for name in ("mp4", "mov", "m4v", "3gp")),
        *(
            (name, XMP_FULL)
            for name in (
                "gif",
                "crw",
                "cr2",
                "nef",
                "arw",
                "raf",
                "rw2",
                "avi",
                "bmp",
                "mkv",
                "mpg",
                "wmv",
                "",
            )
        ),
    ],
)
def test_all_tags_of_each_format(format: str, expected: dict[str, Value]) -> None:
    found = match(format=format, when=NOON, taken=BERLIN)
    assert values(settled(found)) == expected
    assert {edit.unit for edit in dates(found)} == {"date"}


KEPT = [
    # what the file has, what is added
    ({DTO: "2019:07:01 12:00:00", OFFSET: "+02:00"}, {}),
    ({DTO: "2019:07:01 12:00:02", OFFSET: "+02:00"}, {}),
    ({DTO: "2019:07:01 15:45:00", OFFSET: "+05:45"}, {}),
    ({DTO: "2019:07:01 12:00:00", "EXIF:OffsetTime": "+02:00"}, {}),
    ({DTO: "2019:07:01 10:00:00", OFFSET: "Z"}, {}),
    ({DTO: "2019:07:01 12:00:00"}, {OFFSET: "+02:00"}),
    ({DTO: "2019:07:01 11:00:01"}, {OFFSET: "+01:00"}),
    ({DTO: "2019:07:01 15:45:00", CREATED: "2019:07:01 15:45:00"}, {OFFSET: "+05:45", OFFSET2: "+05:45"}),
    ({DTO: "2019:07:01 12:00:00", CREATED: "2020:02:02 02:02:02"}, {OFFSET: "+02:00"}),
    ({DTO: "2019:07:01 12:00:00", SUBSEC: "123", "EXIF:ExifVersion": "0220"},
     {OFFSET: "+02:00", "EXIF:ExifVersion": "0232"}),
    ({DTO: "2019:07:01 12:00:00", "EXIF:ExifVersion": "0231"}, {OFFSET: "+02:00"}),
    ({DTO: "2019:07:01 12:00:00", OFFSET: "   :  "}, {OFFSET: "+02:00"}),
    ({CREATED: "2019:07:01 12:00:00", OFFSET2: "+02:00"}, {DTO: FULL[:19], OFFSET: "+02:00"}),
    ({CREATED: "2019:07:01 12:00:00", DTO: ZERO, SUBSEC: "9"},
     {DTO: FULL[:19], SUBSEC: None, OFFSET: "+02:00", OFFSET2: "+02:00"}),
    ({PHOTOSHOP: "2019-07-01T12:00:00.4+02:00"}, {tag: EXIF_FULL[tag] for tag in (DTO, CREATED, OFFSET, OFFSET2)}),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "added"), KEPT)
@pytest.mark.parametrize("existing", ["fill", "overwrite"])
def test_the_right_moment_is_kept_and_completed(
    tags: dict[str, Value], added: dict[str, Value], existing: str
) -> None:
    found = match(tags, when=NOON, taken=BERLIN)
    done = settled(found, existing)
    assert values(done) == added
    assert not done.conflicts


REPLACED = [
    {DTO: ZERO}, {DTO: "    :  :     :  :  "}, {DTO: ""}, {DTO: "1700:01:01 00:00:00"}, {DTO: "2999:01:01 00:00:00"},
    {DTO: ZERO, CREATED: ZERO, OFFSET: "+09:00", PHOTOSHOP: "0000-00-00"}, {CREATED: "2019:13:01 00:00:00"},
]  # fmt: skip


@pytest.mark.parametrize("tags", REPLACED)
def test_what_is_no_date_is_replaced(tags: dict[str, Value]) -> None:
    done = settled(match(tags, when=NOON, taken=BERLIN))
    assert values(done) == EXIF_FULL
    assert not done.conflicts


def test_stale_parts_of_seconds_go_with_the_old_date() -> None:
    done = settled(
        match({DTO: ZERO, SUBSEC: "12", SUBSEC2: "34", "EXIF:ExifVersion": "0210"}, when=NOON, taken=BERLIN)
    )
    assert values(done) == {**EXIF_FULL, SUBSEC: None, SUBSEC2: None, "EXIF:ExifVersion": "0232"}


CONFLICTS = [
    ("jpeg", {DTO: "2018:07:01 12:00:00"}, DTO),
    ("jpeg", {DTO: "2019:07:01 12:00:03"}, DTO),
    ("jpeg", {DTO: "2019:07:01 12:00:00", OFFSET: "+01:00"}, DTO),
    ("jpeg", {DTO: ZERO, CREATED: "2018:07:01 12:00:00"}, CREATED),
    ("jpeg", {DTO: "2019:07:01 10:00:00"}, DTO),  # UTC digits, but the place is two hours ahead
    ("jpeg", {XMP_DTO: "2018:07:01 12:00:00"}, XMP_DTO),
    ("jpeg", {PHOTOSHOP: "2018:07:01 12:00:00+02:00"}, PHOTOSHOP),
    ("gif", {XMP_CREATED: "2018:07:01 12:00:00"}, XMP_CREATED),
    ("nef", {DTO: "2018:07:01 12:00:00"}, DTO),
    ("mp4", {"QuickTime:CreateDate": "2018:07:01 12:00:00"}, "QuickTime:CreateDate"),
    ("mp4", {"QuickTime:CreateDate": "2019:07:01 12:00:00"}, "QuickTime:CreateDate"),  # local time
    ("mp4", {"QuickTime:CreateDate": ZERO, "Keys:CreationDate": "2018:07:01 12:00:00+02:00"}, "Keys:CreationDate"),
    ("mp4", {"QuickTime:CreateDate": ZERO, "QuickTime:MediaCreateDate": "2018:07:01 12:00:00"},
     "QuickTime:MediaCreateDate"),
]  # fmt: skip


@pytest.mark.parametrize(("format", "tags", "tag"), CONFLICTS)
def test_another_valid_date_is_a_conflict_of_the_whole_unit(
    format: str, tags: dict[str, Value], tag: str
) -> None:
    taken = Taken(seconds(NOON), 60, "file") if OFFSET in tags else BERLIN
    found = match(tags, format=format, when=NOON, taken=taken)
    done = settled(found)
    assert done.edits == ()
    assert [(conflict.unit, conflict.tag, conflict.file) for conflict in done.conflicts] == [
        ("date", tag, tags[tag])
    ]
    overwritten = settled(found, "overwrite")
    assert overwritten.conflicts == ()
    after = {**tags, **values(overwritten)} if format != "nef" else values(overwritten)
    clocks = {str(value)[:16] for name, value in after.items() if "Date" in name}
    assert clocks <= {FULL[:16], UTC[:16], "2019:07:01 11:00"}


def test_digits_equal_to_utc_tell_nothing_where_no_place_is_known() -> None:
    """Google takes clocks of unknown zones for UTC; most cameras without GPS are such."""
    tags: dict[str, Value] = {DTO: "2019:07:01 10:00:00"}
    for zone, offset in (("assumed", 540), ("assumed", 0), ("neighbour", 120)):
        assert settled(match(tags, when=NOON, taken=Taken(seconds(NOON), offset, zone))) == Settled()
    london = Taken(seconds(NOON), 0, "gps")
    assert values(settled(match(tags, when=NOON, taken=london))) == {OFFSET: "+00:00"}


FILMS = [
    # tags, zone, what is added
    ({}, "assumed", FILM_FULL),
    (dict.fromkeys(FILM_DATES, ZERO), "gps", FILM_FULL),
    (dict.fromkeys(FILM_DATES, "1904:01:01 00:00:00"), "gps", FILM_FULL),
    (dict.fromkeys(FILM_DATES, "1970:01:01 00:00:00"), "gps", FILM_FULL),
    (FILM, "gps", {"Keys:CreationDate": FULL}),
    (FILM, "assumed", {}),
    ({**FILM, "Keys:CreationDate": "2019:07:01 13:00:00+03:00"}, "file", {}),
    ({**FILM, "Keys:CreationDate": "2019:07:01 13:00:30+03:00"}, "file", {}),
    ({"Keys:CreationDate": FULL}, "file", FILM),
    ({"Keys:CreationDate": FULL, "QuickTime:ModifyDate": "2020:01:01 00:00:00"}, "file",
     {name: UTC for name in FILM_DATES if "Modify" not in name}),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "zone", "added"), FILMS)
def test_films(tags: dict[str, Value], zone: str, added: dict[str, Value]) -> None:
    done = settled(match(tags, format="mp4", when=NOON, taken=Taken(seconds(NOON), 120, zone)))
    assert values(done) == added
    assert not done.conflicts


@pytest.mark.parametrize(
    ("when", "integers"),
    [("1969-12-31T23:59:59Z", False), ("1970-01-01T00:00:00Z", True), ("2040-02-06T06:28:15Z", True),
     ("2040-02-06T06:28:16Z", False), ("1960-05-05T00:00:00Z", False)],
)  # fmt: skip
def test_quicktime_integers_hold_1970_to_2040_only(when: str, integers: bool) -> None:
    found = match(format="mov", when=when, taken=Taken(seconds(when), 0, "gps"))
    done = values(settled(found))
    assert ("QuickTime:CreateDate" in done) is integers
    assert str(done["Keys:CreationDate"]).endswith("+00:00")


def test_a_film_with_another_date_is_a_conflict_even_where_its_own_cannot_hold_the_right_one() -> None:
    when = "1960-05-05T00:00:00Z"
    found = match(FILM, format="mov", when=when, taken=Taken(seconds(when), 0, "gps"))
    done = settled(found)
    assert done.edits == ()
    assert done.conflicts[0].tag == "QuickTime:CreateDate"


@pytest.mark.parametrize(
    ("format", "tags", "added"),
    [
        ("nef", {DTO: "2019:07:01 12:00:00", OFFSET: "+02:00"}, {}),
        ("nef", {DTO: "2019:07:01 12:00:00"}, XMP_FULL),
        ("nef", {DTO: ZERO}, XMP_FULL),
        ("gif", {XMP_DTO: "2019:07:01 12:00:00"}, XMP_FULL),
        (
            "gif",
            {XMP_DTO: "2019:07:01 12:00:00", XMP_CREATED: "2020:01:01 00:00:00"},
            {XMP_DTO: FULL, PHOTOSHOP: FULL},
        ),
    ],
)
def test_xmp_alone(format: str, tags: dict[str, Value], added: dict[str, Value]) -> None:
    done = settled(match(tags, format=format, when=NOON, taken=BERLIN))
    assert values(done) == added
    assert not done.conflicts


def test_never_means_everything_as_xmp_whatever_the_file_holds() -> None:
    found = for_xmp_file(match({DTO: "2018:01:01 00:00:00", **FILM}, when=NOON, taken=BERLIN))
    done = settled(found, "never")
    assert values(done) == XMP_FULL
    assert not done.conflicts


@pytest.mark.parametrize(
    "found",
    [
        match(when=NOON, taken=Taken(seconds(NOON), 120, "gps", "file")),
        match(taken=Taken(seconds(NOON), None, "", "name"), sidecar=False),
        match(place=geo(1, 1)),
    ],
)
def test_only_the_sidecar_dates_a_picture(found: Match) -> None:
    assert list(dates(found)) == []


@pytest.mark.parametrize(
    ("when", "offset", "date", "text"),
    [
        ("1826-01-01T00:00:00Z", -44, "1825:12:31 23:16:00", "-00:44"),
        ("1969-12-31T23:59:59Z", 345, "1970:01:01 05:44:59", "+05:45"),
        ("2051-07-01T23:00:00Z", 840, "2051:07:02 13:00:00", "+14:00"),
        ("2019-01-01T00:00:00Z", -210, "2018:12:31 20:30:00", "-03:30"),
    ],
)
def test_far_dates_and_odd_offsets(when: str, offset: int, date: str, text: str) -> None:
    done = values(settled(match(when=when, taken=Taken(seconds(when), offset, "gps"))))
    assert (done[DTO], done[OFFSET], done[PHOTOSHOP]) == (date, text, date + text)


DATES = st.sampled_from([FULL[:19], UTC, ZERO, "", "2018:07:01 12:00:00", "2019:07:01 15:45:00", FULL, "x"])
OFFSETS = st.sampled_from(["+02:00", "+05:45", "   :  ", "Z", ""])
STATES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            (DTO, CREATED, PHOTOSHOP, XMP_DTO, XMP_CREATED, "Keys:CreationDate", *FILM_DATES), DATES
        ),
        **dict.fromkeys((OFFSET, OFFSET2), OFFSETS),
        **dict.fromkeys((SUBSEC, SUBSEC2), st.just("12")),
        "EXIF:ExifVersion": st.sampled_from(["0210", "0232"]),
    },
)


@given(
    STATES, st.sampled_from(["jpeg", "gif", "mp4", "nef"]), st.sampled_from(["fill", "overwrite"]),
    st.sampled_from(["gps", "assumed", "neighbour", "option"]), st.sampled_from([0, 120, 345]),
)  # fmt: skip
def test_a_second_run_writes_nothing(
    tags: dict[str, Value], format: str, existing: str, zone: str, offset: int
) -> None:
    taken = Taken(seconds(NOON), offset, zone)
    first = settled(match(tags, format=format, when=NOON, taken=taken), existing)
    after = {**tags, **{edit.tag: edit.value for edit in first.edits}}
    held = {tag: value for tag, value in after.items() if value is not None}
    second = settled(match(held, format=format, when=NOON, taken=taken), existing)
    assert second.edits == ()
    assert second.conflicts == (() if existing == "overwrite" else first.conflicts)
    assert not (first.edits and first.conflicts)
