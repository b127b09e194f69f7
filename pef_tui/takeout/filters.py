"""The built-in filters: by kind, album, path and date."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, timedelta, tzinfo
from zoneinfo import ZoneInfo

from pef_tui.formats import by_extension
from pef_tui.hooks import Filter
from pef_tui.model import EPOCH, Match
from pef_tui.settings import Settings
from pef_tui.takeout.languages import SPECIAL

Reason = Callable[[Match], str | None]
"""A filter function: returns why the file of a Match is left out; None if it is kept."""

_SKIPPED = {
    "trash": "in the trash",
    "archive": "in the archive",
    "locked": "in the locked folder",
    "partner": "shared by a partner",
}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def filters(settings: Settings) -> Iterator[Filter]:
    """Yield the filters that the settings select. Raises ValueError with a one-line message for an invalid value."""
    if settings.only:
        yield Filter("only", only(settings.only))
    if settings.album:
        yield Filter("album", album(settings.album))
    if settings.skip:
        yield Filter("skip", skip(settings.skip))
    if settings.include:
        yield Filter("include", include(settings.include))
    if settings.exclude:
        yield Filter("exclude", exclude(settings.exclude))
    if settings.since:
        yield Filter("since", since(day(settings.since, "since"), _zone(settings)))
    if settings.until:
        yield Filter("until", until(day(settings.until, "until"), _zone(settings)))


def only(kind: str) -> Reason:
    """Return a filter that keeps only files of one kind: `photo` or `video`.

    The extension of the file determines its kind. If it is unknown (some videos of motion photos have none), the
    extension in the sidecar's title does. If both are unknown, the file is left out.
    """

    def reason(match: Match) -> str | None:
        format = by_extension(match.media.name)
        if format is None and match.sidecar is not None:
            format = by_extension(match.sidecar.title)
        return None if format is not None and format.kind == kind else f"not a {kind}"

    return reason


def album(globs: Iterable[str]) -> Reason:
    """Return a filter that keeps only files of certain folders. `globs`: patterns such as `Trip*`.

    A folder is kept if its name, its path or its album title matches a pattern.
    """
    fits = any_fits(globs)

    def reason(match: Match) -> str | None:
        names = [match.folder, match.folder.rpartition("/")[2]]
        if match.album is not None:
            names.append(match.album.title)
        return None if any(map(fits, names)) else "its album is not asked for"

    return reason


def skip(kinds: Iterable[str]) -> Reason:
    """Return a filter that leaves out trashed, archived and locked files, and files of a partner.

    `kinds`: `trash`, `archive`, `locked`, `partner`. A file is left out if its sidecar states the property, or if its
    folder has Google's name for such files (`Trash`, in several languages). An album of such a name is kept: its album
    JSON shows that it is an album. Raises ValueError for other kinds.
    """
    skipped = tuple(kinds)
    for kind in skipped:
        if kind not in _SKIPPED:
            raise ValueError(f"skip: {kind!r} is none of {', '.join(_SKIPPED)}")
    names = {_nfc(name).casefold(): kind for kind in skipped for name in SPECIAL.get(kind, ())}

    def reason(match: Match) -> str | None:
        kind = (
            None if match.album is not None else names.get(_nfc(match.folder.rpartition("/")[2]).casefold())
        )
        if kind is None and (sidecar := match.sidecar) is not None:
            if sidecar.trashed and "trash" in skipped:
                kind = "trash"
            elif sidecar.archived and "archive" in skipped:
                kind = "archive"
            elif sidecar.in_locked_folder is True and "locked" in skipped:
                kind = "locked"
            elif sidecar.is_partner_shared and "partner" in skipped:
                kind = "partner"
        return _SKIPPED[kind] if kind is not None else None

    return reason


def include(globs: Iterable[str]) -> Reason:
    """Return a filter that keeps only files whose name, or path below the container, matches one of `globs`."""
    fits = any_fits(globs)
    return lambda match: None if any(map(fits, _paths(match))) else "not among the files to include"


def exclude(globs: Iterable[str]) -> Reason:
    """Return a filter that leaves out files whose name, or path below the container, matches one of `globs`."""
    fits = any_fits(globs)
    return lambda match: "among the files to exclude" if any(map(fits, _paths(match))) else None


def since(first: date, zone: tzinfo = UTC) -> Reason:
    """Return a filter that leaves out files taken before the day `first`. Files without a known date are kept.

    `zone`: the time zone in which days begin.
    """

    def reason(match: Match) -> str | None:
        date_taken = _date_taken(match, zone)
        return f"taken before {first}" if date_taken is not None and date_taken < first else None

    return reason


def until(last: date, zone: tzinfo = UTC) -> Reason:
    """Return a filter that leaves out files taken after the day `last`. Files without a known date are kept.

    `zone`: the time zone in which days begin.
    """

    def reason(match: Match) -> str | None:
        date_taken = _date_taken(match, zone)
        return f"taken after {last}" if date_taken is not None and date_taken > last else None

    return reason


def day(text: str, setting: str) -> date:
    """Parse a day in the form YYYY-MM-DD. Raises ValueError for other text, with one line that names `setting`."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{setting}: {text!r} is not a date (YYYY-MM-DD)")


def _zone(settings: Settings) -> tzinfo:
    """Return the time zone in which days begin: the setting `timezone`, else UTC.

    Raises ValueError for an unknown zone.
    """
    if not settings.timezone:
        return UTC
    try:
        return ZoneInfo(settings.timezone)
    except (OSError, ValueError, KeyError):  # KeyError: ZoneInfoNotFoundError
        raise ValueError(f"timezone: {settings.timezone!r} is not an IANA zone") from None


def _date_taken(match: Match, zone: tzinfo) -> date | None:
    """Return the day on which a picture was taken; None if it is unknown.

    It is the local day of `match.capture_time`, if that is known. Otherwise it is the day, in `zone`, of the time in
    the sidecar.
    """
    if match.capture_time is not None:
        return match.capture_time.local.date()
    instant = match.sidecar.taken if match.sidecar is not None else None
    if instant is None:
        return None
    try:
        return (EPOCH + timedelta(seconds=instant)).astimezone(zone).date()
    except OverflowError:  # before year 1: no date
        return None


def _paths(match: Match) -> tuple[str, str]:
    name = match.media.name
    return (f"{match.folder}/{name}" if match.folder else name), name


def any_fits(globs: Iterable[str]) -> Callable[[str], bool]:
    """Return a test whether a text matches one of `globs` (patterns such as `Trip*`).

    Upper and lower case differ. `*` also matches `/`. Composed and decomposed letters (NFC, NFD) are equal.
    """
    fits = re.compile("|".join(fnmatch.translate(_nfc(glob)) for glob in globs)).match
    return lambda text: fits(_nfc(text)) is not None


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
