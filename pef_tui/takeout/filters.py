"""The filters built in: by kind, album, path and date."""

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

_SKIPPED = {"trash": "in the trash", "archive": "in the archive", "locked": "in the locked folder"}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def filters(settings: Settings) -> Iterator[Filter]:
    """Those that the settings ask for. Raises ValueError, one line, for a date that is none."""
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
    """Keeps `photo` or `video`, told by the file's extension, else by its title's.

    What neither tells (some films of motion photos have no extension) is left out.
    """

    def reason(match: Match) -> str | None:
        format = by_extension(match.media.name)
        if format is None and match.sidecar is not None:
            format = by_extension(match.sidecar.title)
        return None if format is not None and format.kind == kind else f"not a {kind}"

    return reason


def album(globs: Iterable[str]) -> Reason:
    """Keeps folders of which the name, the path or the album's title fits one of the patterns."""
    fits = _any_fits(globs)

    def reason(match: Match) -> str | None:
        names = [match.folder, match.folder.rpartition("/")[2]]
        if match.album is not None:
            names.append(match.album.title)
        return None if any(map(fits, names)) else "its album is not asked for"

    return reason


def skip(kinds: Iterable[str]) -> Reason:
    """Leaves out the folders `trash`, `archive` and `locked`, and what its sidecar calls trashed, archived or locked.

    The folders are known by their names; an album that is called alike has a JSON of its own. Raises ValueError for
    another word.
    """
    asked = tuple(kinds)
    for kind in asked:
        if kind not in SPECIAL:
            raise ValueError(f"skip: {kind!r} is none of {', '.join(SPECIAL)}")
    names = {_nfc(name).casefold(): kind for kind in asked for name in SPECIAL[kind]}

    def reason(match: Match) -> str | None:
        kind = (
            None if match.album is not None else names.get(_nfc(match.folder.rpartition("/")[2]).casefold())
        )
        if kind is None and (sidecar := match.sidecar) is not None:
            if sidecar.trashed and "trash" in asked:
                kind = "trash"
            elif sidecar.archived and "archive" in asked:
                kind = "archive"
            elif sidecar.in_locked_folder is True and "locked" in asked:
                kind = "locked"
        return _SKIPPED[kind] if kind is not None else None

    return reason


def include(globs: Iterable[str]) -> Reason:
    """Keeps files of which the path below the container, or the bare name, fits one of the patterns."""
    fits = _any_fits(globs)
    return lambda match: None if any(map(fits, _paths(match))) else "not among the files to include"


def exclude(globs: Iterable[str]) -> Reason:
    """Leaves out files of which the path below the container, or the bare name, fits one of the patterns."""
    fits = _any_fits(globs)
    return lambda match: "among the files to exclude" if any(map(fits, _paths(match))) else None


def since(first: date, zone: tzinfo = UTC) -> Reason:
    """Leaves out what was taken before a day. What has no date in its sidecar is kept."""

    def reason(match: Match) -> str | None:
        taken = _taken(match, zone)
        return f"taken before {first}" if taken is not None and taken < first else None

    return reason


def until(last: date, zone: tzinfo = UTC) -> Reason:
    """Leaves out what was taken after a day. What has no date in its sidecar is kept."""

    def reason(match: Match) -> str | None:
        taken = _taken(match, zone)
        return f"taken after {last}" if taken is not None and taken > last else None

    return reason


def day(text: str, setting: str) -> date:
    """A day as users give it, YYYY-MM-DD. Raises ValueError with one line that names the setting."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{setting}: {text!r} is not a date (YYYY-MM-DD)")


def _zone(settings: Settings) -> tzinfo:
    """Where days begin: at midnight of `timezone`, else of UTC."""
    if not settings.timezone:
        return UTC
    try:
        return ZoneInfo(settings.timezone)
    except (OSError, ValueError, KeyError):  # KeyError: ZoneInfoNotFoundError
        raise ValueError(f"timezone: {settings.timezone!r} is not an IANA zone") from None


def _taken(match: Match, zone: tzinfo) -> date | None:
    """The day a picture was taken; by its own wall clock where that is known already."""
    if match.taken is not None:
        return match.taken.local.date()
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


def _any_fits(globs: Iterable[str]) -> Callable[[str], bool]:
    """Does a text fit one of the patterns? Case matters, `*` crosses `/`, composed and decomposed are equal."""
    fits = re.compile("|".join(fnmatch.translate(_nfc(glob)) for glob in globs)).match
    return lambda text: fits(_nfc(text)) is not None


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
