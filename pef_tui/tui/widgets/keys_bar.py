"""The line of keys below every screen. It shows as many keys as fit, and always the key for help."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import ActiveBinding
from textual.content import Content
from textual.events import Leave, MouseDown, MouseMove
from textual.screen import Screen
from textual.widgets import Static

HELP_ID = "app.help"
PADDING = 3
"""Number of blanks for one key: around its name and after its description."""


class KeysBar(Static):
    """Shows the keys of the screen: first the keys that its `FOOTER` lists, then the others, until the line is full.

    The help lists the keys that do not fit. All keys are drawn in one widget, because a widget for each key makes a
    screen slower to open.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeysBar { dock: bottom; height: 1; text-wrap: nowrap; color: $footer-foreground; background: $footer-background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[ActiveBinding] = []
        self._content = Content()
        self._hovered = -1
        """Index of the key under the mouse; -1 if there is none."""
        self._draw_pending = False

    def on_mount(self) -> None:
        """Subscribe to changes of the keys of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, self._keys_changed)
        self._draw()

    def on_unmount(self) -> None:
        """Unsubscribe from changes of the keys."""
        self.screen.bindings_updated_signal.unsubscribe(self)

    def on_resize(self) -> None:
        """Draw the keys that fit the new width."""
        self._draw()

    def _keys_changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen and not self._draw_pending:
            self._draw_pending = True
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        """Draw the keys that fit into the line, unless they are drawn already."""
        self._draw_pending = False
        if not self.is_attached:  # the screen is being removed
            return
        self._keys = list(self._fitting())
        content = Content("").join(self._key_content(index, key) for index, key in enumerate(self._keys))
        if not content.is_same(self._content):
            self._content = content
            self.update(content, layout=False)

    def _key_content(self, index: int, key: ActiveBinding) -> Content:
        binding = key.binding
        name, text = f" {self.app.get_key_display(binding)} ", f"{binding.description} "
        if index == self._hovered:
            return Content.styled(name + text, "$footer-key-foreground on $block-hover-background")
        dim = "" if key.enabled else " dim"
        return Content.assemble(
            (name, f"bold{dim} $footer-key-foreground on $footer-key-background"),
            (text, f"{dim} $footer-description-foreground on $footer-description-background"),
        )

    # -- the mouse

    def _index_at(self, column: int) -> int:
        """Return the index of the key that is drawn in the screen column `column`; -1 if no key is there."""
        for index, key in enumerate(self._keys):
            column -= self._width(key)
            if column < 0:
                return index
        return -1

    def on_mouse_move(self, event: MouseMove) -> None:
        """Highlight the key under the mouse, and show its tooltip."""
        self._hover(self._index_at(event.x))

    def on_leave(self, event: Leave) -> None:
        """Remove the highlight."""
        self._hover(-1)

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.tooltip = self._keys[index].tooltip or None if index >= 0 else None
            self._draw()

    def on_mouse_down(self, event: MouseDown) -> None:
        """Press the clicked key."""
        if (index := self._index_at(event.x)) < 0:
            return
        key = self._keys[index]
        if key.enabled:
            self.app.simulate_key(key.binding.key)
        else:
            self.app.bell()

    def _fitting(self) -> Iterator[ActiveBinding]:
        keys = in_order(self.screen)
        help_keys = [key for key in keys if key.binding.id == HELP_ID]
        free = self.app.size.width - sum(map(self._width, help_keys))
        for key in keys:
            if key in help_keys:
                continue
            free -= self._width(key)
            if free < 0:
                break
            yield key
        yield from help_keys

    def _width(self, key: ActiveBinding) -> int:
        binding = key.binding
        return len(self.app.get_key_display(binding)) + len(binding.description) + PADDING


def in_order(screen: Screen[object]) -> list[ActiveBinding]:
    """Return the keys that a screen shows, each action once: first the keys in `FOOTER`, then the other keys."""
    footer: tuple[str, ...] = getattr(screen, "FOOTER", ())
    by_action = {
        key.binding.action: key for key in reversed(screen.active_bindings.values()) if key.binding.show
    }
    keys = list(reversed(by_action.values()))
    return sorted(
        keys, key=lambda key: footer.index(key.binding.id) if key.binding.id in footer else len(footer)
    )
