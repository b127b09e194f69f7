"""The texts of the help and the entries of the command palette, made from the key bindings of a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from textwrap import wrap
from typing import Any

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from pef_tui.tui.keys import key_names, with_keys
from pef_tui.tui.screens.dialogs import text_width
from pef_tui.tui.text.safe_content import lines, safe_content

MOVING = ("list.",)
"""Prefixes of the ids of bindings that move within a part of a screen. The help lists them after the other keys."""
KEY_COLUMN = 13
"""Width of the column with the names of the keys."""
GENERAL = (
    "Tab moves to the next part of a screen, Shift+Tab back; Enter chooses. Everything on a screen, and every key "
    "below it, can be clicked as well."
)


def own_bindings(app: App[Any], screen: Screen[Any]) -> Iterator[Binding]:
    """Yield the key bindings for the help: bindings of the screen, then of its visible parts, then of the app.

    Each binding is yielded once. Bindings in `MOVING` are the last. Bindings without a description are left out.
    """
    found = list(_described_bindings(app, screen))
    yield from (binding for binding in found if not (binding.id or "").startswith(MOVING))
    yield from (binding for binding in found if (binding.id or "").startswith(MOVING))


def _described_bindings(app: App[Any], screen: Screen[Any]) -> Iterator[Binding]:
    ids: set[str] = set()
    for node in _nodes(app, screen):
        for binding in _declared(node):
            if binding.id and binding.id not in ids and binding.description:
                ids.add(binding.id)
                yield binding


def _nodes(app: App[Any], screen: Screen[Any]) -> Iterator[DOMNode]:
    yield screen
    for part in screen.query("*"):
        if part.display and all(parent.display for parent in part.ancestors if isinstance(parent, Widget)):
            yield part
    yield app


def _declared(node: DOMNode) -> Iterator[Binding]:
    """Yield the bindings that the classes of a node declare, without bindings of Textual itself, which have no id."""
    for cls in type(node).__mro__:
        for binding in vars(cls).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                yield binding


def node_of(app: App[Any], screen: Screen[Any], binding: Binding) -> DOMNode:
    """Return the node (part of the screen, screen or app) that declares a binding."""
    return next(
        node for node in _nodes(app, screen) if any(binding.id == declared.id for declared in _declared(node))
    )


def help_text(app: App[Any], keymap: Mapping[str, str], screen: Screen[Any]) -> Content:
    """Return the purpose of the screen, then its keys with their names for the `[keys]` table.

    `keymap`: keys that the user configured, by binding id.
    """
    rows = [safe_content(with_keys(text, keymap)) for text in getattr(screen, "HELP", "").split("\n") if text]
    rows += [safe_content(""), safe_content(GENERAL), safe_content("")]
    for binding in own_bindings(app, screen):
        names = key_names(binding.id or "", keymap)
        rows += _key_rows(names, binding.tooltip, binding.id or "", text_width(app.size.width))
    rows += [
        safe_content(""),
        safe_content(("The names at the right are for the [keys] table of config.toml.", "dim")),
    ]
    return lines(rows)


def _key_rows(names: str, text: str, key_id: str, width: int) -> list[Content]:
    """Return the rows for a key: its names, what it does, and its id. Continued rows begin below the text.

    Names that are wider than their column have a row of their own.
    """
    pieces = wrap(f"{text}  {key_id}", max(width - KEY_COLUMN, 10), break_on_hyphens=False)
    is_wide = len(names) >= KEY_COLUMN
    rows = [safe_content((names, "bold"))] if is_wide else []
    for number, piece in enumerate(pieces):
        name = f"{names:<{KEY_COLUMN}}" if number == 0 and not is_wide else " " * KEY_COLUMN
        has_id = number == len(pieces) - 1 and piece.endswith(key_id)
        words, id_words = (piece[: -len(key_id)], key_id) if has_id else (piece, "")
        rows.append(safe_content((name, "bold"), words, (id_words, "dim")))
    return rows


def commands(app: App[Any], keymap: Mapping[str, str], screen: Screen[Any]) -> Iterable[SystemCommand]:
    """Yield an entry of the command palette for every action of the screen, except those that move in a list."""
    for binding in own_bindings(app, screen):
        if (binding.id or "").startswith(MOVING) or binding.action == "command_palette":
            continue
        node = node_of(app, screen, binding)
        run: Callable[[], Any] = partial(app.call_later, app.run_action, binding.action, node)
        yield SystemCommand(binding.tooltip, key_names(binding.id or "", keymap), run)
