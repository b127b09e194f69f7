"""Keys that match a picture and a sidecar of two Folders: the title, together with bytes or time.

Counters (`a(1).jpg`) are not compared: each folder has its own. The title alone is not enough: cameras begin again at
1, so different pictures have the same title.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from pef_tui.model import EPOCH, JsonFile, MediaFile, Sidecar
from pef_tui.takeout.containers import year_of
from pef_tui.takeout.naming import (
    media_names,
    on_disk,
    plain,
    read_sidecar_base,
    sidecar_name,
    uncount,
    uncount_media,
)

RULE = "elsewhere"

SAME_SECONDS = 2.0
"""Largest difference in seconds of two values for the same time. (FAT stores steps of 2 s.)"""
DAY = 86_400.0
ZONES = 14 * 3600.0
"""Largest difference in seconds between UTC and local time. It applies to local times such as the start of a year."""
TRIP = 60 * DAY
"""Longest time in seconds between the first and the last picture of a trip.

If the dated pictures of an album are within this time, its pictures without a date may be of the same days.
"""

Span = tuple[float, float]
"""A range of times: first and last moment, in seconds since 1970 (UTC)."""


def media_keys(name: str) -> frozenset[str]:
    """Return the titles that the sidecar of the media file `name` may have: the name with and without its counter.

    Example for `a(1).jpg`: `a(1).jpg` and `a.jpg`. Titles are folded by `naming.plain`.
    """
    bare = uncount_media(name).title
    return frozenset((plain(name), plain(bare))) if bare != name else frozenset((plain(name),))


def sidecar_keys(file: JsonFile) -> frozenset[str]:
    """Return the names, without counter, that the picture of a sidecar may have. They are folded by `naming.plain`."""
    title_on_disk = on_disk(file.sidecar.title) if file.sidecar is not None else ""
    base = file.name[:-5] if file.name[-5:].lower() == ".json" else file.name
    title = title_on_disk or read_sidecar_base(base).title
    return frozenset(plain(name) for name in media_names(title, 0))


def content_key(sidecar: Sidecar) -> str:
    """Return a key that is equal for sidecars with the same content.

    The URL is left out: it differs between the copies of a sidecar in several albums.
    """
    return repr(replace(sidecar, url=None))


def sidecar_bases(sidecar: Sidecar) -> frozenset[str]:
    """Return the file names that `sidecar` may have, in the old and the new naming, to compare them with `base_keys`.

    They have no counter and no `.json`, and are folded by `naming.plain`.
    """
    title = on_disk(sidecar.title)
    names = (sidecar_name(title, 0), sidecar_name(title, 0, supplemental=False))
    return frozenset(plain(name[:-5]) for name in names)


def base_keys(name: str) -> frozenset[str]:
    """Return the name of a JSON file without `.json`: with and without its counter, folded by `naming.plain`."""
    base = name[:-5] if name[-5:].lower() == ".json" else name
    return frozenset((plain(base), plain(uncount(base).title)))


def year_span(year: int) -> Span:
    """Return the first and the last moment of a year in any time zone, in seconds since 1970 (UTC)."""
    return _new_year(year) - ZONES, _new_year(year + 1) + ZONES - 0.001


def time_spans(media: MediaFile, folder: str, span: Span | None) -> list[Span]:
    """Return the time spans in which a file without a date of its own may have been taken.

    `span`: the first and the last date of the other pictures in `folder`; None if unknown. The first time span is the
    modification time of the file, with a tolerance. There may be a second one: the year (in any time zone) if `folder`
    is a year folder; else `span`, with a day added at both ends, if it is at most TRIP long.
    """
    modified = media.mtime_ns / 1e9
    spans = [(modified - SAME_SECONDS, modified + SAME_SECONDS)]
    year = year_of(folder.rpartition("/")[2])
    if year is not None:
        spans.append(year_span(year))
    elif span is not None and span[1] - span[0] <= TRIP:
        spans.append((span[0] - DAY, span[1] + DAY))
    return spans


def _new_year(year: int) -> float:
    return (datetime(year, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()
