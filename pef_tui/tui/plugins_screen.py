"""Plugins: what is loaded and from where, what is broken and why; switched on and off here."""

from __future__ import annotations

import os

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.config import ConfigError
from pef_tui.display import safe
from pef_tui.plugins import Plugin
from pef_tui.tui.bar import StageBar
from pef_tui.tui.content import lines, said
from pef_tui.tui.flow import Flow
from pef_tui.tui.keys_bar import KeysBar
from pef_tui.tui.places import shown_path
from pef_tui.tui.save import config_path, save_disabled

_STYLES = {"loaded": "$text-success", "off": "dim", "broken": "bold $text-error"}


class PluginsScreen(Screen[None]):
    """The plugins as `--plugins` lists them."""

    HELP = (
        "Enter switches a plugin off, or on again, from the next preview or run on. Save keeps that in the "
        "configuration file. A plugin is a program that runs with your rights."
    )
    BINDINGS = [
        Binding("w", "save", "Save to file", id="plugins.save"),
        Binding("escape", "app.go_back", "Back", id="plugins.back"),
    ]
    CSS = """
    PluginsScreen OptionList { height: 1fr; border: none; border-top: solid $foreground-muted; padding: 0;
                               background: transparent; text-wrap: nowrap; text-overflow: ellipsis;
                               border-title-color: $text-primary; border-title-style: bold; }
    PluginsScreen OptionList:focus { border-top: solid $primary; }
    PluginsScreen #about { height: 6; border-top: solid $foreground-muted; padding: 0 1;
                           border-title-color: $text-primary; border-title-style: bold; }
    """

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow
        self._plugins: list[Plugin] = []

    def compose(self) -> ComposeResult:
        """The list, and below it everything about the one under the cursor."""
        yield StageBar("Plugins")
        yield OptionList(compact=True)
        yield Static(id="about")
        yield KeysBar()

    def on_mount(self) -> None:
        """Load them."""
        found = self.query_one(OptionList)
        found.border_title = " Plugin             State     From "
        self._load()
        found.focus()
        found.highlighted = 0 if self._plugins else None

    def _load(self) -> None:
        problem = ""
        try:
            host = self._flow.make_host()
            self._plugins = host.plugins
        except ConfigError as error:
            problem = str(error)
        found = self.query_one(OptionList)
        at = found.highlighted
        found.clear_options()
        found.add_options([Option(_row(plugin)) for plugin in self._plugins])
        found.highlighted = at
        if problem:
            self.notify(problem, severity="error", markup=False)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell of the plugin under the cursor."""
        plugin = self._plugins[event.option_index]
        about = self.query_one("#about", Static)
        about.border_title = f" {safe(plugin.name, 40)} "
        hooks = ", ".join(name.removeprefix("pef_") for name in plugin.hooks)
        rows = [said(("state  ", "dim"), (plugin.state, _STYLES[plugin.state]))]
        rows.append(said(("from   ", "dim"), _where(plugin)))
        if hooks:
            rows.append(said(("hooks  ", "dim"), hooks))
        if plugin.error:
            rows.append(said(("why    ", "dim"), plugin.error))
        rows += [said(("note   ", "dim"), note) for note in plugin.notes]
        about.update(lines(rows))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Off, or on again."""
        event.stop()
        plugin = self._plugins[event.option_index]
        if plugin.origin == "built-in" and plugin.state == "loaded" and plugin.name != "doctor":
            self.notify(f"Without {plugin.name} there is no run.", severity="warning", markup=False)
            return
        settings, names = self._flow.settings, set(self._off())
        plain = tuple(given for given in settings.plugin if given.removeprefix("no:") != plugin.name)
        if plugin.state == "off":
            names.discard(plugin.name)
            plain += (plugin.name,) if plugin.origin == "installed" else ()
        else:
            names.add(plugin.name)
        self._flow.change(plugin=plain, plugins={**settings.plugins, "disable": sorted(names)})
        self._load()

    def _off(self) -> list[str]:
        """Names switched off by the configuration and here."""
        settings = self._flow.settings
        kept = settings.plugins.get("disable", [])
        off = [str(name) for name in kept] if isinstance(kept, list | tuple) else []
        return sorted({*off, *(name[3:] for name in settings.plugin if name.startswith("no:"))})

    def action_save(self) -> None:
        """Keep what is off in the configuration file."""
        path = config_path(self._flow.config, self._flow.environ or os.environ)
        if path is None:
            self.notify("There is no home folder to save to.", severity="error", markup=False)
            return
        try:
            save_disabled(path, self._off())
        except ConfigError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.notify(f"Saved to {safe(shown_path(str(path)))}", markup=False)


def _where(plugin: Plugin) -> str:
    return " ".join(filter(None, (f"{plugin.origin}:", plugin.distribution, plugin.version)))


def _row(plugin: Plugin) -> Content:
    return said(
        f" {safe(plugin.name, 20):<20} ",
        (f"{plugin.state:<9} ", _STYLES[plugin.state]),
        (plugin.error or _where(plugin), "dim"),
    )
