"""The writer `exiftool` on pictures and videos of many cameras: no data of the camera is lost."""

from __future__ import annotations

import os
import re
from pathlib import Path

import orjson
import pytest
from exiftool_cases import EXIFTOOL, WANTED, needs_exiftool, stage

from pef_tui.exiftool import ExifToolProcess
from pef_tui.formats import detect
from pef_tui.output.exiftool_writer import exiftool_writer

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
MOVES = re.compile(r"Offset|Start|JpgFromRaw")
"""Tags that are positions in the file, and a preview with its own EXIF. These may change."""

pytestmark = [
    *needs_exiftool,
    pytest.mark.shared,
    pytest.mark.skipif(not SAMPLES.exists(), reason="no samples here"),
]


def camera_tags(process: ExifToolProcess, folder: Path) -> dict[str, dict[str, object]]:
    """Return EXIF and maker notes of each file, with unknown tags."""
    args = ["-j", "-a", "-u", "-G1", "-EXIF:all", "-MakerNotes:all"]
    answer = process.run(
        [*args, *(os.fsencode(path) for path in sorted(folder.iterdir()) if path.suffix != ".xmp")]
    )
    return {Path(each.pop("SourceFile")).name: each for each in orjson.loads(answer.stdout)}


def test_nothing_of_the_cameras_is_lost(tmp_path: Path) -> None:
    contents = {path.name: path.read_bytes() for path in sorted(SAMPLES.glob("*/*.*"))}
    formats = {
        name: actual
        for name, content in contents.items()
        if (actual := detect(content)) and actual.cls != "none"
    }
    staged = [stage(tmp_path / name, contents[name], WANTED[actual.cls]) for name, actual in formats.items()]
    intended = {tag.partition(":")[2] for edit in WANTED["exif"] for tag in (edit, edit + "Ref")}
    with ExifToolProcess(EXIFTOOL) as process:
        state_before = camera_tags(process, tmp_path)
        session = exiftool_writer(EXIFTOOL, raw=True).open()
        words = {name: outputs.outcome for name, outputs in zip(formats, session.write(staged), strict=True)}
        session.close()
        state_after = camera_tags(process, tmp_path)
    assert {name: word for name, word in words.items() if word != "written"} == {"et_Nikon.nef": "sidecar"}
    lost = {
        (name, tag): (value, state_after[name].get(tag))
        for name, tags in state_before.items()
        for tag, value in tags.items()
        if state_after[name].get(tag) != value
        and not MOVES.search(tag)
        and tag.partition(":")[2] not in intended
    }
    assert not lost
    remaining = {path.name for path in tmp_path.iterdir()} - formats.keys()
    assert remaining == {"et_Nikon.nef.xmp"}
