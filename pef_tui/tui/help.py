"""Help and commands, made from the keys of a screen: what is shown is what works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from pef_tui.tui.content import lines, said

MOVING = ("list.", "path.", "tree.")
"""Keys that move within a part of a screen: `GENERAL` tells of them."""
GENERAL = (
    "Tab goes to the next part of a screen, Shift+Tab back; arrows move in it, Enter chooses. Escape goes one screen "
    "back. Everything on a screen, and every key below it, answers to the mouse as well."
)


def own_bindings(app: App[Any], screen: Screen[Any]) -> Iterator[Binding]:
    """The keys of a screen, of its parts in view and of the app, each once, in this order."""
    seen: set[str] = set()
    for node in _nodes(app, screen):
        for binding in node._bindings.key_to_bindings.values():
            for each in binding:
                if each.id and each.id not in seen and each.description and not each.id.startswith(MOVING):
                    seen.add(each.id)
                    yield each


def _nodes(app: App[Any], screen: Screen[Any]) -> Iterator[DOMNode]:
    yield screen
    yield from (part for part in screen.query("*") if part.display and all(up.display for up in _above(part)))
    yield app


def _above(part: Widget) -> Iterator[Widget]:
    return (each for each in part.ancestors if isinstance(each, Widget))


def node_of(app: App[Any], screen: Screen[Any], binding: Binding) -> DOMNode:
    """The part of a screen that a key belongs to."""
    wanted = binding.id
    return next(node for node in _nodes(app, screen) if any(wanted == each.id for _, each in node._bindings))


def keys_of(app: App[Any], screen: Screen[Any], binding: Binding) -> str:
    """The keys that do it now, for people."""
    if given := app._keymap.get(binding.id or ""):
        names = [key.strip() for key in given.split(",")]
    else:
        node = node_of(app, screen, binding)
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
        node = node_of(app, screen, binding)
        run: Callable[[], Any] = partial(app.call_later, app.run_action, binding.action, node)
        yield SystemCommand(binding.description, f"{keys_of(app, screen, binding)}   {binding.id}", run)
