from __future__ import annotations

import pytest

from pef_tui.model import TagEdit, Value
from pef_tui.xmp import not_in_xmp, to_xmp

Pairs = list[tuple[str, Value | None]]


def said(pairs: Pairs) -> Pairs:
    return [(edit.tag, edit.value) for edit in to_xmp([TagEdit(tag, value) for tag, value in pairs])]


DAY = "2019:07:01 12:34:56"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([("EXIF:DateTimeOriginal", DAY)], [("XMP-exif:DateTimeOriginal", DAY)]),
        (
            [("EXIF:DateTimeOriginal", DAY), ("EXIF:OffsetTimeOriginal", "+02:00")],
            [("XMP-exif:DateTimeOriginal", DAY + "+02:00")],
        ),
        (
            [
                ("EXIF:CreateDate", DAY),
                ("EXIF:OffsetTimeDigitized", "-03:30"),
                ("EXIF:SubSecTimeDigitized", "07"),
            ],
            [("XMP-xmp:CreateDate", DAY + ".07-03:30")],
        ),
        (
            [("EXIF:SubSecTimeOriginal", None), ("ExifIFD:DateTimeOriginal", DAY)],
            [("XMP-exif:DateTimeOriginal", DAY)],
        ),
        ([("EXIF:DateTimeOriginal", None)], [("XMP-exif:DateTimeOriginal", None)]),
        (
            [("QuickTime:CreateDate", DAY), ("QuickTime:TrackCreateDate", DAY)],
            [("XMP-exif:DateTimeOriginal", DAY + "+00:00"), ("XMP-xmp:CreateDate", DAY + "+00:00")],
        ),
        (
            [("QuickTime:CreateDate", DAY), ("Keys:CreationDate", DAY + "+02:00")],
            [("XMP-exif:DateTimeOriginal", DAY + "+02:00"), ("XMP-xmp:CreateDate", DAY + "+02:00")],
        ),
        (
            [("EXIF:GPSLatitude", -33.5), ("EXIF:GPSLatitudeRef", -33.5), ("EXIF:GPSLongitude", 151.25)],
            [("XMP-exif:GPSLatitude", -33.5), ("XMP-exif:GPSLongitude", 151.25)],
        ),
        (
            [
                ("EXIF:GPSLatitude", 33.5),
                ("EXIF:GPSLatitudeRef", "S"),
                ("EXIF:GPSLongitude", "9"),
                ("GPS:GPSLongitudeRef", "W"),
            ],
            [("XMP-exif:GPSLatitude", -33.5), ("XMP-exif:GPSLongitude", -9.0)],
        ),
        (
            [("EXIF:GPSLatitude", 1.0), ("EXIF:GPSAltitude", -7.5), ("EXIF:GPSAltitudeRef", 1)],
            [("XMP-exif:GPSLatitude", 1.0), ("XMP-exif:GPSAltitude", 7.5), ("XMP-exif:GPSAltitudeRef", 1)],
        ),
        (
            [("EXIF:GPSLatitude", 1.0), ("EXIF:GPSAltitude", 7.5), ("EXIF:GPSAltitudeRef", 0)],
            [("XMP-exif:GPSLatitude", 1.0), ("XMP-exif:GPSAltitude", 7.5), ("XMP-exif:GPSAltitudeRef", 0)],
        ),
        (
            [("Keys:GPSCoordinates", "-33.85678, 151.21530, -12.5"), ("UserData:GPSCoordinates", "1, 2")],
            [
                ("XMP-exif:GPSLatitude", -33.85678),
                ("XMP-exif:GPSLongitude", 151.2153),
                ("XMP-exif:GPSAltitude", 12.5),
                ("XMP-exif:GPSAltitudeRef", 1),
            ],
        ),
        (
            [("ItemList:GPSCoordinates", "1.5, 2")],
            [("XMP-exif:GPSLatitude", 1.5), ("XMP-exif:GPSLongitude", 2.0)],
        ),
        ([("Keys:GPSCoordinates", "nowhere")], []),
        (
            [("EXIF:ImageDescription", "a"), ("XMP-dc:Subject", ("b",)), ("XMP-dc:Description", "a")],
            [("XMP-tiff:ImageDescription", "a"), ("XMP-dc:Subject", ("b",)), ("XMP-dc:Description", "a")],
        ),
        ([("Keys:Description", "a"), ("XMP-dc:Description", "b")], [("XMP-dc:Description", "b")]),
        ([("XMP-dc:Source", "a"), ("XMP-dc:Source", "b")], [("XMP-dc:Source", "a")]),
        (
            [("EXIF:DateTimeOriginal", DAY), ("XMP-exif:DateTimeOriginal", "x")],
            [("XMP-exif:DateTimeOriginal", "x")],
        ),
        ([("IPTC:Keywords", ("a",)), ("XMP-foo:Bar", "x"), ("EXIF:Foo", "x")], []),
    ],
)
def test_what_each_edit_becomes(value: Pairs, expected: Pairs) -> None:
    assert said(value) == expected
    assert said(expected) == expected


def test_the_rest_of_an_edit_stays() -> None:
    edit = TagEdit("EXIF:DateTimeOriginal", DAY, "always", "date", "dates")
    assert to_xmp([edit]) == (TagEdit("XMP-exif:DateTimeOriginal", DAY, "always", "date", "dates"),)


def test_tags_whose_value_is_lost_are_reported() -> None:
    tags = [
        "EXIF:Foo",
        "XMP-foo:Bar",
        "EXIF:OffsetTime",
        "EXIF:GPSLatitudeRef",
        "IPTC:Keywords",
        "XMP-dc:Source",
    ]
    assert not_in_xmp([TagEdit(tag, "x") for tag in tags]) == ("EXIF:Foo", "XMP-foo:Bar")
    assert not_in_xmp([TagEdit("EXIF:Foo", None)]) == ()
