"""Values as arguments of ExifTool: one line each, and the same value when read back."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pef_tui.exiftool import ExifToolProcess, arguments, fits, valid_tag
from pef_tui.formats import Class
from pef_tui.model import TagEdit, Value
from pef_tui.testing.media import make

PWNED = "x\n-if\nsystem('touch PWNED')"


def edits(**values: Value | None) -> list[TagEdit]:
    return [TagEdit(tag.replace("__", ":").replace("_", "-"), value) for tag, value in values.items()]


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        ("XMP-dc:Description", PWNED, ["-XMP-dc:Description=x&#10;-if&#10;system(&#39;touch PWNED&#39;)"]),
        ("XMP-dc:Description", " a ", ["-XMP-dc:Description=&#32;a&#32;"]),
        ("XMP-dc:Description", "&amp; $5 @", ["-XMP-dc:Description=&#38;amp; $5 @"]),
        ("XMP-dc:Description", "a\0\x07\ud83db", ["-XMP-dc:Description=ab"]),
        ("XMP-dc:Description", "", ["-XMP-dc:Description^="]),
        ("XMP-dc:Description", None, ["-XMP-dc:Description="]),
        ("XMP-dc:Subject", ("a", "", "b"), ["-XMP-dc:Subject=a", "-XMP-dc:Subject=b"]),
        ("XMP-dc:Subject", (), ["-XMP-dc:Subject="]),
        ("XMP-dc:Subject", ("\0",), ["-XMP-dc:Subject="]),
        ("XMP-xmp:Rating", 5, ["-XMP-xmp:Rating#=5"]),
        ("EXIF:GPSLatitude", -33.86, ["-EXIF:GPSLatitude#=-33.86", "-EXIF:GPSLatitudeRef#=S"]),
        ("EXIF:GPSLongitude", 151.2, ["-EXIF:GPSLongitude#=151.2", "-EXIF:GPSLongitudeRef#=E"]),
        ("GPS:GPSLongitude", -1e-7, ["-GPS:GPSLongitude#=-0.0000001", "-GPS:GPSLongitudeRef#=W"]),
        ("EXIF:GPSAltitude", -3.5, ["-EXIF:GPSAltitude#=3.5", "-EXIF:GPSAltitudeRef#=1"]),
        ("EXIF:GPSAltitude", 8, ["-EXIF:GPSAltitude#=8", "-EXIF:GPSAltitudeRef#=0"]),
        ("XMP-exif:GPSAltitude", -3.5, ["-XMP-exif:GPSAltitude#=3.5", "-XMP-exif:GPSAltitudeRef#=1"]),
        ("XMP-exif:GPSLatitude", -3.5, ["-XMP-exif:GPSLatitude#=-3.5"]),
        ("EXIF:GPSLatitude", None, ["-EXIF:GPSLatitude=", "-EXIF:GPSLatitudeRef="]),
    ],
)
def test_one_edit(tag: str, value: Value | None, expected: list[str]) -> None:
    assert arguments([TagEdit(tag, value)], "exif") == ["-E", *expected]


def test_a_reference_that_is_given_is_not_made_up() -> None:
    actual = arguments(edits(EXIF__GPSLatitude=33.5, EXIF__GPSLatitudeRef="S"), "exif")
    assert actual == ["-E", "-EXIF:GPSLatitude#=33.5", "-EXIF:GPSLatitudeRef=S"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="number"):
        arguments([TagEdit("EXIF:GPSLatitude", value)], "exif")


@pytest.mark.parametrize(
    ("tag", "valid"),
    [
        ("EXIF:DateTimeOriginal", True),
        ("ExifIFD:ExifVersion", True),
        ("XMP-digiKam:TagsList", True),
        ("XMP-dc:Description-de", True),
        ("Keys:GPSCoordinates", True),
        ("IPTC:By-line", True),
        ("Description", False),
        ("XMP-dc:Subject-", False),
        ("XMP-dc:Subject+", False),
        ("XMP-dc:all", False),
        ("EXIF:All", False),
        ("XMP-:Title", False),
        ("XMP-dc:Titel\n", False),
        ("XMP-dc:Ti\ntle", False),
        ("XMP-dc:Titlé", False),
        ("System:FileName", False),
        ("File:Directory", False),
        ("MakerNotes:Anything", False),
        ("All:Description", False),
        ("XMP-dc:Title=a", False),
        ("-XMP-dc:Title", False),
        ("XMP-dc:Ti:tle", False),
        ("", False),
    ],
)
def test_which_tags_may_be_written(tag: str, valid: bool) -> None:
    assert valid_tag(tag) is valid
    if not valid:
        with pytest.raises(ValueError, match="not a tag"):
            arguments([TagEdit(tag, "x")], "exif")


@pytest.mark.parametrize(
    ("cls", "retained"),
    [
        ("exif", "EXIF:ImageDescription IPTC:Keywords XMP-dc:Title"),
        ("quicktime", "QuickTime:CreateDate Keys:Description XMP-dc:Title"),
        ("xmp", "XMP-dc:Title"),
        ("none", ""),
    ],
)
def test_each_class_takes_its_groups(cls: Class, retained: str) -> None:
    tags = [
        "EXIF:ImageDescription",
        "IPTC:Keywords",
        "QuickTime:CreateDate",
        "Keys:Description",
        "XMP-dc:Title",
    ]
    assert [tag for tag in tags if fits(tag, cls)] == retained.split()
    actual = arguments([TagEdit(tag, "2019:07:01 10:34:56") for tag in tags], cls)
    assert {tag for tag in tags if f"-{tag}=2019:07:01 10:34:56" in actual} == set(retained.split())


@given(st.text(), st.lists(st.text(), max_size=3))
def test_whatever_a_value_holds_an_argument_is_one_line(text: str, items: list[str]) -> None:
    actual = arguments([TagEdit("XMP-dc:Description", text), TagEdit("XMP-dc:Subject", tuple(items))], "exif")
    for argument in actual:
        assert argument == "-E" or re.match(r"-XMP-dc:(Description|Subject)\^?=", argument)
        assert not re.search("[\r\n\0]", argument)
        argument.encode()


needs_exiftool = [
    pytest.mark.exiftool,
    pytest.mark.skipif(
        shutil.which("exiftool") is None and not os.environ.get("CI"), reason="ExifTool is not installed"
    ),
]


@pytest.fixture(scope="module")
def process() -> Iterator[ExifToolProcess]:
    with ExifToolProcess(shutil.which("exiftool") or "exiftool") as running:
        yield running


HOSTILE = [
    PWNED,
    "😀 👨‍👩‍👧 東京 Ελλάδα",
    "\"quotes\" 'and' `more`",
    "$5 $FileName @x %d \\n \\ #[CSTR]",
    "&amp; &lt; &#10; & <b>bold</b>",
    "  leading\n\nlines \n and trailing  ",
    "-overwrite_original",
    "=x",
    "5.10",
    "TRUE",
    "ends with \\",
    "a\tb\u2028c\u0085d\u00a0",
    "\ufeffbom",
]
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), include_characters="\n\t"),
    min_size=1,
    max_size=60,
).filter(str.strip)
TAGS = {
    "jpeg": ("EXIF:ImageDescription", "XMP-dc:Description", "XMP-dc:Subject"),
    "png": ("EXIF:ImageDescription", "XMP-dc:Description", "XMP-dc:Subject"),
    "mp4": ("Keys:Description", "ItemList:Description", "XMP-dc:Description", "XMP-dc:Subject"),
}
CLASSES: dict[str, Class] = {"jpeg": "exif", "png": "exif", "mp4": "quicktime"}


def written_and_read(
    process: ExifToolProcess, folder: Path, format: str, texts: list[str]
) -> dict[str, list[str]]:
    """Write the texts (the first one, or all into a list). Return what ExifTool reads of each tag."""
    file = folder / f"x.{format}"
    file.write_bytes(make(format))
    tags = TAGS[format]
    expected_value = [TagEdit(tag, tuple(texts) if tag.endswith("Subject") else texts[0]) for tag in tags]
    answer = process.run(
        ["-overwrite_original", *arguments(expected_value, CLASSES[format]), os.fsencode(file)]
    )
    assert (answer.updated, answer.errors) == (1, ()), answer
    content = process.run(
        ["-j", "-a", "-G1", "-api", "Filter=s/^/=/", *("-" + tag for tag in tags), os.fsencode(file)]
    )
    (actual,) = orjson.loads(content.stdout)
    del actual["SourceFile"]
    texts_of = {tag: value if isinstance(value, list) else [value] for tag, value in actual.items()}
    return {tag.rpartition(":")[0][:4] + tag.rpartition(":")[2]: values for tag, values in texts_of.items()}


def expected(format: str, texts: list[str]) -> dict[str, list[str]]:
    def place(tag: str) -> str:
        group = "IFD0" if tag.startswith("EXIF:") else tag.partition(":")[0]
        return group[:4] + tag.rpartition(":")[2]

    return {
        place(tag): ["=" + text for text in (texts if tag.endswith("Subject") else texts[:1])]
        for tag in TAGS[format]
    }


class TestRoundTrip:
    pytestmark = needs_exiftool

    @pytest.mark.parametrize("format", TAGS)
    def test_hostile_values(self, process: ExifToolProcess, tmp_path: Path, format: str) -> None:
        for number, text in enumerate(HOSTILE):
            texts = [text, f"second {number}"]
            assert written_and_read(process, tmp_path, format, texts) == expected(format, texts)
        assert sorted(path.name for path in tmp_path.iterdir()) == [f"x.{format}"]

    @pytest.mark.parametrize("format", TAGS)
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(texts=st.lists(TEXT, min_size=1, max_size=3, unique=True))
    def test_any_text(self, process: ExifToolProcess, tmp_path: Path, format: str, texts: list[str]) -> None:
        assert written_and_read(process, tmp_path, format, texts) == expected(format, texts)
