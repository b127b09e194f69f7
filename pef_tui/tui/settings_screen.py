"""Settings: every one with its value, where that comes from and what it means; changed here, saved to the file."""

from __future__ import annotations

import os
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static

from pef_tui.config import ConfigError, options
from pef_tui.display import safe
from pef_tui.tui.bar import StageBar
from pef_tui.tui.content import lines, said
from pef_tui.tui.flow import EDITED, Flow
from pef_tui.tui.keys_bar import KeysBar
from pef_tui.tui.option_rows import OptionRows, shown_value
from pef_tui.tui.places import shown_path
from pef_tui.tui.save import NEVER, config_path, save

HIDDEN = frozenset(("batch", "json", "plain", "sources", "keys", "plugins", "quiet", "verbose", "progress"))
"""Those without a meaning on screens, or with a screen of their own."""


class SettingsScreen(Screen[None]):
    """All of the settings in one list."""

    HELP = (
        "Enter changes a setting: a choice goes to its next value, anything else is typed. It counts from the next "
        "preview or run on. Save writes what was changed into the configuration file, for later sessions too."
    )
    BINDINGS = [
        Binding("w", "save", "Save to file", id="settings.save"),
        Binding("d", "default", "Default", id="settings.default"),
        Binding("escape", "app.go_back", "Back", id="settings.back"),
    ]
    CSS = """
    SettingsScreen #rows { height: 1fr; border-top: solid $foreground-muted; border-title-color: $text-primary;
                           border-title-style: bold; }
    SettingsScreen #rows:focus { border-top: solid $primary; }
    SettingsScreen #about { height: 6; border-top: solid $foreground-muted; padding: 0 1;
                            border-title-color: $text-primary; border-title-style: bold; }
    """

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow
        self._names = [name for name in options() if name not in HIDDEN]

    def compose(self) -> ComposeResult:
        """The list, and below it everything about the one under the cursor."""
        yield StageBar("Settings")
        yield OptionRows(self._flow, self._names, self._row, id="rows")
        yield Static(id="about")
        yield KeysBar()

    def on_mount(self) -> None:
        """The first is in focus."""
        self._rows.border_title = " Setting        Value                 From "
        self._rows.focus()
        self._rows.highlighted = 0

    @property
    def _rows(self) -> OptionRows:
        return self.query_one(OptionRows)

    def _row(self, name: str) -> Content:
        flow = self._flow
        value, origin = getattr(flow.settings, name), flow.origins[name]
        changed = value != options()[name].default
        return said(
            f" {name:<15} ",
            (f"{safe(shown_value(value), 20):<21} ", "bold" if changed else ""),
            (f"{_kind(origin):<14}", "bold $text-warning" if origin == EDITED else "dim"),
            (options()[name].text, "dim"),
        )

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell of the setting under the cursor."""
        self._tell(event.option_id or "")

    def on_option_rows_changed(self, event: OptionRows.Changed) -> None:
        """Tell anew; colours change at once."""
        self._tell(event.name)
        if event.name == "theme":
            from pef_tui.tui.themes import theme_name

            self.app.theme = theme_name(self._flow.settings.theme, self._flow.environ)

    def _tell(self, name: str) -> None:
        flow, option = self._flow, options()[name]
        value = getattr(flow.settings, name)
        about = self.query_one("#about", Static)
        about.border_title = f" {option.flag}   {option.variable} "
        about.update(
            lines(
                [
                    said(option.text[:1].upper() + option.text[1:] + "."),
                    said(
                        ("now      ", "dim"),
                        (shown_value(value), "bold"),
                        f", from {flow.origins[name]}",
                    ),
                    said(("may be   ", "dim"), option.allowed),
                    said(("default  ", "dim"), shown_value(option.default)),
                ]
            )
        )

    def action_default(self) -> None:
        """Back to the default."""
        if name := self._rows.name_at_cursor:
            self._flow.change(**{name: options()[name].default})
            self._rows.renew()
            self._tell(name)

    def action_save(self) -> None:
        """Write what was changed here into the configuration file."""
        app: Any = self.app
        flow = self._flow
        changed = {
            name: getattr(flow.settings, name)
            for name, origin in flow.origins.items()
            if origin == EDITED and name not in NEVER
        }
        path = config_path(flow.config, flow.environ or os.environ)
        if not changed or path is None:
            why = (
                "Nothing was changed that is saved."
                if path is not None
                else "There is no home folder to save to."
            )
            app.notify(why, markup=False)
            return
        try:
            save(path, changed)
        except ConfigError as error:
            app.notify(str(error), severity="error", markup=False)
            return
        flow.origins.update(dict.fromkeys(changed, str(path)))
        self._rows.renew()
        app.notify(f"{len(changed)} saved to {safe(shown_path(str(path)))}", markup=False)


def _kind(origin: str) -> str:
    """Where a value comes from, in a word or two."""
    if origin == EDITED:
        return origin
    return "config file" if os.path.isabs(origin) else origin.split()[0]
