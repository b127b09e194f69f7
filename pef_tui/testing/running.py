"""Run the whole program with a plugin on a small generated export, in the process of the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from msgspec import Struct

from pef_tui.model import Outcome, Record, Value
from pef_tui.plugins.host import PluginHost
from pef_tui.progress import Progress
from pef_tui.settings import Settings
from pef_tui.testing.export import Item, Json, takeout

Files = Mapping[str, Json | Item | bytes | None]


class _ImportedPlugin:
    """Replaces the entry point of a package for a plugin that is already imported: `load` returns the plugin."""

    dist = None

    def __init__(self, name: str, plugin: object) -> None:
        self.name = name
        self.load: Callable[[], object] = lambda: plugin


def plugin_host(
    *plugins: ModuleType | object, tables: Mapping[str, object] | None = None, **settings: Any
) -> PluginHost:
    """Return a host with the built-in plugins and `plugins`. Other plugins that are installed are not loaded.

    `tables`: the `[plugins.NAME]` tables of the configuration; `plugin_name` returns NAME. `settings`: fields of
    `Settings`. Raises ConfigError if a table is not valid.
    """
    entries = [cast(EntryPoint, _ImportedPlugin(plugin_name(plugin), plugin)) for plugin in plugins]
    return PluginHost(Settings(plugins=dict(tables or {}), **settings), entries)


def plugin_name(plugin: object) -> str:
    """Return the name of a plugin.

    For a module it is the last part of the module name without `pef_tui_`, with `-` for `_`: `places` for
    `pef_tui_places`. For another object it is the name of its class, changed in the same way.
    """
    name = str(getattr(plugin, "__name__", type(plugin).__name__))
    return name.rpartition(".")[2].removeprefix("pef_tui_").replace("_", "-")


class Ran(Struct, frozen=True):
    """The result of `run_plugin`."""

    records: tuple[Record, ...]
    """The record of each file of the export."""
    output: Path
    """Path of the output folder."""
    notes: tuple[str, ...]
    """Notes on the run as a whole, including failures of plugins."""

    @property
    def media(self) -> dict[str, Outcome]:
        """The outcomes of pictures and videos, by the file name in the export."""
        return {
            record.plan.match.media.name: record for record in self.records if isinstance(record, Outcome)
        }

    def tags(self, name: str) -> dict[str, Value | None]:
        """Return the tags and values that the run planned to write into the file `name`; None removes a tag."""
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
    """Run the program with `plugin` on an export, with the output folder `out` below `path`.

    `source`: path of the export; without it, an export of `files` (see `takeout`) is built below `path`. `tables`,
    `settings`: as in `plugin_host`. Raises AssertionError with the notes if the plugin was not loaded.
    """
    from pef_tui.pipeline.run import run

    base = Path(path)
    source_path = str(source) or str(takeout(base, files or {}))
    all_settings: dict[str, Any] = {
        "sources": (source_path,),
        "output": str(base / "out"),
        "workers": 1,
        **settings,
    }
    host = plugin_host(plugin, tables=tables, **all_settings)
    loaded = [entry.name for entry in host.plugins if entry.state == "loaded"]
    assert plugin_name(plugin) in loaded, host.notes
    progress = Progress()
    records = tuple(run(host.settings, host, progress))
    return Ran(records, Path(progress.output), (*host.notes, *progress.notes))
