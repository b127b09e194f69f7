"""Collect what remote workers need to know of a run: settings, plugins, and the sources that they can read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence

from msgspec.structs import replace

from pef_tui import __version__
from pef_tui.execution.batch_archives import SharedArchive
from pef_tui.execution.remote_worker import WorkerSetup
from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.hooks import SourceReader, Writer
from pef_tui.model import Source
from pef_tui.output.output_dir import OutputDir
from pef_tui.plugins.host import BUILT_IN, PluginHost
from pef_tui.sources.directory import DirectoryReader
from pef_tui.sources.member_location import LocatesMembers


def shared_archives(sources: Sequence[Source], readers: Sequence[SourceReader]) -> dict[int, SharedArchive]:
    """Return the archives that workers can open, by `Source.root`."""
    return {
        source.root: SharedArchive(source.path, reader)
        for source, reader in zip(sources, readers, strict=True)
        if isinstance(reader, LocatesMembers)
    }


def worker_setup(
    host: PluginHost, sources: Sequence[Source], readers: Sequence[SourceReader], writers: Sequence[Writer], *,
    output_dir: OutputDir, exiftool: str,
) -> tuple[WorkerSetup, bool]:  # fmt: skip
    """Return the data that workers need for this run, and whether the run has writers of plugins.

    `output_dir`: DEST. `exiftool`: version of ExifTool; "" if it is not used. Raises OSError if the lock file of DEST
    cannot be read.
    """
    plugin_names = [
        plugin.name
        for plugin in host.plugins
        if plugin.state == "loaded" and plugin.origin != "built-in" and "pef_writers" in plugin.hooks
    ]
    settings_given = host.original_settings
    unused_plugins = tuple(f"no:{name}" for name in BUILT_IN if name != "write")
    tables = (
        settings_given.plugins
        if plugin_names
        else {key: settings_given.plugins[key] for key in settings_given.plugins if key == "disable"}
    )
    selected_plugins = (
        settings_given.plugin
        if plugin_names
        else tuple(name for name in settings_given.plugin if name.startswith("no:"))
    )
    settings = replace(
        settings_given,
        output=output_dir.path,
        plugins=tables,
        plugin=(*selected_plugins, *unused_plugins),
        trace_plugins=False,
    )
    folders = tuple(
        replace(source, path=os.path.abspath(source.path))
        for source, reader in zip(sources, readers, strict=True)
        if isinstance(reader, DirectoryReader)
    )
    with open(os.path.join(output_dir.path, STATE_DIR, "lock"), "rb") as file:  # noqa: PTH123
        lock = file.read()
    names = tuple(writer.name for writer in writers)
    run = secrets.randbits(32) * 10**6
    setup = WorkerSetup(
        run, __version__, settings, ",".join(plugin_names), names, exiftool, output_dir.mode, folders, lock
    )
    return setup, bool(plugin_names)
