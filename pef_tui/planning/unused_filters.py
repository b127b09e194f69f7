"""Find values of `--album`, `--include` and `--exclude` that match nothing: they are probably misspelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from pef_tui.model import Album, Folder, Match, Outcome, Record
from pef_tui.progress import Progress
from pef_tui.sanitize import safe
from pef_tui.settings import Settings
from pef_tui.suggestions import suggestion
from pef_tui.takeout.filters import any_fits


class _Pattern(Struct):
    """A value of one of the filters that nothing has matched yet."""

    text: str
    fits: Callable[[str], bool]


def _patterns(texts: Iterable[str]) -> list[_Pattern]:
    return [_Pattern(text, any_fits((text,))) for text in dict.fromkeys(texts)]


class UnusedFilters:
    """Compares the values of the filters with the Folders of a run. Used by the planning thread, until `report`."""

    def __init__(self, settings: Settings) -> None:
        self._albums = _patterns(settings.album)
        self._included = _patterns(settings.include)
        self._excluded = _patterns(settings.exclude)
        self._are_albums_asked = bool(settings.album)
        self._fits_album = any_fits(settings.album or ("",))
        self._names: set[str] = set()
        """Names, paths and album titles of all Folders, if `--album` is given."""
        self._has_unknown_titles = False

    def add_folder(self, folder: Folder) -> None:
        """Compare the path of a Folder, and the names of its files."""
        if self._are_albums_asked:
            self._add_names((folder.path, folder.path.rpartition("/")[2]))
        for patterns in (self._included, self._excluded):
            if patterns:
                patterns[:] = [pattern for pattern in patterns if not any(map(pattern.fits, _paths(folder)))]

    def add_titles(self, album: Album | None, matches: Iterable[Match] = ()) -> None:
        """Compare the title of a Folder that is an `album`, and the titles that a matcher has set for its files."""
        if self._are_albums_asked:
            albums = (album, *(match.album for match in matches))
            self._add_names(found.title for found in albums if found is not None)

    def add_cached(self, folder: Folder, album: Album | None, records: Iterable[Record]) -> None:
        """Compare the title of an unchanged Folder, whose JSON files were not read. `records`: its records.

        If some of its files are not left out, although no name that is known of it matches, a matcher has set its
        title. Then `report` does not report values of `--album`.
        """
        if not self._are_albums_asked:
            return
        self.add_titles(album)
        names = [folder.path, folder.path.rpartition("/")[2], *([album.title] if album is not None else [])]
        if not any(map(self._fits_album, names)):
            outcomes = (record.outcome for record in records if isinstance(record, Outcome))
            self._has_unknown_titles |= any(outcome != "excluded" for outcome in outcomes)

    def _add_names(self, names: Iterable[str]) -> None:
        new = set(names) - self._names
        self._names |= new
        if self._albums:
            self._albums = [pattern for pattern in self._albums if not any(map(pattern.fits, new))]

    def report(self, progress: Progress) -> bool:
        """Report values that match nothing: those of `--album` and `--include` as warnings, of `--exclude` as notes.

        Return whether there are warnings. Call it after all Folders were listed. For an incomplete run, report nothing
        and return False.
        """
        if progress.stop.is_set() or progress.incomplete:
            return False
        warnings = [*self._unused_albums(), *(_unused("include", pattern) for pattern in self._included)]
        for warning in warnings:
            progress.notes.warn(warning)
        progress.notes += [_unused("exclude", pattern) for pattern in self._excluded]
        return bool(warnings)

    def _unused_albums(self) -> Iterator[str]:
        for pattern in () if self._has_unknown_titles else self._albums:
            similar = safe(suggestion(pattern.text.strip("*"), self._names), 200)
            yield f"--album {safe(pattern.text, 100)}: no album or folder of that name{similar}"


def _unused(option: str, pattern: _Pattern) -> str:
    return f"--{option} {safe(pattern.text, 100)}: no file of that name"


def _paths(folder: Folder) -> Iterator[str]:
    for files in (folder.media, folder.other):
        for file in files:
            name = file.path.rpartition("/")[2]
            yield name
            if folder.path:
                yield f"{folder.path}/{name}"
