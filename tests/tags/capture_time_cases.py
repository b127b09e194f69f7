"""Helpers of the tests of the capture time: send pictures through the stage, with names that have dates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tag_cases import geo

from pef_tui.model import CaptureTime, Match
from pef_tui.settings import Settings
from pef_tui.tags.capture_time import stage

NOON = "2019-07-01T10:00:00Z"  # noon in Berlin


BERLIN = geo(52.5, 13.4)


AT_SEA, URUMQI = geo(0.0, -150.0), geo(43.8, 87.6)


DTO, OFFSET = "EXIF:DateTimeOriginal", "EXIF:OffsetTimeOriginal"


CREATED, OFFSET2 = "EXIF:CreateDate", "EXIF:OffsetTimeDigitized"


def date_in_name(name: str) -> datetime | None:
    stem = name.rpartition(".")[0].removeprefix("PXL_").removeprefix("IMG_")
    try:
        return datetime.strptime(stem, "%Y%m%d_%H%M%S%z" if "+" in stem else "%Y%m%d_%H%M%S")
    except ValueError:
        return None


def run(*matches: Match, **settings: Any) -> list[Match]:
    return list(stage(Settings(**settings), date_in_name)(iter(matches)))


def one(file_match: Match, **settings: Any) -> CaptureTime | None:
    return run(file_match, **settings)[0].capture_time


def told(*matches: Match) -> list[tuple[str, int | None]]:
    return [
        (result.capture_time.zone, result.capture_time.offset)
        for result in run(*matches)
        if result.capture_time
    ]
