"""Pictures into which ExifTool must not write: with a video after a HEIC, or with tags that ExifTool does not see."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Literal

import pytest
from test_tags_never_lost import NAMES, people_beside, run, run_again

from pef_tui.testing import Exif, jpeg, make
from pef_tui.testing.films import box
from pef_tui.testing.jpeg import segment

pytestmark = pytest.mark.exiftool

FILM = box(b"mpvd", make("mp4", 1))
NOTES = box(b"sefd", b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Datampv2" + bytes(8) + b"SEFHk\0\0\0\1\0\0\0SEFT")
CDIF = box(b"free", b"cdif\xff\xe4" + bytes(range(200)))
ODD = box(b"uuid", bytes(range(40)))
BEHIND = {
    "as One UI 6 has it": (CDIF + FILM + NOTES, "native"),
    "without the notes on how it was made": (FILM + NOTES, "native"),
    "the film alone": (FILM, "native"),
    "notes alone": (NOTES, "native"),
    "free space with something unknown": (box(b"free", b"something else" * 5) + FILM + NOTES, "xmp"),
    "an unknown box before": (ODD + FILM + NOTES, "xmp"),
    "an unknown box behind": (FILM + NOTES + ODD, "xmp"),
    "notes that are cut": (FILM + NOTES[:-4], "xmp"),
}


@pytest.mark.parametrize("writer", ["auto", "exiftool", "native"])
def test_what_lies_behind_a_heic_stays_byte_for_byte(tmp_path: Path, writer: str) -> None:
    tails = {f"{number}.heic": case for number, case in enumerate(BEHIND.values())}
    files = {name: make("heic", 1) + tail for name, (tail, _) in tails.items()}
    report = run(tmp_path, files, "--writer", writer, "--verify", "100")
    for name, (tail, by) in tails.items():
        data, line = (tmp_path / "out" / report[name]["output"]).read_bytes(), report[name]
        assert data.endswith(tail), name
        assert line["writer"] == ("xmp" if writer == "exiftool" else by), (name, line)
        assert line["outcome"] == ("written" if line["writer"] == "native" else "sidecar")
        if line["outcome"] == "sidecar":
            assert data == files[name] and people_beside(tmp_path, line) == NAMES
            if by == "xmp":
                assert any(
                    "film of this" in warning or "damaged" in warning for warning in line["warnings"]
                ), line
    assert {line["outcome"] for line in run_again(tmp_path, "--writer", writer).values()} == {"unchanged"}


@pytest.mark.long
def test_notes_that_name_the_place_of_the_film_keep_it_there(tmp_path: Path) -> None:
    picture = make("heic", 1)
    orders: tuple[Literal["big", "little"], ...] = ("big", "little")
    for number, place in enumerate((len(picture), len(picture) + 8)):
        for order in orders:
            notes = box(b"sefd", b"mpv2" + place.to_bytes(4, order) + b"SEFT")
            root = tmp_path / f"{number}{order}"
            [line] = run(root, {"a.heic": picture + FILM + notes}).values()
            assert line["outcome"] == "sidecar"
            assert (root / "out" / line["output"]).read_bytes() == picture + FILM + notes


@pytest.mark.parametrize("kind", [b"Exif", b"xml "])
def test_tags_packed_with_brotli_are_not_doubled(tmp_path: Path, kind: bytes) -> None:
    data = make("jxl", 1) + box(b"brob", kind + bytes(range(60)))
    [line] = run(tmp_path, {"a.jxl": data}).values()
    assert line["outcome"] == "sidecar" and people_beside(tmp_path, line) == NAMES
    assert (tmp_path / "out" / line["output"]).read_bytes() == data
    assert any("packed" in warning for warning in line["warnings"])


@pytest.mark.parametrize("codec", [b"avif", b"heic"])
def test_a_picture_with_the_short_index_is_no_film(tmp_path: Path, codec: bytes) -> None:
    data = box(b"ftyp", b"mif3" + codec) + box(b"mini", bytes(range(200)))
    [line] = run(tmp_path, {"a.avif": data}).values()
    assert line["outcome"] == "sidecar" and people_beside(tmp_path, line) == NAMES
    assert "EXIF" not in str(line["tags"]) and "Keys" not in str(line["tags"])
    assert (tmp_path / "out" / line["output"]).read_bytes() == data


def with_table(main: bytes, second: bytes) -> bytes:
    """Make a JPEG that begins with a table of further pictures (MPF), with the second picture after it."""

    def table(size: int, place: int) -> bytes:
        entries = struct.pack("<3I4x3I4x", 0x20030000, size, 0, 0, len(second), place)
        head = struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, 2)
        directory = b"\3\0" + head + struct.pack("<HHII", 0xB002, 7, 32, 50) + bytes(4)
        return segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + directory + entries)

    complete = len(main) + len(table(0, 0))
    return main[:2] + table(complete, complete - 10) + main[2:] + second


@pytest.mark.parametrize("writer", ["auto", "exiftool"])
def test_further_pictures_are_where_their_table_says(tmp_path: Path, writer: str) -> None:
    second = jpeg(2)
    files = {
        "none.jpg": with_table(jpeg(1), second),
        "exif.jpg": with_table(jpeg(1, exif=Exif(make="Cam", maker_note=bytes(50))), second),
        "odd.jpg": with_table(jpeg(1, exif=Exif(make="Cam"), xmp=b"<broken"), second),
    }
    for name, line in run(tmp_path, files, "--writer", writer, "--verify", "100").items():
        data = (tmp_path / "out" / line["output"]).read_bytes()
        table = data.index(b"MPF\0") + 4
        start = table + int.from_bytes(data[table + 74 : table + 78], "little")
        assert data[start:] == second, name
        assert line["outcome"] == ("written" if name == "none.jpg" else "sidecar"), line
