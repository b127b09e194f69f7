"""The searches of the Review screen, which the app stores so that later starts can recall them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import msgspec

from pef_tui.sanitize import utf8
from pef_tui.tui.session.app_files import user_state_dir, write_private

MAX_SEARCHES = 50
MAX_BYTES = 1 << 16
"""Maximum number of bytes that are read from `searches.json`."""
_NAME = "searches.json"


def load(environ: Mapping[str, str]) -> list[str]:
    """Return the stored searches, the last one last; [] if there are none or they cannot be read."""
    folder = user_state_dir(environ)
    if folder is None:
        return []
    try:
        with (folder / _NAME).open("rb") as file:
            return msgspec.json.decode(file.read(MAX_BYTES), type=list[str])[-MAX_SEARCHES:]
    except (OSError, ValueError, RecursionError):
        return []


def remember(environ: Mapping[str, str], text: str) -> None:
    """Store a search as the last one. Errors of the file system are ignored: the file is only a convenience."""
    folder, text = user_state_dir(environ), utf8(text.strip())[:1000]
    if folder is None or not text:
        return
    searches = [search for search in load(environ) if search != text]
    with suppress(OSError):
        write_private(folder / _NAME, msgspec.json.encode([*searches, text][-MAX_SEARCHES:]))
