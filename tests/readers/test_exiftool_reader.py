"""Tags of files as ExifTool reads them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pef_tui.exiftool import ExifToolProcess, arguments
from pef_tui.formats import FORMATS
from pef_tui.model import FileMetadata, TagEdit, Value
from pef_tui.readers.exiftool_reader import read_metadata
from pef_tui.testing.jpeg import iptc_block, jpeg
from pef_tui.testing.media import MAKERS, make

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"

pytestmark = [
    pytest.mark.exiftool,
    pytest.mark.skipif(
        shutil.which("exiftool") is None and not os.environ.get("CI"), reason="ExifTool is not installed"
    ),
]


@pytest.fixture(scope="module")
def process() -> Iterator[ExifToolProcess]:
    with ExifToolProcess(shutil.which("exiftool") or "exiftool") as running:
        yield running


def put(process: ExifToolProcess, file: Path, content: bytes, format: str, tags: dict[str, Value]) -> str:
    file.write_bytes(content)
    args = arguments([TagEdit(tag, value) for tag, value in tags.items()], FORMATS[format].cls)
    answer = process.run(["-overwrite_original", *args, os.fsencode(file)])
    assert (answer.updated, answer.errors, answer.warnings) == (1, (), ()), (file.name, answer)
    return str(file)


def read_files(process: ExifToolProcess, *paths: str) -> list[FileMetadata]:
    return read_metadata(process, [(path, 100) for path in paths])


EXIF: dict[str, Value] = {
    "EXIF:DateTimeOriginal": "2019:07:01 12:34:56",
    "EXIF:OffsetTimeOriginal": "+02:00",
    "EXIF:SubSecTimeOriginal": "050",
    "EXIF:SubSecTimeDigitized": "5",
    "EXIF:ExifVersion": "0232",
    "EXIF:GPSLatitude": -33.8612,
    "EXIF:GPSLongitude": -151.25,
    "EXIF:GPSAltitude": -3.5,
    "EXIF:ImageDescription": "5.10",
}
XMP: dict[str, Value] = {
    "XMP-dc:Description": "TRUE",
    "XMP-dc:Subject": ("one",),
    "XMP-iptcExt:PersonInImage": ("12", "1.50", "a, b"),
    "XMP-lr:HierarchicalSubject": ("People|Ann",),
    "XMP-digiKam:TagsList": ("People/Ann",),
    "XMP-xmp:Rating": 5,
    "XMP-photoshop:DateCreated": "2019:07:01 12:34:56+02:00",
    "XMP-exif:GPSLatitude": -33.5,
    "XMP-exif:GPSLongitude": -151.25,
    "XMP-exif:GPSAltitude": -3.5,
}
FILM: dict[str, Value] = {
    "QuickTime:CreateDate": "2019:07:01 10:34:56",
    "QuickTime:TrackCreateDate": "2019:07:01 10:34:57",
    "QuickTime:MediaCreateDate": "2019:07:01 10:34:58",
    "Keys:CreationDate": "2019:07:01 12:34:56+02:00",
    "Keys:GPSCoordinates": "-33.86, -151.25, -10",
    "UserData:GPSCoordinates": "-33.86, -151.25, -10",
    "Keys:Description": "= 7\n",
    "ItemList:Description": "007",
}


@pytest.mark.parametrize("format", ["jpeg", "tiff", "png", "webp", "heic", "cr2"])
def test_pictures(process: ExifToolProcess, tmp_path: Path, format: str) -> None:
    path = put(process, tmp_path / f"x.{format}", make(format), format, EXIF | XMP)
    (state,) = read_files(process, path)
    entries = {tag: state.tags.get(tag) for tag in EXIF | XMP}
    for tag in ("EXIF:GPSLatitude", "EXIF:GPSLongitude"):
        assert entries[tag] == pytest.approx(EXIF[tag], abs=1e-6)
        entries[tag] = EXIF[tag]
    assert entries == EXIF | XMP
    assert (state.reader, state.damage) == ("exiftool", "")
    assert not any(tag.endswith("Ref") for tag in state.tags)


@pytest.mark.parametrize("format", ["mp4", "mov", "3gp"])
def test_films(process: ExifToolProcess, tmp_path: Path, format: str) -> None:
    path = put(process, tmp_path / f"x.{format}", make(format), format, FILM | XMP)
    (state,) = read_files(process, path)
    assert {tag: state.tags.get(tag) for tag in FILM | XMP} == FILM | XMP


def test_gif(process: ExifToolProcess, tmp_path: Path) -> None:
    path = put(process, tmp_path / "x.gif", make("gif"), "gif", XMP)
    assert {tag: read_files(process, path)[0].tags.get(tag) for tag in XMP} == XMP


def test_an_iptc_block_shows(process: ExifToolProcess, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(jpeg(iptc=iptc_block("Zürich", ["7"])))
    (tmp_path / "y.jpg").write_bytes(jpeg())
    states = read_files(process, str(tmp_path / "x.jpg"), str(tmp_path / "y.jpg"))
    assert (states[0].tags["IPTC:Keywords"], states[0].tags["IPTC:Caption-Abstract"]) == (("7",), "Zürich")
    assert not [tag for tag in states[1].tags if tag.startswith("IPTC:")]


def test_the_thumbnail_does_not_count(process: ExifToolProcess, tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(jpeg())
    process.run(
        ["-overwrite_original", "-IFD1:ImageDescription=small", "-IFD1:Make=small", os.fsencode(path)]
    )
    assert "EXIF:ImageDescription" not in read_files(process, str(path))[0].tags


def test_further_tags(process: ExifToolProcess, tmp_path: Path) -> None:
    path = put(process, tmp_path / "x.jpg", jpeg(), "jpeg", {"XMP-photoshop:City": "Rome"})
    assert "XMP-photoshop:City" not in read_files(process, path)[0].tags
    (state,) = read_metadata(process, [(path, 1)], ["XMP-photoshop:City", "x\n-if"])
    assert state.tags == {"XMP-photoshop:City": "Rome"}


@pytest.mark.parametrize("format", sorted(MAKERS))
def test_through_a_file_that_is_open_here(process: ExifToolProcess, tmp_path: Path, format: str) -> None:
    file = tmp_path / "-n\n#$(x).bin"
    file.write_bytes(make(format))
    with file.open("rb") as stream:
        (state,) = read_metadata(process, [(f"/proc/{os.getpid()}/fd/{stream.fileno()}", 1)])
    assert (state.reader, state.damage) == ("exiftool", "")


def test_damage(process: ExifToolProcess, tmp_path: Path) -> None:
    complete = {
        "x.tif": make("tiff")[:6],
        "x.mp4": make("mp4")[:200],
        "empty.jpg": b"",
        "x.png": make("png")[:60],
    }
    for name, content in complete.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.jpg").write_bytes(make("jpeg"))
    (tmp_path / "dir.jpg").mkdir()
    os.mkfifo(tmp_path / "fifo.jpg")
    names = [*complete, "good.jpg", "dir.jpg", "fifo.jpg", "missing.jpg"]
    states = dict(zip(names, read_files(process, *(str(tmp_path / name) for name in names)), strict=True))
    assert {name: bool(state.damage) for name, state in states.items()} == dict.fromkeys(names, True) | {
        "good.jpg": False
    }


@pytest.mark.shared
@pytest.mark.skipif(not SAMPLES.exists(), reason="no samples here")
def test_samples_read_alike_by_name_and_by_descriptor(process: ExifToolProcess) -> None:
    files = sorted(path for path in SAMPLES.glob("*/*.*") if path.suffix != ".md")
    with ExitStack() as stack:
        stream = [stack.enter_context(path.open("rb")) for path in files]
        by_descriptor = read_files(process, *(f"/proc/{os.getpid()}/fd/{file.fileno()}" for file in stream))
    by_name = read_files(process, *map(str, files))
    assert {path.name: state for path, state in zip(files, by_descriptor, strict=True)} == {
        path.name: state for path, state in zip(files, by_name, strict=True)
    }
    tags = {path.name: state.tags for path, state in zip(files, by_name, strict=True)}
    assert tags["es_heic_IMG_5195.HEIC"]["EXIF:GPSLongitude"] == pytest.approx(-94.28877, abs=1e-4)
    assert tags["et_MWG.jpg"]["XMP-dc:Subject"] == ("RIGHT1of2-XMP-Keywords", "RIGHT2of2-XMP-Keywords")


def test_one_bad_file_does_not_cost_the_others(tmp_path: Path) -> None:
    """Return a stand-in that dies whenever it gets the file `bad`."""
    program = tmp_path / "exiftool"
    program.write_text(f"#!{sys.executable} -IS\n" + DIES_ON_BAD)
    program.chmod(0o755)
    paths = [str(tmp_path / name) for name in ("a", "b", "bad", "c", "d")]
    for path in paths:
        Path(path).touch()
    with ExifToolProcess(str(program), seconds=20) as process:
        states = read_files(process, *paths)
    assert [bool(state.damage) for state in states] == [False, False, True, False, False]
    assert states[0].tags == {"EXIF:Make": "a"}


DIES_ON_BAD = """
import json, os, sys
args = []
while line := sys.stdin.readline():
    args.append(line.rstrip())
    if not args[-1].startswith("-execute"):
        continue
    files = [arg for arg in args if arg.startswith("/")]
    if any(file.endswith("/bad") for file in files):
        os._exit(1)
    found = [{"SourceFile": file, "EXIF:IFD0:Make": "=" + os.path.basename(file)} for file in files]
    number = args[-1][len("-execute"):]
    print(json.dumps(found)); print("{ready" + number + "}", flush=True)
    print("=0=post" + number, file=sys.stderr, flush=True)
    args = []
"""
