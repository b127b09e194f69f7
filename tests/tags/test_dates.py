"""The date unit: what is written, what is kept, and what is a conflict."""

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
    decided,
    values,
)
from hypothesis import given
from hypothesis import strategies as st
from tag_cases import geo, match, seconds

from pef_tui.model import CaptureTime, Match, Value
from pef_tui.tags.dates import dates
from pef_tui.tags.policy import TagDecision
from pef_tui.tags.tag_lists import as_xmp_target


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
    file_match = match(format=format, moment=NOON, taken=BERLIN)
    assert values(decided(file_match)) == expected
    assert {edit.unit for edit in dates(file_match)} == {"date"}


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
    file_match = match(tags, moment=NOON, taken=BERLIN)
    decision = decided(file_match, existing)
    assert values(decision) == added
    assert not decision.conflicts


REPLACED = [
    {DTO: ZERO}, {DTO: "    :  :     :  :  "}, {DTO: ""}, {DTO: "1700:01:01 00:00:00"}, {DTO: "2999:01:01 00:00:00"},
    {DTO: ZERO, CREATED: ZERO, OFFSET: "+09:00", PHOTOSHOP: "0000-00-00"}, {CREATED: "2019:13:01 00:00:00"},
]  # fmt: skip


@pytest.mark.parametrize("tags", REPLACED)
def test_what_is_no_date_is_replaced(tags: dict[str, Value]) -> None:
    decision = decided(match(tags, moment=NOON, taken=BERLIN))
    assert values(decision) == EXIF_FULL
    assert not decision.conflicts


def test_stale_parts_of_seconds_go_with_the_old_date() -> None:
    decision = decided(
        match({DTO: ZERO, SUBSEC: "12", SUBSEC2: "34", "EXIF:ExifVersion": "0210"}, moment=NOON, taken=BERLIN)
    )
    assert values(decision) == {**EXIF_FULL, SUBSEC: None, SUBSEC2: None, "EXIF:ExifVersion": "0232"}


CONFLICTS = [
    ("jpeg", {DTO: "2018:07:01 12:00:00"}, DTO),
    ("jpeg", {DTO: "2019:07:01 12:00:03"}, DTO),
    ("jpeg", {DTO: "2019:07:01 12:00:00", OFFSET: "+01:00"}, DTO),
    ("jpeg", {DTO: ZERO, CREATED: "2018:07:01 12:00:00"}, CREATED),
    ("jpeg", {DTO: "2019:07:01 10:00:00"}, DTO),  # the clock has another zone than the place
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
    capture_time = CaptureTime(seconds(NOON), 60, "file") if OFFSET in tags else BERLIN
    file_match = match(tags, format=format, moment=NOON, taken=capture_time)
    decision = decided(file_match)
    assert decision.edits == ()
    assert [(conflict.unit, conflict.tag, conflict.file) for conflict in decision.conflicts] == [
        ("date", tag, tags[tag])
    ]
    overwritten = decided(file_match, "overwrite")
    assert overwritten.conflicts == ()
    state_after = {**tags, **values(overwritten)} if format != "nef" else values(overwritten)
    clocks = {str(value)[:16] for name, value in state_after.items() if "Date" in name}
    assert clocks <= {FULL[:16], UTC[:16], "2019:07:01 11:00"}


@pytest.mark.parametrize("zone", ["gps", "neighbour", "option", "camera"])
def test_a_clock_that_google_read_as_utc_is_right_and_gets_the_offset(zone: str) -> None:
    """The stage has changed the instant: it is D minus the zone."""
    capture_time = CaptureTime(seconds(NOON) - 7200, 120, zone, "file")
    for existing in ("fill", "overwrite"):
        decision = decided(match({DTO: UTC}, moment=NOON, taken=capture_time), existing)
        assert (values(decision), decision.conflicts) == ({OFFSET: "+02:00"}, ())
        outputs = {DTO: UTC, **values(decision)}
        assert decided(match(outputs, moment=NOON, taken=capture_time), existing) == TagDecision()  # type: ignore[arg-type]


def test_the_zone_of_the_machine_is_not_written_beside_a_clock() -> None:
    for offset in (540, 0):
        capture_time = CaptureTime(seconds(NOON) - offset * 60, offset, "assumed", "file")
        assert decided(match({DTO: UTC}, moment=NOON, taken=capture_time)) == TagDecision()
    london = CaptureTime(seconds(NOON), 0, "gps")
    assert values(decided(match({DTO: UTC}, moment=NOON, taken=london))) == {OFFSET: "+00:00"}


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
LATER = CaptureTime(seconds(NOON) + 34, 120, "gps")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("existing", ["fill", "overwrite"])
def test_a_part_of_a_date_that_holds_the_moment_stays_and_empty_fields_are_filled(
    part: str, existing: Any
) -> None:
    """The more exact date is written only into empty fields."""
    full = "2019:07:01 12:00:34+02:00"
    exif = {DTO: full[:19], CREATED: full[:19], OFFSET: "+02:00", OFFSET2: "+02:00"}
    for tags, added in (
        ({PHOTOSHOP: part}, exif),
        ({PHOTOSHOP: part, XMP_CREATED: ZERO}, {**exif, XMP_CREATED: full}),
        ({DTO: part, SUBSEC: "12"}, {CREATED: full[:19], OFFSET2: "+02:00", PHOTOSHOP: full}),
    ):
        decision = decided(match({**tags}, moment="2019-07-01T10:00:34Z", taken=LATER), existing)
        assert (values(decision), decision.conflicts) == (added, ())
    for format in ("gif", "mp4"):
        decision = decided(
            match({PHOTOSHOP: part}, format=format, moment="2019-07-01T10:00:34Z", taken=LATER), existing
        )
        assert (PHOTOSHOP in values(decision), decision.conflicts) == (False, ())


def test_a_clock_without_seconds_is_as_exact_unchanged() -> None:
    for stored_value, offsets in (
        ("2019:07:01 12:00", True),
        ("2019:07:01 12:00+02:00", True),
        ("2019:07:01 12:01", False),
    ):
        decision = decided(match({PHOTOSHOP: stored_value}, moment="2019-07-01T10:00:34Z", taken=LATER))
        assert (values(decision).get(DTO), bool(decision.conflicts)) == (
            ("2019:07:01 12:00:34", False) if offsets else (None, True)
        )
        assert PHOTOSHOP not in values(decision)


@pytest.mark.parametrize("part", OTHER_PARTS)
@pytest.mark.parametrize(
    ("format", "tag"), [("jpeg", PHOTOSHOP), ("jpeg", DTO), ("gif", XMP_DTO), ("mp4", PHOTOSHOP)]
)
def test_a_part_of_a_date_that_does_not_hold_the_moment_is_a_conflict(
    part: str, format: str, tag: str
) -> None:
    file_match = match({tag: part}, format=format, moment="2019-07-01T10:00:34Z", taken=LATER)
    decision = decided(file_match)
    assert decision.edits == ()
    assert [(conflict.unit, conflict.tag, conflict.file) for conflict in decision.conflicts] == [
        ("date", tag, part)
    ]
    assert str(values(decided(file_match, "overwrite"))[tag]).startswith("2019:07:01 12:00:34")


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
        decision = decided(match({PHOTOSHOP: part}, moment=NOON, taken=BERLIN))
        assert (values(decision), decision.conflicts) == (EXIF_FULL, ())


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
    decision = decided(match(tags, format=format, moment=NOON, taken=BERLIN))
    assert values(decision) == added
    assert not decision.conflicts


def test_never_means_everything_as_xmp_whatever_the_file_holds() -> None:
    actual = as_xmp_target(match({DTO: "2018:01:01 00:00:00", **FILM}, moment=NOON, taken=BERLIN))
    decision = decided(actual, "never")
    assert values(decision) == XMP_FULL
    assert not decision.conflicts


@pytest.mark.parametrize(
    "file_match",
    [
        match(taken=CaptureTime(seconds(NOON), 120, "gps", "file")),
        match(taken=CaptureTime(seconds(NOON), None, "", "name"), sidecar=False),
        match(place=geo(1, 1)),
    ],
)
def test_only_the_sidecar_dates_a_picture(file_match: Match) -> None:
    assert list(dates(file_match)) == []


@pytest.mark.parametrize(
    ("moment", "offset", "date", "text"),
    [
        ("1826-01-01T00:00:00Z", -44, "1825:12:31 23:16:00", "-00:44"),
        ("1969-12-31T23:59:59Z", 345, "1970:01:01 05:44:59", "+05:45"),
        ("2051-07-01T23:00:00Z", 840, "2051:07:02 13:00:00", "+14:00"),
        ("2019-01-01T00:00:00Z", -210, "2018:12:31 20:30:00", "-03:30"),
    ],
)
def test_far_dates_and_odd_offsets(moment: str, offset: int, date: str, text: str) -> None:
    result = values(decided(match(moment=moment, taken=CaptureTime(seconds(moment), offset, "gps"))))
    assert (result[DTO], result[OFFSET], result[PHOTOSHOP]) == (date, text, date + text)


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
    capture_time = CaptureTime(seconds(NOON), offset, zone)
    first = decided(match(tags, format=format, moment=NOON, taken=capture_time), existing)
    state_after = {**tags, **{edit.tag: edit.value for edit in first.edits}}
    stored_value = {tag: value for tag, value in state_after.items() if value is not None}
    second = decided(match(stored_value, format=format, moment=NOON, taken=capture_time), existing)
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
    ({DAY: "2019:07:01", TIME: "12:00:00+00:00"}, EXIF_ONLY, False),  # +00:00 stands for an unknown zone
    ({DAY: "2019:07:01"}, EXIF_FULL, False),
    ({DAY: "2019:07:00"}, EXIF_FULL, False),
    ({DAY: "0000:00:00", TIME: "00:00:00+00:00"}, EXIF_FULL, False),
    ({DAY: "2019:07:01", TIME: "12:00:00+01:00"}, {}, True),
    ({DAY: "2018:07:01", TIME: "12:00:00+02:00"}, {}, True),
    ({DAY: "2018:07:01"}, {}, True),
    ({DAY: "2018:07:01", DTO: FULL[:19], OFFSET: "+02:00"}, {}, False),  # EXIF has priority
]  # fmt: skip


@pytest.mark.parametrize(("tags", "output", "conflict"), IPTC)
def test_the_date_in_iptc_counts_where_there_is_no_other(
    tags: dict[str, Value], output: dict[str, Value], conflict: bool
) -> None:
    decision = decided(match(tags, moment=NOON, taken=BERLIN))
    assert values(decision) == output
    assert [each.tag for each in decision.conflicts] == [DAY] * conflict
    if conflict:
        assert values(decided(match(tags, moment=NOON, taken=BERLIN), "overwrite")) == EXIF_FULL
    second_run = match(
        {**tags, **{tag: value for tag, value in output.items() if value}}, moment=NOON, taken=BERLIN
    )
    assert not decided(second_run).edits
