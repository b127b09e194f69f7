"""The line of keys under every screen: as many as there is room for, help always among them."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import ActiveBinding
from textual.content import Content
from textual.events import Leave, MouseDown, MouseMove
from textual.screen import Screen
from textual.widgets import Static

LAST = "app.help"
AROUND = 3
"""Cells around the words of a key."""


class KeysBar(Static):
    """Shows keys in the order of `FOOTER` of the screen, then the rest; what does not fit is in the help.

    One line that is drawn when it changes, for every widget of a screen costs when the screen is put up.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeysBar { dock: bottom; height: 1; text-wrap: nowrap; color: $footer-foreground; background: $footer-background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[ActiveBinding] = []
        self._shown = Content()
        self._pointed = -1
        """The key under the mouse."""
        self._due = False

    def on_mount(self) -> None:
        """From now on, whatever keys the screen has."""
        self.screen.bindings_updated_signal.subscribe(self, self._keys_changed)
        self._draw()

    def on_unmount(self) -> None:
        """No more of them."""
        self.screen.bindings_updated_signal.unsubscribe(self)

    def on_resize(self) -> None:
        """Others may fit now."""
        self._draw()

    def _keys_changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen and not self._due:
            self._due = True
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        """Show the keys that fit, if they are not what is shown."""
        self._due = False
        if not self.is_attached:  # the screen is being taken down
            return
        self._keys = list(self._fitting())
        words = Content("").join(self._words(at, each) for at, each in enumerate(self._keys))
        if not words.is_same(self._shown):
            self._shown = words
            self.update(words, layout=False)

    def _words(self, at: int, each: ActiveBinding) -> Content:
        binding = each.binding
        key, text = f" {self.app.get_key_display(binding)} ", f"{binding.description} "
        if at == self._pointed:
            return Content.styled(key + text, "$footer-key-foreground on $block-hover-background")
        dim = "" if each.enabled else " dim"
        return Content.assemble(
            (key, f"bold{dim} $footer-key-foreground on $footer-key-background"),
            (text, f"{dim} $footer-description-foreground on $footer-description-background"),
        )

    # -- the mouse

    def _at(self, column: int) -> int:
        """The number of the key in a column; -1 for none."""
        for number, each in enumerate(self._keys):
            column -= self._width(each)
            if column < 0:
                return number
        return -1

    def on_mouse_move(self, event: MouseMove) -> None:
        """Mark the key under the mouse, and tell of it."""
        self._point(self._at(event.x))

    def on_leave(self, event: Leave) -> None:
        """No key is under the mouse any more."""
        self._point(-1)

    def _point(self, number: int) -> None:
        if number != self._pointed:
            self._pointed = number
            self.tooltip = self._keys[number].tooltip or None if number >= 0 else None
            self._draw()

    def on_mouse_down(self, event: MouseDown) -> None:
        """As if the key were pressed."""
        if (number := self._at(event.x)) < 0:
            return
        each = self._keys[number]
        if each.enabled:
            self.app.simulate_key(each.binding.key)
        else:
            self.app.bell()

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
