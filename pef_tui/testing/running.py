"""Whole runs with a plugin, in this process, over a small export made on the spot."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from msgspec import Struct

from pef_tui.model import Outcome, Record, Value
from pef_tui.plugins import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.testing.export import Item, Json, takeout

Files = Mapping[str, Json | Item | bytes | None]


class _Given:
    """A plugin that is at hand, where the host expects an entry point."""

    dist = None

    def __init__(self, name: str, plugin: object) -> None:
        self.name = name
        self.load: Callable[[], object] = lambda: plugin


def plugin_host(
    *plugins: ModuleType | object, tables: Mapping[str, object] | None = None, **settings: Any
) -> PluginHost:
    """A host of our own plugins and these, and of no installed one.

    `tables` are the `[plugins.NAME]` tables of the configuration, `settings` fields of `Settings`. A plugin's name is
    the last part of its module's, without `pef_tui_`. Raises ConfigError where a table does not fit.
    """
    entries = [cast(EntryPoint, _Given(plugin_name(plugin), plugin)) for plugin in plugins]
    return PluginHost(Settings(plugins=dict(tables or {}), **settings), entries)


def plugin_name(plugin: object) -> str:
    """What `plugin_host` calls a plugin: `pef_tui_places` is `places`, an object goes by its class."""
    name = str(getattr(plugin, "__name__", type(plugin).__name__))
    return name.rpartition(".")[2].removeprefix("pef_tui_").replace("_", "-")


class Ran(Struct, frozen=True):
    """What became of an export."""

    records: tuple[Record, ...]
    output: Path
    notes: tuple[str, ...]
    """What was told of the run as a whole; a plugin that failed is named here."""

    @property
    def media(self) -> dict[str, Outcome]:
        """The outcome of each picture and video, by the name of its file."""
        return {
            record.plan.match.media.name: record for record in self.records if isinstance(record, Outcome)
        }

    def tags(self, name: str) -> dict[str, Value | None]:
        """What was written for one file."""
        return {edit.tag: edit.value for edit in self.media[name].plan.edits}


def run_plugin(
    path: str | os.PathLike[str],
    plugin: ModuleType | object,
    files: Files | None = None,
    /,
    *,
    source: str | os.PathLike[str] = "",
    tables: Mapping[str, object] | None = None,
    **settings: Any,
) -> Ran:
    """Make an export of `files` (as `takeout` takes them) below `path`, or take `source`; run it into `path/"out"`.

    Raises AssertionError, with what was told, where the plugin was not loaded.
    """
    from pef_tui.pipeline import run

    base = Path(path)
    given = str(source) or str(takeout(base, files or {}))
    wanted: dict[str, Any] = {"sources": (given,), "output": str(base / "out"), "workers": 1, **settings}
    host = plugin_host(plugin, tables=tables, **wanted)
    loaded = [each.name for each in host.plugins if each.state == "loaded"]
    assert plugin_name(plugin) in loaded, host.notes
    progress = Progress()
    records = tuple(run(host.settings, host, progress))
    return Ran(records, Path(progress.output), (*host.notes, *progress.notes))
