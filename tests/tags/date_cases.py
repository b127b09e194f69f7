"""Values for the tests of dates: a time in Berlin in the form of each kind of tag."""

from __future__ import annotations

from typing import Any

from tag_cases import seconds

from pef_tui.model import CaptureTime, Match, Value
from pef_tui.tags.dates import dates
from pef_tui.tags.policy import TagDecision, decide

DTO, CREATED = "EXIF:DateTimeOriginal", "EXIF:CreateDate"
OFFSET, OFFSET2 = "EXIF:OffsetTimeOriginal", "EXIF:OffsetTimeDigitized"
SUBSEC, SUBSEC2 = "EXIF:SubSecTimeOriginal", "EXIF:SubSecTimeDigitized"
PHOTOSHOP, XMP_DTO, XMP_CREATED = (
    "XMP-photoshop:DateCreated",
    "XMP-exif:DateTimeOriginal",
    "XMP-xmp:CreateDate",
)
NOON = "2019-07-01T10:00:00Z"


BERLIN = CaptureTime(seconds(NOON), 120, "gps")


FULL = "2019:07:01 12:00:00+02:00"


EXIF_FULL = {DTO: FULL[:19], CREATED: FULL[:19], OFFSET: "+02:00", OFFSET2: "+02:00", PHOTOSHOP: FULL}


XMP_FULL = {XMP_DTO: FULL, PHOTOSHOP: FULL, XMP_CREATED: FULL}


UTC = "2019:07:01 10:00:00"


FILM_DATES = [
    f"QuickTime:{name}" for name in ("CreateDate", "ModifyDate", "TrackCreateDate", "MediaCreateDate")
]


FILM: dict[str, Value] = dict.fromkeys(FILM_DATES, UTC)


FILM_FULL = {**FILM, "Keys:CreationDate": FULL, PHOTOSHOP: FULL}


ZERO = "0000:00:00 00:00:00"


def decided(file_match: Match, existing: Any = "fill") -> TagDecision:
    return decide(file_match, dates(file_match), existing)


def values(result: TagDecision) -> dict[str, Value | None]:
    return {edit.tag: edit.value for edit in result.edits}
