"""Write planned edits with a real ExifTool and read them back: the values are there, and nothing remains to be done."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tag_cases import geo, match, seconds

from pef_tui.exiftool import ExifToolProcess, arguments
from pef_tui.formats import FORMATS
from pef_tui.model import Match, TagEdit, Value
from pef_tui.readers.exiftool_reader import read_metadata
from pef_tui.settings import Settings
from pef_tui.tags.capture_time import stage
from pef_tui.tags.plugin import pef_tag_mappers
from pef_tui.tags.policy import TagDecision, decide
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
def process() -> Iterator[ExifToolProcess]:
    with ExifToolProcess(shutil.which("exiftool") or "exiftool") as running:
        yield running


def no_date(name: str) -> datetime | None:
    return None


def plan(file_match: Match, existing: Any = "fill") -> tuple[Match, TagDecision]:
    timed = next(stage(Settings(timezone="Asia/Kathmandu"), no_date)(iter([file_match])))
    edits = [edit for mapper in pef_tag_mappers(Settings()) for edit in mapper.map(timed)]
    return timed, decide(timed, edits, existing)


def write(process: ExifToolProcess, file: Path, format: str, edits: tuple[TagEdit, ...]) -> dict[str, Value]:
    """Write the edits. Return the tags that the file has then."""
    args = arguments(edits, FORMATS[format].cls)
    answer = process.run(["-overwrite_original", *args, os.fsencode(file)])
    assert not answer.errors, answer.errors
    return read(process, file)


def read(process: ExifToolProcess, file: Path) -> dict[str, Value]:
    (state,) = read_metadata(process, [(str(file), file.stat().st_size)])
    return state.tags


@pytest.mark.parametrize("format", FORMAT_NAMES)
@pytest.mark.parametrize("case", range(3))
def test_written_then_nothing_left_to_do(
    process: ExifToolProcess, tmp_path: Path, format: str, case: int
) -> None:
    file = tmp_path / f"a{FORMATS[format].extensions[0]}"
    file.write_bytes(make(format))
    moment = ("2019-07-01T10:00:00Z", "1955-03-03T03:03:03Z", "2045-12-31T23:59:59Z")[case]
    inputs = dict[str, Any](
        format=format, moment=moment, place=PLACES[case], people=NAMES, description=STORY, favorited=True
    )
    timed, decision = plan(match(read(process, file), **inputs))
    assert timed.capture_time is not None
    assert (timed.capture_time.zone, timed.capture_time.instant) == ("gps", seconds(moment))
    value = write(process, file, format, decision.edits)
    _, second_run = plan(match(value, **inputs))
    assert second_run == TagDecision()
    assert value["XMP-dc:Subject"] == NAMES
    assert value["XMP-dc:Description"] == STORY
    assert (
        timed.capture_time.local.strftime("%Y:%m:%d %H:%M:%S") == str(value["XMP-photoshop:DateCreated"])[:19]
    )


@pytest.mark.parametrize("format", ["jpeg", "mp4"])
def test_overwriting_a_conflict(process: ExifToolProcess, tmp_path: Path, format: str) -> None:
    file = tmp_path / f"a{FORMATS[format].extensions[0]}"
    file.write_bytes(make(format))
    old = dict[str, Any](
        format=format, moment="2010-01-01T00:00:00Z", place=geo(10, 10, 5), description="Old"
    )
    stored_value = write(process, file, format, plan(match(read(process, file), **old))[1].edits)
    new = dict[str, Any](format=format, moment="2019-07-01T10:00:00Z", place=geo(-20, -20), description=STORY)
    _, retained = plan(match(stored_value, **new))
    assert {conflict.unit for conflict in retained.conflicts} == {"date", "place", "description"}
    assert retained.edits == ()
    _, decision = plan(match(stored_value, **new), "overwrite")
    stored_value = write(process, file, format, decision.edits)
    assert plan(match(stored_value, **new), "overwrite")[1] == TagDecision()
    assert not [tag for tag, value in stored_value.items() if str(value).startswith("2010")]
