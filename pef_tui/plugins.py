"""Plugins: found, loaded one by one, blocked, listed, and kept from doing harm by accident.

Built-in ones come through the same interface as anybody's. What fails is recorded with its name and survived.
A plugin is code that runs with the user's rights; nothing here protects from one that means harm.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any, Literal

import msgspec
import pluggy
from msgspec import Struct
from msgspec.structs import replace

from pef_tui import __version__, hooks
from pef_tui.config import ConfigError, options
from pef_tui.display import safe
from pef_tui.guard import FAILURES, YIELDS, Mappers, Watched, call, reason, words_only
from pef_tui.isolate import isolated
from pef_tui.model import Match, TagEdit
from pef_tui.settings import Settings

GROUP = "pef_tui"
"""Entry point group."""
BUILT_IN = {
    "takeout": "pef_tui.takeout.plugin",
    "tags": "pef_tui.tags.plugin",
    "write": "pef_tui.write.plugin",
    "workers": "pef_tui.workers.plugin",
    "doctor": "pef_tui.doctor",
}
RULES = 2
"""Version of our own mapping rules, raised when a release plans differently: later runs then plan again."""


class Plugin(Struct):
    """One plugin as `--plugins` lists it."""

    name: str
    origin: Literal["built-in", "installed", "local"]
    distribution: str = ""
    version: str = ""
    state: Literal["loaded", "off", "broken"] = "loaded"
    hooks: tuple[str, ...] = ()
    error: str = ""
    notes: list[str] = []
    """What is told of it: why it is off, what it uses that is to go, which hook failed, which name was taken."""

    @property
    def described(self) -> str:
        """Its name, with distribution and version where they say more."""
        where = f" ({self.distribution} {self.version})" if self.distribution else ""
        return safe(self.name, 60) + safe(where, 80)


class PluginHost:
    """The plugins of one run.

    Raises ConfigError where `-p` names nothing, or a `[plugins.NAME]` table does not fit.
    """

    def __init__(
        self,
        settings: Settings,
        entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
        only: str | None = None,
    ) -> None:
        """`only`: names of entry points, split by commas (PEF_TUI_LOAD_PLUGINS); None for all."""
        self.plugins: list[Plugin] = []
        self.notes: list[str] = []
        """What is to be told of plugins, each in one line."""
        self.general: list[str] = []
        """Those of `notes` that are about no plugin in the list."""
        self._troubled: set[str] = set()
        self._failed: set[str] = set()
        self._trace: list[tuple[str, str]] | None = [] if settings.trace_plugins else None
        self._owners: dict[str, str] = {}
        self._watched: list[Watched] = []
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hooks.Hooks)
        self._wanted, self._off = _choices(settings)
        for name, module in BUILT_IN.items():
            self._add(
                Plugin(name, "built-in", "pef-tui", __version__), partial(importlib.import_module, module)
            )
        self._add_installed(self._installed() if entry_points is None else entry_points, only)
        self._add_local()
        for name in sorted(self._off.keys() - {plugin.name for plugin in self.plugins}):
            self._note(f"{safe(name, 60)} is to be left out, but there is no plugin of that name")
        self.given = settings
        """The settings as they were given."""
        self.settings = settings
        """The settings with every `[plugins.NAME]` table as the plugin's own Struct."""
        self.settings = replace(settings, plugins=self._tables(settings))

    # -- loading

    def _installed(self) -> Iterable[importlib.metadata.EntryPoint]:
        try:
            return importlib.metadata.entry_points(group=GROUP)
        except Exception as error:  # one damaged distribution makes all of them unreadable
            self._note(f"installed plugins cannot be listed: {reason(error)}")
            return ()

    def _note(self, note: str) -> None:
        self.general.append(note)
        self.notes.append(note)

    def _add_installed(self, found: Iterable[importlib.metadata.EntryPoint], only: str | None) -> None:
        named = None if only is None else {name.strip() for name in only.split(",")}
        for entry in sorted(found, key=lambda entry: (entry.name, entry.dist.name if entry.dist else "")):
            dist = entry.dist
            plugin = Plugin(
                entry.name, "installed", str(dist.name) if dist else "", str(dist.version) if dist else ""
            )
            if named is not None and entry.name not in named and entry.name not in self._wanted:
                plugin.state, plugin.notes = "off", ["PEF_TUI_LOAD_PLUGINS does not name it"]
            self._add(plugin, entry.load)

    def _add_local(self) -> None:
        """What `-p` names and is neither built in nor installed: a file, or a module on Python's path."""
        known = {plugin.name for plugin in self.plugins}
        for name in self._wanted:
            if name in known:
                continue
            path = Path(name)
            if name.endswith(".py") or "/" in name:
                if not path.is_file():
                    raise ConfigError(f"-p {safe(name, 200)}: no such file")
                version = _hash(path.read_bytes(), 4)
                self._add(Plugin(path.stem, "local", str(path), version), partial(_from_file, path))
            elif (found := _version_of_module(name)) is not None:
                self._add(Plugin(name, "local", name, found), partial(importlib.import_module, name))
            else:
                raise ConfigError(f"-p {safe(name, 200)}: no plugin, module or file of that name")

    def _add(self, plugin: Plugin, load: Callable[[], Any]) -> None:
        """Load and register one plugin; its failure is its own."""
        taken = next((other for other in self.plugins if other.name == plugin.name), None)
        self.plugins.append(plugin)
        if taken is not None:
            self._broken(plugin, f"the name is taken by {taken.described}")
        elif plugin.name in self._off:
            plugin.state, plugin.notes = "off", [self._off[plugin.name]]
        if plugin.state != "loaded":
            return
        try:
            with words_only(), warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                self._manager.register(load(), plugin.name)
            self._tell_deprecated(plugin, told)
        except FAILURES as error:
            self._broken(plugin, reason(error))
            if self._manager.has_plugin(plugin.name):
                self._manager.unregister(name=plugin.name)
            return
        self._inspect(plugin)

    def _tell_deprecated(self, plugin: Plugin, told: Iterable[warnings.WarningMessage]) -> None:
        """Hooks and arguments that are to go say so themselves (`warn_on_impl`), once for each plugin."""
        for warning in told:
            if issubclass(warning.category, DeprecationWarning | FutureWarning):
                self._remark(plugin, safe(str(warning.message), 300))

    def _inspect(self, plugin: Plugin) -> None:
        callers = self._manager.get_hookcallers(self._manager.get_plugin(plugin.name)) or []
        plugin.hooks = tuple(sorted(caller.name for caller in callers if caller.name in YIELDS))
        for caller in callers:
            if caller.name not in YIELDS:
                self._remark(plugin, f"{safe(caller.name, 60)}: no such hook")

    def _remark(self, plugin: Plugin, said: str) -> None:
        if said not in plugin.notes:
            plugin.notes.append(said)
            self.notes.append(f"plugin {plugin.described}: {said}")

    def _broken(self, plugin: Plugin, error: str) -> None:
        plugin.state, plugin.error = "broken", error
        self.notes.append(f"plugin {plugin.described}: {error}; it is left out")

    # -- settings

    def _tables(self, settings: Settings) -> dict[str, object]:
        """Every `[plugins.NAME]` table, converted; defaults where there is none."""
        given = {name: table for name, table in settings.plugins.items() if name != "disable"}
        tables: dict[str, object] = {}
        for owner, registered in self.collect("pef_settings"):
            if registered.name in tables:
                self._tell(owner, "pef_settings", f"the table {safe(registered.name, 60)} is taken")
                continue
            try:
                tables[registered.name] = msgspec.convert(given.pop(registered.name, {}), registered.type)
                self._owners[registered.name] = owner
            except msgspec.ValidationError as error:
                text = safe(str(error), 200).replace("`$.", "`")
                raise ConfigError(f"[plugins.{safe(registered.name, 60)}]: {text}") from None
            except Exception as error:
                self._tell(owner, "pef_settings", reason(error))
        known = {plugin.name: plugin for plugin in reversed(self.plugins)}
        for name in given:
            if name not in known:
                raise ConfigError(f"[plugins.{safe(name, 60)}]: no plugin of that name is installed")
            plugin = known[name]
            if plugin.state == "loaded" and name not in self._troubled:
                raise ConfigError(f"[plugins.{safe(name, 60)}]: this plugin has no settings")
        return tables

    def fingerprint(self, plugin: Plugin) -> str:
        """What of a plugin may change plans: its version (of a local one the file's content), its settings, and
        whether it failed. Later runs plan again where it is another than before.
        """
        tables = sorted(
            (name, repr(table))
            for name, table in self.settings.plugins.items()
            if self._owners.get(name) == plugin.name
        )
        version = plugin.version if plugin.origin != "built-in" else RULES
        parts = (plugin.name, version, plugin.name in self._failed, tables)
        return _hash(repr(parts).encode("utf-8", "backslashreplace"), 8)

    def shape(self, settings: Settings) -> bytes:
        """Eight bytes that change when plugins or options may plan differently."""
        names = [name for name, option in options().items() if option.shapes]
        loaded = sorted(self.fingerprint(plugin) for plugin in self.plugins if plugin.state == "loaded")
        parts = (loaded, [(name, getattr(settings, name)) for name in names])
        return bytes.fromhex(_hash(repr(parts).encode("utf-8", "backslashreplace"), 8))

    # -- calling

    def collect(self, hook_name: str) -> list[tuple[str, Any]]:
        """`(plugin name, registration object)` of every plugin, sorted by (order, plugin, name).

        Each plugin is called alone. One that raises, or yields what the hook does not take, is named in
        `notes` and gives nothing.
        """
        found: list[tuple[str, Any]] = []
        for implementation in getattr(self._manager.hook, hook_name).get_hookimpls():
            name = implementation.plugin_name
            start = perf_counter()
            try:
                objects = call(implementation, hook_name, self.settings)
            except FAILURES as error:
                self._failed.add(name)
                self._tell(name, hook_name, reason(error))
                continue
            self._traced(name, hook_name, objects, perf_counter() - start)
            found += [(name, each) for each in objects]
        return sorted(found, key=lambda pair: (getattr(pair[1], "order", 100), pair[0], pair[1].name))

    def _tell(self, plugin: str, hook: str, error: str) -> None:
        self._troubled.add(plugin)
        said = f"{hook}: {error}"
        for listed in self.plugins:
            if listed.name == plugin and listed.state == "loaded" and said not in listed.notes:
                listed.notes.append(said)
                self.notes.append(f"plugin {safe(plugin, 60)}: {said}")

    def registered(self, hook_name: str, notes: list[str]) -> list[Any]:
        """What all plugins yield to a hook, in order, for use by a run; other people's are guarded (`isolate.py`).

        What goes wrong is told in `notes`. A name counts once: the first in order has it.
        """
        ours = self._built_in()
        taken: dict[str, Any] = {}
        for plugin, each in self.collect(hook_name):
            if each.name in taken:
                self._tell(plugin, hook_name, f"the name {safe(each.name, 60)} is taken")
            elif plugin in ours:
                taken[each.name] = each
            else:
                watched = Watched(hook_name.removeprefix("pef_").removesuffix("s"), plugin, each.name, notes)
                self._watched.append(watched)
                taken[each.name] = isolated(each, watched)
        return list(taken.values())

    def everything(self) -> dict[str, list[str]]:
        """What each plugin yields, in words: `tag_mappers: dates (10), gps (20)`."""
        found: dict[str, list[str]] = {}
        for hook_name in YIELDS:
            names: dict[str, list[str]] = {}
            for plugin, each in self.collect(hook_name):
                order = f" ({each.order})" if hasattr(each, "order") else ""
                names.setdefault(plugin, []).append(safe(each.name, 60) + order)
            for plugin, listed in names.items():
                found.setdefault(plugin, []).append(f"{hook_name.removeprefix('pef_')}: {', '.join(listed)}")
        return found

    def map_tags(self, notes: list[str]) -> Callable[[Match], list[TagEdit]]:
        """Every tag mapper in order as one function; what goes wrong in one is told in `notes`."""
        mappers = Mappers(self.collect("pef_tag_mappers"), notes, self._built_in())
        self._watched += mappers.watched
        return mappers

    def _built_in(self) -> set[str]:
        return {plugin.name for plugin in self.plugins if plugin.origin == "built-in"}

    def _traced(self, plugin: str, hook: str, objects: Iterable[Any], seconds: float) -> None:
        if self._trace is not None:
            names = ", ".join(f"{safe(each.name, 60)} ({getattr(each, 'order', 100)})" for each in objects)
            line = f"{hook} of plugin {safe(plugin, 60)}: {names or 'nothing'}, {seconds * 1000:.1f} ms"
            self._trace.append((plugin, line))

    def trace(self, of: str | None = None) -> Iterator[str]:
        """What `--trace-plugins` tells, of one plugin or of all: every hook called and what it gave, then every
        registration at work.
        """
        if self._trace is not None:
            yield from (line for plugin, line in self._trace if of in (None, plugin))
            yield from (watched.summary() for watched in self._watched if of in (None, watched.plugin))

    @property
    def troubled_built_in(self) -> list[str]:
        """Plugins of our own that a hook call failed in."""
        return sorted(self._failed & self._built_in())

    @property
    def broken(self) -> list[Plugin]:
        """What could not be loaded."""
        return [plugin for plugin in self.plugins if plugin.state == "broken"]


def _choices(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """Names wanted, and names switched off with what did it: `-p` overrules `plugins.disable`."""
    disable = settings.plugins.get("disable", [])
    if not isinstance(disable, (list, tuple)) or not all(isinstance(name, str) for name in disable):
        raise ConfigError(f"plugins.disable: a list of names, not {safe(repr(disable), 60)}")
    wanted: list[str] = []
    off = dict.fromkeys(disable, "switched off by plugins.disable")
    for given in settings.plugin:
        name = given.removeprefix("no:")
        if name != given:
            off[name] = f"switched off by -p {safe(given, 60)}"
            wanted = [other for other in wanted if other != name]
        else:
            off.pop(name, None)
            wanted.append(name)
    return list(dict.fromkeys(wanted)), off


def _version_of_module(name: str) -> str | None:
    """The hash of a module's file, "" where it has none to read; None where there is no such module."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    try:
        return None if spec is None else _hash(Path(spec.origin or "").read_bytes(), 4)
    except OSError:
        return ""


def _hash(content: bytes, size: int) -> str:
    return hashlib.blake2b(content, digest_size=size).hexdigest()


def _from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"pef_tui_local_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError("is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses and msgspec look a class's module up there
    spec.loader.exec_module(module)
    return module
