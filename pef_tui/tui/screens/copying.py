"""Copy texts to the clipboard of the terminal, and show them, because not every terminal has a clipboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import App

from pef_tui.tui.screens.dialogs import TextWindow
from pef_tui.tui.screens.picker import PickScreen
from pef_tui.tui.session.batch_command import shell_word
from pef_tui.tui.text.safe_content import lines, safe_content
from pef_tui.tui.widgets.option import Option

HINT = (
    "It was sent to the clipboard of the terminal (OSC 52). If that is not supported, select the text above."
)


def copy(app: App[Any], title: str, text: str) -> None:
    """Send `text` to the clipboard of the terminal by OSC 52, and show it in a window with `title`."""
    app.copy_to_clipboard(text)
    content = lines([safe_content((text, "bold")), safe_content(""), safe_content((HINT, "dim"))])
    app.push_screen(TextWindow(title, content))


def offer_copies(app: App[Any], offers: Sequence[tuple[str, str]]) -> None:
    """Let the user pick which text to copy. `offers`: titles and texts."""

    def on_pick(key: str | None) -> None:
        if key is not None:
            copy(app, *offers[int(key)])

    options = [Option(f"{number}", title, text) for number, (title, text) in enumerate(offers)]
    app.push_screen(PickScreen("Copy", options, "nothing to copy"), on_pick)


def path_offer(title: str, path: str) -> tuple[str, str]:
    """Return the offer to copy a path. A path with control characters, or not in UTF-8, is quoted for a shell."""
    quoted = shell_word(path)
    return title, quoted if quoted.startswith("$'") else path
