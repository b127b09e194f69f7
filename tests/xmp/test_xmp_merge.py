from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pef_tui.model import TagEdit, Value, When
from pef_tui.testing.jpeg import xmp_packet
from pef_tui.xmp import BadPacket, UnknownTag, merge, read
from pef_tui.xmp.names import BY_TAG, can_write
from pef_tui.xmp.values import clean

needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None and not os.environ.get("CI"), reason="needs ExifTool"
)
DC, FOO = BY_TAG["XMP-dc:Subject"].uri, "http://example.com/foo/"
XMP = BY_TAG["XMP-xmp:Rating"].uri

FULL: dict[str, Value] = {
    "XMP-photoshop:DateCreated": "2019:07:01 12:34:56+02:00",
    "XMP-exif:DateTimeOriginal": "2019:07:01 12:34:56.789+05:30",
    "XMP-xmp:CreateDate": "2019:07:01 12:34:56Z",
    "XMP-exif:GPSLatitude": -33.856784,
    "XMP-exif:GPSLongitude": 151.215297,
    "XMP-exif:GPSAltitude": 12.345,
    "XMP-exif:GPSAltitudeRef": 1,
    "XMP-dc:Description": 'Grüße\nan <alle> & "einen" 😀',
    "XMP-tiff:ImageDescription": " blank ",
    "XMP-dc:Subject": ("Anna", "Bo & Co", "日本"),
    "XMP-iptcExt:PersonInImage": ("Anna", "Bo"),
    "XMP-lr:HierarchicalSubject": ("People|Anna", "People|Bo"),
    "XMP-digiKam:TagsList": ("People/Anna", "People/Bo"),
    "XMP-xmp:Rating": 5,
    "XMP-dc:Source": "https://photos.google.com/photo/x?a=1&b=2",
    "XMP-photoshop:City": "Sidney",
    "XMP-dc:Date": ("2019:07:01 12:34:56", "2020:01:01"),
}


def edits(values: dict[str, Value], moment: When = "always") -> list[TagEdit]:
    return [TagEdit(tag, value, moment) for tag, value in values.items()]


def edit(tag: str, value: Value | None, moment: When = "always", unit: str = "") -> TagEdit:
    return TagEdit(tag, value, moment, unit)


def test_a_new_packet_says_what_was_asked() -> None:
    packet = merge(None, edits(FULL))
    assert read(packet) == FULL
    assert packet.startswith(b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta')
    assert packet.endswith(b'</x:xmpmeta>\n<?xpacket end="w"?>\n')
    assert merge(None, edits(FULL)) == packet


def test_merging_again_changes_no_byte() -> None:
    packet = merge(None, edits(FULL))
    assert merge(packet, edits(FULL)) == packet
    assert merge(packet, edits(FULL, "merge"), fill=True) == packet
    assert merge(packet, []) == packet


FOREIGN = xmp_packet(
    "\n  <!-- kept --><foo:thing foo:of='x'><foo:deep>é</foo:deep></foo:thing>\n"
    "  <dc:subject><rdf:Bag><rdf:li>Old</rdf:li></rdf:Bag></dc:subject>"
    "<dc:description><rdf:Alt><rdf:li xml:lang='de'>Fluß</rdf:li></rdf:Alt></dc:description>",
    "foo:attribute='1' xmp:Rating='2' dc:source='there'",
    dc=DC,
    foo=FOO,
    xmp=XMP,
)


def test_everything_else_is_kept() -> None:
    merged = merge(
        FOREIGN, [*edits({"XMP-dc:Description": "river", "XMP-xmp:Rating": 5}), edit("XMP-dc:Format", "x")]
    )
    assert b'<!-- kept --><foo:thing foo:of="x"><foo:deep>\xc3\xa9</foo:deep></foo:thing>' in merged
    assert b'foo:attribute="1"' in merged
    assert '<rdf:li xml:lang="de">Fluß</rdf:li>'.encode() in merged
    assert merged.startswith(b"<?xpacket begin=")
    assert read(merged) == {
        "XMP-foo:Attribute": "1",
        "XMP-xmp:Rating": 5,
        "XMP-dc:Source": "there",
        "XMP-dc:Subject": ("Old",),
        "XMP-dc:Description": "river",
        "XMP-dc:Format": "x",
    }


@pytest.mark.parametrize(
    ("change", "fill", "tag", "value"),
    [
        (edit("XMP-dc:Subject", ("New",)), False, "XMP-dc:Subject", ("New",)),
        (edit("XMP-dc:Subject", ("New", "Old"), "merge"), False, "XMP-dc:Subject", ("Old", "New")),
        (edit("XMP-dc:Subject", ("New",), "merge"), True, "XMP-dc:Subject", ("Old", "New")),
        (edit("XMP-dc:Subject", ("New",), "missing"), True, "XMP-dc:Subject", ("Old",)),
        (edit("XMP-dc:Subject", ("New",), "missing"), False, "XMP-dc:Subject", ("New",)),
        (edit("XMP-dc:Source", "x", "missing"), True, "XMP-dc:Source", "there"),
        (edit("XMP-dc:Source", "x", "always"), True, "XMP-dc:Source", "x"),
        (edit("XMP-dc:Source", None), False, "XMP-dc:Source", None),
        (edit("XMP-dc:Subject", None), False, "XMP-dc:Subject", None),
        (edit("XMP-dc:Subject", ()), False, "XMP-dc:Subject", ()),
        (edit("XMP-dc:Creator", ("a", "a", "b")), False, "XMP-dc:Creator", ("a", "b")),
    ],
)
def test_what_becomes_of_a_value_that_is_there(
    change: TagEdit, fill: bool, tag: str, value: Value | None
) -> None:
    merged = merge(FOREIGN, [change], fill=fill)
    assert read(merged).get(tag) == value
    assert merge(merged, [change], fill=fill) == merged


def test_units_are_filled_all_or_none() -> None:
    existing = merge(None, edits({"XMP-exif:GPSLatitude": 1.5}))
    place = [
        edit("XMP-exif:GPSLatitude", 2.5, "missing", "place"),
        edit("XMP-exif:GPSLongitude", 3.5, "missing", "place"),
    ]
    assert merge(existing, place, fill=True) == existing
    assert read(merge(existing, place))["XMP-exif:GPSLongitude"] == 3.5
    empty = merge(None, edits({"XMP-exif:GPSLatitude": " "}))
    assert read(merge(empty, place, fill=True))["XMP-exif:GPSLatitude"] == 2.5


def test_a_property_that_is_there_twice_is_there_once_afterwards() -> None:
    twice = xmp_packet("<dc:source>a</dc:source><dc:source>b</dc:source>", "dc:source='c'", dc=DC)
    merged = merge(twice, [edit("XMP-dc:Source", "d")])
    assert read(merged) == {"XMP-dc:Source": "d"}


def test_odd_shapes_of_a_property_are_replaced() -> None:
    odd = xmp_packet(
        "<dc:subject foo:x='1'/><dc:description>plain</dc:description>", "dc:type='t'", dc=DC, foo=FOO
    )
    merged = merge(odd, edits({"XMP-dc:Subject": ("a",), "XMP-dc:Description": "b", "XMP-dc:Type": ("c",)}))
    assert read(merged) == {"XMP-dc:Subject": ("a",), "XMP-dc:Description": "b", "XMP-dc:Type": ("c",)}


def test_one_tag_named_twice_ends_with_the_last() -> None:
    packet = merge(None, [edit("XMP-dc:Source", "a"), edit("XMP-dc:Source", "b")])
    assert read(packet) == {"XMP-dc:Source": "b"}


def test_the_frame_of_a_file_is_kept() -> None:
    bare = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- by -->\n'
        + xmp_packet().split(b"?>\n", 1)[1].rsplit(b"<?x")[0]
    )
    merged = merge(bare, [edit("XMP-dc:Source", "a")])
    assert merged.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- by -->\n<x:xmpmeta')
    assert b"xpacket" not in merged
    only_rdf = b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description r:about="uuid:1"/></r:RDF>'
    assert merge(only_rdf, [edit("XMP-dc:Source", "a")]).count(b'r:about="uuid:1"') == 2


@pytest.mark.parametrize(
    "tag", ["XMP-foo:Bar", "EXIF:DateTimeOriginal", "XMP-xmpMM:History", "XMP-exif:ApertureValue", ""]
)
def test_tags_xmp_does_not_have(tag: str) -> None:
    assert not can_write(tag)
    with pytest.raises(UnknownTag, match="cannot be written"):
        merge(None, [edit(tag, "x")])


@pytest.mark.parametrize("packet", [b"", b"<a/>", b"<!DOCTYPE a>" + xmp_packet(), xmp_packet()[:-30]])
def test_bad_packets_are_not_merged(packet: bytes) -> None:
    with pytest.raises(BadPacket):
        merge(packet, [edit("XMP-dc:Source", "x")])


HOSTILE_TEXT = st.text(
    st.characters(codec=None) | st.sampled_from("\0\x08\r\n\t\x85\u2028<>&]'\"\ud800\udfff\ufffe")
)
TEXT_TAGS = ["XMP-dc:Description", "XMP-dc:Source", "XMP-photoshop:City", "XMP-tiff:ImageDescription"]
LIST_TAGS = ["XMP-dc:Subject", "XMP-dc:Creator", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList"]
HOSTILE_VALUES = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(TEXT_TAGS, HOSTILE_TEXT)
    | {tag: st.lists(HOSTILE_TEXT).map(tuple) for tag in LIST_TAGS},
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE_VALUES, HOSTILE_VALUES)
def test_hostile_values_come_back_clean(first: dict[str, Value], second: dict[str, Value]) -> None:
    packet = merge(merge(FOREIGN, edits(first)), edits(second))
    actual = read(packet)
    for tag, value in (first | second).items():
        expected = tuple(dict.fromkeys(map(clean, value))) if isinstance(value, tuple) else clean(str(value))
        assert actual[tag] == expected
    assert merge(packet, edits(second)) == packet
    assert actual["XMP-foo:Attribute"] == "1"


@settings(max_examples=300, deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 20000))
def test_places_come_back(latitude: float, longitude: float, altitude: float) -> None:
    values: dict[str, Value] = {
        "XMP-exif:GPSLatitude": latitude,
        "XMP-exif:GPSLongitude": longitude,
        "XMP-exif:GPSAltitude": altitude,
    }
    packet = merge(None, edits(values))
    actual = read(packet)
    assert actual["XMP-exif:GPSLatitude"] == pytest.approx(latitude, abs=1e-9)
    assert actual["XMP-exif:GPSLongitude"] == pytest.approx(longitude, abs=1e-9)
    assert actual["XMP-exif:GPSAltitude"] == pytest.approx(altitude, abs=1e-6)
    assert merge(packet, edits(values)) == packet


def shown(path: Path) -> dict[str, Any]:
    command = ["exiftool", "-config", "", "-j", "-n", "-G1", "-struct", str(path)]
    answer = subprocess.run(command, capture_output=True, check=True).stdout
    result: dict[str, Any] = orjson.loads(answer)[0]
    return {
        tag: tuple(value) if isinstance(value, list) else value
        for tag, value in result.items()
        if "XMP-" in tag
    }


@needs_exiftool
@pytest.mark.exiftool
def test_exiftool_reads_what_was_merged(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(merge(None, edits(FULL)))
    assert shown(path) == FULL
    valid = subprocess.run(["exiftool", "-validate", "-warning", "-a", path], capture_output=True, check=True)
    assert valid.stdout.split() == b"Validate : OK".split()
    merged = merge(FOREIGN, edits(FULL))
    path.write_bytes(merged)
    actual = shown(path)
    assert {tag: value for tag, value in actual.items() if tag in FULL} == FULL
    assert actual["XMP-foo:Attribute"] == 1
    assert actual["XMP-dc:Description-de"] == "Fluß"


@needs_exiftool
@pytest.mark.exiftool
def test_what_exiftool_writes_is_read_and_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    arguments = ["exiftool", "-config", "", "-n", "-q"]
    for tag, value in FULL.items():
        arguments += [f"-{tag}={first}" for first in (value if isinstance(value, tuple) else (value,))]
    subprocess.run([*arguments, str(path)], check=True)
    packet = path.read_bytes()
    assert read(packet) == FULL
    assert merge(packet, edits(FULL)) == packet
