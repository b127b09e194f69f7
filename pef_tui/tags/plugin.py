"""The built-in plugin `tags`: a stage for the capture time, and mappers of time, place, people and descriptions."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.hooks import Stage, TagMapper, hookimpl
from pef_tui.settings import Settings, wanted_tags
from pef_tui.tags.capture_time import stage
from pef_tui.tags.dates import dates
from pef_tui.tags.google import archived, favourites, link, trashed
from pef_tui.tags.gps import gps
from pef_tui.tags.keywords import albums, people
from pef_tui.tags.name_dates import date_in_name
from pef_tui.tags.text import text

MAPPERS = (
    TagMapper("dates", dates, order=10),
    TagMapper("gps", gps, order=20),
    TagMapper("people", people, order=30),
    TagMapper("text", text, order=40),
    TagMapper("favourites", favourites, order=50),
    TagMapper("archived", archived, order=70),
    TagMapper("trashed", trashed, order=71),
    TagMapper("link", link, order=72),
)
"""The built-in mappers that `--tags` can select."""


@hookimpl
def pef_stages(settings: Settings) -> Iterator[Stage]:
    """Yield the stage that fills `Match.capture_time`.

    Raises ValueError, with a message of one line, if `settings.timezone` is not a zone.
    """
    yield Stage("taken", stage(settings, date_in_name), order=10)


@hookimpl
def pef_tag_mappers(settings: Settings) -> Iterator[TagMapper]:
    """Yield the mappers that `--tags` selects, and the mapper of albums.

    If two mappers set the same tag, the one with the lower order counts. Mappers of plugins have order 100 by default,
    so the built-in mapper counts.
    """
    selected = wanted_tags(settings.tags)
    for mapper in MAPPERS:
        if mapper.name in selected:
            yield mapper
    yield TagMapper("albums", albums, order=60)
