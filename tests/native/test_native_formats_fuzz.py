"""Damaged PNG, WebP, GIF, TIFF and HEIF files in the writer `native`: flipped bits, missing ends, moved parts."""

from __future__ import annotations

import io
import random
import re
from collections import Counter

import pytest
from exiftool_cases import EXIF, XMP, XMP_ONLY
from native_cases import SAMPLES, format_of, state_of
from native_made import MADE

from pef_tui.formats.image_data import image_digest
from pef_tui.hooks import Span, Written
from pef_tui.model import FileMetadata, Match, MediaFile, Plan, TagEdit
from pef_tui.native.writer import compose

_MISTAKE = re.compile(r"\w*[eE]rror\b")


def plan_for(data: bytes, format: str) -> Plan:
    """The Plan has no metadata, so the writer must read the file itself."""
    expected = XMP_ONLY if format == "gif" else EXIF | XMP
    edits = tuple(TagEdit(tag, value, "always") for tag, value in expected.items())
    state = FileMetadata(format=format, reader="native")
    return Plan(Match(MediaFile(0, "a", len(data), 0), "", metadata=state), "written", edits, writer="native")


def broken(rolls: random.Random, data: bytes) -> bytes:
    """Return the data with a few bytes changed, cut, left out or doubled."""
    out = bytearray(data)
    for _ in range(rolls.choice((1, 1, 1, 2, 4, 16))):
        at = rolls.randrange(max(1, min(len(out), rolls.choice((40, 200, 1000, 100_000)))))
        kind = rolls.random()
        if kind < 0.6 and at < len(out):
            out[at] ^= 1 << rolls.randrange(8)
        elif kind < 0.8:
            out[at : at + 4] = rolls.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", rolls.randbytes(4)))
        elif kind < 0.9:
            out[at : at + rolls.randrange(1, 40)] = b""
        else:
            out[at:at] = out[at : at + rolls.randrange(1, 40)]
    return bytes(out[: rolls.randrange(len(out) + 1)]) if rolls.random() < 0.1 else bytes(out)


def check(data: bytes, format: str) -> str:
    """Compose the data. Check that the result has the same image data, and can be read. Return the outcome of the
    answer.
    """
    state = state_of(data)
    assert state is None or state.reader == "native"
    pieces = compose(plan_for(data, format), io.BytesIO(data))
    if isinstance(pieces, Written):
        assert pieces.outcome == "declined" and pieces.reason
        assert not _MISTAKE.match(pieces.reason), pieces.reason
        return "declined"
    assert all(not isinstance(piece, Span) or 0 <= piece.start < piece.stop <= len(data) for piece in pieces)
    out = b"".join(data[piece.start : piece.stop] if isinstance(piece, Span) else piece for piece in pieces)
    image = image_digest(io.BytesIO(data), format)
    assert image is not None and image_digest(io.BytesIO(out), format) == image
    if format in ("tiff", "dng"):  # of the existing bytes, only the offset of the first directory changes
        assert out[:4] == data[:4] and out[8 : len(data)] == data[8:]
    assert out != data
    assert state is None or state_of(out) is not None
    return "written"


@pytest.mark.parametrize("format", MADE)
def test_broken_pictures_of_a_format_are_written_or_declined(format: str) -> None:
    rolls = random.Random(format)
    sources = [data for data in MADE[format]().values() if len(data) < 100_000]
    words = Counter(check(broken(rolls, rolls.choice(sources)), format) for _ in range(500))
    assert words["written"] > 20 and words["declined"] > 50, words


@pytest.mark.parametrize("format", MADE)
def test_every_cut_of_a_format_is_declined(format: str) -> None:
    data = MADE[format]()["xmp"]
    assert check(data, format) == "written"
    assert {check(data[:end], format) for end in range(len(data))} == {"declined"}


@pytest.mark.fault
@pytest.mark.timeout(900)
@pytest.mark.parametrize("format", MADE)
def test_thousands_of_broken_pictures_of_a_format(format: str) -> None:
    rolls = random.Random(format + "many")
    sources = [data for data in MADE[format]().values() if len(data) < 100_000]
    for path in sorted(SAMPLES.glob("*/*.*")) if SAMPLES.exists() else ():
        if format_of(data := path.read_bytes()) == format and len(data) < 1_000_000:
            sources.append(data)
    items = 10_000 if format == "heic" else 5000
    words = Counter(check(broken(rolls, rolls.choice(sources)), format) for _ in range(items))
    assert words["written"] and words["declined"]
