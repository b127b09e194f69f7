"""The writer `native` against ExifTool on videos: the same Plans over the same videos, read back tag by tag.

What may differ is listed in HOUSEKEEPING with its reason; everything else must be equal, unknown boxes too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from exiftool_cases import EXIFTOOL, needs_exiftool
from mp4_cases import CASES, made, videos
from native_cases import plan_with, write_native
from native_proving import Tags, read_back, write_both

from pef_tui.exiftool import ExifToolProcess
from pef_tui.model import Plan, Value
from pef_tui.native.writer import accepts
from pef_tui.testing.films import film

pytestmark = [*needs_exiftool]

HOUSEKEEPING = {
    r"^SourceFile$|^File:System:": "where and when it was written; how large it is",
    r"^XMP:XMP-x:XMPToolkit$": "ExifTool signs what it writes",
    r"^QuickTime:MediaDataOffset$": "ExifTool puts all media data behind everything else",
    r"^QuickTime:Wide$": "an empty box that ExifTool leaves out",
    r"^QuickTime:Free$": "an empty box: room, so that media data can share the blocks of its source",
}
LEFT = ("Description stands in a place of its own", "user data of an unknown kind")
"""Accepted reasons for leaving a video of these tests to ExifTool."""
_HOUSEKEEPING = re.compile("|".join(HOUSEKEEPING))

Case = tuple[str, Plan, bytes]


def compare(tmp_path: Path, cases: Sequence[Case]) -> dict[str, object]:
    """Write each case natively and with ExifTool. Return the differences by the name of the case."""
    words, native, reference = write_both(tmp_path, cases)
    with ExifToolProcess(EXIFTOOL) as process:
        pairs = zip(read_back(process, native), read_back(process, reference), strict=True)
        result = [differences(first, second) for first, second in pairs]
    return {
        case[0]: (word, wrong)
        for case, word, wrong in zip(cases, words, result, strict=True)
        if wrong or word != "written"
    }


def differences(first: Tags, second: Tags) -> dict[str, tuple[bytes | None, bytes | None]]:
    produced, reference = dict((first - second).keys()), dict((second - first).keys())
    names = produced.keys() | reference.keys()
    return {tag: (produced.get(tag), reference.get(tag)) for tag in names if not _HOUSEKEEPING.search(tag)}


SOME = ("everything", "another date, overwritten", "south, west and below the sea")
"""Cases that together contain every edit of the other cases."""


def prove(tmp_path: Path, chosen: Sequence[str]) -> int:
    """Compare every video in these cases. Return how many were written natively."""
    cases: list[Case] = []
    unread, remaining = set(), {}
    for name, data in videos():
        for words in chosen:
            plan = CASES[words](data)
            if plan is None:
                unread.add(name)
            elif plan.edits and accepts(plan):
                new = write_native(plan, data)
                if isinstance(new, bytes):
                    cases.append((f"{name}: {words}", plan, data))
                else:
                    remaining[name] = new
    assert not unread & made().keys()
    assert all(reason.endswith(LEFT) for reason in remaining.values()), remaining
    assert not compare(tmp_path, cases)
    return len(cases)


@pytest.mark.long
def test_every_film_comes_out_as_from_exiftool(tmp_path: Path) -> None:
    assert prove(tmp_path, SOME) > 60


@pytest.mark.fault
@pytest.mark.timeout(900)
def test_every_film_in_every_case_comes_out_as_from_exiftool(tmp_path: Path) -> None:
    assert prove(tmp_path, list(CASES)) > 280


VALUES: dict[str, tuple[Value, ...]] = {
    "GPSCoordinates": (
        *("0.0001, -0.0001", "1, -1", "90, 180, 0", "-89.99999, 179.99999, 8848.86", "12.3, 4.5, -0.5"),
        *("33.8567844, -151.213108", "9.5, 99.05, 100", "0, 0", "10.10, 20.200, 30.3000"),
    ),
    "CreationDate": ("2019:07:01 12:34:56+02:00", "1999:12:31 23:59:59Z", "2019:02:31 00:00:00-11:30"),
    "CreateDate": ("1970:01:01 00:00:00", "2040:02:06 06:28:15", "2038:01:19 03:14:08", "2020:02:29 23:59:59"),
    "ModifyDate": ("2001:09:09 01:46:40",),
    "TrackCreateDate": ("2001:09:09 01:46:40",),
    "MediaCreateDate": ("2001:09:09 01:46:40",),
    "Description": ("a", "&amp; <b> $1 \\n", "two\nlines\r\nthree", "é\u2028ü\t😀", "x" * 70_000, "5.10", "BM", "=#-"),
}  # fmt: skip
TAGS = (
    *("Keys:CreationDate", "Keys:GPSCoordinates", "Keys:Description", "UserData:GPSCoordinates"),
    *("ItemList:GPSCoordinates", "ItemList:Description", "QuickTime:CreateDate", "QuickTime:ModifyDate"),
    *("QuickTime:TrackCreateDate", "QuickTime:MediaCreateDate"),
)


def test_every_value_in_every_tag_comes_out_as_from_exiftool(tmp_path: Path) -> None:
    data = film("mp4", 1, moov="first")
    cases = [
        (f"{tag}: {str(value)[:60]}", plan_with(data, {tag: value}), data)
        for tag in TAGS
        for value in VALUES[tag.partition(":")[2]]
    ]
    assert all(accepts(plan) for _, plan, _ in cases)
    assert not compare(tmp_path, cases)
