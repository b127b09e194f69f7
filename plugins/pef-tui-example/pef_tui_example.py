"""An example of a plugin: write the address (URL) of a picture on Google Photos into XMP."""

from collections.abc import Iterator

from msgspec import Struct

from pef_tui import Match, Settings, SettingsTable, TagEdit, TagMapper, hookimpl


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[plugins.example]` of config.toml."""

    tag: str = "XMP-dc:Source"


@hookimpl
def pef_settings() -> Iterator[SettingsTable]:
    """Yield the table. Its settings are checked like pef-tui's own: a wrong key or type is refused with exit code 2."""
    yield SettingsTable("example", Options)


@hookimpl
def pef_tag_mappers(settings: Settings) -> Iterator[TagMapper]:
    """Yield the mapper. The hook is called once in a run, and the mapper once for every picture."""
    options = settings.plugins["example"]
    assert isinstance(options, Options)

    def link(match: Match) -> Iterator[TagEdit]:
        if match.sidecar is not None and match.sidecar.url:
            yield TagEdit(options.tag, match.sidecar.url)

    yield TagMapper("example", link)
