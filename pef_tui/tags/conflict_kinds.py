"""Classify conflicts by kind (`differs by 1 h`). One decision can then apply to all conflicts of a kind."""

from __future__ import annotations

from msgspec.structs import replace

from pef_tui.model import Conflict, Match
from pef_tui.tags.dates import UNIT as DATE
from pef_tui.tags.file_date import parse_date
from pef_tui.tags.gps import MOVED_METRES
from pef_tui.tags.partial_dates import partial_span
from pef_tui.tags.places import PLACE_UNIT, distance, file_point
from pef_tui.tags.policy import decide
from pef_tui.tags.tag_lists import tags_of
from pef_tui.tags.text import text

DAY = 86_400
_KILOMETRES = (1, 10, 100, 1000)


SET_BY_HAND = "set by hand in Google Photos"
"""Kind of a conflict in which the dates differ by a day or more, and place and description agree.

Usually a person set the date: of a scan, or because the clock of the camera was not set.
"""


def with_kind(match: Match, conflict: Conflict) -> Conflict:
    """Return `conflict` with its kind, such as `differs by 1 h`, `less than 10 km away` or `another text`.

    If the kind is `SET_BY_HAND`, the field `differs` has the difference of the dates: `differs by 1 day`.
    """
    seconds = seconds_apart(conflict)
    kind = _kind(match, conflict, seconds)
    if conflict.unit == DATE and (seconds or 0) >= DAY and _other_units_agree(match):
        return replace(conflict, kind=SET_BY_HAND, differs=kind)
    return replace(conflict, kind=kind)


def _other_units_agree(match: Match) -> bool:
    """Return whether place and description in the file do not contradict the sidecar.

    If so, the sidecar belongs to this picture, although the dates differ.
    """
    in_file, sidecar = file_point(tags_of(match)), match.sidecar
    for geo in (sidecar.geo_data, sidecar.geo_data_exif) if sidecar is not None else ():
        point = geo.point if geo is not None else None
        if in_file is not None and point is not None and distance(in_file, point) > MOVED_METRES:
            return False
    return not decide(match, text(match)).conflicts


def _kind(match: Match, conflict: Conflict, seconds: int | None) -> str:
    if conflict.unit == PLACE_UNIT:
        return _distance_kind(match)
    if seconds is not None:
        return _date_kind(seconds)
    if isinstance(conflict.file, str) and isinstance(conflict.google, str):
        short, long = sorted((conflict.file.strip(), conflict.google.strip()), key=len)
        return "more text" if short in long else "another text"
    return "another value"


def seconds_apart(conflict: Conflict) -> int | None:
    """Return the seconds between the two dates of `conflict`; None if one value is no date.

    A partial date (`1975-06`) is an interval: the result is 0 inside, else the distance to its nearer end.
    """
    date, date2 = parse_date(conflict.file), parse_date(conflict.google)
    if date2 is None:
        return None
    if date is not None:
        seconds = (date[0] - date2[0]).total_seconds()
        if date[1] is not None and date2[1] is not None:
            seconds -= (date[1] - date2[1]) * 60
        return abs(round(seconds))
    span = partial_span(conflict.file) if isinstance(conflict.file, str) else None
    if span is None:
        return None
    seconds_before, seconds_after = (span[0] - date2[0]).total_seconds(), (date2[0] - span[1]).total_seconds()
    return max(0, round(seconds_before), round(seconds_after))


def _date_kind(seconds: int) -> str:
    """Return the kind of a difference in seconds: `differs by 1 h`, `differs by less than 1 day`.

    Whole hours and quarters of an hour are kinds of their own: a wrong zone or summer time causes them.
    """
    if seconds < 60:
        return "differs by seconds"
    if seconds < DAY:
        hours, remainder = divmod(seconds, 3600)
        if not remainder:
            return f"differs by {hours} h"
        if not remainder % 900:
            return (
                f"differs by {hours} h {remainder // 60} min"
                if hours
                else f"differs by {remainder // 60} min"
            )
        return "differs by less than 1 h" if not hours else "differs by less than 1 day"
    if seconds % DAY == 0 and seconds < 366 * DAY:
        return f"differs by {seconds // DAY} days" if seconds > DAY else "differs by 1 day"
    if seconds < 366 * DAY:
        return "differs by less than 1 year"
    return "differs by years"


def _distance_kind(match: Match) -> str:
    """Return the kind by the distance between the points of sidecar and file, such as `less than 10 km away`.

    Return `another place` if sidecar or file has no point.
    """
    in_file = file_point(tags_of(match))
    in_google = match.sidecar.point if match.sidecar is not None else None
    if in_file is None or in_google is None:
        return "another place"
    kilometres = distance(in_file, in_google) / 1000
    limit = next((limit for limit in _KILOMETRES if kilometres < limit), None)
    return f"less than {limit} km away" if limit else "more than 1000 km away"
