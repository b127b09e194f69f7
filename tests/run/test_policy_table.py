"""Formats x what a file already says x what is to be done with it, tag by tag, before and after."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pef_tui.formats import FORMATS, HEAD, detect
from pef_tui.formats.image_data import image_digest
from pef_tui.testing import make, sidecar
from pef_tui.testing.naming import sidecar_name

pytestmark = pytest.mark.exiftool

TAKEN = 1_561_977_296  # 2019-07-01 10:34:56 UTC, in Berlin 12:34:56
BERLIN = (52.5, 13.4)
LOCAL, INSTANT = "2019:07:01 12:34:56", "2019:07:01 10:34:56"
EXIF = ("jpeg", "tiff", "dng", "png", "webp", "heic", "heif", "avif", "psd", "jp2", "jxl")
FILMS = ("mp4", "mov", "m4v", "3gp")
XMP_ONLY = ("gif",)
BESIDE = ("nef", "cr2", "avi", "bmp")
"""Formats whose tags go into an XMP file."""
EXISTING = ("fill", "overwrite", "never")

EXIF_CASES: dict[str, tuple[str, ...]] = {
    "bare": (),
    "right": (f"-EXIF:DateTimeOriginal={LOCAL}", f"-EXIF:CreateDate={LOCAL}", "-EXIF:SubSecTimeOriginal=12"),
    "wrong": ("-EXIF:DateTimeOriginal=2018:01:02 03:04:05", "-EXIF:CreateDate=2018:01:02 03:04:05"),
    "place": (
        "-EXIF:GPSLatitude=48.85", "-EXIF:GPSLatitudeRef=N", "-EXIF:GPSLongitude=2.35", "-EXIF:GPSLongitudeRef=E",
    ),
    "xmp": ("-XMP-dc:Description=mine", "-XMP-dc:Subject=Berlin", "-XMP-xmp:Label=Red"),
}  # fmt: skip
IPTC_CASE = ("-IPTC:Caption-Abstract=mine", "-IPTC:Keywords=Berlin", "-IPTC:City=Bern")
FILM_CASES: dict[str, tuple[str, ...]] = {
    "bare": (),
    "right": tuple(
        f"-QuickTime:{name}Date={INSTANT}" for name in ("Create", "Modify", "TrackCreate", "MediaCreate")
    ),
    "wrong": ("-QuickTime:CreateDate=2018:01:02 03:04:05", "-QuickTime:MediaCreateDate=2018:01:02 03:04:05"),
    "place": ("-Keys:GPSCoordinates=48.85, 2.35",),
    "xmp": ("-XMP-dc:Description=mine", "-XMP-dc:Subject=Berlin", "-XMP-xmp:Label=Red"),
}
XMP_CASES = {"bare": (), "xmp": FILM_CASES["xmp"]}
HOUSEKEEPING = {"System", "File", "ExifTool", "Composite", "SourceFile"}
OURS = {
    "XMPToolkit", "ExifByteOrder", "GPSVersionID", "ExifVersion", "CurrentIPTCDigest",
    "CodedCharacterSet", "EnvelopeRecordVersion", "StripOffsets", "MediaDataOffset",
    "MediaDataSize", "MediaData", "HandlerType", "HandlerVendorID", "YCbCrPositioning",
    "XResolution", "YResolution", "ResolutionUnit", "ComponentsConfiguration", "FlashpixVersion",
    "ColorSpace", "GIFVersion", "ApplicationRecordVersion", "IPTCDigest", "ModifyDate",
    "WebP_Flags", "HandlerDescription", "HandlerClass",
}  # fmt: skip
"""What ExifTool keeps house with: mandatory tags of a block it makes, offsets and lengths."""


def cases(form: str) -> dict[str, tuple[str, ...]]:
    if form in FILMS:
        return FILM_CASES
    if form in XMP_ONLY:
        return XMP_CASES
    if form in BESIDE:
        return {"bare": ()}
    return EXIF_CASES | ({"iptc": IPTC_CASE} if form in ("jpeg", "tiff", "dng", "psd") else {})


ROWS = [(form, case) for form in (*EXIF, *FILMS, *XMP_ONLY, *BESIDE) for case in cases(form)]


def file_name(form: str, case: str) -> str:
    return f"{case}-{form}{FORMATS[form].extensions[0]}"


class Table:
    """The export, and a run of each kind over it."""

    def __init__(self, root: Path) -> None:
        self.source = root / "Takeout" / "Google Photos" / "P"
        self.source.mkdir(parents=True)
        self._make()
        self.root = root
        self.before = tags(self.source)
        self.lines = {existing: self.run(existing) for existing in EXISTING}
        self.after = {existing: tags(root / existing / "P") for existing in EXISTING}

    def _make(self) -> None:
        by_arguments: dict[tuple[str, ...], list[str]] = {}
        for form, case in ROWS:
            path = self.source / file_name(form, case)
            path.write_bytes(make(form, 7))
            if arguments := cases(form)[case]:
                by_arguments.setdefault(arguments, []).append(str(path))
        for arguments, paths in by_arguments.items():
            subprocess.run(["exiftool", "-q", "-overwrite_original", *arguments, *paths], check=True)
        for form, case in ROWS:
            name = file_name(form, case)
            said = sidecar(
                name, taken=TAKEN, place=BERLIN, people=["Ana"], description="theirs", favorited=True
            )
            (self.source / sidecar_name(name)).write_text(json.dumps(said))

    def run(self, existing: str) -> dict[str, dict[str, Any]]:
        command = [
            sys.executable,
            "-m",
            "pef_tui",
            "--batch",
            "--json",
            "--no-config",
            "--existing",
            existing,
        ]
        command += [str(self.root / "Takeout"), "-o", str(self.root / existing)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {Path(line["source"]).name: line for line in lines if line["type"] == "media"}

    def output(self, existing: str, name: str) -> Path:
        return self.root / existing / "P" / name


def tags(folder: Path) -> dict[str, dict[str, Any]]:
    command = ["exiftool", "-j", "-n", "-a", "-u", "-G1", "-struct", str(folder)]
    found = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    return {Path(each["SourceFile"]).name: each for each in found}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return Table(tmp_path_factory.mktemp("table"))


@pytest.mark.parametrize("existing", EXISTING)
@pytest.mark.parametrize(("form", "case"), ROWS)
def test_only_what_is_told_changes(table: Table, form: str, case: str, existing: str) -> None:
    name = file_name(form, case)
    line = table.lines[existing][name]
    before, after = table.before[name], table.after[existing].get(name, {})
    told = {tag.partition(":")[2] for tag in line["tags"]}
    changed = {
        tag
        for tag in before.keys() | after.keys()
        if tag.partition(":")[0] not in HOUSEKEEPING and before.get(tag) != after.get(tag)
    }
    if line["outcome"] != "written":
        assert line["outcome"] == "sidecar" and not changed
        return
    strange = {
        tag
        for tag in changed
        if (bare := tag.partition(":")[2]) not in OURS and bare.removesuffix("Ref") not in told
    }
    assert strange == set()


@pytest.mark.parametrize("existing", EXISTING)
@pytest.mark.parametrize(("form", "case"), ROWS)
def test_what_is_kept_and_what_is_written(table: Table, form: str, case: str, existing: str) -> None:
    name = file_name(form, case)
    line, after = table.lines[existing][name], table.after[existing][name]
    conflicts = {each["unit"] for each in line["conflicts"]}
    expected = {"wrong": {"date"}, "place": {"place"}, "xmp": {"description"}, "iptc": {"description"}}.get(
        case, set()
    )
    assert conflicts == (expected if existing == "fill" else set())
    if line["outcome"] == "sidecar":
        after = table.after[existing][name + ".xmp"]
        assert after["XMP-exif:GPSLatitude"] == pytest.approx(BERLIN[0], abs=1e-5)
        assert after["XMP-dc:Description"] in ("theirs", {"x-default": "theirs"})
        assert after["XMP-exif:DateTimeOriginal"] == f"{LOCAL}+02:00"
        return
    assert after["XMP-iptcExt:PersonInImage"] in ("Ana", ["Ana"])
    assert after["XMP-xmp:Rating"] == 5
    keeps = existing == "fill"
    described = after.get("XMP-dc:Description")
    if case == "xmp":
        assert described == ("mine" if keeps else "theirs")
        assert after["XMP-dc:Subject"] == ["Berlin", "Ana"]
        assert after["XMP-xmp:Label"] == "Red"
    elif case == "iptc":
        completed = form == "jpeg"  # the block of another format stays as it is
        assert after["IPTC:Caption-Abstract"] == ("theirs" if completed and not keeps else "mine")
        assert after["IPTC:Keywords"] == (["Berlin", "Ana"] if completed else "Berlin")
        assert described == (None if keeps else "theirs")
        assert after["IPTC:City"] == "Bern"
    else:
        assert described == "theirs"
    if form in XMP_ONLY:
        assert after["XMP-exif:DateTimeOriginal"] == f"{LOCAL}+02:00"
        return
    latitude = after["Composite:GPSLatitude"]
    assert latitude == pytest.approx(48.85 if case == "place" and keeps else BERLIN[0], abs=1e-4)
    if form in FILMS:
        date = after["QuickTime:CreateDate"]
        assert date == ("2018:01:02 03:04:05" if case == "wrong" and keeps else INSTANT)
        if case != "wrong" or not keeps:
            assert after["Keys:CreationDate"] == f"{LOCAL}+02:00"
        return
    date, offset = after["ExifIFD:DateTimeOriginal"], after.get("ExifIFD:OffsetTimeOriginal")
    if case == "wrong" and keeps:
        assert (date, offset) == ("2018:01:02 03:04:05", None)
    else:
        assert (date, offset) == (LOCAL, "+02:00")
    if case == "right":
        assert str(after["ExifIFD:SubSecTimeOriginal"]) == "12"


@pytest.mark.parametrize("existing", EXISTING)
def test_the_pictures_themselves_are_the_same(table: Table, existing: str) -> None:
    for form, case in ROWS:
        name = file_name(form, case)
        one, other = (table.source / name).read_bytes(), table.output(existing, name).read_bytes()
        if existing == "never" or table.lines[existing][name]["outcome"] == "sidecar":
            assert one == other, name
        digests = {image_digest(io.BytesIO(data), form) for data in (one, other)}
        assert len(digests) == 1, name
        assert detect(other[:HEAD]) is detect(one[:HEAD])


@pytest.mark.parametrize("existing", EXISTING)
def test_a_second_run_writes_nothing(table: Table, existing: str) -> None:
    folder = table.root / existing / "P"
    before = {
        path: (path.stat().st_ino, hashlib.sha256(path.read_bytes()).digest()) for path in folder.iterdir()
    }
    assert {line["outcome"] for line in table.run(existing).values()} == {"unchanged"}
    assert before == {
        path: (path.stat().st_ino, hashlib.sha256(path.read_bytes()).digest()) for path in folder.iterdir()
    }


def test_another_reader_agrees(table: Table) -> None:
    """Pillow on pictures, the header of films by hand."""
    for case in ("bare", "right"):
        with Image.open(table.output("fill", file_name("jpeg", case))) as picture:
            exif = picture.getexif()
            assert exif.get_ifd(0x8769)[0x9003] == LOCAL and exif.get_ifd(0x8769)[0x9011] == "+02:00"
            degrees, minutes, seconds = (float(part) for part in exif.get_ifd(0x8825)[2])
            assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(BERLIN[0], abs=1e-5)
            picture.load()
    for form in FILMS:
        data = table.output("fill", file_name(form, "bare")).read_bytes()
        (created,) = struct.unpack(">I", data[data.index(b"mvhd") + 8 :][:4])
        assert datetime.fromtimestamp(created - 2_082_844_800, UTC) == datetime.fromtimestamp(TAKEN, UTC)
