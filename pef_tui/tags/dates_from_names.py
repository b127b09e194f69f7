"""Write dates from file names into files without any other date (`--dates-from-names`)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from pef_tui.model import CaptureTime, Match, TagEdit
from pef_tui.tags.capture_evidence import UTC_NAMES
from pef_tui.tags.dates import date_edits
from pef_tui.tags.file_date import ALL_DATES, MODIFY_DATES, is_valid, read_file_date
from pef_tui.tags.partial_dates import read_partial
from pef_tui.tags.tag_lists import tags_of
from pef_tui.tags.time_zones import machine_offset

_SOURCES = (*ALL_DATES, *MODIFY_DATES)
TAGS_READ = (
    *(source.tag for source in _SOURCES),
    *(source.time for source in _SOURCES if source.time),
    "EXIF:ExifVersion",
)
"""The tags that the functions of this module read."""


def is_dated_by_name(match: Match) -> bool:
    """Return whether the only date of a file is in its name.

    False if the file has a sidecar, or if a filter excludes it. A partial date in the file (`1975-06`) and the date of
    its last change count as other dates.
    """
    capture_time, tags = match.capture_time, tags_of(match)
    if match.sidecar is not None or capture_time is None or capture_time.source != "name" or match.excluded:
        return False
    if not is_valid(capture_time.local.replace(tzinfo=None)):
        return False
    return read_partial(tags, ALL_DATES) is None and read_file_date(tags, MODIFY_DATES) is None


def dates_from_name(match: Match) -> Iterable[TagEdit]:
    """Return the edits of date and offset for a file whose only date is in its name; empty for other files.

    If the zone is unknown, only local time is written: no offset, and no field that stores UTC.
    """
    if not is_dated_by_name(match) or match.capture_time is None:
        return ()
    capture_time = named_moment(match, match.capture_time)
    edits = date_edits(match, capture_time)
    if capture_time.offset is not None:
        return edits
    return [without for edit in edits if (without := _without_zone(edit)) is not None]


def named_moment(match: Match, capture_time: CaptureTime) -> CaptureTime:
    """Return `capture_time`, which was read from the file's name, with the offset that the form of the name implies.

    Phones write UTC into some names (`PXL_`): for these, an unknown offset becomes 0. Otherwise it is unchanged.
    """
    if capture_time.offset is None and match.media.name.startswith(UTC_NAMES):
        return replace(capture_time, offset=0)
    return capture_time


def named_instant(match: Match) -> float | None:
    """Return the modification time of the output: the date in the file's name, in seconds since 1970 (UTC).

    If the offset is unknown, the machine's zone is used. None if the capture time is unknown.
    """
    if match.capture_time is None:
        return None
    capture_time = named_moment(match, match.capture_time)
    if capture_time.offset is not None:
        return capture_time.instant
    return capture_time.instant - machine_offset(capture_time.instant) * 60


def _without_zone(edit: TagEdit) -> TagEdit | None:
    """Return `edit` without a zone: only local time remains of a date. None if the tag itself needs a zone."""
    if edit.tag.startswith(("QuickTime:", "Keys:", "EXIF:OffsetTime")) or edit.tag == "EXIF:ExifVersion":
        return None
    return replace(edit, value=edit.value[:19]) if isinstance(edit.value, str) else edit
