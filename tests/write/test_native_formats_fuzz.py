"""Broken PNG, WebP, GIF, TIFF and HEIF files through the writer `native`: bits flipped, ends cut, pieces moved."""

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
from pef_tui.model import Match, MediaFile, Plan, State, TagEdit
from pef_tui.write.native.writer import compose

_MISTAKE = re.compile(r"\w*[eE]rror\b")


def plan_for(data: bytes, format: str) -> Plan:
    """The state says nothing: the writer has to see for itself."""
    wanted = XMP_ONLY if format == "gif" else EXIF | XMP
    edits = tuple(TagEdit(tag, value, "always") for tag, value in wanted.items())
    state = State(format=format, reader="native")
    return Plan(Match(MediaFile(0, "a", len(data), 0), "", state=state), "written", edits, writer="native")


def broken(rolls: random.Random, data: bytes) -> bytes:
    """The data with a few bytes changed, cut, left out or doubled."""
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
    """Compose it; the image in what came out is that of before, and can be read again. The word of the answer."""
    state = state_of(data)
    assert state is None or state.reader == "native"
    pieces = compose(plan_for(data, format), io.BytesIO(data))
    if isinstance(pieces, Written):
        assert pieces.word == "declined" and pieces.reason
        assert not _MISTAKE.match(pieces.reason), pieces.reason
        return "declined"
    assert all(not isinstance(each, Span) or 0 <= each.start < each.stop <= len(data) for each in pieces)
    out = b"".join(data[each.start : each.stop] if isinstance(each, Span) else each for each in pieces)
    image = image_digest(io.BytesIO(data), format)
    assert image is not None and image_digest(io.BytesIO(out), format) == image
    if format in ("tiff", "dng"):  # nothing that was there changes but where the first directory begins
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
    many = 10_000 if format == "heic" else 5000
    words = Counter(check(broken(rolls, rolls.choice(sources)), format) for _ in range(many))
    assert words["written"] and words["declined"]
