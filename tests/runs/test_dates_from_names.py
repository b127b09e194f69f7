"""`--dates-from-names`: the date in a name is written if the file has no other date."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from commands import Line, media, run_here, tree

from pef_tui.model import GeoPoint
from pef_tui.readers.jpeg import read_jpeg
from pef_tui.testing.exif import Exif, text, tiff_block
from pef_tui.testing.export import EXPORTED, sidecar, takeout
from pef_tui.testing.films import film
from pef_tui.testing.jpeg import jpeg, segment, xmp_packet

YEAR = "Photos from 2019"
NAME = "IMG_20190701_120000.jpg"
DTO, CREATED, OFFSET = "EXIF:DateTimeOriginal", "EXIF:CreateDate", "EXIF:OffsetTimeOriginal"
PHOTOSHOP = "XMP-photoshop:DateCreated"
SHOWN = "2019:07:01 12:00:00"
CLOCK = {DTO: SHOWN, CREATED: SHOWN, PHOTOSHOP: SHOWN}
ON = "--dates-from-names"


@pytest.fixture(autouse=True)
def _machine_in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def instant(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def changed(exif: str = "", xmp: str = "") -> bytes:
    """Make a JPEG with the date of its last change, or with a partial date."""
    photoshop = f"<photoshop:DateCreated>{xmp}</photoshop:DateCreated>"
    packet = xmp_packet(photoshop, photoshop="http://ns.adobe.com/photoshop/1.0/")
    data = jpeg(1, xmp=packet if xmp else b"")
    block = segment(0xE1, b"Exif\0\0" + tiff_block({0x132: text(exif)})) if exif else b""
    return data[:2] + block + data[2:]


def run_one(tmp_path: Path, name: str, data: bytes, *options: str) -> tuple[Line, Path]:
    """Return the line of a file without sidecar, and its output. Check that a second run changes nothing."""
    source, out = takeout(tmp_path / "export", {f"{YEAR}/{name}": data}), tmp_path / "out"
    (line,) = media(run_here(source, out, *options)).values()
    tree_before = tree(out)
    (second_run,) = media(run_here(source, out, *options)).values()
    assert second_run["outcome"] == "unchanged" and tree(out) == tree_before
    return line, out / line["output"]


WRITTEN: list[tuple[str, bytes, tuple[str, ...], dict[str, Any], str]] = [
    # name, bytes, options, tags, the file's time (UTC)
    (NAME, jpeg(1), (), CLOCK, "2019-07-01T03:00:00"),  # in the machine's zone, which is not written
    (NAME, jpeg(1), ("--timezone", "Europe/Berlin"),
     {DTO: SHOWN, CREATED: SHOWN, OFFSET: "+02:00", "EXIF:OffsetTimeDigitized": "+02:00", PHOTOSHOP: SHOWN + "+02:00"},
     "2019-07-01T10:00:00"),
    (NAME, jpeg(1, exif=Exif(place=GeoPoint(-33.87, 151.21))), (),
     {DTO: SHOWN, CREATED: SHOWN, OFFSET: "+10:00", "EXIF:OffsetTimeDigitized": "+10:00",
      PHOTOSHOP: SHOWN + "+10:00", "EXIF:ExifVersion": "0232"}, "2019-07-01T02:00:00"),
    ("PXL_20190701_120000.jpg", jpeg(1), (),
     {DTO: SHOWN, CREATED: SHOWN, OFFSET: "+00:00", "EXIF:OffsetTimeDigitized": "+00:00", PHOTOSHOP: SHOWN + "+00:00"},
     "2019-07-01T12:00:00"),
    ("VID_20190701_120000.mp4", film("mp4"), (), {PHOTOSHOP: SHOWN}, "2019-07-01T03:00:00"),
    ("VID_20190701_120000.mp4", film("mp4"), ("--timezone", "Europe/Berlin"),
     {**{f"QuickTime:{name}": "2019:07:01 10:00:00"
         for name in ("CreateDate", "ModifyDate", "TrackCreateDate", "MediaCreateDate")},
      "Keys:CreationDate": SHOWN + "+02:00", PHOTOSHOP: SHOWN + "+02:00"}, "2019-07-01T10:00:00"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "options", "tags", "moment"), WRITTEN)
def test_the_date_in_a_name_is_written(
    tmp_path: Path, name: str, data: bytes, options: tuple[str, ...], tags: dict[str, Any], moment: str
) -> None:
    line, output = run_one(tmp_path, name, data, ON, *options)
    assert (line["outcome"], line["sidecar"], line["rule"], line["taken_from"]) == (
        "written",
        None,
        None,
        "name",
    )
    assert line["tags"] == tags
    assert output.stat().st_mtime == instant(moment)
    if name.endswith(".jpg"):
        with output.open("rb") as stream:
            state = read_jpeg(stream)
        assert state is not None and state.tags[DTO] == SHOWN


LEFT = [
    (NAME, jpeg(1, exif=Exif(date="2018:01:01 10:00:00"))),
    (NAME, changed(exif="2018:01:01 10:00:00")),
    (NAME, changed(xmp="2018")),
    ("VID_20190701_120000.mp4", film("mp4", created=datetime(2018, 1, 1, tzinfo=UTC))),
    ("IMG_20990701_120000.jpg", jpeg(1)),
    ("IMG-20190701-WA0003.jpg", jpeg(1)),
    ("holiday.jpg", jpeg(1)),
]


@pytest.mark.parametrize(("name", "data"), LEFT)
def test_files_with_a_date_of_their_own_stay_as_they_are(tmp_path: Path, name: str, data: bytes) -> None:
    line, output = run_one(tmp_path, name, data, ON)
    assert (line["outcome"], line["tags"], output.read_bytes()) == ("unmatched", {}, data)
    assert output.stat().st_mtime == EXPORTED


def test_off_by_default_and_reported(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line, output = run_one(tmp_path, NAME, jpeg(1))
    assert (line["outcome"], line["tags"], output.read_bytes()) == ("unmatched", {}, jpeg(1))
    assert "1 file with a date in the file name only (--dates-from-names writes it)" in capfd.readouterr().err
    (line,) = media(run_here(tmp_path / "export" / "Takeout", tmp_path / "out", ON)).values()
    assert line["outcome"] == "written"
    assert "1 file without a sidecar got the date in the file name" in capfd.readouterr().err
    (line,) = media(run_here(tmp_path / "export" / "Takeout", tmp_path / "out")).values()
    assert (line["outcome"], line["warnings"]) == ("unmatched", [])
    assert output.read_bytes() == jpeg(1)


def test_switched_off_with_the_other_dates_or_the_other_files(tmp_path: Path) -> None:
    line, _ = run_one(tmp_path / "a", NAME, jpeg(1), ON, "--tags=-dates")
    assert (line["outcome"], line["tags"]) == ("unmatched", {})
    source = takeout(tmp_path / "b", {f"{YEAR}/{NAME}": jpeg(1)})
    (line,) = media(run_here(source, tmp_path / "out", ON, "--unmatched", "skip")).values()
    assert (line["outcome"], line["output"]) == ("unmatched", None)


def test_a_sidecar_goes_before_its_name(tmp_path: Path) -> None:
    source = takeout(
        tmp_path / "export", {f"{YEAR}/{NAME}": sidecar(NAME, taken=instant("2018-01-01T00:00:00"))}
    )
    (line,) = media(run_here(source, tmp_path / "out", ON)).values()
    assert line["taken_from"] == "sidecar" and str(line["tags"][DTO]).startswith("2018:01:01")


def test_a_sidecar_that_a_later_part_brings_goes_before_its_name(tmp_path: Path) -> None:
    first = takeout(tmp_path / "one", {f"{YEAR}/{NAME}": jpeg(1)})
    assert [
        media_file["outcome"] for media_file in media(run_here(first, tmp_path / "out", ON)).values()
    ] == ["written"]
    later = {f"{YEAR}/{NAME}.json": sidecar(NAME, taken=instant("2018-01-01T00:00:00"))}
    takeout(tmp_path / "one", later)
    (line,) = media(run_here(first, tmp_path / "out", ON)).values()
    assert line["sidecar"] is not None and str(line["tags"][DTO]).startswith("2018:01:01")
