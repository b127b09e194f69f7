"""Ultra HDR: the picture with a second one, its gain map, behind it, which an index in the first one points to."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from pef_tui.testing import Exif, Item, jpeg, make, sidecar, takeout, xmp_packet

pytestmark = pytest.mark.exiftool
HDR = xmp_packet(
    "",
    'hdrgm:Version="1.0" hdrgm:GainMapMax="2.5"',
    hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/",
)
_INDEX = b"MPF\0"


def mpf(first: int, offset: int, second: int) -> bytes:
    """The index (CIPA DC-007) of two pictures; the offset counts from its own TIFF header."""
    entries = struct.pack("<IIIHH", 0x20030000, first, 0, 0, 0) + struct.pack(
        "<IIIHH", 0, second, offset, 0, 0
    )
    directory = struct.pack("<H", 3)
    directory += struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
    directory += struct.pack("<HHII", 0xB001, 4, 1, 2)
    directory += struct.pack("<HHII", 0xB002, 7, 32, 8 + 2 + 36 + 4)
    block = b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + entries
    content = _INDEX + block
    return b"\xff\xe2" + struct.pack(">H", len(content) + 2) + content


def ultra_hdr(seed: int, tail: bytes = b"") -> tuple[bytes, bytes]:
    """The whole file, and its gain map."""
    gain_map = jpeg(seed + 1, xmp=HDR)
    plain = jpeg(seed, xmp=HDR, exif=Exif(date="2019:07:01 12:34:56", maker_note=b"n" * 40))
    at = plain.index(b"\xff\xdb")  # behind the other segments, as phones write it
    size = len(plain) + len(mpf(0, 0, 0))
    header = at + 4 + len(_INDEX)
    index = mpf(size, size - header, len(gain_map))
    return plain[:at] + index + plain[at:] + gain_map + tail, gain_map


def found_by_index(data: bytes) -> bytes:
    """The second picture, where the index says it is."""
    header = data.index(b"\xff\xe2", 0, data.index(b"\xff\xda")) + 4 + len(_INDEX)
    assert data[header - 4 : header] == _INDEX
    size, offset = struct.unpack_from("<II", data, header + 8 + 2 + 36 + 4 + 16 + 4)
    return data[header + offset : header + offset + size]


@pytest.mark.parametrize("writer", ["auto", "exiftool"])
@pytest.mark.parametrize("film", [b"", make("mp4", 3)], ids=["picture", "with a film"])
def test_the_gain_map_is_found_after_writing(tmp_path: Path, writer: str, film: bytes) -> None:
    data, gain_map = ultra_hdr(5, film)
    assert found_by_index(data) == gain_map
    said = sidecar(
        "a.jpg", place=(-33.85, 151.21), people=["Ana"] * 3, description="long " * 300, favorited=True
    )
    takeout(tmp_path, {"P/a.jpg": Item(said, data)})
    command = [
        sys.executable,
        "-m",
        "pef_tui",
        "--batch",
        "--json",
        "--no-config",
        "--verify",
        "--writer",
        writer,
    ]
    command += [str(tmp_path / "Takeout"), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, check=False)
    [line] = [line for line in map(json.loads, done.stdout.splitlines()) if line["type"] == "media"]
    assert line["outcome"] == "written", line
    after = (tmp_path / "out" / "P" / "a.jpg").read_bytes()
    assert found_by_index(after) == gain_map
    assert after.endswith(gain_map + film)
    assert after[: len(after) - len(gain_map + film)].endswith(b"\xff\xd9")
    assert b"hdrgm:GainMapMax" in after[: after.index(b"\xff\xda")]
