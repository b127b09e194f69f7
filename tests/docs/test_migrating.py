"""What docs/migrating.md says of programs that read by exiv2 or ExifTool: they get the values of the export.

The names and their order are those of the table "Which tags each program reads".
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pef_tui.testing import run_plugin, sidecar
from pef_tui.testing.running import Ran

TABLE = (
    (Path(__file__).parents[2] / "docs/migrating.md")
    .read_text()
    .partition("## Which tags")[2]
    .partition("## ")[0]
)
FILES = ("a.jpg", "b.png", "c.tif", "d.webp", "e.heic", "f.mp4", "g.avi")
IMMICH_DATES = (
    "SubSecDateTimeOriginal", "SubSecCreateDate", "SubSecMediaCreateDate", "DateTimeOriginal", "CreateDate",
    "MediaCreateDate", "CreationDate", "DateTimeCreated",
)  # fmt: skip
DIGIKAM_TAGS = ("Xmp.digiKam.TagsList", "Xmp.lr.hierarchicalSubject", "Xmp.dc.subject")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run with --albums tag over one picture of each format, which is also in an album."""
    facts: dict[str, Any] = {
        "taken": 1_561_977_296, "place": (48.86, 2.34), "people": ["Ann"], "description": "The sea", "favorited": True,
    }  # fmt: skip
    files: dict[str, Any] = {}
    for name in FILES:
        files[f"Photos from 2019/{name}"] = files[f"Trip/{name}"] = sidecar(name, **facts)
    files["Trip/metadata.json"] = {"title": "Trip"}
    return run_plugin(
        tmp_path_factory.mktemp("migrating"), None, files, albums="tag", timezone="Europe/Paris"
    )


def output(ran: Ran, name: str) -> Path:
    return ran.output / "Photos from 2019" / name


def needs(program: str) -> None:
    if shutil.which(program) is None:
        assert not os.environ.get("CI"), f"{program} is missing"
        pytest.skip(f"no {program}")


def exiv2(path: Path) -> dict[str, str]:
    """What exiv2 reads, by key; several values of one key are joined."""
    needs("exiv2")
    command = ["exiv2", "-PEXkv", str(path)]
    text = subprocess.run(command, capture_output=True, check=False).stdout.decode()
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        values[key] = f"{values[key]}, {value.strip()}" if key in values else value.strip()
    return values


def exiftool(path: Path, *arguments: str) -> dict[str, Any]:
    """What ExifTool reads, by name without group, as programs get it that use it as a library."""
    needs("exiftool")
    command = ["exiftool", "-json", "-api", "QuickTimeUTC=1", *arguments, str(path)]
    result = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[0]
    return {str(name): value for name, value in result.items()}


@pytest.mark.parametrize("name", ["a.jpg", "b.png", "c.tif", "d.webp", "g.avi.xmp"])
def test_exiv2_by_which_digikam_and_darktable_read(ran: Ran, name: str) -> None:
    values = exiv2(output(ran, name))
    tags = next(values[key] for key in DIGIKAM_TAGS if key in values)
    assert set(tags.split(", ")) == {"People/Ann", "Albums/Trip"}
    assert set(values["Xmp.dc.subject"].split(", ")) == {"Ann", "Trip"}
    assert values["Xmp.dc.description"].endswith("The sea") and values["Xmp.xmp.Rating"] == "5"
    if not name.endswith(".xmp"):
        assert values["Exif.Photo.DateTimeOriginal"] == "2019:07:01 12:34:56"
        assert values["Exif.Photo.OffsetTimeOriginal"] == "+02:00"
        assert (
            values["Exif.GPSInfo.GPSLatitudeRef"] == "N"
            and values["Exif.Image.ImageDescription"] == "The sea"
        )
    else:
        assert values["Xmp.photoshop.DateCreated"] == "2019-07-01T12:34:56+02:00"


def test_the_page_has_the_names_that_are_tried() -> None:
    for name in (
        "`TagsList`",
        "`hierarchicalSubject`",
        "`dc:subject`",
        *(f"`{name}`" for name in IMMICH_DATES[:2]),
    ):
        assert name in TABLE


@pytest.mark.exiftool
@pytest.mark.parametrize("name", [*FILES[:-1], "g.avi.xmp"])
def test_exiftool_by_which_immich_reads(ran: Ran, name: str) -> None:
    values = exiftool(output(ran, name), "-n", "-struct")
    date = next(str(values[key]) for key in IMMICH_DATES if key in values)
    assert re.match(r"2019:07:01 (12:34:56(\+02:00)?|10:34:56(\+00:00|Z)?)$", date), date
    assert values["TagsList"] == ["People/Ann", "Albums/Trip"]
    assert (values.get("ImageDescription") or values.get("Description")) == "The sea" and values[
        "Rating"
    ] == 5
    assert float(values["GPSLatitude"]) == pytest.approx(48.86, abs=1e-4)


@pytest.mark.exiftool
@pytest.mark.parametrize("name", FILES[:-1])
def test_exiftool_by_which_memories_and_photoprism_read(ran: Ran, name: str) -> None:
    values = exiftool(output(ran, name), "-n")
    assert str(values.get("DateTimeOriginal") or values["CreateDate"]).startswith("2019:07:01")
    assert values["Subject"] == ["Ann", "Trip"] and values["PersonInImage"] in ("Ann", ["Ann"])
    assert values["Description"] == "The sea"
