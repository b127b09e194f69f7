"""Generate `docs/keys.md` from the table of keys of the app: `python -m tools.keys FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

from pef_tui.tui.keys import KEYS, Key, key_names

HEAD = """# Keys

Every action of the app has a key and a name. The names are for the table `[keys]` of `config.toml`, which replaces the
keys of an action; several keys are separated by commas, in the names of
[Textual](https://textual.textualize.io/guide/input/#bindings) (`slash`, `ctrl+d`, `f5`, `G`):

```toml
[keys]
"run.pause" = "space"
"app.quit" = "ctrl+x"
```

Keys that tmux, screen or the terminal use themselves (Ctrl+A, Ctrl+B, Ctrl+S, Ctrl+Q, Ctrl+H, Ctrl+I, Ctrl+M) are not
accepted. Tab and Shift+Tab move between the parts of a screen. Everything on a screen, and every key in its last
line, can be clicked as well. While a text field has the focus, letters are typed into it: press Tab first.
"""
SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("On every screen", ("app",)),
    ("In every list and text", ("list",)),
    ("Choose", ("choose", "path", "tree")),
    ("Review", ("review", "files", "search_field")),
    ("Maps", ("map",)),
    ("Run", ("run",)),
    ("Done", ("done", "pictures", "task")),
    ("History", ("history",)),
    ("Settings and plugins", ("settings", "plugins")),
    ("Windows", ("picker", "ask", "ask_text", "words", "find")),
)
SHARED = frozenset(("move", "pager", "search", "choose_row"))
"""Parts whose keys are all in the part `list`."""


def document() -> str:
    """Return the text of the page. Raises ValueError if a part of the table is in no section."""
    missing = set(KEYS) - SHARED - {part for _, parts in SECTIONS for part in parts}
    if missing:
        raise ValueError(f"in no section of tools/keys.py: {', '.join(sorted(missing))}")
    return HEAD + "".join(
        f"\n## {title}\n\n| keys | action | name |\n| --- | --- | --- |\n"
        + "".join(
            _row(key) for part in parts for key in KEYS[part] if part == "list" or key not in KEYS["list"]
        )
        for title, parts in SECTIONS
    )


def _row(key: Key) -> str:
    names = " ".join(f"`{name}`" for name in key_names(key.id, {}).split(", "))
    return f"| {names} | {key.meaning} | `{key.id}` |\n"


def main(path: str) -> None:
    """Write the page to `path`."""
    Path(path).write_text(document(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
