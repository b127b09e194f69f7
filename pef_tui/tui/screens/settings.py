"""Settings screen: value, origin and meaning of every setting, which can be changed and saved."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import OptionList

from pef_tui.config import ConfigError, options
from pef_tui.sanitize import safe
from pef_tui.tui.keys import bindings
from pef_tui.tui.panels import PanelScreen
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.config_file import NEVER, config_path, save
from pef_tui.tui.session.session import EDITED, Session
from pef_tui.tui.text.safe_content import safe_content
from pef_tui.tui.text.values import value_text
from pef_tui.tui.widgets.keys_bar import KeysBar
from pef_tui.tui.widgets.setting_rows import AboutSetting, SettingRows
from pef_tui.tui.widgets.steps_bar import StepsBar

HIDDEN = frozenset(("batch", "json", "plain", "sources", "keys", "plugins", "quiet", "verbose", "progress"))
"""Settings that are not listed, because they have no effect in the app or are set on another screen."""

NAME_WIDTH = 18
"""Width of the names of the settings, in cells."""


class SettingsScreen(PanelScreen):
    """All settings in one list."""

    HELP = (
        "Enter changes a setting: it opens a list of its values, or a field to type one. Changes apply to the "
        "next preview or run. Save writes them to the configuration file, for later sessions."
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("settings")
    DEFAULT_CSS = """
    SettingsScreen #rows { height: 1fr; }
    SettingsScreen #about { height: auto; min-height: 5; padding: 0 1; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._names = [name for name in options() if name not in HIDDEN]

    def compose(self) -> ComposeResult:
        """Create the list, and the details of the setting under the cursor below it."""
        yield StepsBar("Settings")
        yield SettingRows(self._session, self._names, self._row, id="rows", classes="box")
        yield AboutSetting(self._session, id="about", classes="box")
        yield KeysBar()

    def on_mount(self) -> None:
        """Focus the first setting."""
        self._rows.border_title = f" {'Setting':<{NAME_WIDTH}} {'Value':<21} From "
        self._rows.focus()
        self._rows.highlighted = 0

    @property
    def _rows(self) -> SettingRows:
        return self.query_one(SettingRows)

    def _row(self, name: str) -> Content:
        session = self._session
        value, origin = getattr(session.settings, name), session.origins[name]
        is_changed = value != options()[name].default
        return safe_content(
            f" {name:<{NAME_WIDTH}} ",
            (f"{safe(value_text(value), 20):<21} ", "bold" if is_changed else ""),
            (f"{_short_origin(origin):<14}", "bold $text-warning" if origin == EDITED else "dim"),
            (options()[name].text, "dim"),
        )

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the details of the setting under the cursor."""
        if event.option_id:
            self.query_one(AboutSetting).show(event.option_id)

    def on_setting_rows_changed(self, event: SettingRows.Changed) -> None:
        """Show the new value; a new theme applies immediately."""
        self.query_one(AboutSetting).show(event.name)
        if event.name == "theme":
            from pef_tui.tui.themes import theme_name

            self.app.theme = theme_name(self._session.settings.theme, self._session.environ)

    def action_default(self) -> None:
        """Reset the setting under the cursor to its default."""
        if name := self._rows.name_at_cursor:
            self._session.change(**{name: options()[name].default})
            self._rows.refresh_values()
            self.query_one(AboutSetting).show(name)

    def action_save(self) -> None:
        """Write the settings changed in the app to the configuration file."""
        app: Any = self.app
        session = self._session
        edited = {
            name: getattr(session.settings, name)
            for name, origin in session.origins.items()
            if origin == EDITED and name not in NEVER
        }
        path = config_path(session.config, session.environ or os.environ)
        if not edited or path is None:
            problem = "No change to save." if path is not None else "There is no home directory to save to."
            app.notify(problem, markup=False)
            return
        try:
            save(path, edited)
        except ConfigError as error:
            app.notify(str(error), severity="error", markup=False)
            return
        session.origins.update(dict.fromkeys(edited, str(path)))
        self._rows.refresh_values()
        app.notify(f"{len(edited)} saved to {safe(shown_path(str(path)))}", markup=False)


def _short_origin(origin: str) -> str:
    """Return the origin of a value in one or two words."""
    if origin == EDITED:
        return origin
    return "config file" if os.path.isabs(origin) else origin.split()[0]
