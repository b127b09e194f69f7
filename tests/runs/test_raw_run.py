"""Raw pictures: unchanged and with an XMP file; or with tags written into them (`--raw embed`)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import lines_of, media_by_name, run_apart

from pef_tui.testing import sidecar, takeout

pytestmark = pytest.mark.exiftool
RAWS = ("a.nef", "b.pef", "c.arw")


def run(root: Path, *options: str) -> dict[str, dict[str, Any]]:
    result = run_apart(root / "Takeout", root / "out", *options)
    assert result.returncode == 0, result.stderr.decode() + result.stdout.decode()
    return media_by_name(lines_of(result))


def test_raws_are_left_alone_or_written_into(tmp_path: Path) -> None:
    takeout(tmp_path, {f"P/{name}": sidecar(name, place=(-33.85, 151.21)) for name in RAWS})
    report = run(tmp_path)
    assert {line["outcome"] for line in report.values()} == {"sidecar"}
    assert sorted(path.name for path in (tmp_path / "out" / "P").glob("*.xmp")) == [
        f"{name}.xmp" for name in RAWS
    ]
    report = run(tmp_path, "--raw", "embed", "--verify")
    assert {line["outcome"] for line in report.values()} == {"written"}, report
    assert not list((tmp_path / "out" / "P").glob("*.xmp"))
    command = [
        "exiftool",
        "-j",
        "-n",
        "-EXIF:GPSLatitude",
        "-EXIF:DateTimeOriginal",
        str(tmp_path / "out" / "P"),
    ]
    for found in json.loads(subprocess.run(command, capture_output=True, check=True).stdout):
        assert found["GPSLatitude"] == pytest.approx(33.85)
        assert found["DateTimeOriginal"] == "2019:07:01 20:34:56"
    assert {line["outcome"] for line in run(tmp_path, "--raw", "embed").values()} == {"unchanged"}


def test_an_xmp_file_beside_a_raw_does_not_grow_at_a_second_run(tmp_path: Path) -> None:
    """Data that the picture itself has, with offset, is not added to an existing XMP file."""
    dated = "2019:07:01 20:34:56"
    source = takeout(tmp_path, {"P/a.nef": sidecar("a.nef", place=(-33.85, 151.21))}) / "Google Photos"
    raw = source / "P" / "a.nef"
    tags = [f"-EXIF:DateTimeOriginal={dated}", "-EXIF:OffsetTimeOriginal=+10:00"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, str(raw)], check=True)
    assert run(tmp_path)["a.nef"]["outcome"] == "sidecar"
    sample = tmp_path / "out" / "P" / "a.nef.xmp"
    (source / "P" / "a.nef.xmp").write_bytes(sample.read_bytes())
    second_run = run(tmp_path, "--force")["a.nef"]
    assert (second_run["outcome"], second_run["tags"]) == ("copied", {})
    complete = run(tmp_path, "--force", "--xmp", "always")["a.nef"]
    assert complete["tags"]["XMP-exif:DateTimeOriginal"] == f"{dated}+10:00"
