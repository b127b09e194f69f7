"""The built-in plugin `tags`: when and where pictures were taken, who is in them, what was written under them."""

from __future__ import annotations

from collections.abc import Iterator

from pef_tui.hooks import Stage, TagMapper, hookimpl
from pef_tui.name_dates import date_in_name
from pef_tui.settings import Settings
from pef_tui.tags.dates import dates
from pef_tui.tags.favourites import favourites
from pef_tui.tags.gps import gps
from pef_tui.tags.people import people
from pef_tui.tags.taken import stage
from pef_tui.tags.text import text


@hookimpl
def pef_stages(settings: Settings) -> Iterator[Stage]:
    """The instant and the zone. Raises ValueError, in one line, where `timezone` is no zone."""
    yield Stage("taken", stage(settings, date_in_name), order=10)


@hookimpl
def pef_tag_mappers() -> Iterator[TagMapper]:
    """Before other people's, which have order 100: where two want one tag, these win."""
    yield TagMapper("dates", dates, order=10)
    yield TagMapper("gps", gps, order=20)
    yield TagMapper("people", people, order=30)
    yield TagMapper("text", text, order=40)
    yield TagMapper("favourites", favourites, order=50)
