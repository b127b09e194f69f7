"""What may join a picture and a sidecar that lie in two Folders: the title, and besides it bytes or time.

Counters are given by each folder anew, so across folders they tell nothing; the title alone tells too little, because
cameras begin again at 1.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from pef_tui.model import EPOCH, JsonFile, MediaFile, Sidecar
from pef_tui.takeout.containers import year_of
from pef_tui.takeout.names import media_names, on_disk, plain, read_sidecar_base, uncount_media

RULE = "elsewhere"

SAME = 2.0
"""Seconds by which two readings of one moment may differ (FAT keeps times in steps of two)."""
DAY = 86_400.0
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


def may_be_time(media: MediaFile, folder: str, span: Span | None, taken: float) -> bool:
    """Does something outside a file without a date of its own say that it was taken then?

    Its modification time to the second; the year folder it lies in; or the short time that the other pictures of
    its folder span.
    """
    if abs(media.mtime_ns / 1e9 - taken) <= SAME:
        return True
    year = year_of(folder.rpartition("/")[2])
    if year is not None:
        return year in _years(taken)
    if span is None or span[1] - span[0] > TRIP:
        return False
    return span[0] - DAY <= taken <= span[1] + DAY


def _years(taken: float) -> set[int]:
    """The year, and its neighbour where some zone is in it at that moment."""
    years = set()
    for hours in (-14, 14):
        try:
            years.add((EPOCH + timedelta(seconds=taken, hours=hours)).year)
        except OverflowError:
            continue
    return years
