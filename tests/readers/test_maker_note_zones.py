"""The time zone in maker notes and trailers: native reading gives ExifTool's result, and nothing for damaged data."""

from __future__ import annotations

import io
import os
import shutil
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pef_tui.exiftool import ExifToolProcess
from pef_tui.model import FileMetadata, Value
from pef_tui.readers.exiftool_reader import read_metadata
from pef_tui.readers.jpeg import read_jpeg
from pef_tui.readers.maker_note_zones import read_utc_stamp
from pef_tui.testing.exif import Directory, Field, Order, octets, text, tiff_block
from pef_tui.testing.jpeg import jpeg, segment

DATE = "2019:07:01 12:00:00"
MILLISECONDS = 1_561_975_203_500  # 2019-07-01 10:00:03.5 UTC
SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "camera"
ZONE_TAGS = frozenset(("Nikon:TimeZone", "Nikon:DaylightSavings", "Canon:TimeZone"))


def picture(make: str, note: bytes, order: Order = "little", offset: str = "") -> bytes:
    camera: Directory = {0x9000: octets(b"0232"), 0x9003: text(DATE), 0x927C: octets(note)}
    if offset:
        camera[0x9011] = text(offset)
    block = tiff_block({0x10F: text(make), 0x110: text("Model 1"), 0x8769: camera}, order=order)
    data = jpeg(1)
    return data[:2] + segment(0xE1, b"Exif\0\0" + block) + data[2:]


def nikon(minutes: int, daylight: int, order: Order = "little") -> bytes:
    mark = "<" if order == "little" else ">"
    world = octets(struct.pack(mark + "hBB", minutes, daylight, 2))
    return b"Nikon\0\2\x10\0\0" + tiff_block({0x0024: world}, order=order)


def canon_picture(minutes: int, city: int, daylight: int, moved: int = 0) -> bytes:
    """A Canon maker note has offsets from the beginning of its TIFF block. Canon writes only little-endian."""
    placeholder = b"\xee" * (2 + 12 + 4 + 16)
    data = picture("Canon", placeholder)
    start = data.index(placeholder)
    inside = start - (data.index(b"Exif\0\0") + 6)
    entry = struct.pack("<HHII", 0x0035, 4, 4, inside + 18 + moved)
    note = struct.pack("<H", 1) + entry + bytes(4) + struct.pack("<4i", 16, minutes, city, daylight)
    return data[:start] + note + data[start + len(note) :]


def note_in_block(make: str, head: bytes, *parts: bytes) -> bytes:
    """Make a note whose offsets count from the block around it. `%` in a part: offset of the next part."""
    size = len(head) + sum(map(len, parts))
    placeholder = b"\xee" * size
    data = picture(make, placeholder)
    start = data.index(placeholder)
    at, result = start - (data.index(b"Exif\0\0") + 6) + len(head), b""
    for part in parts:
        at += len(part)
        result += part.replace(b"%%%%", struct.pack("<I", at))
    return data[:start] + head + result + data[start + size :]


def directory(*entries: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)


def shorts(order: str, *values: int) -> list[bytes]:
    """WorldTimeLocation, HometownCity, DestinationCity, HometownDST, DestinationDST of Pentax."""
    return [struct.pack(order + "HHIHH", 0x22 + place, 3, 1, value, 0) for place, value in enumerate(values)]


def time_info(bits: int, home: int, away: int) -> bytes:
    return struct.pack("<HHI4B", 0x6B, 1, 4, bits, 0, home, away)


def ricoh(zone: str) -> bytes:
    theta = directory(struct.pack("<HHI4s", 0x4001, 4, 1, b"%%%%"))
    value = zone.encode() + b"\0"
    inner = directory(struct.pack("<HHI4s", 0x000A, 2, len(value), b"%%%%"))
    return note_in_block("RICOH", b"Ricoh\0\0\0", theta, inner, value)


def olympus(displayed: str) -> bytes:
    """Offsets in the note count from its own beginning."""
    value = displayed.encode() + b"\0"
    settings = directory(struct.pack("<HHII", 0x0908, 2, len(value), 12 + 18 + 18))
    main = directory(struct.pack("<HHII", 0x2020, 13, 1, 12 + 18))
    return picture("OLYMPUS IMAGING CORP.", b"OLYMPUS\0II\3\0" + main + settings + value)


def with_zone_offset(*hours: int) -> bytes:
    camera: Directory = {
        0x9000: octets(b"0232"),
        0x9003: text(DATE),
        0x882A: Field(8, len(hours), struct.pack(f"<{len(hours)}h", *hours)),
    }
    data = jpeg(1)
    block = tiff_block({0x10F: text("Other"), 0x110: text("Model 1"), 0x8769: camera})
    return data[:2] + segment(0xE1, b"Exif\0\0" + block) + data[2:]


def samsung_trailer(*blocks: tuple[int, bytes, bytes]) -> bytes:
    parts = [struct.pack("<HHI", 0, kind, len(name)) + name + data for kind, name, data in blocks]
    ends = [sum(map(len, parts[number:])) for number in range(len(parts))]
    directory = b"SEFH" + struct.pack("<II", 107, len(parts))
    for (kind, _, _), part, end in zip(blocks, parts, ends, strict=True):
        directory += struct.pack("<HHII", 0, kind, end, len(part))
    return b"".join(parts) + directory + struct.pack("<I", len(directory)) + b"SEFT"


STAMP = (0x0A01, b"Image_UTC_Data", str(MILLISECONDS).encode())
OTHER = (0x0AA1, b"MCC_Data", b"262")


def samsung(*blocks: tuple[int, bytes, bytes], offset: str = "") -> bytes:
    return picture("samsung", b"\0" * 8, offset=offset) + samsung_trailer(*blocks)


def read(data: bytes) -> FileMetadata:
    state = read_jpeg(io.BytesIO(data))
    assert state is not None and state.tags["EXIF:DateTimeOriginal"] == DATE
    return state


def zone(data: bytes) -> dict[str, Value]:
    return {tag: value for tag, value in read(data).tags.items() if not tag.startswith("EXIF:")}


CAMERAS: dict[str, tuple[bytes, dict[str, Value]]] = {
    "nikon": (picture("NIKON CORPORATION", nikon(60, 1)), {"Nikon:TimeZone": 60, "Nikon:DaylightSavings": 1}),
    "nikon, the other order": (
        picture("NIKON", nikon(-210, 0, "big"), "big"), {"Nikon:TimeZone": -210, "Nikon:DaylightSavings": 0},
    ),
    "canon": (canon_picture(120, 19, 60), {"Canon:TimeZone": 120}),
    "canon, moved by another program": (
        canon_picture(120, 19, 60, moved=-60), {"Canon:TimeZone": 120},
    ),
    "pentax": (
        note_in_block("PENTAX Corporation", b"AOC\0II", directory(*shorts("<", 0, 21, 56, 1, 0))),
        {"Pentax:City": 21, "Pentax:DaylightSavings": 1},
    ),
    "pentax on a journey, the other order": (
        picture("PENTAX", b"PENTAX \0MM" + directory(*shorts(">", 1, 21, 56, 1, 0), order=">")),
        {"Pentax:City": 56, "Pentax:DaylightSavings": 0},
    ),
    "pentax, newer": (
        picture("PENTAX", b"PENTAX \0II" + directory(time_info(0b101, 21, 58))),
        {"Pentax:City": 58, "Pentax:DaylightSavings": 1},
    ),
    "ricoh by pentax": (
        picture("RICOH IMAGING COMPANY, LTD.", b"RICOH\0II" + directory(time_info(0b010, 24, 58))),
        {"Pentax:City": 24, "Pentax:DaylightSavings": 1},
    ),
    "ricoh theta": (ricoh("+09:00"), {"Ricoh:TimeZone": "+09:00"}),
    "olympus": (olympus("2019:07:01 10:00:00"), {"Olympus:DateTimeUTC": "2019:07:01 10:00:00"}),
    "samsung": (samsung(OTHER, STAMP), {"Samsung:TimeStamp": "2019:07:01 10:00:03.500+00:00"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CAMERAS)
def test_the_zone_of_cameras(name: str) -> None:
    data, expected = CAMERAS[name]
    assert zone(data) == expected


@pytest.mark.exiftool
@pytest.mark.skipif(
    shutil.which("exiftool") is None and not os.environ.get("CI"), reason="ExifTool is not installed"
)
def test_exiftool_reads_the_same(tmp_path: Path) -> None:
    files, cases = [], [case for name, case in CAMERAS.items() if "moved" not in name]
    for number, (data, _) in enumerate(cases):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(data)
        files.append((str(path), len(data)))
    with ExifToolProcess(shutil.which("exiftool") or "exiftool") as process:
        states = read_metadata(process, files)
    for state, (_, expected) in zip(states, cases, strict=True):
        for tag, value in expected.items():
            if tag == "Samsung:TimeStamp":  # ExifTool shows it in the machine's zone
                displayed = datetime.strptime(str(state.tags[tag]), "%Y:%m:%d %H:%M:%S.%f%z")
                assert displayed == datetime.fromtimestamp(MILLISECONDS / 1000, UTC)
            else:
                assert state.tags[tag] == value


@pytest.mark.exiftool
@pytest.mark.skipif(
    shutil.which("exiftool") is None and not os.environ.get("CI"), reason="ExifTool is not installed"
)
@pytest.mark.parametrize("hours", [(2,), (-5, 0)])
def test_the_zone_of_tiff_ep(tmp_path: Path, hours: tuple[int, ...]) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(with_zone_offset(*hours))
    assert read(path.read_bytes()).tags["EXIF:TimeZoneOffset"] == hours[0]
    with ExifToolProcess(shutil.which("exiftool") or "exiftool") as process:
        (state,) = read_metadata(process, [(str(path), path.stat().st_size)])
    assert state.tags["EXIF:TimeZoneOffset"] == hours[0]


NOTHING = {
    "a city without summer time": picture("PENTAX", b"PENTAX \0II" + directory(*shorts("<", 0, 21, 56, 1))),
    "notes of Pentax cut": picture("PENTAX", (b"PENTAX \0II" + directory(time_info(0, 1, 2)))[:17]),
    "notes of Pentax without a directory": picture("PENTAX", b"PENTAX \0II"),
    "notes of Ricoh that are none": picture("RICOH", b"Ricoh\0\0\0" + b"\xff" * 30),
    "notes of Olympus cut": picture("OLYMPUS", b"OLYMPUS\0II\3\0\1\0"),
    "an offset in EXIF tells": picture("NIKON", nikon(60, 1), offset="+02:00"),
    "a stamp beside an offset": samsung(STAMP, offset="+02:00"),
    "notes of another maker": picture("Other", nikon(60, 1)),
    "no notes of Nikon": picture("NIKON", b"something else, and long enough"),
    "notes cut": picture("NIKON", nikon(60, 1)[:20]),
    "a directory that points outside": picture("NIKON", nikon(60, 1)[:14] + b"\xff\xff\xff\x7f"),
    "notes of Canon that are none": picture("Canon", b"\xff" * 30),
    "a zone that nobody set": canon_picture(60, 32766, 0),
    "no stamp in the trailer": samsung(OTHER),
    "a stamp that is no number": samsung((0x0A01, b"Image_UTC_Data", b"yesterday")),
    "a stamp that is too long": samsung((0x0A01, b"Image_UTC_Data", b"1" * 40)),
    "a trailer cut": samsung(STAMP)[:-1],
    "a trailer that points outside": picture("samsung", b"\0" * 8) + b"SEFH" + struct.pack(
        "<IIHHIIIHHIII", 107, 2, 0, 0x0A01, 0xFFFFFF, 30, 0, 0, 0, 0, 0, 36
    )[:32] + struct.pack("<I", 36) + b"SEFT",
    "no trailer": picture("samsung", b"\0" * 8),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_not_as_expected_states_nothing(name: str) -> None:
    assert zone(NOTHING[name]) == {}


def test_a_damaged_trailer_gives_one_time_or_nothing() -> None:
    complete = samsung_trailer(OTHER, STAMP)
    for offset in range(len(complete)):
        damaged = [complete[:offset] + bytes([byte]) + complete[offset + 1 :] for byte in (0, 0x7F, 0xFF)]
        for data in (*damaged, complete[offset:]):
            assert read_utc_stamp(io.BytesIO(data)).keys() <= {"Samsung:TimeStamp"}


@pytest.mark.shared
@pytest.mark.exiftool
@pytest.mark.skipif(
    shutil.which("exiftool") is None and not os.environ.get("CI"), reason="ExifTool is not installed"
)
def test_pictures_of_cameras() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("no shared samples here")
    paths = sorted(SAMPLES.glob("*.jpg"))
    with ExifToolProcess(shutil.which("exiftool") or "exiftool") as process:
        states = read_metadata(process, [(str(path), path.stat().st_size) for path in paths])
    for path, state in zip(paths, states, strict=True):
        with path.open("rb") as stream:
            native = read_jpeg(stream)
        if native is None or "EXIF:OffsetTimeOriginal" in native.tags:
            continue
        for tag in ZONE_TAGS & native.tags.keys():
            assert native.tags[tag] == state.tags[tag], path.name
