"""The writer `native` against ExifTool: the same Plans over the same pictures, read back tag by tag.

What may differ is listed in `native_proving.HOUSEKEEPING` with its reason; everything else must be equal, and maker
notes must be unchanged, with unknown tags and embedded pictures.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import pytest
from exiftool_cases import EXIFTOOL, needs_exiftool
from native_cases import CASES, pictures, plan_with, sample_pictures, scan_on, write_native
from native_proving import MENDED, differences, read_back, write_both

from pef_tui.exiftool import ExifToolProcess
from pef_tui.model import Plan, Value
from pef_tui.native.writer import accepts
from pef_tui.testing.jpeg import jpeg
from pef_tui.xmp import can_write
from pef_tui.xmp.names import BY_TAG

pytestmark = [*needs_exiftool]

LOST_BY_EXIFTOOL = {"es_jpg_Nikon_COOLPIX_P1.jpg"}
"""ExifTool would drop a damaged directory of the maker notes, so its writer uses XMP. Natively, it stays."""

PARTS = 4


def all_cases(part: int) -> tuple[list[tuple[str, Plan, bytes]], dict[str, str]]:
    """Return every picture of a part in every accepted case, and why pictures were declined."""
    cases, declined = [], {}
    for name, data in islice(pictures(), part, None, PARTS):
        for words, make in CASES.items():
            plan = make(data)
            if plan is None or not plan.edits or not accepts(plan):
                continue
            new = write_native(plan, data)
            if isinstance(new, str):
                declined[name] = new
                continue
            assert scan_on(new) == scan_on(data), (name, words)
            cases.append((f"{name}: {words}", plan, data))
    return cases, declined


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_every_picture_in_every_case_comes_out_as_from_exiftool(tmp_path: Path, part: int) -> None:
    cases, declined = all_cases(part)
    assert len(cases) >= 20
    assert all(reason.startswith("declined: ") for reason in declined.values()), declined
    assert not declined.keys() & sample_pictures().keys() - {"xmp in languages"}, declined
    words, native, reference = write_both(tmp_path, cases)
    with ExifToolProcess(EXIFTOOL) as process:
        produced, rest = read_back(process, native), read_back(process, reference)
    wrong = {}
    for (name, _, _), word, first, second in zip(cases, words, produced, rest, strict=True):
        picture = name.partition(": ")[0]
        if picture in LOST_BY_EXIFTOOL:
            continue
        actual = {
            tag: pair
            for tag, pair in differences(first, second).items()
            if not any(
                re.search(pattern, tag) and picture == location for pattern, location in MENDED.items()
            )
        }
        if actual or word != "written":
            wrong[name] = (word, actual)
    assert not wrong


def test_maker_notes_thumbnails_and_trailers_are_as_before(tmp_path: Path) -> None:
    all_items = CASES["everything, overwritten"]
    cases = []
    for name, data in pictures():
        plan = all_items(data)
        if plan is not None and accepts(plan) and isinstance(write_native(plan, data), bytes):
            cases.append((name, plan, data))
    state_before, state_after = [], []
    for number, (_, plan, data) in enumerate(cases):
        state_before.append(tmp_path / f"{number}b.jpg")
        state_after.append(tmp_path / f"{number}a.jpg")
        state_before[-1].write_bytes(data)
        new = write_native(plan, data)
        assert isinstance(new, bytes)
        state_after[-1].write_bytes(new)
    intended = re.compile(
        "^XMP:|:GPS|DateTimeOriginal|CreateDate|DateCreated|OffsetTime|SubSec|ExifVersion|ImageDescription"
        "|IPTC:(Keywords|Caption-Abstract|CodedCharacterSet)$|:CurrentIPTCDigest$"
    )
    made_anew = re.compile(
        r"^EXIF:IFD0:([XY]Resolution|ResolutionUnit|YCbCrPositioning)$"
        r"|^EXIF:ExifIFD:(ComponentsConfiguration|FlashpixVersion|ColorSpace)$|^File:ExifByteOrder$"
    )
    with ExifToolProcess(EXIFTOOL) as process:
        pairs = zip(
            cases, read_back(process, state_before, "-b"), read_back(process, state_after, "-b"), strict=True
        )
        wrong = {
            (case[0], tag): pair
            for case, old, new in pairs
            for tag, pair in differences(old, new).items()
            if not intended.search(tag) and not (pair[0] is None and made_anew.search(tag))
        }
    assert not wrong


VALUES: dict[str, tuple[Value, ...]] = {
    "text": ("Some <text> & more",),
    "number": (3,),
    "rational": (1 / 3, 8848.86),
    "date": ("2019:07:01 12:34:56+02:00", "2019:07:01 12:34:56", "2019:07:01 12:34:56.25Z"),
    "coordinate": (-33.8567844, 0.0000123, 179.9999999),
}


def test_every_xmp_property_comes_out_as_from_exiftool(tmp_path: Path) -> None:
    data = jpeg(1)
    cases = []
    for tag, known_values in BY_TAG.items():
        for value in VALUES.get(known_values.item, ()) if can_write(tag) else ():
            listing: Value = (str(value), "b, c") if known_values.container in ("bag", "seq") else value
            plan = plan_with(data, {tag: listing})
            if accepts(plan):
                cases.append((f"{tag}: {listing}", plan, data))
    assert len(cases) > 300
    words, native, reference = write_both(tmp_path, cases)
    with ExifToolProcess(EXIFTOOL) as process:
        pairs = zip(
            cases,
            words,
            read_back(process, native, "-XMP:all"),
            read_back(process, reference, "-XMP:all"),
            strict=True,
        )
        wrong = {
            case[0]: actual
            for case, word, first, second in pairs
            if (actual := differences(first, second)) or word != "written"
        }
    assert not wrong


def test_odd_numbers_come_out_as_from_exiftool(tmp_path: Path) -> None:
    """Degrees at all limits of rounding, and altitudes."""
    numbers = [0, 1e-7, 0.5, 1 / 3, 59.9999999, 59.99999999999, 89.9999999, 12.3456789, 33.8567844, 1e-12, 90]
    numbers += [degree + minute / 60 for degree in (1, 47) for minute in (1, 29, 59)]
    data = jpeg(1)
    cases: list[tuple[str, Plan, bytes]] = [
        (
            f"{number} {sign}",
            plan_with(
                data,
                {
                    "EXIF:GPSLatitude": sign * number,
                    "EXIF:GPSLongitude": -sign * number * 2,
                    "EXIF:GPSAltitude": sign * number * 100,
                },
            ),
            data,
        )
        for number in numbers
        for sign in (1, -1)
    ]
    words, native, reference = write_both(tmp_path, cases)
    assert set(words) == {"written"}
    gps = re.compile(r"^EXIF:GPS:")
    with ExifToolProcess(EXIFTOOL) as process:
        for case, first, second in zip(
            cases, read_back(process, native), read_back(process, reference), strict=True
        ):
            assert {key for key in first if gps.match(key[0])} == {
                key for key in second if gps.match(key[0])
            }, case[0]
