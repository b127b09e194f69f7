"""The screens by name. Each screen is imported when it is first shown, so that the app starts faster."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.screen import Screen

    from pef_tui.tui.session.session import Session

SCREENS = {
    "choose": ("pef_tui.tui.screens.choose", "ChooseScreen"),
    "review": ("pef_tui.tui.screens.review", "ReviewScreen"),
    "run": ("pef_tui.tui.screens.run", "RunScreen"),
    "done": ("pef_tui.tui.screens.done", "DoneScreen"),
    "settings": ("pef_tui.tui.screens.settings", "SettingsScreen"),
    "plugins": ("pef_tui.tui.screens.plugins", "PluginsScreen"),
    "history": ("pef_tui.tui.screens.history", "HistoryScreen"),
}
"""Module and class of each screen, by name. Each class takes the Session as argument."""


def screen(name: str, session: Session) -> Screen[Any]:
    """Return a new screen of the class with the name `name`."""
    make_screen: Any = screen_class(name)
    new_screen: Screen[Any] = make_screen(session)
    return new_screen


def is_screen(screen: Screen[Any], name: str) -> bool:
    """Return whether `screen` is the screen `name`. Import nothing, because every line of keys needs it."""
    return (type(screen).__module__, type(screen).__name__) == SCREENS[name]


def screen_class(name: str) -> type[Screen[Any]]:
    """Return the class of the screen `name`; import it if needed."""
    module, class_name = SCREENS[name]
    cls: type[Screen[Any]] = getattr(import_module(module), class_name)
    return cls
