"""The screens by name, each imported when it is first shown: starting loads one."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.screen import Screen

    from pef_tui.tui.flow import Flow

SCREENS = {
    "choose": ("pef_tui.tui.choose", "ChooseScreen"),
    "review": ("pef_tui.tui.review", "ReviewScreen"),
    "run": ("pef_tui.tui.run", "RunScreen"),
    "done": ("pef_tui.tui.done", "DoneScreen"),
    "settings": ("pef_tui.tui.settings_screen", "SettingsScreen"),
    "plugins": ("pef_tui.tui.plugins_screen", "PluginsScreen"),
    "history": ("pef_tui.tui.history", "HistoryScreen"),
}
"""Module and class of each; a class is made with the Flow."""


def screen(name: str, flow: Flow) -> Screen[Any]:
    """A new screen."""
    made: Any = screen_class(name)
    shown: Screen[Any] = made(flow)
    return shown


def screen_class(name: str) -> type[Screen[Any]]:
    """The class of a screen."""
    module, cls = SCREENS[name]
    found: type[Screen[Any]] = getattr(import_module(module), cls)
    return found
