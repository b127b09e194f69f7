"""Ultra HDR: a picture followed by a second one, its gain map. An index in the first picture points to the second."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from commands import lines_of, media, run_apart

from pef_tui.testing import Exif, Item, jpeg, make, sidecar, takeout, xmp_packet

pytestmark = pytest.mark.exiftool
HDR = xmp_packet(
    "",
    'hdrgm:Version="1.0" hdrgm:GainMapMax="2.5"',
    hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/",
)
_INDEX = b"MPF\0"


def mpf(first: int, offset: int, second: int) -> bytes:
    """Make the index (CIPA DC-007) of two pictures. The offset counts from the TIFF header of the index."""
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
    """Return the whole file, and its gain map."""
    gain_map = jpeg(seed + 1, xmp=HDR)
    plain = jpeg(seed, xmp=HDR, exif=Exif(date="2019:07:01 12:34:56", maker_note=b"n" * 40))
    at = plain.index(b"\xff\xdb")  # after the other segments, as phones write it
    size = len(plain) + len(mpf(0, 0, 0))
    header = at + 4 + len(_INDEX)
    index = mpf(size, size - header, len(gain_map))
    return plain[:at] + index + plain[at:] + gain_map + tail, gain_map


def found_by_index(data: bytes) -> bytes:
    """Return the second picture, found by the index."""
    header = data.index(b"\xff\xe2", 0, data.index(b"\xff\xda")) + 4 + len(_INDEX)
    assert data[header - 4 : header] == _INDEX
    size, offset = struct.unpack_from("<II", data, header + 8 + 2 + 36 + 4 + 16 + 4)
    return data[header + offset : header + offset + size]


@pytest.mark.parametrize("writer", ["auto", "exiftool"])
@pytest.mark.parametrize("film", [b"", make("mp4", 3)], ids=["picture", "with a film"])
def test_the_gain_map_is_found_after_writing(tmp_path: Path, writer: str, film: bytes) -> None:
    data, gain_map = ultra_hdr(5, film)
    assert found_by_index(data) == gain_map
    sidecar_json = sidecar(
        "a.jpg", place=(-33.85, 151.21), people=["Ana"] * 3, description="long " * 300, favorited=True
    )
    takeout(tmp_path, {"P/a.jpg": Item(sidecar_json, data)})
    result = run_apart(tmp_path / "Takeout", tmp_path / "out", "--verify", "--writer", writer)
    [line] = media(lines_of(result)).values()
    assert line["outcome"] == "written", line
    bytes_after = (tmp_path / "out" / "P" / "a.jpg").read_bytes()
    assert found_by_index(bytes_after) == gain_map
    assert bytes_after.endswith(gain_map + film)
    assert bytes_after[: len(bytes_after) - len(gain_map + film)].endswith(b"\xff\xd9")
    assert b"hdrgm:GainMapMax" in bytes_after[: bytes_after.index(b"\xff\xda")]
