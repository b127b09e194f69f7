"""Damaged videos in the native reader and writer: flipped bits, missing ends, wrong box sizes, random data."""

from __future__ import annotations

import io
import random
import subprocess
from collections import Counter
from pathlib import Path

import orjson
import pytest
from exiftool_cases import EXIFTOOL, FILM, XMP, needs_exiftool
from mp4_cases import chunks_of, made, media_of, videos
from native_cases import format_of

from pef_tui.hooks import Span, Staged, Written
from pef_tui.model import FileMetadata, Match, MediaFile, Plan, TagEdit
from pef_tui.native.writer import NativeSession, compose
from pef_tui.readers.native_readers import READERS

TAGS = tuple(TagEdit(tag, value, "always") for tag, value in (FILM | XMP).items())
DATES = tuple(edit for edit in TAGS if edit.tag.startswith("QuickTime:"))
WORDS = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\0\0\0\x01",
    b"\0\0\0\x08",
    b"moov",
    b"mdat",
    b"\x7f\xff\xff\xff",
)


def plan_for(data: bytes, edits: tuple[TagEdit, ...] = TAGS) -> Plan:
    """The Plan has no metadata, so the writer must read the file itself."""
    state = FileMetadata(format="mp4", reader="native")
    return Plan(
        Match(MediaFile(0, "a.mp4", len(data), 0), "", metadata=state), "written", edits, writer="native"
    )


def broken(rolls: random.Random, data: bytes) -> bytes:
    """Return the data with a few bytes outside its media changed, left out or doubled; sometimes cut, or with data
    added.
    """
    out = bytearray(data)
    start = data.find(b"mdat") + 4
    media = range(start, start + len(media_of(data).partition(b"|")[0]))
    for _ in range(rolls.choice((1, 1, 1, 2, 4))):
        at = rolls.randrange(len(out))
        while at in media:
            at = rolls.randrange(len(out))
        kind = rolls.random()
        if kind < 0.6:
            out[at] ^= 1 << rolls.randrange(8)
        elif kind < 0.85:
            out[at : at + 4] = rolls.choice((*WORDS, rolls.randbytes(4)))
        elif kind < 0.92:
            out[at : at + rolls.randrange(1, 40)] = b""
        else:
            out[at:at] = out[at : at + rolls.randrange(1, 40)]
    if rolls.random() < 0.05:
        return bytes(out[: rolls.randrange(len(out))])
    return bytes(out) + (rolls.randbytes(rolls.randrange(1, 300)) if rolls.random() < 0.05 else b"")


def check(data: bytes, edits: tuple[TagEdit, ...] = TAGS) -> str:
    """Read and compose the data. Check that all media is kept, and that every offset leads to the same bytes. Return
    the outcome.
    """
    READERS["mp4"](io.BytesIO(data))
    pieces = compose(plan_for(data, edits), io.BytesIO(data))
    if isinstance(pieces, Written):
        if pieces.outcome == "unchanged":
            return "unchanged"
        assert pieces.outcome == "declined" and pieces.reason
        assert not pieces.reason.startswith(("IndexError", "error", "KeyError", "Type", "Value")), (
            pieces.reason
        )
        return "declined"
    out = b"".join(data[piece.start : piece.stop] if isinstance(piece, Span) else piece for piece in pieces)
    assert media_of(out) == media_of(data)
    assert chunks_of(out) == chunks_of(data)
    assert out != data
    return "written"


@pytest.mark.parametrize("seed", range(2))
def test_broken_films_are_written_or_declined(seed: int) -> None:
    rolls = random.Random(seed)
    sources = list(made().values())
    edits = (TAGS, DATES)
    words = Counter(check(broken(rolls, rolls.choice(sources)), rolls.choice(edits)) for _ in range(500))
    assert words["written"] > 80 and words["declined"] > 80


def test_every_cut_is_declined() -> None:
    for name in ("iPhone", "iTunes"):
        data = made()[name]
        assert {check(data[:end]) for end in range(len(data))} <= {"declined"}, name


@pytest.mark.fault
@pytest.mark.timeout(900)
def test_ten_thousand_broken_films() -> None:
    rolls = random.Random(10_000)
    sources = [data for _, data in videos()]
    edits = (TAGS, DATES)
    words = Counter(check(broken(rolls, rolls.choice(sources)), rolls.choice(edits)) for _ in range(10_000))
    assert words["written"] > 1000 and words["declined"] > 1000


def test_a_session_never_raises_and_leaves_what_it_declines(tmp_path: Path) -> None:
    rolls = random.Random(5)
    sources = list(made().values())
    session = NativeSession()
    for number in range(100):
        data = broken(rolls, rolls.choice(sources))
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(data)
        [answer] = session.write([Staged(plan_for(data), str(path))])
        assert answer.outcome in ("written", "declined")
        assert (path.read_bytes() == data) is (answer.outcome == "declined")
        assert media_of(path.read_bytes()) == media_of(data)
    assert len(list(tmp_path.iterdir())) == 100


@needs_exiftool[0]
@needs_exiftool[1]
def test_what_was_written_into_broken_films_is_read_by_exiftool(tmp_path: Path) -> None:
    rolls = random.Random(7)
    sources = [data for data in made().values() if format_of(data)]
    count = 0
    while count < 60:
        data = broken(rolls, rolls.choice(sources))
        if not format_of(data):
            continue
        path = tmp_path / f"{count}.mp4"
        path.write_bytes(data)
        [answer] = NativeSession().write([Staged(plan_for(data), str(path))])
        count += answer.outcome == "written"
    (tmp_path / f"{count}.mp4").unlink(missing_ok=True)
    options = [
        "-Error",
        "-QuickTime:CreateDate",
        "-Keys:GPSCoordinates#",
        "-UserData:GPSCoordinates#",
        "-XMP-dc:Subject",
    ]
    result = subprocess.run([EXIFTOOL, "-q", "-j", *options, str(tmp_path)], capture_output=True, check=False)
    content = orjson.loads(result.stdout)
    assert len(content) == 60
    for item in content:
        assert item.pop("SourceFile") and item == {
            "CreateDate": FILM["QuickTime:CreateDate"],
            "GPSCoordinates": "-33.8612 -151.25 -3.5",
            "Subject": list(XMP["XMP-dc:Subject"]),  # type: ignore[arg-type]
        }
