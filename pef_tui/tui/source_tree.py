"""The folders and archives to choose from, as a tree that reads a folder when it is opened."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Sequence

from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from pef_tui.display import safe
from pef_tui.tui.path_input import is_archive
from pef_tui.tui.places import shown_path

SHOWN = 1_000
"""Entries of one folder in the tree; in a longer one the rest is typed."""
CHOSEN = "* "


def contents(path: str) -> tuple[list[tuple[str, bool]], str]:
    """Folders and archives in a folder, sorted, each with whether it is a folder; and what is wrong with it."""
    found: list[tuple[str, bool]] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                folder = entry.is_dir()
                if folder or is_archive(entry.name):
                    found.append((entry.name, folder))
    except OSError as error:
        return [], error.strerror or "cannot be read"
    return sorted(found, key=lambda each: each[0].lower()), ""


class SourceTree(Tree[str]):
    """A node's data is its path; "" for what can only be looked at."""

    BINDINGS = [
        Binding("right", "open", "Open", id="tree.open", show=False),
        Binding("left", "shut", "Close", id="tree.shut", show=False),
    ]
    DEFAULT_CSS = "SourceTree { background: transparent; padding: 0; scrollbar-size-vertical: 1; }"

    class Chosen(Message):
        """A person chose a folder or an archive, or several at once."""

        def __init__(self, paths: tuple[str, ...], output: str = "") -> None:
            super().__init__()
            self.paths = paths
            self.output = output

    def __init__(self, recent: Sequence[tuple[tuple[str, ...], str]] = ()) -> None:
        """`recent`: sources and output of earlier runs."""
        super().__init__("", id="tree")
        self.show_root = False
        self.auto_expand = False
        self.guide_depth = 2
        self.chosen: Collection[str] = ()
        """Paths that are marked."""
        self._recent = recent
        self._read: set[int] = set()

    def on_mount(self) -> None:
        """The places one begins at."""
        here = _here()
        if self._recent:
            node = self.root.add(Text("Recent"), data="", expand=True)
            for number, (sources, _) in enumerate(self._recent):
                more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
                label = safe(shown_path(sources[0]) + more)
                node.add_leaf(Text(label), data=f"\0{number}")
        places = dict.fromkeys((here, os.path.expanduser("~"), "/"))
        for place in places:
            if place and os.path.isdir(place):
                self.root.add(Text(safe(shown_path(place))), data=place)
        first = next((node for node in self.root.children if node.data == here), None)
        if first is not None:
            first.expand()
        self.cursor_line = 0

    def render_label(self, node: TreeNode[str], base_style: Style, style: Style) -> Text:
        """Chosen ones are marked by a sign and by weight."""
        label = super().render_label(node, base_style, style)
        if node.data and node.data in self.chosen:
            label.stylize("bold")
            label = Text.assemble((CHOSEN, base_style + style), label)
        return label

    def mark(self, chosen: Collection[str]) -> None:
        """Show these as chosen."""
        self.chosen = frozenset(chosen)
        self._invalidate()
        self.refresh()

    def action_open(self) -> None:
        """Open the folder under the cursor, or go into it."""
        node = self.cursor_node
        if node is None or not node.allow_expand:
            return
        if node.is_expanded and node.children:
            self.action_cursor_down()
        else:
            node.expand()

    def action_shut(self) -> None:
        """Close the folder under the cursor, or go to the one it lies in."""
        node = self.cursor_node
        if node is None:
            return
        if node.is_expanded and node.allow_expand:
            node.collapse()
        elif node.parent is not None and not node.parent.is_root:
            self.cursor_line = node.parent.line

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[str]) -> None:
        """Read what is in the folder, once."""
        event.stop()
        node = event.node
        if node.data and node.id not in self._read:
            self._read.add(node.id)
            self.run_worker(self._fill(node), exit_on_error=False)

    async def _fill(self, node: TreeNode[str]) -> None:
        found, problem = await asyncio.to_thread(contents, node.data or "")
        if problem or not found:
            node.add_leaf(Text(safe(problem) or "(nothing here)", style="dim"), data="")
        for name, folder in found[:SHOWN]:
            path = os.path.join(node.data or "", name)
            if folder:
                node.add(Text(safe(name) + "/"), data=path)
            else:
                node.add_leaf(Text(safe(name)), data=path)
        if len(found) > SHOWN:
            node.add_leaf(Text(f"({len(found) - SHOWN:,} more: type the path)", style="dim"), data="")

    def on_tree_node_selected(self, event: Tree.NodeSelected[str]) -> None:
        """Tell which path was chosen; a heading is opened or closed."""
        event.stop()
        data = event.node.data
        if not data:
            if event.node.allow_expand:
                event.node.toggle()
        elif data.startswith("\0"):
            sources, output = self._recent[int(data[1:])]
            self.post_message(self.Chosen(sources, output))
        else:
            self.post_message(self.Chosen((data,)))


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""
