"""The built-in plugin `tags`: when and where pictures were taken, who is in them, what was written under them."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.hooks import Stage, TagMapper, hookimpl
from pef_tui.name_dates import date_in_name
from pef_tui.settings import Settings, wanted_tags
from pef_tui.tags.albums import albums
from pef_tui.tags.dates import dates
from pef_tui.tags.favourites import favourites
from pef_tui.tags.google import archived, link, trashed
from pef_tui.tags.gps import gps
from pef_tui.tags.people import people
from pef_tui.tags.taken import stage
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
"""Those that `--tags` names."""


@hookimpl
def pef_stages(settings: Settings) -> Iterator[Stage]:
    """The instant and the zone. Raises ValueError, in one line, where `timezone` is no zone."""
    yield Stage("taken", stage(settings, date_in_name), order=10)


@hookimpl
def pef_tag_mappers(settings: Settings) -> Iterator[TagMapper]:
    """Before other people's, which have order 100: where two want one tag, these win."""
    wanted = wanted_tags(settings.tags)
    for mapper in MAPPERS:
        if mapper.name in wanted:
            yield mapper
    yield TagMapper("albums", albums, order=60)
