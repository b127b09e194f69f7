"""The digest of image data does not depend on the tags of a file, and differs between pictures."""

from __future__ import annotations

import io
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pef_tui.formats import FORMATS, HEAD, detect
from pef_tui.formats.image_data import DIGEST_FORMATS, image_digest
from pef_tui.testing import MAKERS, Exif, film, jpeg, make, motion_photo

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"


def digest(data: bytes, form: str) -> bytes | None:
    return image_digest(io.BytesIO(data), form)


SEED_IN_FREE = ("heic", "heif", "avif")
"""Formats of which only one sample picture can be made."""


@pytest.mark.parametrize("form", sorted(DIGEST_FORMATS & MAKERS.keys()))
def test_every_picture_has_its_own(form: str) -> None:
    first, second = digest(make(form, 1), form), digest(make(form, 2), form)
    assert first is not None and second is not None
    assert first == digest(make(form, 1), form)
    assert (first != second) == (form not in SEED_IN_FREE)


def picture_bytes(form: str) -> list[int]:
    """Return positions of image data in the first sample of a format."""
    data, second = make(form, 1), make(form, 2)
    if form in SEED_IN_FREE:
        start = data.index(b"mdat") + 4
        return [start, start + 100, data.index(b"free") - 5]
    if len(data) != len(second):
        return [data.index(b"\xff\xda"), len(data) - 3]
    differ = [place for place, byte in enumerate(data) if byte != second[place]]
    return [differ[0], differ[len(differ) // 2], differ[-1]]


@pytest.mark.parametrize("form", sorted(DIGEST_FORMATS & MAKERS.keys()))
def test_a_changed_byte_of_the_picture_is_found(form: str) -> None:
    data = make(form, 1)
    for place in picture_bytes(form):
        modified = bytearray(data)
        modified[place] ^= 1
        assert digest(bytes(modified), form) != digest(data, form), place


@pytest.mark.parametrize("marker", [0xDB, 0xC0, 0xC4, 0xDA])
def test_tables_and_frame_of_a_jpeg_count(marker: int) -> None:
    data = bytearray(jpeg(1))
    data[data.index(bytes((0xFF, marker))) + 5] ^= 1
    assert digest(bytes(data), "jpeg") != digest(jpeg(1), "jpeg")


@pytest.mark.parametrize("form", ["mp4", "mov", "3gp"])
def test_an_offset_that_leads_elsewhere_is_found(form: str) -> None:
    data = film(form, 1, moov="first")
    assert digest(data, form) is not None
    for shift in (1, -9):
        place = data.index(b"stco") + 12
        moved = bytearray(data)
        moved[place : place + 4] = (int.from_bytes(data[place : place + 4], "big") + shift).to_bytes(4, "big")
        assert digest(bytes(moved), form) != digest(data, form)
    assert digest(film(form, 1), form) == digest(data, form)  # the same video with its index at the end


def _fuji(data: bytes) -> bytes:
    head = b"FUJIFILMCCD-RAW " + bytes(68)
    picture = jpeg(1, exif=Exif(date="2019:07:01 12:00:00"))
    first = 84 + 56
    table = struct.pack(">6I", first, len(picture), 0, 0, first + len(picture), len(data))
    return head + table + bytes(32) + picture + data


def _panasonic(data: bytes) -> bytes:
    return b"IIU\0\x08\0\0\0" + struct.pack("<HHHIIIII", 1, 0x118, 4, 1, 30, 0, 0, 0)[:18] + bytes(4) + data


def _sigma(data: bytes) -> bytes:
    raw = b"SECi" + bytes(8) + struct.pack("<I", 3) + data
    text = b"SECi" + bytes(8) + struct.pack("<I", 18) + jpeg(1)
    at = 40
    entries = struct.pack("<II4s", at, len(raw), b"IMA2") + struct.pack(
        "<II4s", at + len(raw), len(text), b"IMA2"
    )
    end = at + len(raw) + len(text)
    return (
        b"FOVb"
        + bytes(36)
        + raw
        + text
        + b"SECd"
        + struct.pack("<II", 0, 2)
        + entries
        + struct.pack("<I", end)
    )


def _canon_heap(data: bytes) -> bytes:
    """Make a Canon CRW picture: data, then the directory, then the position of the directory."""
    directory = struct.pack("<HHII", 1, 0x2005, len(data), 0)
    head = b"II" + struct.pack("<I", 26) + b"HEAPCCDR" + struct.pack("<I", 0x10002) + bytes(8)
    return head + data + directory + struct.pack("<I", len(data))


RAWS: dict[str, Callable[[bytes], bytes]] = {
    "crw": _canon_heap,
    "raf": _fuji,
    "rw2": _panasonic,
    "x3f": _sigma,
    "mrw": lambda data: b"\0MRM" + struct.pack(">I", 20) + b"tags" * 5 + data,
    "orf": lambda data: b"IIRO" + make("tiff", data[0])[4:],
    "cr3": lambda data: film("mp4", data[0]).replace(b"isom\0\0\2\0", b"crx \0\0\0\1", 1),
}
"""Formats that are complex to make, with only the structure around the picture."""


@pytest.mark.parametrize("form", RAWS)
def test_sensor_data_of_raw_pictures_counts(form: str) -> None:
    first, second = (digest(RAWS[form](bytes((seed,)) * 64), form) for seed in (1, 2))
    assert first is not None and second is not None and first != second
    assert digest(RAWS[form](b"\1" * 64)[:25], form) is None


@pytest.mark.exiftool
def test_what_exiftool_writes_keeps_the_picture(tmp_path: Path) -> None:
    """Pictures made here, and samples of cameras if there are any."""
    files = {
        f"{form}{FORMATS[form].extensions[0]}": make(form, 1) for form in MAKERS if form in DIGEST_FORMATS
    }
    files |= {"raw.crw": _canon_heap(b"sensor" * 50)}
    files |= {"first.mp4": film("mp4", 1, moov="first"), "motion.jpg": motion_photo(make("mp4"), 1)}
    for path in SAMPLES.rglob("*") if SAMPLES.is_dir() else []:
        files |= {path.name: path.read_bytes()} if path.is_file() else {}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    tags: tuple[str, ...] = (
        "EXIF:DateTimeOriginal=2019:07:01 12:00:00",
        "EXIF:GPSLatitude=5",
        "XMP-dc:Subject=A",
    )
    tags += ("XMP-dc:Description=" + "x" * 3000, "Keys:CreationDate=2019:07:01 12:00:00+02:00")
    command = ["exiftool", "-q", "-q", "-overwrite_original", *(f"-{tag}" for tag in tags), str(tmp_path)]
    subprocess.run(command, capture_output=True, check=False)
    outputs = 0
    for name, data in files.items():
        form, bytes_after = detect(data[:HEAD]), (tmp_path / name).read_bytes()
        if form is None or bytes_after == data:
            continue
        outputs += 1
        assert form.name in DIGEST_FORMATS, name
        assert digest(bytes_after, form.name) == digest(data, form.name) is not None, name
    assert outputs >= 20


def test_tags_make_no_difference() -> None:
    tagged = jpeg(3, exif=Exif(date="2019:07:01 12:00:00", description="a" * 500), comment="c")
    assert digest(tagged, "jpeg") == digest(jpeg(3), "jpeg")


def test_the_film_of_a_motion_photo_counts() -> None:
    first, second = (digest(motion_photo(make("mp4", seed), 1), "jpeg") for seed in (1, 2))
    assert first != second


@pytest.mark.parametrize("form", sorted(DIGEST_FORMATS & MAKERS.keys()))
def test_cut_files_are_no_error(form: str) -> None:
    complete = make(form, 1)
    for end in range(0, len(complete), max(1, len(complete) // 40)):
        digest(complete[:end], form)


@pytest.mark.parametrize("form", ["bmp", "avi", ""])
def test_what_is_not_known_is_not_compared(form: str) -> None:
    assert digest(b"anything", form) is None
