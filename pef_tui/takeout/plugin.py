"""The built-in plugin `takeout`: reads directories, filters, and matches by Google's naming rule."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pef_tui.hooks import Filter, Matcher, Scanner, hookimpl
from pef_tui.settings import Settings
from pef_tui.takeout.filters import filters
from pef_tui.takeout.match import match_folder
from pef_tui.takeout.scan import DirectoryReader


@hookimpl
def pef_scanners(settings: Settings) -> Iterator[Scanner]:
    """Directories; the output folder of the run is left out where it lies in one."""
    output = (settings.output,) if settings.output else ()
    yield Scanner("directory", os.path.isdir, lambda source: DirectoryReader(source, output))


@hookimpl
def pef_filters(settings: Settings) -> Iterator[Filter]:
    """Those the settings ask for. Raises ValueError for a date that is none."""
    yield from filters(settings)


@hookimpl
def pef_matchers() -> Iterator[Matcher]:
    """Google's naming rule, by prediction."""
    yield Matcher("takeout", match_folder)
