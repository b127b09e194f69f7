"""The built-in plugin `takeout`: reads directories and archives, filters, and matches by Google's naming rule."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

from pef_tui.deferred import deferred
from pef_tui.hooks import Filter, Matcher, Scanner, hookimpl
from pef_tui.scratch import scratch_folder
from pef_tui.settings import Settings
from pef_tui.takeout.scan import DirectoryReader

_match_folder = deferred("pef_tui.takeout.match", "match_folder")
_UnpackLimits = deferred("pef_tui.takeout.unpack_limits", "UnpackLimits")
_TarReader = deferred("pef_tui.takeout.tars", "TarReader")
_ZipReader = deferred("pef_tui.takeout.zips", "ZipReader")
_FILTERS = "only", "album", "skip", "include", "exclude", "since", "until"


@hookimpl
def pef_scanners(settings: Settings) -> Iterator[Scanner]:
    """Directories, without the output folder of the run where it lies in one; zip and tar archives."""
    output = (settings.output,) if settings.output else ()
    scratch = scratch_folder(settings.output, settings.dry_run)
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
    """By its name, so that a part cut short is taken too, and told."""
    return path.lower().endswith(endings) and os.path.isfile(path)


@hookimpl
def pef_filters(settings: Settings) -> Iterator[Filter]:
    """Those the settings ask for. Raises ValueError for a date that is none."""
    if any(getattr(settings, name) for name in _FILTERS):
        from pef_tui.takeout.filters import filters

        yield from filters(settings)


@hookimpl
def pef_matchers() -> Iterator[Matcher]:
    """Google's naming rule, by prediction."""
    yield Matcher("takeout", _match_folder, reads=True)
