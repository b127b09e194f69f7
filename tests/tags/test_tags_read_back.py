"""What is planned, written by a real ExifTool, read back: the values are there, and nothing is left to do."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tag_cases import geo, match, seconds

from pef_tui.exiftool import Process, arguments
from pef_tui.formats import FORMATS
from pef_tui.model import Match, TagEdit, Value
from pef_tui.settings import Settings
from pef_tui.state.by_exiftool import read_states
from pef_tui.tags.plugin import pef_tag_mappers
from pef_tui.tags.policy import Settled, settle
from pef_tui.tags.taken import stage
from pef_tui.testing.media import make

pytestmark = [
    pytest.mark.exiftool,
    pytest.mark.skipif(
        shutil.which("exiftool") is None and not os.environ.get("CI"), reason="ExifTool is not installed"
    ),
]

STORY = "First \"day\"\n-if\nsystem('x') & 😀 $5 @日本 &amp;"
NAMES = ("Zoë", "李雷", "A|B/C 😀")
PLACES = [geo(-33.8567844, 151.2152967, 58.1), geo(64.1466, -21.9426, -3.5), geo(-54.8, -68.3)]
FORMAT_NAMES = [
    "jpeg",
    "tiff",
    "png",
    "webp",
    "psd",
    "jp2",
    "jxl",
    "dng",
    "heic",
    "avif",
    "gif",
    "mp4",
    "mov",
    "3gp",
]


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    with Process(shutil.which("exiftool") or "exiftool") as running:
        yield running


def no_date(name: str) -> datetime | None:
    return None


def plan(found: Match, existing: Any = "fill") -> tuple[Match, Settled]:
    timed = next(stage(Settings(timezone="Asia/Kathmandu"), no_date)(iter([found])))
    edits = [edit for mapper in pef_tag_mappers(Settings()) for edit in mapper.map(timed)]
    return timed, settle(timed, edits, existing)


def write(process: Process, file: Path, format: str, edits: tuple[TagEdit, ...]) -> dict[str, Value]:
    """The tags that the file has afterwards."""
    args = arguments(edits, FORMATS[format].cls)
    answer = process.run(["-overwrite_original", *args, os.fsencode(file)])
    assert not answer.errors, answer.errors
    return read(process, file)


def read(process: Process, file: Path) -> dict[str, Value]:
    (state,) = read_states(process, [(str(file), file.stat().st_size)])
    return state.tags


@pytest.mark.parametrize("format", FORMAT_NAMES)
@pytest.mark.parametrize("case", range(3))
def test_written_then_nothing_left_to_do(process: Process, tmp_path: Path, format: str, case: int) -> None:
    file = tmp_path / f"a{FORMATS[format].extensions[0]}"
    file.write_bytes(make(format))
    when = ("2019-07-01T10:00:00Z", "1955-03-03T03:03:03Z", "2045-12-31T23:59:59Z")[case]
    given = dict[str, Any](
        format=format, when=when, place=PLACES[case], people=NAMES, description=STORY, favorited=True
    )
    timed, settled = plan(match(read(process, file), **given))
    assert timed.taken is not None
    assert (timed.taken.zone, timed.taken.instant) == ("gps", seconds(when))
    held = write(process, file, format, settled.edits)
    _, again = plan(match(held, **given))
    assert again == Settled()
    assert held["XMP-dc:Subject"] == NAMES
    assert held["XMP-dc:Description"] == STORY
    assert timed.taken.local.strftime("%Y:%m:%d %H:%M:%S") == str(held["XMP-photoshop:DateCreated"])[:19]


@pytest.mark.parametrize("format", ["jpeg", "mp4"])
def test_overwriting_a_conflict(process: Process, tmp_path: Path, format: str) -> None:
    file = tmp_path / f"a{FORMATS[format].extensions[0]}"
    file.write_bytes(make(format))
    old = dict[str, Any](format=format, when="2010-01-01T00:00:00Z", place=geo(10, 10, 5), description="Old")
    held = write(process, file, format, plan(match(read(process, file), **old))[1].edits)
    new = dict[str, Any](format=format, when="2019-07-01T10:00:00Z", place=geo(-20, -20), description=STORY)
    _, kept = plan(match(held, **new))
    assert {conflict.unit for conflict in kept.conflicts} == {"date", "place", "description"}
    assert kept.edits == ()
    _, settled = plan(match(held, **new), "overwrite")
    held = write(process, file, format, settled.edits)
    assert plan(match(held, **new), "overwrite")[1] == Settled()
    assert not [tag for tag, value in held.items() if str(value).startswith("2010")]
