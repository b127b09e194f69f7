"""Plugins screen: state, origin and errors of the plugins, which can be switched on and off."""

from __future__ import annotations

import os
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pef_tui.config import ConfigError
from pef_tui.plugins.host import Plugin
from pef_tui.sanitize import safe
from pef_tui.tui.keys import bindings
from pef_tui.tui.panels import PanelScreen
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.config_file import config_path, save_disabled
from pef_tui.tui.session.session import Session
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.widgets.keys_bar import KeysBar
from pef_tui.tui.widgets.rows import RowList
from pef_tui.tui.widgets.steps_bar import StepsBar

_STYLES = {"loaded": "$text-success", "off": "dim", "broken": "bold $text-error"}


class PluginsScreen(PanelScreen):
    """The plugins, as listed by `--plugins`."""

    HELP = (
        "Enter switches a plugin off or on, for the next preview or run. Save writes this to the configuration file. "
        "A plugin is a program that runs with your permissions."
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("plugins")
    DEFAULT_CSS = """
    PluginsScreen OptionList { height: 1fr; padding: 0; background: transparent; text-wrap: nowrap;
                               text-overflow: ellipsis; }
    PluginsScreen #about { height: auto; min-height: 5; padding: 0 1; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._plugins: list[Plugin] = []

    def compose(self) -> ComposeResult:
        """Create the list, and the details of the plugin under the cursor below it."""
        yield StepsBar("Plugins")
        yield RowList(compact=True, classes="box")
        yield Static(id="about", classes="box")
        yield KeysBar()

    def on_mount(self) -> None:
        """Load the plugins."""
        plugin_list = self.query_one(OptionList)
        plugin_list.border_title = " Plugin             State     From "
        self._load()
        plugin_list.focus()
        plugin_list.highlighted = 0 if self._plugins else None

    def _load(self) -> None:
        problem = ""
        try:
            host = self._session.make_host()
            self._plugins = host.plugins
        except ConfigError as error:
            problem = str(error)
        plugin_list = self.query_one(OptionList)
        index = plugin_list.highlighted
        plugin_list.clear_options()
        plugin_list.add_options([Option(_row(plugin)) for plugin in self._plugins])
        plugin_list.highlighted = index
        if problem:
            self.notify(problem, severity="error", markup=False)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the details of the plugin under the cursor."""
        plugin = self._plugins[event.option_index]
        about = self.query_one("#about", Static)
        about.border_title = f" {safe(plugin.name, 40)} "
        hooks = ", ".join(name.removeprefix("pef_") for name in plugin.hooks)
        rows = [safe_content(("state  ", "dim"), (plugin.state, _STYLES[plugin.state]))]
        rows.append(safe_content(("from   ", "dim"), _origin(plugin)))
        if hooks:
            rows.append(safe_content(("hooks  ", "dim"), hooks))
        if plugin.error:
            rows.append(safe_content(("error  ", "dim"), plugin.error))
        rows += [safe_content(("note   ", "dim"), note) for note in plugin.notes]
        about.update(lines(rows))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Switch the plugin off or on."""
        event.stop()
        plugin = self._plugins[event.option_index]
        if plugin.origin == "built-in" and plugin.state == "loaded" and plugin.name != "doctor":
            self.notify(f"A run requires {plugin.name}.", severity="warning", markup=False)
            return
        settings, names = self._session.settings, set(self._names_off())
        selection = tuple(entry for entry in settings.plugin if entry.removeprefix("no:") != plugin.name)
        if plugin.state == "off":
            names.discard(plugin.name)
            selection += (plugin.name,) if plugin.origin == "installed" else ()
        else:
            names.add(plugin.name)
        self._session.change(plugin=selection, plugins={**settings.plugins, "disable": sorted(names)})
        self._load()

    def _names_off(self) -> list[str]:
        """Return the names of the plugins that are switched off, in the configuration or on this screen."""
        settings = self._session.settings
        setting = settings.plugins.get("disable", [])
        disabled = [str(name) for name in setting] if isinstance(setting, list | tuple) else []
        return sorted({*disabled, *(name[3:] for name in settings.plugin if name.startswith("no:"))})

    def action_save(self) -> None:
        """Write the names of the plugins that are switched off to the configuration file."""
        path = config_path(self._session.config, self._session.environ or os.environ)
        if path is None:
            self.notify("There is no home directory to save to.", severity="error", markup=False)
            return
        try:
            save_disabled(path, self._names_off())
        except ConfigError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.notify(f"Saved to {safe(shown_path(str(path)))}", markup=False)


def _origin(plugin: Plugin) -> str:
    return " ".join(filter(None, (f"{plugin.origin}:", plugin.distribution, plugin.version)))


def _row(plugin: Plugin) -> Content:
    return safe_content(
        f" {safe(plugin.name, 20):<20} ",
        (f"{plugin.state:<9} ", _STYLES[plugin.state]),
        (plugin.error or _origin(plugin), "dim"),
    )
