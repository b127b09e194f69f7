"""Damage of every kind, made by editing bytes: nothing of the camera's is lost, and the tags are somewhere."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from exiftool_cases import WANTED, beside, needs_exiftool, stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pef_tui.exiftool import Process
from pef_tui.formats import detect
from pef_tui.hooks import WriterSession, Written
from pef_tui.model import TagEdit
from pef_tui.testing import Exif, jpeg, make
from pef_tui.write.exiftool_writer import exiftool_writer
from pef_tui.write.xmp_writer import write_beside

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
def process() -> Iterator[Process]:
    with Process(EXIFTOOL) as running:
        yield running


def write(session: WriterSession, path: Path, content: bytes) -> Written:
    found = detect(content)
    assert found is not None
    (written,) = session.write([stage(path, content, WANTED[found.cls])])
    return written


def exif_at(content: bytes) -> int:
    """Where the TIFF block of a JPEG begins."""
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
    written = write(session, path, content)
    start = exif_at(content)
    block = content[start : start + 200]
    assert block in path.read_bytes(), written
    assert written.word in ("written", "sidecar")
    if written.word == "written":
        assert "only XMP" in written.warnings[0]
        assert b"PersonInImage" in path.read_bytes()
    else:
        assert path.read_bytes() == content and beside(path) == ["1.jpg.xmp"]


def test_maker_notes_that_point_nowhere_are_kept(session: WriterSession, tmp_path: Path) -> None:
    path = tmp_path / "1.jpg"
    written = write(session, path, jpeg(exif=CAMERA))
    assert b"secret" * 20 in path.read_bytes()
    assert written.word in ("written", "sidecar")
    assert written.word == "sidecar" or b"PersonInImage" in path.read_bytes()


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
def test_cut_files(session: WriterSession, process: Process, tmp_path: Path, form: str, part: float) -> None:
    whole = make(form, 3)
    content = whole[: int(len(whole) * part)]
    found = detect(content)
    if found is None:
        pytest.skip("nothing of its format is left")
    path = tmp_path / f"1{found.extensions[0]}"
    written = write(session, path, content)
    assert written.word in ("written", "sidecar", "failed") and not written.temporary, written
    if written.word == "written":  # then what is left of the picture is still there
        read = process.run(["-j", "-G1", "-XMP-iptcExt:PersonInImage", os.fsencode(path)])
        assert orjson.loads(read.stdout)[0]["XMP-iptcExt:PersonInImage"] == ["Ann", "Bœuf, Bob"]
        return
    assert path.read_bytes() == content
    assert beside(path) == ([path.name + ".xmp"] if written.word == "sidecar" else [])


TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), include_characters="\n\t"),
    min_size=1,
    max_size=60,
).filter(str.strip)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(TEXT, min_size=1, max_size=3, unique=True))
def test_any_text_in_xmp_files(process: Process, texts: list[str]) -> None:
    """Our own XMP files say to ExifTool what was meant."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/x.nef"
        edits = [TagEdit("XMP-dc:Subject", tuple(texts)), TagEdit("XMP-dc:Description", texts[0])]
        assert write_beside(path, edits).word == "sidecar"
        read = process.run(["-j", "-G1", "-api", "Filter=s/^/=/", "-XMP-dc:all", os.fsencode(path + ".xmp")])
    (found,) = orjson.loads(read.stdout)
    subject = found["XMP-dc:Subject"]
    assert (subject if isinstance(subject, list) else [subject]) == ["=" + text for text in texts]
    assert found["XMP-dc:Description"] == "=" + texts[0]
