"""The tree of the directories and archives that can be chosen. A directory is read when it is opened."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Sequence
from typing import ClassVar, NamedTuple

from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from pef_tui.sanitize import safe_middle
from pef_tui.tui.keys import bindings
from pef_tui.tui.session.app_files import shown_path
from pef_tui.tui.session.folder_contents import FolderEntry, contents
from pef_tui.tui.widgets.rows import Rows

MAX_ENTRIES = 1_000
"""Maximum number of entries of one directory in the tree. The user must type the paths of further entries."""
CHOSEN_MARK, SELECTED_MARK = "* ", "+ "
_TOGGLE = Style.from_meta({"toggle": True})
"""Marks the icon of a directory, so that a click on it opens the directory (see `Tree`)."""


class TreeRow(NamedTuple):
    """What a node of the tree stands for."""

    name: str
    sources: tuple[str, ...] = ()
    """The path of a directory or archive, or the sources of a recent run; () if the node cannot be chosen."""
    note: str = ""
    output: str = ""
    """The output folder of a recent run."""

    @property
    def path(self) -> str:
        """Return the path of a directory or archive; "" for any other row."""
        return self.sources[0] if len(self.sources) == 1 and not self.output else ""


class SourceTree(Tree[TreeRow], Rows):
    """A tree of directories and archives, and of the sources of recent runs."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("move", "search", "tree")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"source-tree--note"}
    DEFAULT_CSS = """
    SourceTree { background: transparent; padding: 0; scrollbar-size: 0 1; overflow-x: hidden; }
    SourceTree > .source-tree--note { color: $text-muted; }
    """

    class PathsChosen(Message):
        """Posted when directories and archives, or the sources of a recent run, are chosen."""

        def __init__(self, paths: tuple[str, ...], output: str = "") -> None:
            super().__init__()
            self.paths = paths
            self.output = output

    class PartsRequested(Message):
        """Posted when all parts of an export are requested: those in the directory `path`, or with the part `path`."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self, recent: Sequence[tuple[tuple[str, ...], str]] = ()) -> None:
        """`recent`: sources and output folder of each recent run."""
        self.chosen: Collection[str] = ()
        """Paths that are marked as chosen."""
        self.selected: dict[str, None] = {}
        """Paths that the user has selected, in their order, which Enter adds to the sources."""
        self._range = 0, -1
        """First and last line that were selected by extending; a last line of -1 for none."""
        self._recent = recent
        self._filled_nodes: set[int] = set()
        super().__init__("", id="tree")
        self.show_root = False
        self.auto_expand = False
        self.guide_depth = 2

    def on_mount(self) -> None:
        """Add the recent sources, the current directory, the home directory and `/`."""
        current = _current_directory()
        if self._recent:
            node = self.root.add("", data=TreeRow("Recent"), expand=True)
            for sources, output in self._recent:
                suffix = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
                node.add_leaf("", data=TreeRow(shown_path(sources[0]) + suffix, sources, output=output))
        starts = dict.fromkeys((current, os.path.expanduser("~"), "/"))
        for start in starts:
            if start and os.path.isdir(start):
                self.root.add("", data=TreeRow(shown_path(start), (start,)))
        first = next((node for node in self.root.children if _row(node).path == current), None)
        if first is not None:
            first.expand()
        self.cursor_line = 0

    def on_resize(self) -> None:
        """Cut the labels for the new width."""
        self._redraw()

    def _redraw(self) -> None:
        self._invalidate()  # no public method renders and measures all labels again
        self.refresh()

    def render_label(self, node: TreeNode[TreeRow], base_style: Style, style: Style) -> Text:
        """Return the label of a node: its mark, its name, cut in the middle if it is too long, and its note."""
        row = _row(node)
        icon = (self.ICON_NODE_EXPANDED if node.is_expanded else self.ICON_NODE) if node.allow_expand else ""
        is_chosen = bool(row.sources) and all(path in self.chosen for path in row.sources)
        mark = SELECTED_MARK if row.path in self.selected else CHOSEN_MARK if is_chosen else ""
        note = f" {row.note}" if row.note else ""
        used = _depth(node) * self.guide_depth + len(icon) + len(mark) + len(note)
        name = safe_middle(row.name, max(self.scrollable_content_region.width - used, 8))
        note_style = self.get_component_rich_style("source-tree--note", partial=True) + style
        name_style = style + Style(bold=True) if mark else style
        return Text.assemble(
            (mark, base_style + style),
            (icon, base_style + _TOGGLE),
            (name, name_style if row.sources or node.allow_expand else note_style),
            (note, note_style),
        )

    def get_label_width(self, node: TreeNode[TreeRow]) -> int:
        """Return the smallest width of a label: labels are cut, so that the tree never scrolls to the side."""
        return 1

    def mark(self, chosen: Collection[str]) -> None:
        """Mark the paths `chosen`, and no others, as chosen."""
        self.chosen = frozenset(chosen)
        self._redraw()

    # -- rows, for the keys of every list

    def row_count(self) -> int:
        """Return the number of rows in open directories."""
        return self.last_line + 1

    def row_index(self) -> int:
        """Return the index of the row under the cursor; -1 if there is none."""
        return self.cursor_line

    def row_text(self, index: int) -> str:
        """Return the whole name in a row."""
        node = self.get_node_at_line(index)
        return _row(node).name if node is not None else ""

    def go_to(self, index: int) -> None:
        """Move the cursor to the row with the index `index`, or to the nearest existing row."""
        self.cursor_line = index

    # -- open and close directories

    def action_open(self) -> None:
        """Open the directory under the cursor, or move into it."""
        node = self.cursor_node
        if node is None or not node.allow_expand:
            return
        if node.is_expanded and node.children:
            self.action_cursor_down()
        else:
            node.expand()

    def action_close(self) -> None:
        """Close the directory under the cursor, or move to its parent."""
        node = self.cursor_node
        if node is None:
            return
        if node.is_expanded and node.allow_expand:
            node.collapse()
        elif node.parent is not None and not node.parent.is_root:
            self.cursor_line = node.parent.line

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[TreeRow]) -> None:
        """Read a directory when it is opened for the first time."""
        event.stop()
        node = event.node
        if _row(node).path and node.id not in self._filled_nodes:
            self._filled_nodes.add(node.id)
            self.run_worker(self._fill(node), exit_on_error=False)

    async def _fill(self, node: TreeNode[TreeRow]) -> None:
        path = _row(node).path
        entries, problem = await asyncio.to_thread(contents, path)
        if problem or not entries:
            node.add_leaf("", data=TreeRow(problem or "(empty)"))
        for entry in entries[:MAX_ENTRIES]:
            row = _entry_row(path, entry)
            if entry.is_dir:
                node.add("", data=row)
            else:
                node.add_leaf("", data=row)
        if len(entries) > MAX_ENTRIES:
            node.add_leaf("", data=TreeRow(f"({len(entries) - MAX_ENTRIES:,} more: type the path)"))

    # -- select and choose

    def action_select(self) -> None:
        """Select the row under the cursor, or end its selection, and move to the next row."""
        self._select(self.cursor_line, self._path_at(self.cursor_line) not in self.selected)
        self._range = 0, -1
        self.cursor_line += 1

    def action_extend(self, step: int) -> None:
        """Select the row under the cursor, and the next row in the direction `step`, to which the cursor moves.

        Back towards the first row of this selection, the row that the cursor leaves is no longer selected.
        """
        line = self.cursor_line
        first, last = self._range
        if last != line:
            first = line
        target = min(max(line + step, 0), self.last_line)
        is_backwards = abs(target - first) < abs(line - first)
        self._select(line, not is_backwards)
        self._select(target, True)
        self.cursor_line = target
        self._range = first, target

    def _path_at(self, line: int) -> str:
        node = self.get_node_at_line(line)
        return _row(node).path if node is not None else ""

    def _select(self, line: int, is_selected: bool) -> None:
        path = self._path_at(line)
        if not path:
            return
        if is_selected:
            self.selected[path] = None
        else:
            self.selected.pop(path, None)
        self._redraw()

    def take_selected(self) -> tuple[str, ...]:
        """Return the selected paths, and end the selection."""
        paths = tuple(self.selected)
        self.selected.clear()
        self._range = 0, -1
        self._redraw()
        return paths

    def action_all_parts(self) -> None:
        """Request all parts in the directory under the cursor, or with the part under the cursor; end the selection."""
        if path := self._path_at(self.cursor_line):
            self.take_selected()
            self.post_message(self.PartsRequested(path))

    def on_tree_node_selected(self, event: Tree.NodeSelected[TreeRow]) -> None:
        """Post the selected paths, or else the sources of the row; open or close a heading, which has no path."""
        event.stop()
        row = _row(event.node)
        if self.selected:
            self.post_message(self.PathsChosen(self.take_selected()))
        elif row.sources:
            self.post_message(self.PathsChosen(row.sources, row.output))
        elif event.node.allow_expand:
            event.node.toggle()


def _row(node: TreeNode[TreeRow]) -> TreeRow:
    return node.data or TreeRow("")


def _entry_row(directory: str, entry: FolderEntry) -> TreeRow:
    sources = (os.path.join(directory, entry.name),) if entry.is_source else ()
    return TreeRow(entry.name + "/" * entry.is_dir, sources, entry.note)


def _depth(node: TreeNode[TreeRow]) -> int:
    """Return the number of nodes above `node`, without the root, which is not shown."""
    depth, parent = 0, node.parent
    while parent is not None and not parent.is_root:
        depth, parent = depth + 1, parent.parent
    return depth


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # the directory was removed
        return ""
