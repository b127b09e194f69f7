from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pef_tui.formats import FORMATS, HEAD, detect
from pef_tui.model import GeoPoint
from pef_tui.testing import MAKERS, Exif, film, iptc_block, jpeg, make, motion_photo, oddities, xmp_packet
from pef_tui.testing.pictures import dng, gif, tiff, webp

needs_exiftool = [
    pytest.mark.exiftool,
    pytest.mark.skipif(not shutil.which("exiftool") and "CI" not in os.environ, reason="needs ExifTool"),
]
SHOWN = ["jpeg", "tiff", "psd", "webp", "png", "gif", "bmp"]


def exiftool(*arguments: str | Path) -> str:
    command = ["exiftool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def tags(data: bytes, folder: Path, extension: str = ".jpg") -> dict[str, Any]:
    path = folder / f"made{extension}"
    path.write_bytes(data)
    return dict(json.loads(exiftool("-j", "-G1", "-n", path))[0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a file of every format, named after its format."""
    path = tmp_path_factory.mktemp("made")
    for name in MAKERS:
        (path / f"{name}{FORMATS[name].extensions[0]}").write_bytes(make(name, 5))
    return path


@pytest.mark.parametrize("name", MAKERS)
def test_bytes_depend_on_the_seed_alone(name: str) -> None:
    assert make(name, 3) == make(name, 3)
    assert len({make(name, seed) for seed in (0, 1, 2, 2**32 - 1)}) == 4
    assert len(make(name)) < 4000


def test_every_class_and_kind_is_there() -> None:
    sample = {FORMATS[name].cls for name in MAKERS}, {FORMATS[name].kind for name in MAKERS}
    assert sample == ({"exif", "raw", "quicktime", "xmp", "none"}, {"photo", "video"})


class TestWithExifTool:
    pytestmark = needs_exiftool

    def test_it_sees_the_right_types_and_no_faults(self, folder: Path) -> None:
        answer = json.loads(exiftool("-j", "-FileType", "-Warning", "-Error", folder))
        actual = {entry.pop("SourceFile").rpartition("/")[2].partition(".")[0]: entry for entry in answer}
        names = {name: {"FileType": name.upper()} for name in MAKERS} | {"mpg": {"FileType": "MPEG"}}
        assert actual == names

    def test_it_writes_what_its_class_says(self, folder: Path) -> None:
        expected = ("-XMP-dc:Description=words", "-EXIF:DateTimeOriginal=2019:07:01 12:00:00")
        films = ("-QuickTime:CreateDate=2019:07:01 10:00:00", "-Keys:Description=words")
        exiftool("-q", "-q", "-overwrite_original", *expected, *films, folder)
        content = ("-Description", "-DateTimeOriginal", "-QuickTime:CreateDate")
        answer = json.loads(exiftool("-j", "-G0", *content, "-Warning", folder))
        actual_value = {entry["SourceFile"].rpartition("/")[2].partition(".")[0]: entry for entry in answer}
        for name in MAKERS:
            cls, tags = FORMATS[name].cls, actual_value[name]
            assert ("EXIF:DateTimeOriginal" in tags) == (cls in ("exif", "raw")), name
            assert (tags.get("QuickTime:CreateDate") == "2019:07:01 10:00:00") == (cls == "quicktime"), name
            assert ("XMP:Description" in tags) == (cls != "none"), name
            assert "ExifTool:Warning" not in tags, name

    def test_exif_of_either_byte_order(self, tmp_path: Path) -> None:
        for order in ("little", "big"):
            exif = Exif(
                "2019:07:01 12:34:56",
                "+02:00",
                "250",
                GeoPoint(-33.8567844, -70.5, 12.5),
                "Grüße 🏖",
                order=order,
            )
            found = tags(jpeg(exif=exif), tmp_path)
            assert found["ExifIFD:DateTimeOriginal"] == "2019:07:01 12:34:56"
            assert found["ExifIFD:OffsetTimeOriginal"] == "+02:00"
            assert str(found["ExifIFD:SubSecTimeOriginal"]) == "250"
            assert found["Composite:GPSLatitude"] == pytest.approx(-33.8567844, abs=1e-6)
            assert found["Composite:GPSLongitude"] == pytest.approx(-70.5)
            assert found["GPS:GPSAltitude"] == 12.5
            assert found["IFD0:ImageDescription"] == "Grüße 🏖"
            assert not any(name.endswith((":Warning", ":Error")) for name in found)

    def test_xmp_iptc_and_comment(self, tmp_path: Path) -> None:
        xmp = xmp_packet(attributes='xmp:Rating="5"', xmp="http://ns.adobe.com/xap/1.0/")
        data = jpeg(xmp=xmp, iptc=iptc_block("Überschrift", ["eins", "zwei"], "utf-8"), comment="hello")
        found = tags(data, tmp_path)
        assert found["XMP-xmp:Rating"] == 5
        assert found["IPTC:Caption-Abstract"] == "Überschrift"
        assert found["IPTC:Keywords"] == ["eins", "zwei"]
        assert found["File:Comment"] == "hello"

    @pytest.mark.parametrize("moov", ["first", "last"])
    @pytest.mark.parametrize("format", ["mp4", "mov", "m4v", "3gp", "3g2"])
    def test_dates_and_frames_of_films(self, format: str, moov: Any, tmp_path: Path) -> None:
        data = film(format, 1, created=datetime(2019, 7, 1, 10, tzinfo=UTC), moov=moov)
        found = tags(data, tmp_path, FORMATS[format].extensions[0])
        for tag in ("QuickTime:CreateDate", "Track1:TrackModifyDate", "Track1:MediaCreateDate"):
            assert found[tag] == "2019:07:01 10:00:00"
        assert (data.index(b"moov") < data.index(b"mdat")) == (moov == "first")
        at = data.index(b"stco") + 12
        assert data[int.from_bytes(data[at : at + 4], "big") :].startswith(jpeg(1))

    def test_old_quicktime_without_brands(self, tmp_path: Path) -> None:
        assert tags(film(""), tmp_path, ".mov")["File:FileType"] == "MOV"

    def test_motion_photo_holds_its_film(self, tmp_path: Path) -> None:
        clip = film("mp4", 2)
        data = motion_photo(clip, 2, Exif("2019:07:01 12:34:56"))
        found = tags(data, tmp_path)
        assert data.endswith(clip)
        assert found["XMP-GCamera:MicroVideoOffset"] == len(clip)
        assert found["XMP-GCamera:MotionPhoto"] == 1
        assert f'Item:Semantic="MotionPhoto" Item:Length="{len(clip)}"'.encode() in data

    @pytest.mark.parametrize(
        ("name", "fault"),
        [
            ("empty.jpg", "Format error in file"),
            ("text.jpg", "Not a valid JPG"),
            ("jpeg named.heic", "Not a valid HEIC (looks more like a JPEG)"),
            ("cut before its picture.jpg", "Corrupted JPEG image"),
            ("header only.jpg", "Corrupted JPEG image"),
            ("cut short.mp4", "Truncated 'moov' atom"),
            ("cut short.heic", "Truncated 'meta' atom"),
            ("cut short.png", "Corrupted PNG image"),
            ("cut short.jpg", ""),
            ("garbage behind.jpg", ""),
            ("motion photo.jpg", ""),
        ],
    )
    def test_oddities_fail_as_files_damaged_that_way(self, name: str, fault: str, tmp_path: Path) -> None:
        path = tmp_path / name
        path.write_bytes(oddities()[name])
        command = ["exiftool", "-overwrite_original", "-XMP-dc:Description=x", str(path)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert fault in run.stderr and ("1 image files updated" in run.stdout) == (not fault)

    def test_big_endian_tiff_and_dng(self, tmp_path: Path) -> None:
        for data in (tiff(1, "big"), dng(1, "big")):
            assert tags(data, tmp_path, ".tif")["File:ExifByteOrder"] == "MM"


class TestWithPillow:
    @pytest.mark.parametrize("name", SHOWN)
    def test_it_shows_the_picture(self, name: str) -> None:
        image = pytest.importorskip("PIL.Image")
        pictures = [image.open(io.BytesIO(make(name, seed))).convert("RGB") for seed in (1, 2)]
        assert pictures[0].size in ((16, 12), (48, 32))
        if name != "gif":
            assert pictures[0].getpixel((3, 3)) != pictures[1].getpixel((3, 3))

    @pytest.mark.parametrize("animate", [gif, webp])
    def test_animations(self, animate: Any) -> None:
        image = pytest.importorskip("PIL.Image")
        picture = image.open(io.BytesIO(animate(1, 3)))
        assert picture.n_frames == 3
        picture.seek(2)
        picture.load()

    def test_exif_is_read(self) -> None:
        image = pytest.importorskip("PIL.Image")
        actual = image.open(io.BytesIO(jpeg(exif=Exif("2019:07:01 12:34:56", order="big")))).getexif()
        assert actual[0x132] == "2019:07:01 12:34:56"


def test_oddities_are_what_they_say() -> None:
    formats = {name: detect(data[:HEAD]) for name, data in oddities().items()}
    actual = {name: format.name if format else None for name, format in formats.items()}
    assert actual == {
        "jpeg named.heic": "jpeg",
        "film without extension": "mp4",
        "motion photo.jpg": "jpeg",
        "empty.jpg": None,
        "text.jpg": None,
        "cut short.jpg": "jpeg",
        "cut before its picture.jpg": "jpeg",
        "header only.jpg": "jpeg",
        "cut short.png": "png",
        "cut short.mp4": "mp4",
        "cut short.heic": "heic",
        "garbage behind.jpg": "jpeg",
        "garbage behind.mp4": "mp4",
    }
