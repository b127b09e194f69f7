"""What may join a picture and a sidecar that lie in two Folders: the title, and besides it bytes or time.

Counters are given by each folder anew, so across folders they tell nothing; the title alone tells too little, because
cameras begin again at 1.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from pef_tui.model import EPOCH, JsonFile, MediaFile, Sidecar
from pef_tui.takeout.containers import year_of
from pef_tui.takeout.names import (
    media_names,
    on_disk,
    plain,
    read_sidecar_base,
    sidecar_name,
    uncount,
    uncount_media,
)

RULE = "elsewhere"

SAME = 2.0
"""Seconds by which two readings of one moment may differ (FAT keeps times in steps of two)."""
DAY = 86_400.0
ZONES = 14 * 3600.0
"""Seconds by which the new year is earlier or later in some zone."""
TRIP = 60 * DAY
"""An album whose pictures span more says nothing of when another one of it was taken."""

Span = tuple[float, float]
"""First and last moment of the pictures of a Folder that have a sidecar, UTC seconds."""


def media_keys(name: str) -> frozenset[str]:
    """What the titles of this file may look like, without counters and what file systems change."""
    bare = uncount_media(name).title
    return frozenset((plain(name), plain(bare))) if bare != name else frozenset((plain(name),))


def sidecar_keys(file: JsonFile) -> frozenset[str]:
    """The names a picture of this sidecar may have, in any Folder, in the form of `media_keys`."""
    said = on_disk(file.sidecar.title) if file.sidecar is not None else ""
    base = file.name[:-5] if file.name[-5:].lower() == ".json" else file.name
    title = said or read_sidecar_base(base).title
    return frozenset(plain(name) for name in media_names(title, 0))


def gist(sidecar: Sidecar) -> str:
    """Equal for sidecars that say the same of a picture: Google gives each album's copy a link of its own."""
    return repr(replace(sidecar, url=None))


def sidecar_bases(sidecar: Sidecar) -> frozenset[str]:
    """What the JSON files of this title are called, without counter and `.json`, in the form of `base_keys`."""
    title = on_disk(sidecar.title)
    names = (sidecar_name(title, 0), sidecar_name(title, 0, supplemental=False))
    return frozenset(plain(name[:-5]) for name in names)


def base_keys(name: str) -> frozenset[str]:
    """The name of a JSON file, as `sidecar_bases` has it, with and without what may be a counter."""
    base = name[:-5] if name[-5:].lower() == ".json" else name
    return frozenset((plain(base), plain(uncount(base).title)))


def year_span(year: int) -> Span:
    """First and last moment of a year, with the hours that zones differ by."""
    return _new_year(year) - ZONES, _new_year(year + 1) + ZONES - 0.001


def time_spans(media: MediaFile, folder: str, span: Span | None) -> list[Span]:
    """When a file without a date of its own may have been taken, by what is around it.

    Its modification time to the second; the year folder that it is in (with the hours that zones differ by); or the
    short time that the other pictures of its folder span.
    """
    modified = media.mtime_ns / 1e9
    spans = [(modified - SAME, modified + SAME)]
    year = year_of(folder.rpartition("/")[2])
    if year is not None:
        spans.append(year_span(year))
    elif span is not None and span[1] - span[0] <= TRIP:
        spans.append((span[0] - DAY, span[1] + DAY))
    return spans


def _new_year(year: int) -> float:
    return (datetime(year, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()
