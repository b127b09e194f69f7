"""The page on tags names every format in the right list, and every tag that may be written."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from pef_tui.formats import FORMATS
from pef_tui.model import Match
from pef_tui.settings import TAGS_BY_DEFAULT, TAGS_ON_DEMAND, Settings
from pef_tui.tags.plugin import pef_tag_mappers
from pef_tui.testing import made_match

PAGE = (Path(__file__).parents[2] / "docs" / "tags.md").read_text(encoding="utf-8")
CLASS_OF_ROW = {"JPEG,": "exif", "MP4,": "quicktime", "GIF,": "xmp", "raw pictures": "raw", "AVI,": "none"}
CALLED = {
    "jp2": "JPEG 2000", "jxl": "JPEG XL", "jxl-bare": "JPEG XL without container", "ico": "icons",
    "j2c": "JPEG 2000", "mpg": "MPEG", "webp": "WebP", "webm": "WebM", "raw": "others",
}  # fmt: skip


def rows(heading: str) -> list[str]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][2:]


def test_every_format_is_in_its_row() -> None:
    entries = {}
    for row in rows("Where tags go"):
        cells = row.strip("| ").split(" | ")
        cls = next((cls for start, cls in CLASS_OF_ROW.items() if cells[0].startswith(start)), "")
        entries[cls] = cells[0]
    for form in FORMATS.values():
        calls = CALLED.get(form.name, form.name.upper())
        if form.name in ("jxl-bare", "j2c"):
            assert "JPEG 2000 and JPEG XL without container" in entries["none"]
        else:
            assert re.search(rf"\b{calls}\b", entries[form.cls]), form.name


@pytest.mark.parametrize("form", ["jpeg", "gif", "mp4", "nef", "avi"])
@pytest.mark.parametrize("taken", [1_561_977_296, -500_000_000, 2_400_000_000])
def test_every_tag_is_named(form: str, taken: int) -> None:
    every = Settings(tags=",".join(f"+{name}" for name in (*TAGS_BY_DEFAULT, *TAGS_ON_DEMAND)))
    for value in ({}, {"IPTC:City": "Bern", "ExifIFD:ExifVersion": "0220", "EXIF:SubSecTimeOriginal": "12"}):
        match = full(form, taken, value)
        edits = itertools.chain.from_iterable(mapper.map(match) for mapper in pef_tag_mappers(every))
        tags = {edit.tag for edit in edits}
        assert len(tags) > 10
        for tag in tags:
            assert tag.rpartition(":")[2].removesuffix("Ref") in PAGE, tag


def full(form: str, taken: int, value: dict[str, str]) -> Match:
    """Return a Match of this format whose sidecar has a value for every field."""
    fields = {
        "photoTakenTime": {"timestamp": str(taken)}, "people": [{"name": "Ana"}], "description": "words",
        "geoData": {"latitude": 48.85, "longitude": 2.35, "altitude": 35.0}, "favorited": True,
        "archived": True, "trashed": True, "url": "https://photos.google.com/photo/x",
    }  # fmt: skip
    match = made_match(fields, f"a{FORMATS[form].extensions[0]}", tags=value, offset=120)
    return replace(match, albums=("Alps",))
