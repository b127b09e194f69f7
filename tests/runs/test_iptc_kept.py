"""Existing IPTC keeps its bytes; only new values are added."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from test_tags_never_lost import run_again

from pef_tui.formats.iptc import IPTC, read_datasets, read_resources
from pef_tui.testing import Item, jpeg, sidecar, takeout
from pef_tui.testing.jpeg import segment

pytestmark = pytest.mark.exiftool

FOLDER = "Photos from 2019/"
LONG = b"a keyword that somebody made longer than the sixty-four bytes the standard allows"
CREDIT = b"Photo: Example Agency Pictures Worldwide / A. Photographer"
ASCII = [
    (2, 0, b"\0\2"),
    (2, 110, CREDIT),
    (2, 60, b"165100"),
    (2, 55, b"20100601"),
    (2, 25, LONG),
    (7, 10, b"\xff\0"),
]
LATIN = [(2, 0, b"\0\4"), (2, 80, "Jürgen".encode("latin-1") * 9), (2, 25, b"old")]
HIDDEN_UTF8 = [(2, 80, "Jürgen".encode()), (2, 25, b"old")]
NAMED = [(1, 90, b"\x1b%G"), (2, 80, "Jürgen".encode()), (2, 25, "Zoë".encode())]
PREFERENCES = [(2, 25, b"old"), (2, 221, b"0:1:0:000000")]
"""With a dataset that only PhotoMechanic writes."""


def block(values: list[tuple[int, int, bytes]]) -> bytes:
    return b"".join(struct.pack(">BBBH", 0x1C, *value[:2], len(value[2])) + value[2] for value in values)


def resource(number: int, content: bytes, name: bytes = b"\0\0") -> bytes:
    size = len(content).to_bytes(4, "big")
    return b"8BIM" + number.to_bytes(2, "big") + name + size + content + bytes(len(content) % 2)


def picture(*content: bytes) -> bytes:
    """Make a JPEG with Photoshop's resources, each in a segment of its own."""
    data = jpeg(1)
    return data[:2] + b"".join(segment(0xED, b"Photoshop 3.0\0" + item) for item in content) + data[2:]


BEFORE, BEHIND = resource(0x03ED, bytes(range(15))), resource(0x0425, bytes(16), b"\3abc")


def values_in(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return the datasets of all IPTC blocks of a JPEG."""
    results, at = [], 0
    while (at := data.find(b"\xff\xed", at)) >= 0:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        content = data[at + 18 : at + 2 + size]
        for each in read_resources(content):
            if each.number == IPTC:
                results += [
                    (dataset.record, dataset.number, dataset.value)
                    for dataset in read_datasets(content[each.start : each.end])
                ]
        at += 2
    return results


NEW = (2, 25, b"Ann")
BOEUF = "Bœuf"
CASES: dict[str, tuple[list[tuple[int, int, bytes]], list[str], list[tuple[int, int, bytes]]]] = {
    "ASCII": (ASCII, ["Ann"], [*ASCII[:5], NEW, ASCII[5]]),
    "ASCII that becomes UTF-8": (
        ASCII,
        ["東京"],
        [(1, 90, b"\x1b%G"), *ASCII[:5], (2, 25, "東京".encode()), ASCII[5]],
    ),
    "Latin-1": (LATIN, ["Ann", BOEUF], [*LATIN, NEW, (2, 25, BOEUF.encode("cp1252"))]),
    "Latin-1 that does not hold it": (LATIN, ["Ann", "東京"], [*LATIN, NEW]),
    "UTF-8 that is not named": (HIDDEN_UTF8, ["Ann", BOEUF], [*HIDDEN_UTF8, NEW]),
    "UTF-8": (NAMED, ["Zoë", "東京"], [*NAMED, (2, 25, "東京".encode())]),
    "a dataset of a program's own": (PREFERENCES, ["Ann"], [PREFERENCES[0], NEW, PREFERENCES[1]]),
    "nothing to add": (ASCII, [], ASCII),
}


@pytest.mark.parametrize("writer", ["auto", "exiftool"])
def test_what_was_there_stays(tmp_path: Path, writer: str) -> None:
    items: dict[str, Any] = {}
    names = {f"{number}.jpg": case for number, case in enumerate(CASES)}
    for name, case in names.items():
        value, people, _ = CASES[case]
        data = picture(BEFORE + resource(IPTC, block(value)) + BEHIND)
        items[FOLDER + name] = Item(sidecar(name, people=people), data)
    takeout(tmp_path, items)
    report = run_again(tmp_path, "--writer", writer, "--verify", "100")
    for name, case in names.items():
        data = (tmp_path / "out" / report[name]["output"]).read_bytes()
        outcome = "copied" if case == "nothing to add" else "written"
        assert report[name]["outcome"] == outcome and not report[name]["xmp_tags"], report[name]
        assert values_in(data) == CASES[case][2], case
        assert BEFORE in data and BEHIND in data and data.index(BEFORE) < data.index(BEHIND)
        if writer == "auto" and case.startswith(("Latin", "UTF")):
            assert report[name]["writer"] == "native", report[name]
    assert {line["outcome"] for line in run_again(tmp_path, "--writer", writer).values()} == {"unchanged"}


@pytest.mark.parametrize("writer", ["auto", "exiftool"])
def test_several_blocks_stay_as_they_are(tmp_path: Path, writer: str) -> None:
    first, second = resource(IPTC, block(ASCII)), resource(IPTC, block(LATIN))
    files = {
        "segments.jpg": picture(BEFORE + first, BEHIND + second),
        "one.jpg": picture(BEFORE + first + second + BEHIND),
        "other.jpg": picture(BEFORE, first + BEHIND),
    }
    takeout(
        tmp_path, {FOLDER + name: Item(sidecar(name, people=["Ann"]), data) for name, data in files.items()}
    )
    for name, line in run_again(tmp_path, "--writer", writer).items():
        data = (tmp_path / "out" / line["output"]).read_bytes()
        assert line["outcome"] in ("written", "sidecar"), line
        assert [value for value in values_in(data) if value != NEW] == values_in(files[name]), name
        assert BEFORE in data and BEHIND in data
