"""The date unit: what is written, kept and called a conflict."""

from typing import Any

import pytest
from date_cases import (
    BERLIN,
    CREATED,
    DTO,
    EXIF_FULL,
    FILM,
    FILM_DATES,
    FILM_FULL,
    FULL,
    NOON,
    OFFSET,
    OFFSET2,
    PHOTOSHOP,
    SUBSEC,
    SUBSEC2,
    UTC,
    XMP_CREATED,
    XMP_DTO,
    XMP_FULL,
    ZERO,
    settled,
    values,
)
from hypothesis import given
from hypothesis import strategies as st
from tag_cases import geo, match, seconds

from pef_tui.model import Match, Taken, Value
from pef_tui.tags.classes import for_xmp_file
from pef_tui.tags.dates import dates
from pef_tui.tags.policy import Settled


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
    ({DTO: "2019:07:01 12:00:00", "EXIF:OffsetTime": "+01:00", "EXIF:ModifyDate": "2019:12:01 10:00:00"},
     {OFFSET: "+02:00"}),
    ({DTO: "2019:07:01 12:00:00", "EXIF:OffsetTime": "+02:00"}, {OFFSET: "+02:00"}),
    ({DTO: "2019:07:01 12:00:00", CREATED: "2019:07:01 12:00:00", OFFSET2: "+02:00"}, {}),
    ({DTO: "2019:07:01 12:00:00", CREATED: "2019:12:01 12:00:00", OFFSET2: "+01:00"}, {OFFSET: "+02:00"}),
    ({DTO: "2019:07:01 10:00:00", OFFSET: "Z"}, {}),
    ({DTO: "2019:07:01 12:00:00"}, {OFFSET: "+02:00"}),
    ({DTO: "2019:07:01 12:00:00", CREATED: "2019:07:01 12:00:00"}, {OFFSET: "+02:00", OFFSET2: "+02:00"}),
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
    ("jpeg", {DTO: "2019:07:01 10:00:00"}, DTO),  # the clock of another zone than the place's
    ("jpeg", {DTO: "2019:07:01 15:45:00"}, DTO),
    ("jpeg", {XMP_DTO: "2018:07:01 12:00:00"}, XMP_DTO),
    ("jpeg", {PHOTOSHOP: "2018:07:01 12:00:00+02:00"}, PHOTOSHOP),
    ("gif", {XMP_CREATED: "2018:07:01 12:00:00"}, XMP_CREATED),
    ("nef", {DTO: "2018:07:01 12:00:00"}, DTO),
    ("mp4", {"QuickTime:CreateDate": "2018:07:01 12:00:00"}, "QuickTime:CreateDate"),
    ("mp4", {"QuickTime:CreateDate": "2019:07:01 13:00:00"}, "QuickTime:CreateDate"),  # of another zone
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


@pytest.mark.parametrize("zone", ["gps", "neighbour", "option", "camera"])
def test_a_clock_that_google_read_as_utc_is_right_and_gets_the_offset(zone: str) -> None:
    """The stage has moved the moment: D less the zone."""
    taken = Taken(seconds(NOON) - 7200, 120, zone, "file")
    for existing in ("fill", "overwrite"):
        done = settled(match({DTO: UTC}, when=NOON, taken=taken), existing)
        assert (values(done), done.conflicts) == ({OFFSET: "+02:00"}, ())
        written = {DTO: UTC, **values(done)}
        assert settled(match(written, when=NOON, taken=taken), existing) == Settled()  # type: ignore[arg-type]


def test_the_zone_of_the_machine_is_not_written_beside_a_clock() -> None:
    for offset in (540, 0):
        taken = Taken(seconds(NOON) - offset * 60, offset, "assumed", "file")
        assert settled(match({DTO: UTC}, when=NOON, taken=taken)) == Settled()
    london = Taken(seconds(NOON), 0, "gps")
    assert values(settled(match({DTO: UTC}, when=NOON, taken=london))) == {OFFSET: "+00:00"}


PARTS = ["2019", "2019:07", "2019:07:01", "2019:07:  :  :  :  ", "2019:07:01   :  :  ",
         "2019:07:01 12:  :  ", "2019:07:01 12:00:  ", "2019:00:00 00:00:00", "2019-07-00"]  # fmt: skip
OTHER_PARTS = [
    "1975",
    "2019:06",
    "2019:07:02",
    "2019:07:01 13:  :  ",
    "1975:06:  :  :  :  ",
    "1975:00:00 00:00:00",
]
LATER = Taken(seconds(NOON) + 34, 120, "gps")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("existing", ["fill", "overwrite"])
def test_a_part_of_a_date_that_holds_the_moment_stays_and_empty_fields_are_filled(
    part: str, existing: Any
) -> None:
    """The more exact date goes into empty fields alone."""
    full = "2019:07:01 12:00:34+02:00"
    exif = {DTO: full[:19], CREATED: full[:19], OFFSET: "+02:00", OFFSET2: "+02:00"}
    for tags, added in (
        ({PHOTOSHOP: part}, exif),
        ({PHOTOSHOP: part, XMP_CREATED: ZERO}, {**exif, XMP_CREATED: full}),
        ({DTO: part, SUBSEC: "12"}, {CREATED: full[:19], OFFSET2: "+02:00", PHOTOSHOP: full}),
    ):
        done = settled(match({**tags}, when="2019-07-01T10:00:34Z", taken=LATER), existing)
        assert (values(done), done.conflicts) == (added, ())
    for format in ("gif", "mp4"):
        done = settled(
            match({PHOTOSHOP: part}, format=format, when="2019-07-01T10:00:34Z", taken=LATER), existing
        )
        assert (PHOTOSHOP in values(done), done.conflicts) == (False, ())


def test_a_clock_without_seconds_is_as_exact_as_it_is() -> None:
    for held, offsets in (
        ("2019:07:01 12:00", True),
        ("2019:07:01 12:00+02:00", True),
        ("2019:07:01 12:01", False),
    ):
        done = settled(match({PHOTOSHOP: held}, when="2019-07-01T10:00:34Z", taken=LATER))
        assert (values(done).get(DTO), bool(done.conflicts)) == (
            ("2019:07:01 12:00:34", False) if offsets else (None, True)
        )
        assert PHOTOSHOP not in values(done)


@pytest.mark.parametrize("part", OTHER_PARTS)
@pytest.mark.parametrize(
    ("format", "tag"), [("jpeg", PHOTOSHOP), ("jpeg", DTO), ("gif", XMP_DTO), ("mp4", PHOTOSHOP)]
)
def test_a_part_of_a_date_that_does_not_hold_the_moment_is_a_conflict(
    part: str, format: str, tag: str
) -> None:
    found = match({tag: part}, format=format, when="2019-07-01T10:00:34Z", taken=LATER)
    done = settled(found)
    assert done.edits == ()
    assert [(conflict.unit, conflict.tag, conflict.file) for conflict in done.conflicts] == [
        ("date", tag, part)
    ]
    assert str(values(settled(found, "overwrite"))[tag]).startswith("2019:07:01 12:00:34")


def test_a_part_of_a_date_is_no_date_where_it_cannot_be_one() -> None:
    for part in (
        "1700",
        "2019:13",
        "2019:02:30",
        "2999",
        "2019:00:02",
        "20191",
        "0000",
        "2019:07:01 25:  :  ",
    ):
        done = settled(match({PHOTOSHOP: part}, when=NOON, taken=BERLIN))
        assert (values(done), done.conflicts) == (EXIF_FULL, ())


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
        match(taken=Taken(seconds(NOON), 120, "gps", "file")),
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


DATES = st.sampled_from(
    [FULL[:19], UTC, ZERO, "", "2018:07:01 12:00:00", "2019:07:01 15:45:00", FULL, "x", "2019", "2018:07", "2019:07:01",
     "2019:07:01 12:00", "2019:07:01 12:  :  "]
)  # fmt: skip
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
    if first.conflicts:
        assert {edit.tag for edit in first.edits} <= {"Keys:CreationDate"}


EXIF_ONLY = {tag: value for tag, value in EXIF_FULL.items() if tag != PHOTOSHOP}
DAY, TIME = "IPTC:DateCreated", "IPTC:TimeCreated"
IPTC = [
    # the date in IPTC, what is written beside it, is it a conflict?
    ({DAY: "2019:07:01", TIME: "12:00:00+02:00"}, EXIF_ONLY, False),
    ({DAY: "2019:07:01", TIME: "12:00:00"}, EXIF_ONLY, False),
    ({DAY: "2019:07:01", TIME: "12:00:00+00:00"}, EXIF_ONLY, False),  # for no zone
    ({DAY: "2019:07:01"}, EXIF_FULL, False),
    ({DAY: "2019:07:00"}, EXIF_FULL, False),
    ({DAY: "0000:00:00", TIME: "00:00:00+00:00"}, EXIF_FULL, False),
    ({DAY: "2019:07:01", TIME: "12:00:00+01:00"}, {}, True),
    ({DAY: "2018:07:01", TIME: "12:00:00+02:00"}, {}, True),
    ({DAY: "2018:07:01"}, {}, True),
    ({DAY: "2018:07:01", DTO: FULL[:19], OFFSET: "+02:00"}, {}, False),  # EXIF goes before
]  # fmt: skip


@pytest.mark.parametrize(("tags", "written", "conflict"), IPTC)
def test_the_date_in_iptc_counts_where_there_is_no_other(
    tags: dict[str, Value], written: dict[str, Value], conflict: bool
) -> None:
    done = settled(match(tags, when=NOON, taken=BERLIN))
    assert values(done) == written
    assert [each.tag for each in done.conflicts] == [DAY] * conflict
    if conflict:
        assert values(settled(match(tags, when=NOON, taken=BERLIN), "overwrite")) == EXIF_FULL
    again = match(
        {**tags, **{tag: value for tag, value in written.items() if value}}, when=NOON, taken=BERLIN
    )
    assert not settled(again).edits
