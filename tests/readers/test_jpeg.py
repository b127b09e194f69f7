from __future__ import annotations

import io
import json
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pef_tui.exiftool import ExifToolProcess
from pef_tui.model import FileMetadata, GeoPoint, TagEdit, Value
from pef_tui.readers import exif as exif_names
from pef_tui.readers.exiftool_reader import TAGS, read_metadata
from pef_tui.readers.jpeg import CUT, EMPTY, read_jpeg
from pef_tui.testing.exif import Directory, Exif, octets, rational, short, text, tiff_block
from pef_tui.testing.jpeg import iptc_block, jpeg, segment, xmp_packet
from pef_tui.xmp import merge
from pef_tui.xmp.names import BY_TAG

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None and not os.environ.get("CI"), reason="needs ExifTool"
)
DC = "http://purl.org/dc/elements/1.1/"
EXIF_TAGS = {
    *exif_names.MAIN_TEXTS.values(),
    *exif_names.MAIN_NUMBERS.values(),
    *exif_names.WINDOWS_TEXTS.values(),
    *exif_names.CAMERA_TEXTS.values(),
    *("EXIF:ExifVersion", "EXIF:UserComment", "EXIF:GPSTimeStamp", "EXIF:GPSDateStamp"),
    *(f"EXIF:GPS{name}{ref}" for name in ("Latitude", "Longitude", "Altitude") for ref in ("", "Ref")),
}
ALTITUDES = (("EXIF:GPSAltitude", 1), ("XMP-exif:GPSAltitude", 1))
CAMERA = Exif(
    date="2019:07:01 12:34:56",
    offset="+02:00",
    subsec="070",
    place=GeoPoint(-33.856784, 151.215297, -12.5),
    description="Grüße 2019",
    make="Kamera ",
    model="5",
)


def read(data: bytes) -> FileMetadata | None:
    return read_jpeg(io.BytesIO(data))


def tags_of(data: bytes) -> dict[str, Value]:
    state = read(data)
    assert state is not None
    assert (state.format, state.reader, state.damage) == ("jpeg", "native", "")
    return state.tags


def with_segment(payload: bytes, marker: int = 0xE1) -> bytes:
    return b"\xff\xd8" + segment(marker, payload) + jpeg()[2:]


def with_tiff(block: bytes) -> bytes:
    return with_segment(b"Exif\0\0" + block)


def test_what_a_camera_wrote() -> None:
    tags = tags_of(jpeg(exif=CAMERA))
    assert tags["EXIF:DateTimeOriginal"] == tags["EXIF:CreateDate"] == "2019:07:01 12:34:56"
    assert tags["EXIF:OffsetTimeOriginal"] == "+02:00"
    assert tags["EXIF:SubSecTimeOriginal"] == "070"
    assert tags["EXIF:GPSLatitude"] == pytest.approx(-33.856784)
    assert tags["EXIF:GPSLongitude"] == pytest.approx(151.215297)
    assert tags["EXIF:GPSAltitude"] == -12.5
    assert not [tag for tag in tags if tag.endswith("Ref")]
    assert tags["EXIF:ImageDescription"] == "Grüße 2019"
    assert (tags["EXIF:Make"], tags["EXIF:Model"], tags["EXIF:ExifVersion"]) == ("Kamera", "5", "0232")


def test_xmp_and_iptc() -> None:
    packet = xmp_packet("<dc:subject><rdf:Bag><rdf:li>Anna</rdf:li></rdf:Bag></dc:subject>", dc=DC)
    tags = tags_of(jpeg(xmp=packet, iptc=iptc_block("Ein Fluß", ["Zoë", "12"], "utf-8")))
    assert tags["XMP-dc:Subject"] == ("Anna",)
    assert tags["IPTC:Caption-Abstract"] == "Ein Fluß"
    assert tags["IPTC:Keywords"] == ("Zoë", "12")
    assert tags["IPTC:CodedCharacterSet"] == "UTF8"
    assert tags_of(jpeg(iptc=iptc_block("Fluß")))["IPTC:Caption-Abstract"] == "Fluß"


def test_a_picture_without_tags() -> None:
    assert tags_of(jpeg()) == {}


PICTURE = jpeg(exif=CAMERA, xmp=xmp_packet("<dc:source>x</dc:source>", dc=DC))


@pytest.mark.parametrize(
    ("data", "damage"),
    [
        (b"", EMPTY),
        (PICTURE[: PICTURE.index(b"Exif") + 60], CUT),
        (PICTURE[: PICTURE.index(b"\xff\xda")], CUT),
        (PICTURE[:20] + b"\xff\xd9", CUT),
        (PICTURE[:-10], ""),
    ],
)
def test_cut_pictures(data: bytes, damage: str) -> None:
    state = read(data)
    assert state is not None
    assert state.damage == damage


def test_whole_segments_before_a_cut_are_read() -> None:
    state = read(PICTURE[: PICTURE.index(b"\xff\xda")])
    assert state is not None
    assert state.tags["EXIF:DateTimeOriginal"] == "2019:07:01 12:34:56"


def _patched(position: int, value: bytes) -> bytes:
    block = bytearray(
        tiff_block({0x10E: text("a description"), 0x8769: {0x9003: text("2019:07:01 12:34:56")}})
    )
    block[position : position + len(value)] = value
    return with_tiff(bytes(block))


UNSURE = {
    "no JPEG": b"\x89PNG\r\n\x1a\n",
    "text": b"<html>",
    "garbage between segments": b"\xff\xd8\xff\xfe\0\2\0\0" + jpeg()[2:],
    "second EXIF": b"\xff\xd8"
    + segment(0xE1, b"Exif\0\0" + tiff_block({0x112: short("little", 1)}))
    + PICTURE[2:],
    "second XMP": b"\xff\xd8" + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp_packet()) + PICTURE[2:],
    "extended XMP": with_segment(b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40),
    "unknown APP1": with_segment(b"Exif\0Whatever"),
    "no TIFF header": with_tiff(b"II\x2b\0" + b"\0" * 20),
    "directory outside": _patched(4, struct.pack("<I", 5000)),
    "no entries": _patched(8, b"\0\0"),
    "unknown type": _patched(12, b"\x63\0"),
    "value outside": _patched(18, struct.pack("<I", 5000)),
    "value in its directory": _patched(18, struct.pack("<I", 10)),
    "pointer to itself": _patched(30, struct.pack("<I", 8)),
    "number as description": with_tiff(tiff_block({0x10E: short("little", 7)})),
    "description not UTF-8": with_tiff(tiff_block({0x10E: octets(b"x")})).replace(b"x", b"\xff"),
    "date in the wrong directory": with_tiff(tiff_block({0x9003: text("2019:07:01 12:34:56")})),
    "latitude without reference": with_tiff(tiff_block({0x8825: {2: rational("little", 1, 2, 3)}})),
    "latitude by zero": with_tiff(tiff_block({0x8825: {1: text("N"), 2: octets(bytes(24))}})),
    "day with NULs": with_tiff(tiff_block({0x8825: {29: octets(b"\1\0\x1c\0\1", 7)}})),
    "broken XMP": jpeg(xmp=b"<x:xmpmeta>"),
    "XMP with entities": jpeg(xmp=b'<!DOCTYPE a [<!ENTITY b "c">]>' + xmp_packet()),
    "broken IPTC": jpeg(iptc=b"\x1c\2\x19\xff\xff"),
    "unknown Photoshop block": with_segment(b"Adobe_Photoshop2.5:...", 0xED),
}


@pytest.mark.parametrize("data", UNSURE.values(), ids=UNSURE.keys())
def test_what_is_not_sure_is_left_to_exiftool(data: bytes) -> None:
    assert read(data) is None


def test_a_long_header_is_read_in_pieces() -> None:
    blob = segment(0xE2, b"ICC" + bytes(65000))
    picture = jpeg(exif=CAMERA)
    long = picture[:2] + blob * 3 + b"\xff\xff\xff" + picture[2:]
    assert tags_of(long) == tags_of(picture)


def test_only_the_header_is_read() -> None:
    stream = io.BytesIO(jpeg(exif=CAMERA) + bytes(1 << 20))
    assert read_jpeg(stream) is not None
    assert stream.tell() <= 65536


def test_the_altitude_of_xmp_is_signed() -> None:
    packet = merge(None, [TagEdit("XMP-exif:GPSAltitude", 12.5), TagEdit("XMP-exif:GPSAltitudeRef", 1)])
    assert tags_of(jpeg(xmp=packet)) == {"XMP-exif:GPSAltitude": -12.5}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, len(PICTURE)), st.integers(0, 40))
def test_no_bytes_break_it(noise: bytes, at: int, gone: int) -> None:
    state = read(PICTURE[:at] + noise + PICTURE[at + gone :])
    assert state is None or state.reader == "native"


def exiftool(paths: list[Path]) -> dict[str, dict[str, Any]]:
    command = ["exiftool", "-config", "", "-j", "-n", "-G1", *map(str, paths)]
    answer = subprocess.run(command, capture_output=True, check=False)
    return {one["SourceFile"]: one for one in json.loads(answer.stdout.decode("utf-8", "replace"))}


def expected(displayed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ExifTool shows, with the tag names of edits, and with the references as signs."""
    tags = {}
    for key, value in displayed.items():
        group, _, name = key.partition(":")
        tag = f"EXIF:{name}" if group in ("IFD0", "ExifIFD", "GPS") else key
        known_values = BY_TAG.get(tag)
        if (
            tag in EXIF_TAGS
            or group == "IPTC"
            or (known_values is not None and known_values.item not in ("struct", "odd"))
        ):
            tags[tag] = value
    for name, below in (("EXIF:GPSLatitude", "S"), ("EXIF:GPSLongitude", "W"), *ALTITUDES):
        if tags.pop(name + "Ref", None) == below and name in tags:
            tags[name] *= -1
    if "IPTC:CodedCharacterSet" in tags:
        tags["IPTC:CodedCharacterSet"] = "UTF8"
    return tags


def plain(value: Any) -> Any:
    """Return one form for a value that JSON shows in several: digits as text and number, a list of one item and the
    item.
    """
    if isinstance(value, list | tuple):
        return plain(value[0]) if len(value) == 1 else tuple(plain(first) for first in value)
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return float(value)
    except ValueError:
        return value.lower() if value.lower() in ("true", "false") else value


def differences(state: FileMetadata, displayed: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    expected_value = expected(displayed)
    produced = {
        tag: value for tag, value in state.tags.items() if not tag.startswith("XMP-") or tag in BY_TAG
    }
    produced = {
        tag: value for tag, value in produced.items() if not tag.startswith("Pentax:")
    }  # values that differ from ExifTool's on purpose
    if state.damage:  # ExifTool does not read the last complete segment of a cut file
        produced = {tag: value for tag, value in produced.items() if tag in expected_value}
    pair = sorted(expected_value.keys() | produced.keys())
    pairs = ((tag, expected_value.get(tag), produced.get(tag)) for tag in pair)
    return [
        (tag, reference, own_value)
        for tag, reference, own_value in pairs
        if reference is None or own_value is None or plain(reference) != plain(own_value)
    ]


def check(paths: list[Path]) -> int:
    """Compare all files with ExifTool. Return how many were read natively."""
    displayed = exiftool(paths)
    result = {str(path): read(path.read_bytes()) for path in paths}
    wrong = {
        path: problems
        for path, state in result.items()
        if state is not None and path in displayed and (problems := differences(state, displayed[path]))
    }
    assert not wrong
    return sum(state is not None for state in result.values())


@needs_exiftool
@pytest.mark.exiftool
def test_made_pictures_equal_exiftool(tmp_path: Path) -> None:
    all_items: list[bytes] = []
    for order in ("little", "big"):
        gps: Directory = {
            1: text("S"),
            2: rational(order, 33, 51, 24.4224),
            3: text("W"),
            4: rational(order, 0, 0, 0),
            5: octets(b"\0", 1),
            6: rational(order, 12.345),
            7: rational(order, 9, 5, 7.25),
            29: text("2019:07:01"),
        }
        main: Directory = {
            0x10D: text("doc"),
            0x10E: text("  007 "),
            0x131: text("soft "),
            0x13B: text("me  "),
            0x8298: text("(c) 2019 "),
            0x4746: short(order, 4),
            0x9C9B: octets("Grüße\0".encode("utf-16-le"), 1),
            0x8769: {
                0x9000: octets(b"0230"),
                0x9003: text("    :  :     :  :  "),
                0x9286: octets(b"ASCII\0\0\0a comment  "),
                0x9290: text("5  "),
                0xA434: text("lens"),
            },
            0x8825: gps,
        }
        all_items.append(with_tiff(tiff_block(main, order=order)))
        all_items.append(jpeg(exif=Exif(order=order, place=GeoPoint(-90, 180, 0.0), description="true")))
    all_items += [jpeg(), PICTURE, jpeg(exif=CAMERA, iptc=iptc_block("é  ", ["a", "b"]))]
    all_items.append(jpeg(iptc=iptc_block("日本", ["Ä"], "utf-8")))
    paths = [tmp_path / f"{number}.jpg" for number in range(len(all_items))]
    for path, data in zip(paths, all_items, strict=True):
        path.write_bytes(data)
    assert check(paths) == len(paths)


@needs_exiftool
@pytest.mark.exiftool
def test_both_readers_say_the_same(tmp_path: Path) -> None:
    sample = {
        "camera": jpeg(exif=CAMERA),
        "all": jpeg(exif=CAMERA, iptc=iptc_block("é", ["a"], "utf-8")),
        "x": PICTURE,
    }
    paths = [tmp_path / f"{name}.jpg" for name in sample]
    for path, data in zip(paths, sample.values(), strict=True):
        path.write_bytes(data)
    paths += sorted(SAMPLES.rglob("*.jpg"))
    process = ExifToolProcess(shutil.which("exiftool") or "exiftool")
    try:
        reference = read_metadata(process, [(str(path), path.stat().st_size) for path in paths])
    finally:
        process.close()
    requests = {tag.removesuffix("#") for tag in TAGS}
    for path, their in zip(paths, reference, strict=True):
        if (own_value := read(path.read_bytes())) is not None:
            retained = {
                tag: first
                for tag, first in own_value.tags.items()
                if tag in requests or tag.startswith(("IPTC:", "Pentax:"))
            }
            assert retained == their.tags, path.name


@needs_exiftool
@pytest.mark.exiftool
@pytest.mark.shared
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs the shared samples")
def test_samples_equal_exiftool() -> None:
    paths = sorted(path for path in SAMPLES.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    assert check(paths) >= 0.9 * len(paths)


@needs_exiftool
@pytest.mark.exiftool
def test_damaged_headers_equal_exiftool_or_are_left_to_it(tmp_path: Path) -> None:
    chance = random.Random(20190701)
    complete = [
        jpeg(exif=CAMERA, xmp=xmp_packet("<dc:source>x</dc:source>", dc=DC)),
        with_tiff(tiff_block({})),
    ]
    complete.append(jpeg(exif=CAMERA, iptc=iptc_block("caption", ["one", "two"])))
    if SAMPLES.is_dir():
        complete += [path.read_bytes() for path in sorted((SAMPLES / "camera").glob("*.jpg"))]
    paths = []
    for number in range(150):
        data = bytearray(chance.choice(complete))
        for _ in range(chance.randint(1, 4)):
            data[chance.randint(20, min(len(data) - 1, chance.choice((200, 1000, 5000))))] = chance.randint(
                0, 255
            )
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(data)
        paths.append(path)
    assert check(paths) > 10
