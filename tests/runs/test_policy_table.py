"""A table of format, existing tags and `--existing`: every tag before and after."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from commands import lines_of, media_by_name, run_apart
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
"""Tags that ExifTool changes by itself: mandatory tags of a block that it makes, offsets, lengths."""


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
    """The export, and a run over it for each value of `--existing`."""

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
            sidecar_json = sidecar(
                name, taken=TAKEN, place=BERLIN, people=["Ana"], description="theirs", favorited=True
            )
            (self.source / sidecar_name(name)).write_text(json.dumps(sidecar_json))

    def run(self, existing: str) -> dict[str, dict[str, Any]]:
        result = run_apart(self.root / "Takeout", self.root / existing, "--existing", existing)
        assert result.returncode == 0, result.stderr.decode()
        return media_by_name(lines_of(result))

    def output(self, existing: str, name: str) -> Path:
        return self.root / existing / "P" / name


def tags(folder: Path) -> dict[str, dict[str, Any]]:
    command = ["exiftool", "-j", "-n", "-a", "-u", "-G1", "-struct", str(folder)]
    result = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    return {Path(item["SourceFile"]).name: item for item in result}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return Table(tmp_path_factory.mktemp("table"))


@pytest.mark.long
@pytest.mark.parametrize("existing", EXISTING)
@pytest.mark.parametrize(("form", "case"), ROWS)
def test_only_what_is_reported_changes(table: Table, form: str, case: str, existing: str) -> None:
    name = file_name(form, case)
    line = table.lines[existing][name]
    state_before, state_after = table.before[name], table.after[existing].get(name, {})
    report = {tag.partition(":")[2] for tag in line["tags"]}
    modified = {
        tag
        for tag in state_before.keys() | state_after.keys()
        if tag.partition(":")[0] not in HOUSEKEEPING and state_before.get(tag) != state_after.get(tag)
    }
    if line["outcome"] != "written":
        assert line["outcome"] == "sidecar" and not modified
        return
    strange = {
        tag
        for tag in modified
        if (bare := tag.partition(":")[2]) not in OURS and bare.removesuffix("Ref") not in report
    }
    assert strange == set()


@pytest.mark.parametrize("existing", EXISTING)
@pytest.mark.parametrize(("form", "case"), ROWS)
def test_what_is_kept_and_what_is_written(table: Table, form: str, case: str, existing: str) -> None:
    name = file_name(form, case)
    line, state_after = table.lines[existing][name], table.after[existing][name]
    conflicts = {conflict["unit"] for conflict in line["conflicts"]}
    expected = {"wrong": {"date"}, "place": {"place"}, "xmp": {"description"}, "iptc": {"description"}}.get(
        case, set()
    )
    assert conflicts == (expected if existing == "fill" else set())
    if line["outcome"] == "sidecar":
        state_after = table.after[existing][name + ".xmp"]
        assert state_after["XMP-exif:GPSLatitude"] == pytest.approx(BERLIN[0], abs=1e-5)
        assert state_after["XMP-dc:Description"] in ("theirs", {"x-default": "theirs"})
        assert state_after["XMP-exif:DateTimeOriginal"] == f"{LOCAL}+02:00"
        return
    assert state_after["XMP-iptcExt:PersonInImage"] in ("Ana", ["Ana"])
    assert state_after["XMP-xmp:Rating"] == 5
    keeps = existing == "fill"
    described = state_after.get("XMP-dc:Description")
    if case == "xmp":
        assert described == ("mine" if keeps else "theirs")
        assert state_after["XMP-dc:Subject"] == ["Berlin", "Ana"]
        assert state_after["XMP-xmp:Label"] == "Red"
    elif case == "iptc":
        completed = form == "jpeg"  # the block of another format is unchanged
        assert state_after["IPTC:Caption-Abstract"] == ("theirs" if completed and not keeps else "mine")
        assert state_after["IPTC:Keywords"] == (["Berlin", "Ana"] if completed else "Berlin")
        assert described == (None if keeps else "theirs")
        assert state_after["IPTC:City"] == "Bern"
    else:
        assert described == "theirs"
    if form in XMP_ONLY:
        assert state_after["XMP-exif:DateTimeOriginal"] == f"{LOCAL}+02:00"
        return
    latitude = state_after["Composite:GPSLatitude"]
    assert latitude == pytest.approx(48.85 if case == "place" and keeps else BERLIN[0], abs=1e-4)
    if form in FILMS:
        date = state_after["QuickTime:CreateDate"]
        assert date == ("2018:01:02 03:04:05" if case == "wrong" and keeps else INSTANT)
        if case != "wrong" or not keeps:
            assert state_after["Keys:CreationDate"] == f"{LOCAL}+02:00"
        return
    date, offset = state_after["ExifIFD:DateTimeOriginal"], state_after.get("ExifIFD:OffsetTimeOriginal")
    if case == "wrong" and keeps:
        assert (date, offset) == ("2018:01:02 03:04:05", None)
    else:
        assert (date, offset) == (LOCAL, "+02:00")
    if case == "right":
        assert str(state_after["ExifIFD:SubSecTimeOriginal"]) == "12"


@pytest.mark.parametrize("existing", EXISTING)
def test_the_pictures_themselves_are_the_same(table: Table, existing: str) -> None:
    for form, case in ROWS:
        name = file_name(form, case)
        first, second = (table.source / name).read_bytes(), table.output(existing, name).read_bytes()
        if existing == "never" or table.lines[existing][name]["outcome"] == "sidecar":
            assert first == second, name
        digests = {image_digest(io.BytesIO(data), form) for data in (first, second)}
        assert len(digests) == 1, name
        assert detect(second[:HEAD]) is detect(first[:HEAD])


@pytest.mark.parametrize("existing", EXISTING)
def test_a_second_run_writes_nothing(table: Table, existing: str) -> None:
    folder = table.root / existing / "P"
    state_before = {
        path: (path.stat().st_ino, hashlib.sha256(path.read_bytes()).digest()) for path in folder.iterdir()
    }
    assert {line["outcome"] for line in table.run(existing).values()} == {"unchanged"}
    assert state_before == {
        path: (path.stat().st_ino, hashlib.sha256(path.read_bytes()).digest()) for path in folder.iterdir()
    }


def test_another_reader_agrees(table: Table) -> None:
    """Read pictures with Pillow, and the header of videos directly."""
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
