"""Raw pictures: left alone with an XMP file beside, or written into where that is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pef_tui.testing import sidecar, takeout

pytestmark = pytest.mark.exiftool
RAWS = ("a.nef", "b.pef", "c.arw")


def run(root: Path, *more: str) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "pef_tui", "--batch", "--json", "--no-config", str(root / "Takeout")]
    done = subprocess.run([*command, "-o", str(root / "out"), *more], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(line["source"]).name: line for line in lines if line["type"] == "media"}


def test_raws_are_left_alone_or_written_into(tmp_path: Path) -> None:
    takeout(tmp_path, {f"P/{name}": sidecar(name, place=(-33.85, 151.21)) for name in RAWS})
    told = run(tmp_path)
    assert {line["outcome"] for line in told.values()} == {"sidecar"}
    assert sorted(path.name for path in (tmp_path / "out" / "P").glob("*.xmp")) == [
        f"{name}.xmp" for name in RAWS
    ]
    told = run(tmp_path, "--raw", "embed", "--verify")
    assert {line["outcome"] for line in told.values()} == {"written"}, told
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
    """What the picture says itself, with offset, is not put into the XMP file when that is there already."""
    dated = "2019:07:01 20:34:56"
    source = takeout(tmp_path, {"P/a.nef": sidecar("a.nef", place=(-33.85, 151.21))}) / "Google Photos"
    raw = source / "P" / "a.nef"
    tags = [f"-EXIF:DateTimeOriginal={dated}", "-EXIF:OffsetTimeOriginal=+10:00"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *tags, str(raw)], check=True)
    assert run(tmp_path)["a.nef"]["outcome"] == "sidecar"
    made = tmp_path / "out" / "P" / "a.nef.xmp"
    (source / "P" / "a.nef.xmp").write_bytes(made.read_bytes())
    again = run(tmp_path, "--force")["a.nef"]
    assert (again["outcome"], again["tags"]) == ("copied", {})
    complete = run(tmp_path, "--force", "--xmp", "always")["a.nef"]
    assert complete["tags"]["XMP-exif:DateTimeOriginal"] == f"{dated}+10:00"
