"""Run over the formats that the writer `native` knows, without ExifTool."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest
from commands import media, outcomes, run_here

from pef_tui.formats import FORMATS, HEAD, detect
from pef_tui.formats.image_data import image_digest
from pef_tui.model import GeoPoint
from pef_tui.testing import Item, make, sidecar, takeout

FORMATS_HERE = ("png", "webp", "gif", "tiff", "dng", "heic", "avif")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files: dict[str, Any] = {}
    for form in FORMATS_HERE:
        for number in range(2):
            name = f"{form}{number}{FORMATS[form].extensions[0]}"
            sidecar_json = sidecar(
                name, place=GeoPoint(-33.85678, 151.21311, 58.5), people=["Ann", "Zoë"], description="At sea"
            )
            files[f"P/{name}"] = Item(sidecar_json, make(form, number))
    return takeout(tmp_path_factory.mktemp("native"), files)


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_pictures_are_written_natively_once_and_read_back(export: Path, tmp_path: Path, packed: bool) -> None:
    source, out = export, tmp_path / "out"
    if packed:
        source = Path(shutil.make_archive(str(tmp_path / "takeout"), "zip", export.parent, export.name))
    lines = run_here(source, out, "--writer", "native", "--verify", "100")
    assert {(line["outcome"], line["writer"]) for line in media(lines).values()} == {("written", "native")}
    assert lines[-1]["verify"] == {"checked": 2 * len(FORMATS_HERE), "failed": 0}
    for path in (export / "Google Photos" / "P").iterdir():
        if path.suffix != ".json":
            form = detect(path.read_bytes()[:HEAD])
            assert form is not None
            with path.open("rb") as state_before, (out / "P" / path.name).open("rb") as state_after:
                assert (
                    image_digest(state_before, form.name) == image_digest(state_after, form.name) is not None
                )
    second_run = outcomes(run_here(source, out, "--writer", "native"))
    assert {word for name, word in second_run.items() if not name.endswith(".json")} == {"unchanged"}


@pytest.mark.exiftool
@pytest.mark.skipif(shutil.which("exiftool") is None and not os.environ.get("CI"), reason="no ExifTool here")
def test_exiftool_reads_what_the_run_wrote(export: Path, tmp_path: Path) -> None:
    run_here(export, tmp_path / "out", "--writer", "native")
    options = [
        "-XMP-photoshop:DateCreated",
        "-EXIF:DateTimeOriginal",
        "-Composite:GPSLatitude",
        "-XMP-dc:Subject",
    ]
    command = [
        "exiftool",
        "-q",
        "-j",
        "-n",
        "-G1",
        "-Warning",
        "-Error",
        *options,
        str(tmp_path / "out" / "P"),
    ]
    answer = subprocess.run(command, capture_output=True, check=True)
    actual = orjson.loads(answer.stdout)
    assert len(actual) == 2 * len(FORMATS_HERE)
    for item in actual:
        report: dict[str, object] = {
            "XMP-photoshop:DateCreated": "2019:07:01 20:34:56+10:00",
            "XMP-dc:Subject": ["Ann", "Zoë"],
        }
        if not item["SourceFile"].endswith(".gif"):
            report["ExifIFD:DateTimeOriginal"] = "2019:07:01 20:34:56"
            report["Composite:GPSLatitude"] = pytest.approx(-33.85678)
        assert {tag: value for tag, value in item.items() if tag != "SourceFile"} == report
