"""What kind of conflict: words that many conflicts share, so that one decision can settle them all."""

from __future__ import annotations

from msgspec.structs import replace

from pef_tui.model import Conflict, Match
from pef_tui.tags.classes import tags_of
from pef_tui.tags.clock import parse_date
from pef_tui.tags.dates import UNIT as DATE
from pef_tui.tags.gps import MOVED
from pef_tui.tags.partial import partial_span
from pef_tui.tags.places import PLACE, distance, file_place
from pef_tui.tags.policy import settle
from pef_tui.tags.text import text

DAY = 86_400
_KILOMETRES = (1, 10, 100, 1000)


BY_HAND = "set by hand in Google Photos"
"""Kind of dates that differ by a day or more while all else agrees: dated scans, cameras whose clock was not set."""


def described(match: Match, conflict: Conflict) -> Conflict:
    """The conflict with its kind: `differs by 1 h`, `less than 10 km away`, `another text`."""
    kind = _kind(match, conflict)
    if conflict.unit == DATE and (seconds_apart(conflict) or 0) >= DAY and _rest_agrees(match):
        return replace(conflict, kind=BY_HAND, differs=kind)
    return replace(conflict, kind=kind)


def _rest_agrees(match: Match) -> bool:
    """Do place and description say what Google says, as far as both tell? Then the JSON is no other picture's."""
    own, sidecar = file_place(tags_of(match)), match.sidecar
    for geo in (sidecar.geo_data, sidecar.geo_data_exif) if sidecar is not None else ():
        place = geo.place if geo is not None else None
        if own is not None and place is not None and distance(own, place) > MOVED:
            return False
    return not settle(match, text(match)).conflicts


def _kind(match: Match, conflict: Conflict) -> str:
    if conflict.unit == PLACE:
        return _away(match)
    seconds = seconds_apart(conflict)
    if seconds is not None:
        return _apart(seconds)
    if isinstance(conflict.file, str) and isinstance(conflict.google, str):
        short, long = sorted((conflict.file.strip(), conflict.google.strip()), key=len)
        return "more text" if short in long else "another text"
    return "another value"


def seconds_apart(conflict: Conflict) -> int | None:
    """By how much the dates of a conflict differ, a part of a date by its nearer end; None where one is no date."""
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
    before, after = (span[0] - date2[0]).total_seconds(), (date2[0] - span[1]).total_seconds()
    return max(0, round(before), round(after))


def _apart(seconds: int) -> str:
    """Whole hours and quarters, which a wrong zone or a clock not set to summer makes, are kinds of their own."""
    if seconds < 60:
        return "differs by seconds"
    if seconds < DAY:
        hours, rest = divmod(seconds, 3600)
        if not rest:
            return f"differs by {hours} h"
        if not rest % 900:
            return f"differs by {hours} h {rest // 60} min" if hours else f"differs by {rest // 60} min"
        return "differs by less than 1 h" if not hours else "differs by less than 1 day"
    if seconds % DAY == 0 and seconds < 366 * DAY:
        return f"differs by {seconds // DAY} days" if seconds > DAY else "differs by 1 day"
    if seconds < 366 * DAY:
        return "differs by less than 1 year"
    return "differs by years"


def _away(match: Match) -> str:
    """How far the place Google shows is from the file's own."""
    own = file_place(tags_of(match))
    shown = match.sidecar.place if match.sidecar is not None else None
    if own is None or shown is None:
        return "another place"
    kilometres = distance(own, shown) / 1000
    limit = next((limit for limit in _KILOMETRES if kilometres < limit), None)
    return f"less than {limit} km away" if limit else "more than 1000 km away"
