"""What the tests of the stage share: pictures through it, with names that have dates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tag_cases import geo

from pef_tui.model import Match, Taken
from pef_tui.settings import Settings
from pef_tui.tags.taken import stage

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


def one(found: Match, **settings: Any) -> Taken | None:
    return run(found, **settings)[0].taken


def told(*matches: Match) -> list[tuple[str, int | None]]:
    return [(found.taken.zone, found.taken.offset) for found in run(*matches) if found.taken]
