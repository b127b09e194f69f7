"""The built-in plugin `takeout`: reads directories and archives, filters files, matches by Google's naming rules."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

from pef_tui.filesystem.temp_files import temp_dir
from pef_tui.hooks import Filter, Matcher, Scanner, hookimpl
from pef_tui.lazy import lazy
from pef_tui.settings import Settings
from pef_tui.sources.directory import DirectoryReader

_match_folder = lazy("pef_tui.takeout.matcher", "match_folder")
_UnpackLimits = lazy("pef_tui.sources.unpack_limits", "UnpackLimits")
_TarReader = lazy("pef_tui.sources.tar_source", "TarReader")
_ZipReader = lazy("pef_tui.sources.zip_source", "ZipReader")
_FILTERS = "only", "album", "skip", "include", "exclude", "since", "until"


@hookimpl
def pef_scanners(settings: Settings) -> Iterator[Scanner]:
    """Yield the scanners of directories, zip archives and tar archives. They do not list the output directory."""
    output = (settings.output,) if settings.output else ()
    scratch = temp_dir(settings.output, settings.dry_run)
    links = settings.in_place and settings.symlinks == "replace"
    yield Scanner("directory", os.path.isdir, lambda source: DirectoryReader(source, output, links=links))
    limits = cache(lambda: _UnpackLimits(settings.unpack_ratio))
    yield Scanner("zip", lambda path: _is_named(path, ".zip"), lambda source: _ZipReader(source, limits()))
    yield Scanner(
        "tar",
        lambda path: _is_named(path, ".tgz", ".tar.gz", ".tar"),
        lambda source: _TarReader(source, scratch, limits()),
    )


def _is_named(path: str, *endings: str) -> bool:
    """Return whether `path` is a file whose name has one of these endings.

    The content is not examined: a truncated archive must be reported too.
    """
    return path.lower().endswith(endings) and os.path.isfile(path)


@hookimpl
def pef_filters(settings: Settings) -> Iterator[Filter]:
    """Yield the filters that the settings select. Raises ValueError for an invalid value."""
    if any(getattr(settings, name) for name in _FILTERS):
        from pef_tui.takeout.filters import filters

        yield from filters(settings)


@hookimpl
def pef_matchers() -> Iterator[Matcher]:
    """Yield the matcher, which assigns sidecars to media by Google's naming rules."""
    yield Matcher("takeout", _match_folder, reads=True)
