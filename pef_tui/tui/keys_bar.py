"""The line of keys under every screen: as many as there is room for, help always among them."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

LAST = "app.help"
AROUND = 3
"""Cells around the words of a key."""


class KeysBar(Footer):
    """Shows keys in the order of `FOOTER` of the screen, then the rest; what does not fit is in the help."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._shown: list[str] = []

    def compose(self) -> ComposeResult:
        """The keys that fit."""
        fitting = list(self._fitting())
        self._shown = [each.binding.action for each in fitting]
        for each in fitting:
            binding = each.binding
            yield FooterKey(
                binding.key,
                self.app.get_key_display(binding),
                binding.description,
                binding.action,
                disabled=not each.enabled,
                tooltip=each.tooltip,
            ).data_bind(compact=Footer.compact)

    def on_resize(self, event: Resize) -> None:
        """Others may fit now."""
        if [each.binding.action for each in self._fitting()] != self._shown:
            self.call_after_refresh(self.recompose)

    def _fitting(self) -> Iterator[ActiveBinding]:
        keys = in_order(self.screen)
        last = [each for each in keys if each.binding.id == LAST]
        room = self.app.size.width - sum(map(self._width, last))
        for each in keys:
            if each in last:
                continue
            room -= self._width(each)
            if room < 0:
                break
            yield each
        yield from last

    def _width(self, each: ActiveBinding) -> int:
        binding = each.binding
        return len(self.app.get_key_display(binding)) + len(binding.description) + AROUND


def in_order(screen: Screen[object]) -> list[ActiveBinding]:
    """The keys that a screen shows, each action once, the important first."""
    first: tuple[str, ...] = getattr(screen, "FOOTER", ())
    by_action = {
        each.binding.action: each for each in reversed(screen.active_bindings.values()) if each.binding.show
    }
    keys = list(reversed(by_action.values()))
    return sorted(
        keys, key=lambda each: first.index(each.binding.id) if each.binding.id in first else len(first)
    )
