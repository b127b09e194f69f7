"""The keys of the app in one table, and the keys set in the `[keys]` table of the configuration.

The bindings of the screens and widgets, the help, the line of keys, the command palette and `docs/keys.md` are made
from `KEYS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pef_tui.sanitize import safe

if TYPE_CHECKING:  # the plain app, which imports this module, does not load Textual
    from textual.app import App
    from textual.binding import BindingType

RESERVED_KEYS = frozenset(("ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "ctrl+m", "ctrl+i", "ctrl+h"))
"""Keys that the app cannot rely on, because tmux, screen or the terminal use them."""

KEY_NAMES = {
    "backspace": "Backspace",
    "delete": "Delete",
    "slash": "/",
    "colon": ":",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "question_mark": "?",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "tab": "Tab",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "shift+up": "Shift+↑",
    "shift+down": "Shift+↓",
    **{f"f{n}": f"F{n}" for n in range(1, 13)},
    **{f"ctrl+{letter}": f"Ctrl+{letter.upper()}" for letter in "abcdefghijklmnopqrstuvwxyz"},
}
"""Names of keys for users, by the names of Textual; a key that is not listed is named as in Textual."""


class Key(NamedTuple):
    """An action of a part of the app, with its default keys."""

    id: str
    """Name in the `[keys]` table. Actions that are the same for the user have the same name in all parts."""
    keys: str
    """Default keys, separated by commas, in the names of Textual."""
    action: str
    text: str
    """What the key does, in one or two words, for the line of keys."""
    help: str = ""
    """What the key does, in a sentence without a full stop, for help, palette and docs; "" if `text` says it."""
    in_line: bool = True
    """Whether the line of keys shows the key."""
    priority: bool = False
    """Whether the key works before the keys of the widget in focus."""

    @property
    def meaning(self) -> str:
        """Return what the key does, as a sentence without a full stop."""
        return self.help or self.text


def _move(name: str, keys: str, action: str, text: str) -> Key:
    return Key(f"list.{name}", keys, action, text, in_line=False)


_MOVE = (
    _move("up", "up,k", "move(-1)", "Up"),
    _move("down", "down,j", "move(1)", "Down"),
    _move("half-up", "ctrl+u,u", "half_page(-1)", "Half a page up"),
    _move("half-down", "ctrl+d,d", "half_page(1)", "Half a page down"),
    _move("page-up", "pageup", "page(-1)", "Page up"),
    _move("page-down", "pagedown", "page(1)", "Page down"),
    _move("first", "home,g", "end(-1)", "First row"),
    _move("last", "end,G", "end(1)", "Last row"),
)
_PAGER = (_move("space", "space", "page(1)", "Page down"),)
_CHOOSE = (_move("choose", "enter", "choose", "Choose the row"),)
_SEARCH = (
    _move("search", "slash", "search", "Search in the list"),
    _move("next-match", "n", "next_match(1)", "Next match of the search"),
    _move("previous-match", "N", "next_match(-1)", "Previous match of the search"),
)

KEYS: dict[str, tuple[Key, ...]] = {
    "app": (
        Key("app.help", "f1,question_mark", "help", "Help", "Show the keys of the screen"),
        Key("app.quit", "q", "leave", "Quit", "Quit; if sources are chosen and nothing was run, ask first"),
        Key("app.settings", "f2", "open('settings')", "Settings", "Show and change all settings"),
        Key("app.plugins", "f3", "open('plugins')", "Plugins", "Show and switch plugins", in_line=False),
        Key("app.history", "f4", "open('history')", "History", "Show earlier runs of an output folder"),
        Key("app.back", "escape", "go_back", "Back", "Go back one screen", in_line=False),
        Key("app.interrupt", "ctrl+c", "interrupt", "Quit now", "Quit; during a run, ask first", False, True),
        Key(
            "app.suspend",
            "ctrl+z",
            "suspend_process",
            "Suspend",
            "Suspend pef-tui; `fg` resumes it",
            False,
            True,
        ),
        Key("app.commands", "ctrl+p", "command_palette", "Commands", "Search for a command", False, True),
    ),
    "move": _MOVE,
    "pager": _PAGER,
    "search": _SEARCH,
    "list": (
        *_MOVE,
        *_PAGER,
        *_SEARCH,
        *_CHOOSE,
    ),
    "choose_row": _CHOOSE,
    "search_field": (
        Key("search.older", "up", "recall(-1)", "Earlier", "Recall an earlier search", in_line=False),
        Key("search.newer", "down", "recall(1)", "Later", "Recall a later search", in_line=False),
    ),
    "picker": (
        Key("pick.back", "escape,q", "cancel", "Back", "Close the window"),
        Key("pick.up", "up", "move(-1)", "Up", in_line=False),
        Key("pick.down", "down", "move(1)", "Down", in_line=False),
        Key("pick.page-up", "pageup", "page(-1)", "Page up", in_line=False),
        Key("pick.page-down", "pagedown", "page(1)", "Page down", in_line=False),
        Key("pick.filter", "slash", "filter", "Filter", "Type words that the rows must contain"),
    ),
    "path": (
        Key("path.complete", "tab", "complete", "Complete", "Complete the path", in_line=False),
        Key("path.leave", "down", "leave", "Next", "Go down to the next part of the screen", in_line=False),
    ),
    "tree": (
        Key("tree.open", "right,l", "open", "Open", "Open the folder", in_line=False),
        Key("tree.close", "left,h", "close", "Close", "Close the folder", in_line=False),
        Key("tree.select", "space", "select", "Select", "Select the row, or not; then Enter adds all"),
        Key("tree.extend-down", "shift+down,J", "extend(1)", "Select down", "Select down", in_line=False),
        Key("tree.extend-up", "shift+up,K", "extend(-1)", "Select up", "Select up", in_line=False),
        Key("tree.parts", "a", "all_parts", "All parts", "Add all parts in the folder, or of the export"),
    ),
    "ask": (Key("ask.back", "escape,q", "dismiss('')", "Back", "Close the window without an answer"),),
    "ask_text": (
        Key("ask_text.back", "escape", "dismiss(None)", "Back", "Close the window, keep the value"),
    ),
    "words": (
        Key("words.back", "escape,q,enter,question_mark,f1", "dismiss(None)", "Back", "Close the window"),
    ),
    "find": (Key("find.back", "escape", "cancel", "Back", "Close the search, go back to the row before"),),
    "choose": (
        Key("choose.preview", "f5", "preview", "Preview", "Plan everything, write nothing"),
        Key(
            "choose.remove",
            "delete,backspace",
            "remove_source",
            "Remove",
            "Remove the source at the cursor",
        ),
        Key("choose.clear", "x", "clear", "Clear", "Remove all sources"),
        Key(
            "choose.messages", "f6", "messages", "Messages", "Show all messages before the run", in_line=False
        ),
    ),
    "files": (
        Key("files.search", "slash", "search", "Search", "Search in names and folders"),
        Key("files.outcome", "o", "pick_outcome", "Outcome", "Show only files with an outcome or a flag"),
        Key("files.folder", "f", "pick_folder", "Folder", "Show only the files of a folder"),
        Key("files.format", "F", "pick_format", "Format", "Show only the files of a format"),
        Key("files.rule", "m", "pick_rule", "Matched by", "Show only files matched by a rule"),
        Key("files.sort", "s", "sort", "Sort", "Sort by the next order: as listed, date, name, size"),
        Key("files.reverse", "S", "turn", "Reverse", "Reverse the order", in_line=False),
        Key("files.jump", "colon", "jump", "Jump", "Jump to a position, a percentage or a name"),
        Key("files.select", "space", "select", "Select", "Select the file, or end its selection"),
        Key("files.extend-down", "shift+down,J", "extend(1)", "Select down", in_line=False),
        Key("files.extend-up", "shift+up,K", "extend(-1)", "Select up", in_line=False),
        Key("files.select-all", "a", "select_all", "Select all", "Select all listed files, or none of them"),
        Key("files.clear", "x", "clear", "Clear", "Remove filter and search"),
        *_SEARCH[1:],
        Key(
            "files.end_search",
            "escape",
            "end_search",
            "End search",
            "End the selection or the search",
            in_line=False,
        ),
    ),
    "review": (
        Key("review.run", "f5", "run", "Run", "Start the run"),
        Key("review.files", "1", "view('files')", "Files", "Show the files", in_line=False),
        Key("review.conflicts", "2", "view('conflicts')", "Conflicts", "Show the conflicts", in_line=False),
        Key("review.charts", "3", "view('charts')", "Charts", "Show the charts", in_line=False),
        Key("review.map", "4", "view('map')", "Map", "Show the map", in_line=False),
        Key("review.keep", "e", "decide('keep')", "Keep", "Keep the existing value of the file"),
        Key("review.take", "t", "decide('google')", "Google's", "Take Google's value"),
        Key(
            "review.decide",
            "D",
            "decide_more",
            "Decide",
            "Decide for an album or for all conflicts of a kind",
        ),
        Key("review.sidecar", "w", "give_sidecar", "Sidecar", "Assign a sidecar to a picture without one"),
        Key("review.undo", "U", "undo", "Undo", "Undo the last decision"),
        Key("review.decisions", "l", "list_decisions", "Decisions", "List the decisions, undo one of them"),
        Key("review.copy", "y", "copy", "Copy", "Copy a path, or the command that does the same"),
        Key("review.image", "i", "image", "Picture", "Switch thumbnails on or off"),
        Key("review.zoom", "z", "zoom", "Detail", "Show the details alone, or the list again"),
        Key("review.again", "p", "again", "Preview again", "Make the preview again, with the decisions"),
    ),
    "map": (
        Key("map.nearer", "plus,equals_sign", "zoom(2)", "Zoom in"),
        Key("map.farther", "minus", "zoom(0.5)", "Zoom out"),
        Key("map.west", "left,h", "pan(-0.2, 0)", "West", in_line=False),
        Key("map.east", "right,l", "pan(0.2, 0)", "East", in_line=False),
        Key("map.north", "up,k", "pan(0, 0.2)", "North", in_line=False),
        Key("map.south", "down,j", "pan(0, -0.2)", "South", in_line=False),
        Key("map.fit", "0", "fit", "All pictures", "Show all pictures"),
        Key("map.world", "9", "whole", "World", "Show the whole world"),
    ),
    "run": (
        Key("run.pause", "p", "pause", "Pause / resume", "Pause before the next batch, or resume"),
        Key("run.stop", "s", "stop", "Stop ...", "Ask how to stop the run"),
        Key("run.next", "f5", "next", "Result", "Show the result, if the run has ended", in_line=False),
    ),
    "done": (
        Key("done.retry", "r", "retry", "Retry", "Write again what failed"),
        Key("done.again", "a", "again", "Again", "Write what is new or changed since"),
        Key("done.verify", "v", "verify", "Verify", "Read what was written again and compare it"),
        Key("done.undo", "U", "undo", "Undo", "Restore every file that the run changed, after a question"),
        Key("done.pictures", "c", "pictures", "Charts", "Show charts and map of the run"),
        Key("done.report", "o", "report", "Report", "Show the path of the report, and open it"),
        Key("done.copy", "y", "copy", "Copy", "Copy a command or a path to the clipboard"),
        Key("done.new", "s", "new", "New", "Choose other sources"),
    ),
    "pictures": (
        Key("pictures.charts", "1", "view('charts')", "Charts", "Show the charts"),
        Key("pictures.map", "2", "view('world')", "Map", "Show the map"),
        Key("pictures.back", "escape,q", "dismiss", "Back", "Go back to the result"),
    ),
    "task": (
        Key("task.back", "escape,enter,q", "stop_or_back", "Stop / back", "Stop the task; close the window"),
    ),
    "settings": (
        Key("settings.save", "w", "save", "Save to file", "Save the changes to config.toml"),
        Key("settings.default", "D", "default", "Default", "Reset the setting at the cursor"),
        Key("settings.back", "escape,q", "app.go_back", "Back", "Go back one screen"),
    ),
    "plugins": (
        Key("plugins.save", "w", "save", "Save to file", "Save the names of plugins switched off"),
        Key("plugins.back", "escape,q", "app.go_back", "Back", "Go back one screen"),
    ),
    "history": (
        Key("history.watch", "w", "watch", "Watch", "Show the progress of the run in progress"),
        Key("history.verify", "v", "verify", "Verify", "Compare the outputs with what the manifest recorded"),
        Key("history.undo", "U", "undo", "Undo", "Undo a run in place, after a question"),
        Key("history.report", "r", "report", "Report", "Show the path of the last report, and open it"),
        Key("history.copy", "y", "copy", "Copy", "Copy a path to the clipboard"),
        Key("history.kind", "o", "pick_kind", "Outcome", "Show only files with an outcome or a flag"),
        Key("history.folder", "f", "pick_folder", "Folder", "Show only the files of a folder"),
        Key("history.clear", "x", "clear", "Clear", "Remove filter and search"),
        Key("history.find", "slash", "find", "Search", "Search in names"),
        *_SEARCH[1:],
        Key("history.back", "escape,q", "back", "Back", "End the search, or go back one screen"),
    ),
}
"""The keys by part of the app: a screen, a window, or a widget."""


def bindings(*parts: str) -> list[BindingType]:
    """Return the bindings of `parts`, for the `BINDINGS` of a screen or widget."""
    from textual.binding import Binding

    return [
        Binding(key.keys, key.action, key.text, key.in_line, None, key.priority, key.meaning, key.id)
        for part in parts
        for key in KEYS[part]
    ]


def key_name(key: str) -> str:
    """Return the name of a key for users; `key`: its name in Textual."""
    return KEY_NAMES.get(key, key)


def key_names(key_id: str, keymap: Mapping[str, str]) -> str:
    """Return the names of the keys of an action, separated by commas. `keymap`: keys set by the user, by id."""
    keys = keymap.get(key_id) or next(key.keys for part in KEYS.values() for key in part if key.id == key_id)
    return ", ".join(key_name(name.strip()) for name in keys.split(","))


def keymap_of(app: App[Any]) -> Mapping[str, str]:
    """Return the keys that the user set, by id, of an app; none if the app has no such keys."""
    key_names: Mapping[str, str] = getattr(app, "key_names", {})
    return key_names


def with_keys(text: str, keymap: Mapping[str, str]) -> str:
    """Return `text` with each id of a key in braces (`{review.run}`) replaced by the name of its first key."""
    return re.sub(r"\{([a-z_-]+\.[a-z_-]+)\}", lambda match: key_names(match[1], keymap).split(", ")[0], text)


def keymap(settings_keys: Mapping[str, str]) -> dict[str, str]:
    """Return the keymap for Textual (keys by binding id) of a `[keys]` table.

    Bindings whose keys are all in `RESERVED_KEYS` are left out.
    """
    return {name: names for name, names in settings_keys.items() if names and not _is_reserved(names)}


def _is_reserved(names: str) -> bool:
    return all(key.strip() in RESERVED_KEYS for key in names.split(","))


def problems(settings_keys: Mapping[str, str]) -> Iterator[str]:
    """Yield a message for each entry of a `[keys]` table that has no effect.

    An entry has none if it has no keys or only keys in `RESERVED_KEYS`, or if no action has its name.
    """
    ids = {key.id for part in KEYS.values() for key in part}
    for name, names in settings_keys.items():
        entry = f"[keys] {safe(name, 40)} = {safe(repr(names), 40)}"
        if name not in ids:
            yield f"{entry}: no action has this name; docs/keys.md and F1 list the names"
        elif not names or _is_reserved(names):
            yield f"{entry}: tmux or the terminal keeps this key"
