"""Damage pictures of every kind by editing bytes. No data of the camera is lost, and the tags are in the picture or its
XMP file.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from exiftool_cases import WANTED, needs_exiftool, stage, xmp_files_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pef_tui.exiftool import ExifToolProcess
from pef_tui.formats import detect
from pef_tui.hooks import WriterSession, Written
from pef_tui.model import TagEdit
from pef_tui.output.exiftool_writer import exiftool_writer
from pef_tui.output.xmp_writer import write_xmp_file
from pef_tui.testing import Exif, jpeg, make

pytestmark = needs_exiftool
EXIFTOOL = shutil.which("exiftool") or "exiftool"
NOTE = b"\2\0" + struct.pack("<HHII", 6, 2, 40, 60_000) + struct.pack("<HHII", 7, 2, 40, 61_000) + bytes(4)
CAMERA = Exif(
    date="2019:07:01 12:34:56", make="Canon", model="Canon EOS 40D", maker_note=NOTE + b"secret" * 20
)


@pytest.fixture(scope="module")
def session() -> Iterator[WriterSession]:
    running = exiftool_writer(EXIFTOOL, raw=True).open()
    yield running
    running.close()


@pytest.fixture(scope="module")
def process() -> Iterator[ExifToolProcess]:
    with ExifToolProcess(EXIFTOOL) as running:
        yield running


def write(session: WriterSession, path: Path, content: bytes) -> Written:
    actual = detect(content)
    assert actual is not None
    (outputs,) = session.write([stage(path, content, WANTED[actual.cls])])
    return outputs


def exif_at(content: bytes) -> int:
    """Return where the TIFF block of a JPEG begins."""
    return content.index(b"Exif\0\0") + 6


def broken_first_directory(content: bytes) -> bytes:
    start = exif_at(content)
    at = start + struct.unpack_from("<I", content, start + 4)[0]
    return content[:at] + b"\xff\xff" + content[at + 2 :]


def first_directory_outside(content: bytes) -> bytes:
    start = exif_at(content)
    return content[: start + 4] + struct.pack("<I", 1 << 30) + content[start + 8 :]


@pytest.mark.parametrize("damage", [broken_first_directory, first_directory_outside])
def test_a_broken_ifd0_is_never_replaced(session: WriterSession, tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    content = damage(jpeg(exif=CAMERA))
    path = tmp_path / "1.jpg"
    outputs = write(session, path, content)
    start = exif_at(content)
    block = content[start : start + 200]
    assert block in path.read_bytes(), outputs
    assert outputs.outcome in ("written", "sidecar")
    if outputs.outcome == "written":
        assert "only XMP" in outputs.warnings[0]
        assert b"PersonInImage" in path.read_bytes()
    else:
        assert path.read_bytes() == content and xmp_files_of(path) == ["1.jpg.xmp"]


def test_maker_notes_that_point_nowhere_are_kept(session: WriterSession, tmp_path: Path) -> None:
    path = tmp_path / "1.jpg"
    outputs = write(session, path, jpeg(exif=CAMERA))
    assert b"secret" * 20 in path.read_bytes()
    assert outputs.outcome in ("written", "sidecar")
    assert outputs.outcome == "sidecar" or b"PersonInImage" in path.read_bytes()


CUT = (
    "jpeg",
    "tiff",
    "dng",
    "png",
    "webp",
    "heic",
    "avif",
    "psd",
    "jp2",
    "jxl",
    "nef",
    "cr2",
    "gif",
    "mp4",
    "mov",
    "3gp",
)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("form", CUT)
def test_cut_files(
    session: WriterSession, process: ExifToolProcess, tmp_path: Path, form: str, part: float
) -> None:
    complete = make(form, 3)
    content = complete[: int(len(complete) * part)]
    actual = detect(content)
    if actual is None:
        pytest.skip("nothing of its format is left")
    path = tmp_path / f"1{actual.extensions[0]}"
    outputs = write(session, path, content)
    assert outputs.outcome in ("written", "sidecar", "failed") and not outputs.temporary, outputs
    if outputs.outcome == "written":  # the remaining data of the picture is still in the file
        content_read = process.run(["-j", "-G1", "-XMP-iptcExt:PersonInImage", os.fsencode(path)])
        assert orjson.loads(content_read.stdout)[0]["XMP-iptcExt:PersonInImage"] == ["Ann", "Bœuf, Bob"]
        return
    assert path.read_bytes() == content
    assert xmp_files_of(path) == ([path.name + ".xmp"] if outputs.outcome == "sidecar" else [])


TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), include_characters="\n\t"),
    min_size=1,
    max_size=60,
).filter(str.strip)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(TEXT, min_size=1, max_size=3, unique=True))
def test_any_text_in_xmp_files(process: ExifToolProcess, texts: list[str]) -> None:
    """ExifTool reads the intended values from XMP files of this program."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x.nef"
        edits = [TagEdit("XMP-dc:Subject", tuple(texts)), TagEdit("XMP-dc:Description", texts[0])]
        assert write_xmp_file(path, edits).outcome == "sidecar"
        content = process.run(
            ["-j", "-G1", "-api", "Filter=s/^/=/", "-XMP-dc:all", os.fsencode(path + ".xmp")]
        )
    (actual,) = orjson.loads(content.stdout)
    subject = actual["XMP-dc:Subject"]
    assert (subject if isinstance(subject, list) else [subject]) == ["=" + text for text in texts]
    assert actual["XMP-dc:Description"] == "=" + texts[0]
