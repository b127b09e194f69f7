"""Find, load, disable and list plugins, and call their hooks.

Built-in plugins use the same interface as all others. If a plugin fails, this is reported with its name, and the run
continues. A plugin is code with the rights of the user; nothing here protects against a malicious plugin.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import msgspec
import pluggy
from msgspec import Struct
from msgspec.structs import replace

from pef_tui import __version__, hooks
from pef_tui.config import ConfigError, options
from pef_tui.plugins.calls import (
    FAILURES,
    HOOK_TYPES,
    RegistrationMonitor,
    TagMappers,
    call_hook,
    describe_error,
    stdout_to_stderr,
)
from pef_tui.plugins.local_modules import hex_digest, load_file, version_of_module
from pef_tui.plugins.wrappers import wrap_registration
from pef_tui.progress import Notes
from pef_tui.sanitize import safe
from pef_tui.settings import Settings
from pef_tui.suggestions import suggestion

GROUP = "pef_tui"
"""Entry point group of plugins."""
BUILT_IN = {
    "takeout": "pef_tui.sources.plugin",
    "tags": "pef_tui.tags.plugin",
    "write": "pef_tui.output.plugin",
    "workers": "pef_tui.execution.plugin",
    "doctor": "pef_tui.doctor",
}
RULES = 2
"""Version of the built-in mapping rules. Increment it if a release plans differently, so that later runs plan again."""


class Plugin(Struct):
    """One plugin, with the fields that `--plugins` lists."""

    name: str
    origin: Literal["built-in", "installed", "local"]
    distribution: str = ""
    version: str = ""
    state: Literal["loaded", "off", "broken"] = "loaded"
    hooks: tuple[str, ...] = ()
    error: str = ""
    notes: list[str] = []
    """Why the plugin is off, deprecated names that it uses, hooks that failed, and names that were already in use."""

    @property
    def described(self) -> str:
        """The plugin's name, followed by its distribution and version if they are known."""
        distribution = f" ({self.distribution} {self.version})" if self.distribution else ""
        return safe(self.name, 60) + safe(distribution, 80)


class PluginHost:
    """The plugins of one run.

    Raises ConfigError if there is no plugin of a name given by `-p`, or if a `[plugins.NAME]` table is not valid.
    """

    def __init__(
        self,
        settings: Settings,
        entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
        only: str | None = None,
    ) -> None:
        """`only`: names of entry points to load, separated by commas (PEF_TUI_LOAD_PLUGINS); None loads all."""
        self.plugins: list[Plugin] = []
        self.notes = Notes()
        """Messages about plugins, one line each."""
        self.general_notes: list[str] = []
        """The messages in `notes` that are not about a plugin in `plugins`."""
        self._with_errors: set[str] = set()
        self._failed_plugins: set[str] = set()
        self._trace: list[tuple[str, str]] | None = [] if settings.trace_plugins else None
        self._owners: dict[str, str] = {}
        self._monitors: list[RegistrationMonitor] = []
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hooks.Hooks)
        self._enabled, self._disabled = _enabled_and_disabled(settings)
        for name, module in BUILT_IN.items():
            self._add(
                Plugin(name, "built-in", "pef-tui", __version__), partial(importlib.import_module, module)
            )
        self._add_installed(self._installed() if entry_points is None else entry_points, only)
        self._add_local()
        for name in sorted(self._disabled.keys() - {plugin.name for plugin in self.plugins}):
            self._note(f"{safe(name, 60)} is to be left out, but there is no plugin of that name")
        self.original_settings = settings
        """The settings that were passed to the PluginHost."""
        self.settings = settings
        """The settings, with every `[plugins.NAME]` table as the Struct that the plugin registered for it."""
        self.settings = replace(settings, plugins=self._tables(settings))

    # -- loading

    def _installed(self) -> Iterable[importlib.metadata.EntryPoint]:
        try:
            return importlib.metadata.entry_points(group=GROUP)
        except Exception as error:  # one damaged distribution makes all distributions unreadable
            self._note(f"installed plugins cannot be listed: {describe_error(error)}")
            return ()

    def _note(self, note: str) -> None:
        self.general_notes.append(note)
        self.notes.warn(note)

    def _add_installed(self, entry_points: Iterable[importlib.metadata.EntryPoint], only: str | None) -> None:
        allowed = None if only is None else {name.strip() for name in only.split(",")}
        for entry in sorted(
            entry_points, key=lambda entry: (entry.name, entry.dist.name if entry.dist else "")
        ):
            dist = entry.dist
            plugin = Plugin(
                entry.name, "installed", str(dist.name) if dist else "", str(dist.version) if dist else ""
            )
            if allowed is not None and entry.name not in allowed and entry.name not in self._enabled:
                plugin.state, plugin.notes = "off", ["PEF_TUI_LOAD_PLUGINS does not name it"]
            self._add(plugin, entry.load)

    def _add_local(self) -> None:
        """Add the files and modules named by `-p` that are not built-in or installed plugins. Raises ConfigError."""
        names = {plugin.name for plugin in self.plugins}
        for name in self._enabled:
            if name in names:
                continue
            path = Path(name)
            if name.endswith(".py") or "/" in name:
                if not path.is_file():
                    raise ConfigError(f"-p {safe(name, 200)}: no such file")
                version = hex_digest(path.read_bytes(), 4)
                self._add(Plugin(path.stem, "local", str(path), version), partial(load_file, path))
            elif (module_hash := version_of_module(name)) is not None:
                self._add(Plugin(name, "local", name, module_hash), partial(importlib.import_module, name))
            else:
                similar = suggestion(name, names)
                raise ConfigError(f"-p {safe(name, 200)}: no plugin, module or file of that name{similar}")

    def _add(self, plugin: Plugin, load: Callable[[], Any]) -> None:
        """Load and register one plugin. If loading or registering fails, the plugin's state becomes `broken`."""
        duplicate = next((existing for existing in self.plugins if existing.name == plugin.name), None)
        self.plugins.append(plugin)
        if duplicate is not None:
            self._mark_broken(plugin, f"the name is taken by {duplicate.described}")
        elif plugin.name in self._disabled:
            plugin.state, plugin.notes = "off", [self._disabled[plugin.name]]
        if plugin.state != "loaded":
            return
        try:
            with stdout_to_stderr(), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                self._manager.register(load(), plugin.name)
            self._report_deprecations(plugin, caught)
        except FAILURES as error:
            self._mark_broken(plugin, describe_error(error))
            if self._manager.has_plugin(plugin.name):
                self._manager.unregister(name=plugin.name)
            return
        self._inspect(plugin)

    def _report_deprecations(self, plugin: Plugin, caught: Iterable[warnings.WarningMessage]) -> None:
        """Report the deprecation warnings of hooks and arguments (`warn_on_impl`) that a plugin uses."""
        for warning in caught:
            if issubclass(warning.category, DeprecationWarning | FutureWarning):
                self._add_note(plugin, safe(str(warning.message), 300))

    def _inspect(self, plugin: Plugin) -> None:
        callers = self._manager.get_hookcallers(self._manager.get_plugin(plugin.name)) or []
        plugin.hooks = tuple(sorted(caller.name for caller in callers if caller.name in HOOK_TYPES))
        for caller in callers:
            if caller.name not in HOOK_TYPES:
                self._add_note(plugin, f"{safe(caller.name, 60)}: no such hook")
        for name in sorted(HOOK_TYPES):
            function = getattr(self._manager.get_plugin(plugin.name), name, None)
            if callable(function) and name not in plugin.hooks:
                self._add_warning(plugin, f"{name} is never called: write @hookimpl above it")

    def _add_note(self, plugin: Plugin, note: str) -> None:
        if note not in plugin.notes:
            plugin.notes.append(note)
            self.notes.append(f"plugin {plugin.described}: {note}")

    def _add_warning(self, plugin: Plugin, note: str) -> None:
        self._add_note(plugin, note)
        self.notes.warnings.add(f"plugin {plugin.described}: {note}")

    def _mark_broken(self, plugin: Plugin, error: str) -> None:
        plugin.state, plugin.error = "broken", error
        self.notes.warn(f"plugin {plugin.described}: {error}; it is left out", is_loss=True)

    # -- settings

    def _tables(self, settings: Settings) -> dict[str, object]:
        """Return the registered `[plugins.NAME]` tables as Structs, with defaults if missing. Raises ConfigError."""
        configured = {name: table for name, table in settings.plugins.items() if name != "disable"}
        tables: dict[str, object] = {}
        for owner, registered in self.collect("pef_settings"):
            if registered.name in tables:
                self._report_error(owner, "pef_settings", f"the table {safe(registered.name, 60)} is taken")
                continue
            try:
                tables[registered.name] = msgspec.convert(
                    configured.pop(registered.name, {}), registered.type
                )
                self._owners[registered.name] = owner
            except msgspec.ValidationError as error:
                text = safe(str(error), 200).replace("`$.", "`")
                raise ConfigError(f"[plugins.{safe(registered.name, 60)}]: {text}") from None
            except Exception as error:
                self._report_error(owner, "pef_settings", describe_error(error))
        plugins = {plugin.name: plugin for plugin in reversed(self.plugins)}
        for name in configured:
            if name not in plugins:
                text = f"no plugin of that name is installed{suggestion(name, plugins)}"
                raise ConfigError(f"[plugins.{safe(name, 60)}]: {text}")
            plugin = plugins[name]
            if plugin.state == "loaded" and name not in self._with_errors:
                raise ConfigError(f"[plugins.{safe(name, 60)}]: this plugin has no settings")
        return tables

    def fingerprint(self, plugin: Plugin) -> str:
        """Return a hash of what may change plans. If the hash changes, later runs plan again.

        Hashed are the version (of a local plugin, the content of its file), the settings, and whether the plugin
        failed.
        """
        tables = sorted(
            (name, repr(table))
            for name, table in self.settings.plugins.items()
            if self._owners.get(name) == plugin.name
        )
        version = plugin.version if plugin.origin != "built-in" else RULES
        parts = (plugin.name, version, plugin.name in self._failed_plugins, tables)
        return hex_digest(repr(parts).encode("utf-8", "backslashreplace"), 8)

    def shape(self, settings: Settings) -> bytes:
        """Return a hash (8 bytes) of all plugins and options that may change plans."""
        names = [name for name, option in options().items() if option.shapes]
        loaded = sorted(self.fingerprint(plugin) for plugin in self.plugins if plugin.state == "loaded")
        parts = (loaded, [(name, getattr(settings, name)) for name in names])
        return bytes.fromhex(hex_digest(repr(parts).encode("utf-8", "backslashreplace"), 8))

    # -- calling

    def collect(self, hook_name: str) -> list[tuple[str, Any]]:
        """Call a hook of all plugins. Return (plugin name, registration) pairs, sorted by (order, plugin, name).

        Each plugin is called separately. If a plugin raises an exception or yields an object of a wrong type, this is
        reported in `notes`, and none of its registrations of this hook are used.
        """
        pairs: list[tuple[str, Any]] = []
        for implementation in getattr(self._manager.hook, hook_name).get_hookimpls():
            name = implementation.plugin_name
            start = perf_counter()
            try:
                objects = call_hook(implementation, hook_name, self.settings)
            except FAILURES as error:
                self._failed_plugins.add(name)
                self._report_error(name, hook_name, describe_error(error))
                continue
            self._add_trace(name, hook_name, objects, perf_counter() - start)
            pairs += [(name, registration) for registration in objects]
        return sorted(pairs, key=lambda pair: (getattr(pair[1], "order", 100), pair[0], pair[1].name))

    def _report_error(self, plugin: str, hook: str, error: str) -> None:
        self._with_errors.add(plugin)
        note = f"{hook}: {error}"
        for entry in self.plugins:
            if entry.name == plugin and entry.state == "loaded" and note not in entry.notes:
                entry.notes.append(note)
                self.notes.warn(f"plugin {safe(plugin, 60)}: {note}", is_loss=True)

    def registered(self, hook_name: str, notes: Notes) -> list[Any]:
        """Return the registrations of a hook in order. Registrations of plugins that are not built-in are wrapped.

        Errors of later calls are appended to `notes`. If a name is registered twice, the first registration is used.
        """
        built_in = self._built_in()
        by_name: dict[str, Any] = {}
        for plugin, registration in self.collect(hook_name):
            if registration.name in by_name:
                self._report_error(plugin, hook_name, f"the name {safe(registration.name, 60)} is taken")
            elif plugin in built_in:
                by_name[registration.name] = registration
            else:
                monitor = RegistrationMonitor(
                    hook_name.removeprefix("pef_").removesuffix("s"), plugin, registration.name, notes
                )
                self._monitors.append(monitor)
                by_name[registration.name] = wrap_registration(registration, monitor)
        return list(by_name.values())

    def registration_summaries(self) -> dict[str, list[str]]:
        """Return one text for each hook of each plugin, with orders: `tag_mappers: dates (10), gps (20)`."""
        summaries: dict[str, list[str]] = {}
        for hook_name in HOOK_TYPES:
            names: dict[str, list[str]] = {}
            for plugin, registration in self.collect(hook_name):
                order = f" ({registration.order})" if hasattr(registration, "order") else ""
                names.setdefault(plugin, []).append(safe(registration.name, 60) + order)
            for plugin, registered_names in names.items():
                summaries.setdefault(plugin, []).append(
                    f"{hook_name.removeprefix('pef_')}: {', '.join(registered_names)}"
                )
        return summaries

    def tag_mapper(self, notes: Notes) -> TagMappers:
        """Return an object that calls all tag mappers. Errors of mappers are appended to `notes`."""
        registered, measure_all = self.collect("pef_tag_mappers"), self._trace is not None
        mappers = TagMappers(registered, notes, self._built_in(), measure_all=measure_all)
        self._monitors += mappers.monitors
        return mappers

    def _built_in(self) -> set[str]:
        return {plugin.name for plugin in self.plugins if plugin.origin == "built-in"}

    def _add_trace(self, plugin: str, hook: str, objects: Iterable[Any], seconds: float) -> None:
        if self._trace is not None:
            names = ", ".join(
                f"{safe(registration.name, 60)} ({getattr(registration, 'order', 100)})"
                for registration in objects
            )
            line = f"{hook} of plugin {safe(plugin, 60)}: {names or 'nothing'}, {seconds * 1000:.1f} ms"
            self._trace.append((plugin, line))

    def trace(self, plugin_name: str | None = None) -> Iterator[str]:
        """Yield the lines of `--trace-plugins` for one plugin, or for all plugins if `plugin_name` is None.

        The lines show each hook call with its registrations, then the calls, errors and seconds of each registration.
        """
        if self._trace is not None:
            yield from (line for plugin, line in self._trace if plugin_name in (None, plugin))
            yield from (
                monitor.summary() for monitor in self._monitors if plugin_name in (None, monitor.plugin)
            )

    @property
    def failed_built_in(self) -> list[str]:
        """Names of the built-in plugins that had a failed hook call, sorted."""
        return sorted(self._failed_plugins & self._built_in())

    @property
    def broken(self) -> list[Plugin]:
        """Plugins that are left out, because they could not be loaded or their name is taken."""
        return [plugin for plugin in self.plugins if plugin.state == "broken"]


def _enabled_and_disabled(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """Return the names that `-p` loads, and the reason for each name that is off. `-p` overrides `plugins.disable`."""
    disable = settings.plugins.get("disable", [])
    if not isinstance(disable, (list, tuple)) or not all(isinstance(name, str) for name in disable):
        raise ConfigError(f"plugins.disable: a list of names, not {safe(repr(disable), 60)}")
    enabled: list[str] = []
    off = dict.fromkeys(disable, "switched off by plugins.disable")
    for argument in settings.plugin:
        name = argument.removeprefix("no:")
        if name != argument:
            off[name] = f"switched off by -p {safe(argument, 60)}"
            enabled = [enabled_name for enabled_name in enabled if enabled_name != name]
        else:
            off.pop(name, None)
            enabled.append(name)
    return list(dict.fromkeys(enabled)), off
