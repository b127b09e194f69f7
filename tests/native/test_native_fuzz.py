"""Damaged JPEGs in the writer `native`: flipped bits, missing ends, moved parts."""

from __future__ import annotations

import io
import random
import subprocess
from collections import Counter
from pathlib import Path

import orjson
import pytest
from exiftool_cases import EXIF, EXIFTOOL, XMP, needs_exiftool
from native_cases import pictures, sample_pictures, scan_on

from pef_tui.hooks import Span, Staged, Written
from pef_tui.model import FileMetadata, Match, MediaFile, Plan, TagEdit
from pef_tui.native.writer import NativeSession, compose

TAGS = tuple(TagEdit(tag, value, "always") for tag, value in (EXIF | XMP).items())


def plan_for(data: bytes) -> Plan:
    """The Plan has no metadata, so the writer must read the file itself."""
    media = MediaFile(0, "a.jpg", len(data), 0)
    return Plan(
        Match(media, "", metadata=FileMetadata(format="jpeg", reader="native")),
        "written",
        TAGS,
        writer="native",
    )


def broken(random: random.Random, data: bytes) -> bytes:
    """Return the data with a few bytes of its header changed, cut, left out or doubled."""
    out = bytearray(data)
    header = len(data) - len(scan_on(data)) or len(data)
    for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
        at = random.randrange(header)
        kind = random.random()
        if kind < 0.6:
            out[at] ^= 1 << random.randrange(8)
        elif kind < 0.8:
            out[at : at + 4] = random.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", random.randbytes(4)))
        elif kind < 0.9:
            out[at : at + random.randrange(1, 40)] = b""
        else:
            out[at:at] = out[at : at + random.randrange(1, 40)]
        header = max(1, min(header, len(out)))
    return bytes(out[: random.randrange(len(out))]) if random.random() < 0.1 else bytes(out)


def check(data: bytes) -> str:
    """Compose the data. Check that every byte from the first scan on is kept. Return the outcome of the answer."""
    pieces = compose(plan_for(data), io.BytesIO(data))
    if isinstance(pieces, Written):
        assert pieces.outcome == "declined" and pieces.reason
        assert not pieces.reason.startswith(("IndexError", "error", "KeyError", "TypeError")), pieces.reason
        return "declined"
    out = b"".join(data[piece.start : piece.stop] if isinstance(piece, Span) else piece for piece in pieces)
    image = scan_on(data)
    assert image[:2] == b"\xff\xda" and scan_on(out) == image
    assert out != data
    return "written"


@pytest.mark.parametrize("seed", range(4))
def test_broken_pictures_are_written_or_declined(seed: int) -> None:
    rolls = random.Random(seed)
    sources = list(sample_pictures().values())
    words = Counter(check(broken(rolls, rolls.choice(sources))) for _ in range(750))
    assert words["written"] > 100 and words["declined"] > 100


def test_every_cut_is_written_or_declined() -> None:
    data = sample_pictures()["exif and xmp"]
    scan = len(data) - len(scan_on(data))
    words = [check(data[:end]) for end in range(len(data))]
    assert set(words[: scan + 2]) == {"declined"}
    assert set(words[scan + 4 :]) == {"written"}


@pytest.mark.fault
@pytest.mark.timeout(600)
def test_ten_thousand_broken_pictures() -> None:
    rolls = random.Random(10_000)
    sources = [data for _, data in pictures()]
    words = Counter(check(broken(rolls, rolls.choice(sources))) for _ in range(10_000))
    assert words["written"] and words["declined"]


def test_a_session_never_raises_and_leaves_what_it_declines(tmp_path: Path) -> None:
    rolls = random.Random(5)
    sources = list(sample_pictures().values())
    session = NativeSession()
    for number in range(200):
        data = broken(rolls, rolls.choice(sources))
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(data)
        [answer] = session.write([Staged(plan_for(data), str(path))])
        assert answer.outcome in ("written", "declined")
        assert (path.read_bytes() == data) is (answer.outcome == "declined")
        assert answer.outcome == "declined" or scan_on(path.read_bytes()) == scan_on(data)
    assert len(list(tmp_path.iterdir())) == 200


@needs_exiftool[0]
@needs_exiftool[1]
def test_what_was_written_into_broken_pictures_is_read_by_exiftool(tmp_path: Path) -> None:
    rolls = random.Random(7)
    sources = list(sample_pictures().values())
    count = 0
    while count < 100:
        path = tmp_path / f"{count}.jpg"
        data = broken(rolls, rolls.choice(sources))
        path.write_bytes(data)
        [answer] = NativeSession().write([Staged(plan_for(data), str(path))])
        count += answer.outcome == "written"
    options = ["-Error", "-EXIF:DateTimeOriginal", "-EXIF:GPSLatitude#", "-XMP-dc:Subject", "-ext", "jpg"]
    result = subprocess.run([EXIFTOOL, "-q", "-j", *options, str(tmp_path)], capture_output=True, check=False)
    content = [
        each for each in orjson.loads(result.stdout) if not each["SourceFile"].endswith(f"/{count}.jpg")
    ]
    assert len(content) == 100
    for each in content:
        assert each.pop("SourceFile") and each == {
            "DateTimeOriginal": EXIF["EXIF:DateTimeOriginal"],
            "GPSLatitude": 33.8612,
            "Subject": list(XMP["XMP-dc:Subject"]),  # type: ignore[arg-type]
        }
