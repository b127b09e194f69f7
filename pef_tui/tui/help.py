"""Help and commands, made from the keys of a screen: what is shown is what works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from pef_tui.tui.content import lines, said

GENERAL = (
    "Tab goes to the next part of a screen, Shift+Tab back; arrows move in it, Enter chooses. Escape goes one screen "
    "back. Everything on a screen, and every key below it, answers to the mouse as well."
)


def own_bindings(app: App[Any], screen: Screen[Any]) -> Iterator[Binding]:
    """The keys of a screen and of the app, each once, those of the screen first."""
    seen: set[str] = set()
    for node in (screen, app):
        for binding in node._bindings.key_to_bindings.values():
            for each in binding:
                if each.id and each.id not in seen and each.description:
                    seen.add(each.id)
                    yield each


def keys_of(app: App[Any], screen: Screen[Any], binding: Binding) -> str:
    """The keys that do it now, for people."""
    if given := app._keymap.get(binding.id or ""):
        names = [key.strip() for key in given.split(",")]
    else:
        node = screen if any(binding.id == each.id for _, each in screen._bindings) else app
        names = [key for key, each in node._bindings if each.id == binding.id]
    return ", ".join(app.get_key_display(Binding(key, "", "")) for key in names)


def help_text(screen: Screen[Any]) -> Content:
    """What the screen is for, then its keys with the names they have in the `[keys]` table."""
    app = screen.app
    rows = [said(text) for text in getattr(screen, "HELP", "").split("\n") if text]
    rows += [said(""), said(GENERAL), said("")]
    for binding in own_bindings(app, screen):
        shown = keys_of(app, screen, binding)
        rows.append(said((f"{shown:<12} ", "bold"), f"{binding.description:<16} ", (f"{binding.id}", "dim")))
    rows += [
        said(""),
        said(("The names at the right are for the [keys] table of config.toml.", "dim")),
    ]
    return lines(rows)


def commands(app: App[Any], screen: Screen[Any]) -> Iterable[SystemCommand]:
    """Every key of the screen as an entry of the command palette."""
    for binding in own_bindings(app, screen):
        node = screen if any(binding.id == each.id for _, each in screen._bindings) else app
        run: Callable[[], Any] = partial(app.call_later, app.run_action, binding.action, node)
        yield SystemCommand(binding.description, f"{keys_of(app, screen, binding)}   {binding.id}", run)
