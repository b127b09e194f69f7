"""Compare the writer `native` with ExifTool in PNG, WebP, GIF, TIFF and HEIF: ExifTool reads the same tags from
both.
"""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

import pytest
from exiftool_cases import EXIFTOOL, needs_exiftool
from native_cases import CASES, SAMPLES, format_of, state_of, write_native
from native_made import MADE, grafted
from native_proving import MENDED, differences, read_back, write_both

from pef_tui.exiftool import ExifToolProcess
from pef_tui.formats.image_data import image_digest
from pef_tui.model import Plan
from pef_tui.native.writer import accepts
from pef_tui.readers.exiftool_reader import TAGS, read_metadata
from pef_tui.readers.pentax_zone import CITY, DAYLIGHT

WORSE_BY_EXIFTOOL = re.compile(
    r"^EXIF of (es_jpg_Konica_Minolta_DiMAGE_Z3|es_jpg_Nikon_COOLPIX_P1|et_Olympus2)\.jpg: "
    r"|^xmp and exif: |^xmp behind: "
)
"""Pictures in which ExifTool's own result differs.

Maker notes that ExifTool cannot move, so that its writer uses XMP; natively they stay in place. A WebP with XMP before
EXIF, to which ExifTool adds a second EXIF chunk. A GIF with XMP after its image, to which ExifTool adds a second XMP
block.
"""

Case = tuple[str, Plan, bytes]


@cache
def pictures(format: str) -> dict[str, bytes]:
    """Return the pictures of a format: those made here, and the samples if there are any."""
    entries = MADE[format]() | grafted(format)
    for path in sorted(SAMPLES.glob("*/*.*")) if SAMPLES.exists() else ():
        if format_of(data := path.read_bytes()) == format:
            entries[path.name] = data
    return entries


def cases(format: str, complete: bool = False) -> tuple[list[Case], dict[str, str]]:
    """Return the cases to compare, and why pictures were declined. Each picture is in every third accepted case.

    `complete`: use every case, and also pictures with the EXIF of cameras.
    """
    samples: list[Case] = []
    declined: dict[str, str] = {}
    for number, (name, data) in enumerate(pictures(format).items()):
        if (name.startswith("EXIF of ") and not complete) or state_of(data) is None:
            continue
        for words, make in list(CASES.items())[0 if complete else number % 3 :: 1 if complete else 3]:
            if format == "gif" and words == "one tag of EXIF":
                continue
            if (plan := make(data)) is None or not plan.edits:
                continue
            if not accepts(plan):
                declined[name] = "not accepted"
            elif isinstance(new := write_native(plan, data), str):
                declined[name] = new
            else:
                samples.append((f"{name}: {words}", plan, data))
    return samples, declined


@pytest.mark.parametrize("format", MADE)
def test_image_data_stays_and_a_second_run_has_nothing_to_do(format: str) -> None:
    for name, plan, data in cases(format, complete=True)[0]:
        new = write_native(plan, data)
        assert isinstance(new, bytes)
        assert image_digest(io.BytesIO(new), format) == image_digest(io.BytesIO(data), format), name
        assert (state := state_of(new)) is not None and (state.format, state.damage) == (format, ""), name
        words = name.rpartition(": ")[2]
        second_run = CASES[words](new)
        assert second_run is None or not second_run.edits or words == "one tag of EXIF", name


@needs_exiftool[0]
@needs_exiftool[1]
@pytest.mark.parametrize("format", MADE)
def test_both_readers_say_the_same_of_a_format(tmp_path: Path, format: str) -> None:
    actual = pictures(format)
    paths = [tmp_path / f"{number}.bin" for number in range(len(actual))]
    for path, data in zip(paths, actual.values(), strict=True):
        path.write_bytes(data)
    with ExifToolProcess(EXIFTOOL) as process:
        reference = read_metadata(process, [(str(path), path.stat().st_size) for path in paths])
    requests = {tag.removesuffix("#") for tag in TAGS} | {CITY, DAYLIGHT}
    for (name, data), their in zip(actual.items(), reference, strict=True):
        own_value = state_of(data)
        assert own_value is not None or name not in MADE[format](), name
        if own_value is not None:
            assert (own_value.format, own_value.reader, own_value.damage) == (
                format,
                "native",
                their.damage,
            ), name
            retained = {
                tag: value
                for tag, value in own_value.tags.items()
                if tag in requests or tag.startswith("IPTC:")
            }
            assert retained == their.tags, name


def prove(tmp_path: Path, tried: list[Case]) -> None:
    """Write each case natively and with ExifTool. ExifTool must read the same tags from both."""
    words, native, reference = write_both(tmp_path, tried)
    with ExifToolProcess(EXIFTOOL) as process:
        produced, rest = read_back(process, native), read_back(process, reference)
    wrong = {}
    for (name, _, _), word, first, second in zip(tried, words, produced, rest, strict=True):
        picture = name.removeprefix("EXIF of ").partition(": ")[0]
        actual = {
            tag: pair
            for tag, pair in differences(first, second).items()
            if not any(
                re.search(pattern, tag) and picture == location for pattern, location in MENDED.items()
            )
        }
        if (actual or word != "written") and not WORSE_BY_EXIFTOOL.match(name):
            wrong[name] = (word, actual)
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
    prove(tmp_path, cases(format, complete=True)[0])
