"""Live videos whose names do not identify their stills."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from struct import pack
from typing import BinaryIO

import pytest
from match_cases import card, folder, media

from pef_tui.formats.live_video import VideoFacts, read_still_identifier, read_video_facts
from pef_tui.model import JsonFile, MediaFile
from pef_tui.takeout.matcher import match_folder
from pef_tui.testing import film
from pef_tui.testing.films import box

ONE, TWO, FAR = 1_561_977_296, 1_571_977_296, 1_581_977_296


def shot(taken: int) -> bytes:
    return film("mp4", 1, created=datetime.fromtimestamp(taken, UTC))


def keyed(**texts: str) -> bytes:
    """Make a video with Apple's keys and no other date."""
    names = {"created": b"com.apple.quicktime.creationdate", "id": b"com.apple.quicktime.content.identifier"}
    keys = b"".join(pack(">I4s", 8 + len(names[key]), b"mdta") + names[key] for key in texts)
    items = b"".join(
        pack(">II", 8 + 16 + len(text), number) + box(b"data", pack(">II", 1, 0) + text.encode())
        for number, text in enumerate(texts.values(), 1)
    )
    handler = box(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    meta = box(b"meta", handler + box(b"keys", pack(">II", 0, len(texts)) + keys) + box(b"ilst", items))
    head = box(b"mvhd", bytes(100))
    return box(b"ftyp", b"qt  " + bytes(8)) + box(b"mdat", b"x") + box(b"moov", head + meta)


def still(identifier: str) -> bytes:
    """Make the beginning of a picture with Apple's maker note."""
    text = identifier.encode() + b"\0"
    note = b"Apple iOS\0\0\1MM" + pack(">H", 1) + pack(">HHII", 0x11, 2, len(text), 40) + bytes(12) + text
    return bytes(30) + note


H1, H2 = card("I.HEIC.json", taken=ONE), card("I.HEIC(1).json", "I.HEIC", taken=TWO)
JPG = card("I.JPG.json", taken=TWO)

CASES: dict[str, tuple[dict[str, bytes], list[JsonFile], dict[str, str]]] = {
    # media with their bytes, sidecars, {video: still}
    "the film of the second still": (
        {"I.HEIC": b"", "I(1).HEIC": b"", "I.MP4": shot(TWO)},
        [H1, H2],
        {"I.MP4": "I(1).HEIC"},
    ),
    "two films the other way round": (
        {"I.HEIC": b"", "I(1).HEIC": b"", "I.MP4": shot(TWO + 2), "I(1).MP4": shot(ONE)},
        [H1, H2],
        {"I.MP4": "I(1).HEIC", "I(1).MP4": "I.HEIC"},
    ),
    "one film tells, the other goes by its name unless that still is taken": (
        {"I.HEIC": b"", "I.JPG": b"", "I.MP4": b"", "I(1).MP4": shot(ONE)},
        [H1, JPG],
        {"I.MP4": "I.JPG", "I(1).MP4": "I.HEIC"},
    ),
    "HEIC and JPG of one name": (
        {"I.HEIC": b"", "I.JPG": b"", "I.MP4": shot(TWO), "I(1).MP4": shot(ONE)},
        [H1, JPG],
        {"I.MP4": "I.JPG", "I(1).MP4": "I.HEIC"},
    ),
    "a film of another moment goes by its name": (
        {"I.HEIC": b"", "I(1).HEIC": b"", "I.MP4": shot(FAR)},
        [H1, H2],
        {"I.MP4": "I.HEIC"},
    ),
    "a counted film of another moment is of no still": (
        {"I.HEIC": b"", "I.JPG": b"", "I.MP4": shot(ONE), "I(1).MP4": shot(FAR)},
        [H1, JPG],
        {"I.MP4": "I.HEIC", "I(1).MP4": ""},
    ),
    "only a counted still": ({"I(1).HEIC": b"", "I.MP4": shot(TWO)}, [H2], {"I.MP4": "I(1).HEIC"}),
    "only a counted still of another moment": ({"I(1).HEIC": b"", "I.MP4": shot(ONE)}, [H2], {"I.MP4": ""}),
    "Apple's date goes before the one of the container": (
        {"I.HEIC": b"", "I(1).HEIC": b"", "I.MOV": keyed(created="2019-10-25T06:21:36+0200")},
        [H1, H2],
        {"I.MOV": "I(1).HEIC"},
    ),
    "Apple's identifier goes before every moment": (
        {
            "I.HEIC": still("AAAAAAAA"),
            "I(1).HEIC": still("BBBBBBBB"),
            "I.MOV": keyed(created="2019-07-01T12:34:56+0200", id="BBBBBBBB"),
        },
        [H1, H2],
        {"I.MOV": "I(1).HEIC"},
    ),
    "a film with the identifier of neither is of neither": (
        {"I.HEIC": still("AAAAAAAA"), "I(1).HEIC": still("BBBBBBBB"), "I.MOV": keyed(id="CCCCCCCC")},
        [H1, H2],
        {"I.MOV": ""},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_film_itself_tells(case: str) -> None:
    files, cards, expected = CASES[case]

    def opened(file: MediaFile) -> BinaryIO:
        return io.BytesIO(files[file.name])

    actual = {match.media.name: match for match in match_folder(folder(map(media, files), cards), opened)}
    assert {name: actual[name].main for name in expected} == expected
    for name, main in expected.items():
        assert actual[name].json == (actual[main].json if main else None)


def test_films_are_read_only_where_names_leave_a_question() -> None:
    def opened(file: MediaFile) -> BinaryIO:
        raise AssertionError(file.name)

    files = ["I.HEIC", "I.MOV", "J.HEIC", "J(1).HEIC", "K.MOV", "L(1).HEIC", "L(1).MOV"]
    names = ["I.HEIC", "J.HEIC", "L.HEIC"]
    list(match_folder(folder(map(media, files), [card(f"{name}.json") for name in names]), opened))


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 40, shot(ONE)[:-30], keyed(id="A" * 9)[:-5], bytes(range(256)) * 9]
)
def test_damaged_files_tell_nothing_or_the_truth(data: bytes) -> None:
    assert read_video_facts(io.BytesIO(data)).created in (None, ONE)
    assert read_still_identifier(io.BytesIO(data)) == ""


def test_what_files_tell() -> None:
    assert read_video_facts(io.BytesIO(shot(ONE))) == VideoFacts(ONE)
    assert read_video_facts(io.BytesIO(keyed(created="2019-07-01T12:34:56+0200", id="x-y"))) == VideoFacts(
        ONE, "x-y"
    )
    assert read_still_identifier(io.BytesIO(still("7A3E-11"))) == "7A3E-11"
    assert read_still_identifier(io.BytesIO(still("7A3E-11")[:50])) == ""
