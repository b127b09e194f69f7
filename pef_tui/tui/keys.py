"""Keys that a person set in the `[keys]` table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pef_tui.display import safe

TAKEN = frozenset(("ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "ctrl+m", "ctrl+i", "ctrl+h"))
"""Keys that tmux, screen or the terminal itself keep."""


def keymap(given: Mapping[str, str]) -> dict[str, str]:
    """The keys by the name of what they do, as Textual takes them; those that cannot arrive are left out."""
    return {name: wanted for name, wanted in given.items() if wanted and not _never(wanted)}


def _never(wanted: str) -> bool:
    return all(key.strip() in TAKEN for key in wanted.split(","))


def problems(given: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a `[keys]` table, each in one line that is safe to show."""
    for name, wanted in given.items():
        if not wanted or _never(wanted):
            yield f"[keys] {safe(name, 40)} = {safe(repr(wanted), 40)}: tmux or the terminal keeps this key"
