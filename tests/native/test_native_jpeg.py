"""The writer `native` and the bytes of a JPEG: what it changes, and what it declines."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from native_cases import CAMERA, plan_with, sample_pictures, scan_on, state_of, write_native

from pef_tui.model import FileMetadata, Match, MediaFile, Plan, TagEdit, Value
from pef_tui.native.exif_edits import to_dms, to_fraction
from pef_tui.native.writer import accepts
from pef_tui.testing.exif import Directory, Exif, exif_block, octets, text, tiff_block
from pef_tui.testing.exif import long as longs
from pef_tui.testing.jpeg import jpeg, segment, xmp_packet

DATE: dict[str, Value | None] = {"EXIF:DateTimeOriginal": "2020:01:02 03:04:05"}
PEOPLE: dict[str, Value | None] = {"XMP-dc:Subject": ("Ann", "Bob")}


def changed_bytes(data: bytes, tags: dict[str, Value | None]) -> bytes:
    out = write_native(plan_with(data, tags), data)
    assert isinstance(out, bytes), out
    assert scan_on(out) == scan_on(data)
    return out


def with_exif(block: bytes, *behind: bytes) -> bytes:
    return jpeg()[:20] + segment(0xE1, b"Exif\0\0" + block) + b"".join(behind) + jpeg()[20:]


def exif_of(data: bytes) -> bytes:
    at = data.index(b"Exif\0\0")
    return data[at + 6 : at - 2 + int.from_bytes(data[at - 2 : at], "big")]


@pytest.mark.parametrize("order", ["little", "big"])
def test_nothing_in_an_existing_block_moves(order: str) -> None:
    note = bytes(range(256)) * 3
    state_before = exif_block(Exif(date="2019:07:01 12:34:56", maker_note=note, order=order))  # type: ignore[arg-type]
    data = changed_bytes(
        with_exif(state_before), {**DATE, "EXIF:GPSLatitude": -1.5, "EXIF:ImageDescription": "Ünder the sea"}
    )
    state_after = exif_of(data)
    assert state_after[:4] == state_before[:4] and state_after[8 : len(state_before)] == state_before[8:]
    assert state_after[4:8] != state_before[4:8]
    state = state_of(data)
    assert state is not None
    assert state.tags["EXIF:DateTimeOriginal"] == "2020:01:02 03:04:05"
    assert state.tags["EXIF:CreateDate"] == "2019:07:01 12:34:56"
    assert (state.tags["EXIF:GPSLatitude"], state.tags["EXIF:ImageDescription"]) == (-1.5, "Ünder the sea")


def test_new_blocks_come_behind_jfif_with_ifd0_first() -> None:
    data = changed_bytes(jpeg(), {**DATE, **PEOPLE})
    assert (
        data[:20] == jpeg()[:20] and data[20:22] == b"\xff\xe1" and data[24:38] == b"Exif\0\0MM\0*\0\0\0\x08"
    )
    assert data.index(b"http://ns.adobe.com/xap/1.0/") > data.index(b"Exif")
    state = state_of(data)
    assert state is not None and state.reader == "native"
    assert state.tags == {
        "EXIF:ExifVersion": "0232",
        "EXIF:DateTimeOriginal": "2020:01:02 03:04:05",
        "XMP-dc:Subject": ("Ann", "Bob"),
    }


def test_a_tag_is_removed_and_another_replaced() -> None:
    data = changed_bytes(
        sample_pictures()["little"], {**DATE, "EXIF:SubSecTimeOriginal": None, "EXIF:GPSAltitude": None}
    )
    state = state_of(data)
    assert state is not None
    assert "EXIF:SubSecTimeOriginal" not in state.tags and "EXIF:GPSAltitude" not in state.tags
    assert state.tags["EXIF:SubSecTimeDigitized"] == "070" and state.tags["EXIF:GPSLatitude"] == 48.858


def test_a_second_time_finds_nothing_to_do() -> None:
    data = changed_bytes(sample_pictures()["exif and xmp"], PEOPLE)
    assert write_native(plan_with(data, PEOPLE), data) == "unchanged"
    assert (
        write_native(plan_with(jpeg(), {"EXIF:SubSecTime": None, "XMP-dc:Source": None}), jpeg())
        == "unchanged"
    )


def test_editing_again_and_again_keeps_everything() -> None:
    data = sample_pictures()["little"]
    for second in range(10, 40):
        data = changed_bytes(data, {"EXIF:DateTimeOriginal": f"2020:01:02 03:04:{second}"})
    state = state_of(data)
    assert state is not None and state.tags["EXIF:Make"] == "Kamera"
    assert exif_of(data).count(CAMERA.maker_note) == 1


def _looped() -> bytes:
    block = bytearray(tiff_block({0x10F: text("Maker"), 0x8769: longs("little", 8)}))
    return bytes(block)


def _pointing(place: int, picture: bytes, kind: int = 4, count: int = 1) -> bytes:
    """Make a maker note with one entry that points to `place`, and a picture after the JPEG."""
    entry = b"\1\0" + struct.pack("<HHII", 0x88, kind, count, place) + bytes(4)
    block = exif_block(Exif(date="2019:07:01 12:34:56", maker_note=b"MLT\0" + entry))
    return with_exif(block) + picture


PREVIEW = b"\xff\xd8\xff\xdb" + bytes(1000)
BEHIND = len(_pointing(0, b"")) - 20 - 4 - 6
"""Position of the picture after that JPEG, relative to the EXIF block."""


def _three_pictures() -> tuple[Directory, ...]:
    picture: Directory = {0x10F: text("Maker")}
    return (picture, picture, picture)


DECLINED: dict[str, tuple[bytes, dict[str, Value | None]]] = {
    "several languages": (sample_pictures()["xmp in languages"], {"XMP-dc:Description": "x"}),
    "no XMP": (jpeg(xmp=b"<nothing/>"), PEOPLE),
    "goes on in other segments": (
        jpeg(xmp=xmp_packet("", 'n:HasExtendedXMP="A"', n="http://ns.adobe.com/xmp/note/")),
        PEOPLE,
    ),
    "second block": (with_exif(exif_block(CAMERA), segment(0xE1, b"Exif\0\0" + exif_block(CAMERA))), DATE),
    "unknown kind": (with_exif(exif_block(CAMERA), segment(0xE1, b"FLIR\0")), DATE),
    "circle": (with_exif(_looped()), DATE),
    "outside its block": (with_exif(exif_block(CAMERA)[:100]), DATE),
    "does not begin": (with_exif(b"IIII" + bytes(20)), DATE),
    "more than two pictures": (with_exif(tiff_block(*_three_pictures())), DATE),
    "thumbnail has tags": (
        with_exif(tiff_block({0x10F: text("Maker")}, {0x132: text("2019:07:01 12:34:56")})),
        {"EXIF:ModifyDate": "2020:01:02 03:04:05"},
    ),
    "thumbnail lies outside": (
        with_exif(tiff_block({0x10F: text("M")}, {0x201: longs("little", 60), 0x202: longs("little", 9999)})),
        DATE,
    ),
    "picture of its own": (with_exif(tiff_block({0x111: longs("little", 8)})), DATE),
    "last tag": (
        with_exif(tiff_block({0x10F: text("M"), 0x8769: {0x9000: octets(b"0220"), 0x9291: text("1")}})),
        {"EXIF:SubSecTimeOriginal": None},
    ),
    "65,533 fit": (
        with_exif(exif_block(Exif(maker_note=bytes(65_000)))),
        {"EXIF:ImageDescription": "x" * 600},
    ),
    "further pictures": (
        jpeg()[:20] + segment(0xE2, b"MPF\0") + segment(0xE1, b"Exif\0\0" + exif_block(CAMERA)) + jpeg()[20:],
        DATE,
    ),
    "point behind": (_pointing(BEHIND, PREVIEW), DATE),
    "maker notes that point": (_pointing(BEHIND, b"\0" + PREVIEW[1:], 7, 900), DATE),
    "notes its own place": (jpeg() + b"AXS!" + bytes(8), DATE),
    "before the image data": (jpeg()[:100], DATE),
    "image data is missing": (jpeg()[:20] + b"\xff\xd9rest", DATE),
    "no segment": (jpeg()[:20] + b"rubbish" + jpeg()[20:], DATE),
    "not a JPEG": (b"GIF89a", DATE),
}


@pytest.mark.parametrize("reason", DECLINED)
def test_what_is_not_sure_is_declined(reason: str) -> None:
    data, tags = DECLINED[reason]
    answer = write_native(plan_with(data, tags, "jpeg"), data)
    assert isinstance(answer, str) and answer.startswith("declined: ") and reason in answer


def test_what_makers_point_to_inside_the_block_or_nowhere_is_no_reason() -> None:
    assert changed_bytes(_pointing(100, PREVIEW), DATE)
    assert changed_bytes(_pointing(BEHIND, bytes(1000)), DATE)
    assert changed_bytes(_pointing(10_000_000, PREVIEW), DATE)
    mpf = segment(0xE2, b"MPF\0" + bytes(40))
    assert changed_bytes(with_exif(exif_block(CAMERA), mpf), {**DATE, **PEOPLE})


def plan(edits: dict[str, Value | None], **state: Any) -> Plan:
    match = Match(
        MediaFile(0, "a.jpg", 1, 0),
        "",
        metadata=FileMetadata(**({"format": "jpeg", "reader": "native"} | state)),
    )
    return Plan(match, "copied", tuple(TagEdit(tag, value) for tag, value in edits.items()))


@pytest.mark.parametrize(
    "tags",
    [
        DATE,
        {"EXIF:GPSLatitude": -90, "EXIF:GPSLongitude": 180.0, "EXIF:GPSAltitude": -0.5},
        {"EXIF:GPSLatitudeRef": "S", "EXIF:GPSAltitudeRef": 1},
        {"EXIF:OffsetTime": "-03:30", "EXIF:SubSecTime": "12", "EXIF:ExifVersion": "0232"},
        {"XMP-exif:GPSAltitude": 3.5, "XMP-exif:GPSAltitudeRef": 0},
        {**PEOPLE, "IPTC:Keywords": ("Ann",)},
    ],
)
def test_edits_that_are_taken(tags: dict[str, Value | None]) -> None:
    assert accepts(plan(tags))


@pytest.mark.parametrize(
    "tags",
    [
        {"EXIF:Make": "Kamera"},
        {"EXIF:DateTimeOriginal": "2019:13:01 12:34:56"},
        {"EXIF:DateTimeOriginal": "2019:07:01 12:34:56+02:00"},
        {"EXIF:DateTimeOriginal": 2019},
        {"EXIF:OffsetTime": "Z"},
        {"EXIF:ImageDescription": " x"},
        {"EXIF:ImageDescription": "a\0b"},
        {"EXIF:ImageDescription": "\ud800"},
        {"EXIF:GPSLatitude": 90.1},
        {"EXIF:GPSLatitude": float("nan")},
        {"EXIF:GPSLatitude": "48.5"},
        {"EXIF:GPSAltitudeRef": 2},
        {"XMP-dc:Subject": ("Ann", "Ann")},
        {"XMP-dc:Subject": ()},
        {"XMP-dc:Source": 3},
        {"XMP-exif:GPSAltitude": 3.5},
        {"XMP-xmpRights:Marked": "True"},
        {"XMP-mwg-rs:RegionInfo": "x"},
        {"XMP-photoshop:DateCreated": "yesterday"},
        {"PNG:Title": "x"},
    ],
)
def test_edits_that_are_left_to_exiftool(tags: dict[str, Value | None]) -> None:
    assert not accepts(plan(tags))


@pytest.mark.parametrize(
    "state",
    [{"format": "psd"}, {"reader": "exiftool"}, {"damage": "cut"}],
)
def test_files_that_are_left_to_exiftool(state: dict[str, object]) -> None:
    assert not accepts(plan({**DATE, "IPTC:Keywords": ("Ann",)}, **state))


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (48.5, (48, 1, 30, 1, 0, 1)),
        (-33.8567844, (33, 1, 51, 1, 152649, 6250)),
        (0.0, (0, 1, 0, 1, 0, 1)),
    ],
)
def test_degrees(value: float, parts: tuple[int, ...]) -> None:
    actual = to_dms(value)
    assert actual[:4] == parts[:4] and actual[4] / actual[5] == pytest.approx(parts[4] / parts[5], abs=1e-6)
    complete = actual[0] + actual[2] / 60 + actual[4] / actual[5] / 3600
    assert complete == pytest.approx(abs(value), abs=1e-9)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 35.27, 8848.86, 1e-6, 4e9])
def test_fractions(value: float) -> None:
    above, below = to_fraction(value)
    assert above / below == pytest.approx(value, rel=1e-8) and max(above, below) <= 0xFFFFFFFF


def test_fractions_stay_within_32_bits() -> None:
    assert to_fraction(1e-12) == (0, 1)
