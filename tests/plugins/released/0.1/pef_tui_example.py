"""Writes the link of a picture on Google Photos into XMP."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from pef_tui import Match, Settings, SettingsTable, TagEdit, TagMapper, hookimpl


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[plugins.example]` of config.toml."""

    tag: str = "XMP-dc:Source"
    """Where the link goes."""


@hookimpl
def pef_settings() -> Iterator[SettingsTable]:
    """Checked like pef-tui's own settings: a wrong key or type is refused with exit code 2."""
    yield SettingsTable("example", Options)


@hookimpl
def pef_tag_mappers(settings: Settings) -> Iterator[TagMapper]:
    """Called once a run; what it yields is called for every picture."""
    options = settings.plugins["example"]
    assert isinstance(options, Options)

    def link(match: Match) -> Iterator[TagEdit]:
        if match.sidecar is not None and match.sidecar.url:
            yield TagEdit(options.tag, match.sidecar.url)

    yield TagMapper("example", link)
