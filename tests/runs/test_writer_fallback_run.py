"""Test each fallback of the writers with the whole command: the tags that are reported as written are in the file."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import media, run_here

from pef_tui.testing import Exif, Item, jpeg, make, sidecar, takeout

pytestmark = pytest.mark.exiftool
CAMERA = Exif(date="2019:07:01 12:34:56", make="Canon", model="Canon EOS 40D", maker_note=b"secret" * 40)
SAID: dict[str, Any] = {"people": ["Ana"], "place": (48.85, 2.35)}
ONLY_XMP = "only XMP was written, because the file is damaged"


def broken_ifd0() -> bytes:
    picture = jpeg(1, exif=CAMERA)
    start = picture.index(b"Exif\0\0") + 6
    at = start + struct.unpack_from("<I", picture, start + 4)[0]
    return picture[:at] + b"\xff\xff" + picture[at + 2 :]


def broken_header() -> bytes:
    picture = jpeg(1, exif=CAMERA)
    start = picture.index(b"Exif\0\0") + 6
    return picture[:start] + b"XX" + picture[start + 2 :]


def broken_interop(folder: Path) -> bytes:
    path = folder / "interop.jpg"
    path.write_bytes(jpeg(2))
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-InteropIndex=R98", str(path)], check=True)
    picture = bytearray(path.read_bytes())
    path.unlink()
    big = picture[picture.index(b"Exif\0\0") + 6 :][:2] == b"MM"
    order = ">" if big else "<"
    entry = picture.index(struct.pack(order + "HHI", 0xA005, 4, 1))
    at = picture.index(b"Exif\0\0") + 6 + struct.unpack_from(order + "I", picture, entry + 8)[0]
    picture[at : at + 2] = struct.pack(order + "H", 64)
    return bytes(picture)


# outcome, text in the warnings or the reason, a tag that was written
EXPECTED = {
    "fine.jpg": ("written", "", "EXIF:DateTimeOriginal"),
    "maker.jpg": ("written", "Maker notes could not be parsed", "EXIF:OffsetTimeOriginal"),
    "interop.jpg": ("written", "without its Interop directory", "EXIF:DateTimeOriginal"),
    "ifd0.jpg": ("written", ONLY_XMP, "XMP-exif:DateTimeOriginal"),
    "header.jpg": ("sidecar", "damaged: Format error in file", "XMP-exif:DateTimeOriginal"),
    "cut.jpg": ("sidecar", "damaged: cut before the image data", "XMP-exif:DateTimeOriginal"),
    "cut.tif": ("sidecar", "damaged: Error reading image data", "XMP-exif:DateTimeOriginal"),
    "cut.png": ("sidecar", "damaged: Truncated PNG image", "XMP-exif:DateTimeOriginal"),
    "cut.heic": ("sidecar", "damaged: Truncated", "XMP-exif:DateTimeOriginal"),
    "cut.mp4": ("sidecar", "damaged: Truncated", "XMP-exif:DateTimeOriginal"),
    "behind.mp4": ("sidecar", "damaged: [minor] Unknown 3 bytes at end", "XMP-exif:DateTimeOriginal"),
    "parts.mp4": ("sidecar", "damaged: Can't yet handle movie fragments", "XMP-exif:DateTimeOriginal"),
    "empty.jpg": ("failed", "the file is empty", ""),
    "text.jpg": ("failed", "the file is text", ""),
}


def test_every_rung(tmp_path: Path) -> None:
    files = {
        "fine.jpg": jpeg(3), "maker.jpg": jpeg(1, exif=CAMERA), "interop.jpg": broken_interop(tmp_path),
        "ifd0.jpg": broken_ifd0(), "header.jpg": broken_header(), "cut.jpg": jpeg(4)[:120],
        "behind.mp4": make("mp4", 1) + b"\1\2\3",
        "parts.mp4": make("mp4", 1) + (16).to_bytes(4, "big") + b"moof" + bytes(8),
        "empty.jpg": b"", "text.jpg": b"This is no picture.\n",
    }  # fmt: skip
    files |= {f"cut.{end}": make(form, 1)[: len(make(form, 1)) * 9 // 10]
              for end, form in (("tif", "tiff"), ("png", "png"), ("heic", "heic"), ("mp4", "mp4"))}  # fmt: skip
    takeout(tmp_path, {f"P/{name}": Item(sidecar(name, **SAID), data) for name, data in files.items()})
    flags = ("--writer", "exiftool", "--verify")
    lines = run_here(tmp_path / "Takeout", tmp_path / "out", *flags, status=3)
    report = {Path(name).name: line for name, line in media(lines).items()}
    assert report.keys() == EXPECTED.keys() and lines[-1]["verify"]["failed"] == 0
    for name, (word, words, tag) in EXPECTED.items():
        line = report[name]
        assert (line["outcome"], words in " ".join((line["reason"], *line["warnings"]))) == (word, True), line
        assert (tag in line["tags"]) == (tag != ""), line
        output = tmp_path / "out" / line["output"]
        assert (output.read_bytes() == files[name]) == (word != "written"), name
        said_in = output if word == "written" else output.with_name(output.name + ".xmp")
        assert said_in.exists() == (word != "failed")
        if word != "failed":
            says_what_is_told(said_in, line["tags"])
    retained = (tmp_path / "out" / report["maker.jpg"]["output"]).read_bytes()
    assert CAMERA.maker_note in retained
    second_run = run_here(tmp_path / "Takeout", tmp_path / "out", *flags)
    assert {line["outcome"] for line in media(second_run).values()} == {"unchanged"}


def says_what_is_told(path: Path, tags: dict[str, Any]) -> None:
    """Check that every tag of the JSON line is in the file, under exactly this name."""
    names = [f"-{tag}" for tag, value in tags.items() if value is not None]
    text = subprocess.run(["exiftool", "-j", "-G0:1", *names, str(path)], capture_output=True, check=True)
    actual = {tag.rpartition(":")[2] for tag in json.loads(text.stdout)[0] if ":" in tag}
    expected = {name.rpartition(":")[2] for name in names}
    assert {name for name in expected if not name.endswith("Ref")} <= actual, path
