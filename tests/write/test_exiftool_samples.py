"""The writer `exiftool` over pictures and films of many cameras: nothing of the camera's is lost."""

from __future__ import annotations

import os
import re
from pathlib import Path

import orjson
import pytest
from exiftool_cases import EXIFTOOL, WANTED, needs_exiftool, stage

from pef_tui.exiftool import Process
from pef_tui.formats import detect
from pef_tui.write.exiftool_writer import exiftool_writer

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
MOVES = re.compile(r"Offset|Start|JpgFromRaw")
"""Tags that say where something lies in the file, and a preview that has EXIF of its own."""

pytestmark = [
    *needs_exiftool,
    pytest.mark.shared,
    pytest.mark.skipif(not SAMPLES.exists(), reason="no samples here"),
]


def camera_tags(process: Process, folder: Path) -> dict[str, dict[str, object]]:
    """What EXIF and maker notes of each file say, unknown tags included."""
    args = ["-j", "-a", "-u", "-G1", "-EXIF:all", "-MakerNotes:all"]
    answer = process.run(
        [*args, *(os.fsencode(path) for path in sorted(folder.iterdir()) if path.suffix != ".xmp")]
    )
    return {Path(each.pop("SourceFile")).name: each for each in orjson.loads(answer.stdout)}


def test_nothing_of_the_cameras_is_lost(tmp_path: Path) -> None:
    contents = {path.name: path.read_bytes() for path in sorted(SAMPLES.glob("*/*.*"))}
    formats = {
        name: found
        for name, content in contents.items()
        if (found := detect(content)) and found.cls != "none"
    }
    staged = [stage(tmp_path / name, contents[name], WANTED[found.cls]) for name, found in formats.items()]
    meant = {tag.partition(":")[2] for edit in WANTED["exif"] for tag in (edit, edit + "Ref")}
    with Process(EXIFTOOL) as process:
        before = camera_tags(process, tmp_path)
        session = exiftool_writer(EXIFTOOL, raw=True).open()
        words = {name: written.word for name, written in zip(formats, session.write(staged), strict=True)}
        session.close()
        after = camera_tags(process, tmp_path)
    assert {name: word for name, word in words.items() if word != "written"} == {"et_Nikon.nef": "sidecar"}
    lost = {
        (name, tag): (value, after[name].get(tag))
        for name, tags in before.items()
        for tag, value in tags.items()
        if after[name].get(tag) != value and not MOVES.search(tag) and tag.partition(":")[2] not in meant
    }
    assert not lost
    left = {path.name for path in tmp_path.iterdir()} - formats.keys()
    assert left == {"et_Nikon.nef.xmp"}
