"""Dates and places that other programs read: exiv2 and Pillow from pictures, MediaInfo and ffprobe from videos."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here
from PIL import Image, features

from pef_tui.formats import FORMATS
from pef_tui.model import GeoPoint
from pef_tui.testing import Item, make, sidecar, takeout

pytestmark = pytest.mark.exiftool

# time (UTC), place, local time there, its offset
CASES: dict[str, tuple[str, tuple[float, float, float], str, str]] = {
    "sydney": ("2019-07-01T10:34:56", (-33.85678, 151.21311, 58.5), "2019:07:01 20:34:56", "+10:00"),
    "iceland": ("2021-01-02T23:59:59", (64.1466, -21.9426, -3.5), "2021:01:02 23:59:59", "+00:00"),
    "marquesas": ("2020-03-01T09:00:00", (-8.9, -140.1, 12.0), "2020:02:29 23:30:00", "-09:30"),
    "dateline": ("2018-12-31T12:30:00", (-16.8, 179.95, 0.0), "2019:01:01 01:30:00", "+13:00"),
    "sea": ("2017-05-05T05:05:05", (0.5, -30.25, 0.0), "2017:05:05 03:05:05", "-02:00"),
    "old": ("1955-03-03T03:03:03", (48.85, 2.35, 0.0), "1955:03:03 04:03:03", "+01:00"),
    "future": ("2045-07-01T00:00:00", (40.7, -74.0, 0.0), "2045:06:30 20:00:00", "-04:00"),
}
EXIV2 = ("jpeg", "tiff", "png", "webp", "psd", "jp2", "dng")
PILLOW = ("jpeg", "tiff", "png", "webp", "avif")
FILMS = ("mp4", "mov", "m4v", "3gp", "3g2")
NOT_IN_COUNTERS = ("old", "future")
"""Times that QuickTime's counters cannot hold."""


def tool(name: str) -> str:
    if (path := shutil.which(name)) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing")
        pytest.skip(f"{name} is not installed")
    return path


def file_name(form: str, case: str) -> str:
    return f"{case}-{form}{FORMATS[form].extensions[0]}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run once over every format and case. Return the output folder."""
    root = tmp_path_factory.mktemp("readers")
    files: dict[str, Any] = {}
    for form in dict.fromkeys((*EXIV2, *PILLOW, *FILMS)):
        for case, (moment, place, _, _) in CASES.items():
            name, capture_time = file_name(form, case), datetime.fromisoformat(moment).replace(tzinfo=UTC)
            sidecar_json = sidecar(name, taken=int(capture_time.timestamp()), place=GeoPoint(*place))
            files[f"P/{name}"] = Item(sidecar_json, make(form, 1))
    takeout(root, files)
    lines = media(run_here(root / "Takeout", root / "out"))
    assert {line["outcome"] for line in lines.values()} == {"written"}
    return root / "out" / "P"


def number(text: str) -> float:
    numerator, _, denominator = text.partition("/")
    return float(numerator) / float(denominator or 1)


def degrees(text: str, ref: str) -> float:
    complete, minutes, seconds = (number(part) for part in text.split())
    return (complete + minutes / 60 + seconds / 3600) * (-1 if ref in "SW" else 1)


def test_exiv2_agrees(written: Path) -> None:
    names = [file_name(form, case) for form in EXIV2 for case in CASES]
    command = [tool("exiv2"), "-PEkv", *(str(written / name) for name in names)]
    text = subprocess.run(command, capture_output=True, check=False, encoding="utf-8").stdout
    entries: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if match := re.match(r"(.*?)\s+(Exif\.\S+)\s+(.*)", line):
            entries.setdefault(Path(match[1]).name, {})[match[2]] = match[3].strip()
    assert entries.keys() == set(names)
    for form in EXIV2:
        for case, (_, (latitude, longitude, altitude), local, offset) in CASES.items():
            tags = entries[file_name(form, case)]
            for date in ("DateTimeOriginal", "DateTimeDigitized"):
                assert tags[f"Exif.Photo.{date}"] == local, (form, case)
                assert tags[f"Exif.Photo.OffsetTime{date.removeprefix('DateTime')}"] == offset, (form, case)
            gps = {key.rpartition(".")[2]: value for key, value in tags.items() if "GPSInfo" in key}
            assert degrees(gps["GPSLatitude"], gps["GPSLatitudeRef"]) == pytest.approx(latitude, abs=1e-5)
            assert degrees(gps["GPSLongitude"], gps["GPSLongitudeRef"]) == pytest.approx(longitude, abs=1e-5)
            if altitude:
                below = -1 if gps["GPSAltitudeRef"] == "1" else 1
                assert below * number(gps["GPSAltitude"]) == pytest.approx(altitude, abs=0.01)
            else:
                assert "GPSAltitude" not in gps


@pytest.mark.parametrize("form", PILLOW)
def test_pillow_agrees(written: Path, form: str) -> None:
    if form == "avif" and not features.check(form):
        pytest.skip("this Pillow reads no AVIF")
    for case, (_, (latitude, longitude, _), local, offset) in CASES.items():
        with Image.open(written / file_name(form, case)) as picture:
            exif = picture.getexif()
            capture_time, gps = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
        assert (capture_time[0x9003], capture_time[0x9011], capture_time[0x9012]) == (
            local,
            offset,
            offset,
        ), case
        for at, expected in ((1, latitude), (3, longitude)):
            content = degrees(" ".join(str(float(part)) for part in gps[at + 1]), gps[at])
            assert content == pytest.approx(expected, abs=1e-5), case


def iso6709(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in re.findall(r"[+-][0-9.]+", text))


def check_film(case: str, counter: str | None, local: str | None, places: list[str]) -> None:
    moment, place, clock, offset = CASES[case]
    assert counter == (None if case in NOT_IN_COUNTERS else moment.replace("T", " ")), case
    assert local == clock.replace(":", "-", 2).replace(" ", "T") + offset.replace(":", ""), case
    expected = place if place[2] else place[:2]
    assert len(places) == 2
    for said in places:
        assert iso6709(said) == pytest.approx(expected, abs=1e-5), case


def test_mediainfo_agrees(written: Path) -> None:
    names = [file_name(form, case) for form in FILMS for case in CASES]
    command = [tool("mediainfo"), "--Output=JSON", *(str(written / name) for name in names)]
    actual = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert len(actual) == len(names)
    for name, report in zip(names, actual, strict=True):
        general = report["media"]["track"][0]
        extra = {key.lower(): value for key, value in general["extra"].items()}
        encoded = general.get("Encoded_Date", "").removesuffix(" UTC").removeprefix("UTC ") or None
        places = [extra["xyz"], extra["com_apple_quicktime_location_iso6709"]]
        check_film(name.partition("-")[0], encoded, extra["com_apple_quicktime_creationdate"], places)


def test_ffprobe_agrees(written: Path) -> None:
    if (ffprobe := shutil.which("ffprobe")) is None:
        pytest.skip("ffprobe is not installed: MediaInfo is asked in its place")
    for form in FILMS:
        for case in CASES:
            command = [ffprobe, "-v", "error", "-print_format", "json", "-show_format"]
            text = subprocess.run(
                [*command, written / file_name(form, case)], capture_output=True, check=True
            )
            tags = json.loads(text.stdout)["format"]["tags"]
            counter = tags.get("creation_time", "")[:19].replace("T", " ") or None
            places = [tags["location"], tags["com.apple.quicktime.location.ISO6709"]]
            check_film(case, counter, tags["com.apple.quicktime.creationdate"], places)
