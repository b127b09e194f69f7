"""Dates in file names, written into files that nothing else dates (`--dates-from-names`)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from pef_tui.model import Match, TagEdit, Taken
from pef_tui.tags.classes import tags_of
from pef_tui.tags.clock import ALL_DATES, MODIFY_DATES, is_valid, read_clock
from pef_tui.tags.dates import date_edits
from pef_tui.tags.evidence import UTC_NAMES
from pef_tui.tags.partial import read_partial
from pef_tui.tags.zones import machine_offset

_SOURCES = (*ALL_DATES, *MODIFY_DATES)
LOOKED_AT = (
    *(source.tag for source in _SOURCES),
    *(source.time for source in _SOURCES if source.time),
    "EXIF:ExifVersion",
)
"""The tags that this asks for."""


def is_dated_by_name(match: Match) -> bool:
    """Is the date in its name all that dates the file? A part of a date, or the date of a change, is one too."""
    taken, tags = match.taken, tags_of(match)
    if match.sidecar is not None or taken is None or taken.told != "name" or match.excluded:
        return False
    if not is_valid(taken.local.replace(tzinfo=None)):
        return False
    return read_partial(tags, ALL_DATES) is None and read_clock(tags, MODIFY_DATES) is None


def dates_from_name(match: Match) -> Iterable[TagEdit]:
    """The edits of the date unit for a file that only its name dates; none for any other.

    Where nothing tells the zone, only the clock is written: no offset, and no field that holds UTC.
    """
    if not is_dated_by_name(match) or match.taken is None:
        return ()
    taken = named_moment(match, match.taken)
    edits = date_edits(match, taken)
    if taken.offset is not None:
        return edits
    return [without for edit in edits if (without := _without_zone(edit)) is not None]


def named_moment(match: Match, taken: Taken) -> Taken:
    """The moment with what is known of its zone: some phones name pictures in UTC."""
    if taken.offset is None and match.media.name.startswith(UTC_NAMES):
        return replace(taken, offset=0)
    return taken


def named_instant(match: Match) -> float | None:
    """UTC seconds since 1970 for the file's own time; by the machine's zone where nothing tells another."""
    if match.taken is None:
        return None
    taken = named_moment(match, match.taken)
    if taken.offset is not None:
        return taken.instant
    return taken.instant - machine_offset(taken.instant) * 60


def _without_zone(edit: TagEdit) -> TagEdit | None:
    """The edit without what only a zone can tell."""
    if edit.tag.startswith(("QuickTime:", "Keys:", "EXIF:OffsetTime")) or edit.tag == "EXIF:ExifVersion":
        return None
    return replace(edit, value=edit.value[:19]) if isinstance(edit.value, str) else edit
