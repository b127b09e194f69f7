"""The local time of a picture after the run, for lists, charts and the manifest."""

from __future__ import annotations

from math import floor

from pef_tui.model import EPOCH, CaptureTime, Conflict, Outcome
from pef_tui.tags.dates import UNIT
from pef_tui.tags.file_date import FileDate, parse_date, read_file_date
from pef_tui.tags.partial_dates import partial_span
from pef_tui.tags.tag_lists import tags_of

_NAIVE_EPOCH = EPOCH.replace(tzinfo=None)


def local_time(outcome: Outcome) -> int | None:
    """Return the local time of a picture after the run, in seconds since 1970 as if it were UTC; None if unknown.

    It is the time in the file if that differs from Google's and stays (`kept_time`), else the capture time. For a file
    that an earlier run wrote, it is the recorded time. Earlier releases recorded none; the time is then in UTC: the
    time in the sidecar, or else the modification time of the output.
    """
    kept = kept_time(outcome)
    return kept if kept is not None else capture_time(outcome)


def capture_time(outcome: Outcome) -> int | None:
    """Return the time of `local_time` as if Google's date were taken in every conflict."""
    match = outcome.plan.match
    if match.capture_time is not None:
        return floor(match.capture_time.instant) + (match.capture_time.offset or 0) * 60
    if outcome.recorded_time is not None:
        return outcome.recorded_time
    if match.sidecar is not None and (instant := match.sidecar.taken) is not None:
        return floor(instant)
    if outcome.outcome == "unchanged" and match.json is not None and outcome.mtime_ns:
        return outcome.mtime_ns // 1_000_000_000
    return None


def kept_time(outcome: Outcome) -> int | None:
    """Return the local time in the file, if it differs from Google's and stays; None if there is no such conflict."""
    match = outcome.plan.match
    for conflict in outcome.plan.conflicts:
        if conflict.unit == UNIT and all(edit.tag != conflict.tag for edit in outcome.plan.edits):
            file_date = read_file_date(tags_of(match))
            return _time_of(file_date, match.capture_time) if file_date is not None else _time_in(conflict)
    return None


def _time_of(file_date: FileDate, capture: CaptureTime | None) -> int:
    """Return the local time of a date in a file. A date in UTC gets the offset of the capture time."""
    offset = capture.offset or 0 if file_date.utc and capture is not None else 0
    return floor(file_date.seconds) + offset * 60


def _time_in(conflict: Conflict) -> int | None:
    """Return the local time of the value in the file; of a partial date (`1975-06`), the first possible time."""
    parsed = parse_date(conflict.file)
    if parsed is not None:
        return floor((parsed[0] - _NAIVE_EPOCH).total_seconds())
    span = partial_span(conflict.file) if isinstance(conflict.file, str) else None
    return None if span is None else floor((span[0] - _NAIVE_EPOCH).total_seconds())
