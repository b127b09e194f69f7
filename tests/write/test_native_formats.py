"""The writer `native` in PNG, WebP, GIF, TIFF and HEIF, against ExifTool: what that reads of both."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

import pytest
from exiftool_cases import EXIFTOOL, needs_exiftool
from native_cases import CASES, SAMPLES, format_of, state_of, written
from native_made import MADE, grafted
from native_proving import MENDED, both, differences, read_back

from pef_tui.exiftool import Process
from pef_tui.formats.image_data import image_digest
from pef_tui.model import Plan
from pef_tui.state.by_exiftool import TAGS, read_states
from pef_tui.state.pentax_zone import CITY, DAYLIGHT
from pef_tui.write.native.writer import accepts

WORSE_BY_EXIFTOOL = re.compile(
    r"^EXIF of (es_jpg_Konica_Minolta_DiMAGE_Z3|es_jpg_Nikon_COOLPIX_P1|et_Olympus2)\.jpg: "
    r"|^xmp and exif: |^xmp behind: "
)
"""Maker notes that ExifTool cannot move, so that its writer falls back on XMP; natively they stay where they are. A
WebP with XMP before EXIF, into which ExifTool puts a second EXIF chunk; a GIF with XMP behind its image, into which it
puts a second XMP block."""

Case = tuple[str, Plan, bytes]


@cache
def pictures(format: str) -> dict[str, bytes]:
    """Those made here, and the samples where they are."""
    found = MADE[format]() | grafted(format)
    for path in sorted(SAMPLES.glob("*/*.*")) if SAMPLES.exists() else ():
        if format_of(data := path.read_bytes()) == format:
            found[path.name] = data
    return found


def cases(format: str, whole: bool = False) -> tuple[list[Case], dict[str, str]]:
    """Every picture in every third case that is accepted, the next one in the next; and why pictures were declined.

    The `whole`: every case, and pictures with the EXIF of others too.
    """
    made: list[Case] = []
    declined: dict[str, str] = {}
    for number, (name, data) in enumerate(pictures(format).items()):
        if (name.startswith("EXIF of ") and not whole) or state_of(data) is None:
            continue
        for words, make in list(CASES.items())[0 if whole else number % 3 :: 1 if whole else 3]:
            if format == "gif" and words == "one tag of EXIF":
                continue
            if (plan := make(data)) is None or not plan.edits:
                continue
            if not accepts(plan):
                declined[name] = "not accepted"
            elif isinstance(new := written(plan, data), str):
                declined[name] = new
            else:
                made.append((f"{name}: {words}", plan, data))
    return made, declined


@pytest.mark.parametrize("format", MADE)
def test_image_data_stays_and_a_second_run_has_nothing_to_do(format: str) -> None:
    for name, plan, data in cases(format, whole=True)[0]:
        new = written(plan, data)
        assert isinstance(new, bytes)
        assert image_digest(io.BytesIO(new), format) == image_digest(io.BytesIO(data), format), name
        assert (state := state_of(new)) is not None and (state.format, state.damage) == (format, ""), name
        words = name.rpartition(": ")[2]
        again = CASES[words](new)
        assert again is None or not again.edits or words == "one tag of EXIF", name


@needs_exiftool[0]
@needs_exiftool[1]
@pytest.mark.parametrize("format", MADE)
def test_both_readers_say_the_same_of_a_format(tmp_path: Path, format: str) -> None:
    found = pictures(format)
    paths = [tmp_path / f"{number}.bin" for number in range(len(found))]
    for path, data in zip(paths, found.values(), strict=True):
        path.write_bytes(data)
    with Process(EXIFTOOL) as process:
        theirs = read_states(process, [(str(path), path.stat().st_size) for path in paths])
    asked = {tag.removesuffix("#") for tag in TAGS} | {CITY, DAYLIGHT}
    for (name, data), their in zip(found.items(), theirs, strict=True):
        own = state_of(data)
        assert own is not None or name not in MADE[format](), name
        if own is not None:
            assert (own.format, own.reader, own.damage) == (format, "native", their.damage), name
            kept = {tag: value for tag, value in own.tags.items() if tag in asked or tag.startswith("IPTC:")}
            assert kept == their.tags, name


def prove(tmp_path: Path, tried: list[Case]) -> None:
    """Write each case natively and by ExifTool; what ExifTool reads of both must be the same."""
    words, native, theirs = both(tmp_path, tried)
    with Process(EXIFTOOL) as process:
        ours, others = read_back(process, native), read_back(process, theirs)
    wrong = {}
    for (name, _, _), word, first, second in zip(tried, words, ours, others, strict=True):
        picture = name.removeprefix("EXIF of ").partition(": ")[0]
        found = {
            tag: pair
            for tag, pair in differences(first, second).items()
            if not any(re.search(pattern, tag) and picture == where for pattern, where in MENDED.items())
        }
        if (found or word != "written") and not WORSE_BY_EXIFTOOL.match(name):
            wrong[name] = (word, found)
    assert not wrong


@needs_exiftool[0]
@needs_exiftool[1]
@pytest.mark.parametrize("format", MADE)
def test_every_picture_of_a_format_comes_out_as_from_exiftool(tmp_path: Path, format: str) -> None:
    tried, declined = cases(format)
    assert len(tried) >= 10
    assert not declined.keys() & MADE[format]().keys(), declined
    prove(tmp_path, tried)


@needs_exiftool[0]
@needs_exiftool[1]
@pytest.mark.fault
@pytest.mark.timeout(900)
@pytest.mark.parametrize("format", MADE)
def test_every_picture_in_every_case_and_exif_of_every_camera(tmp_path: Path, format: str) -> None:
    prove(tmp_path, cases(format, whole=True)[0])
