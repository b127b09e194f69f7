"""The files that list the albums of an output folder: `albums.json` and `albums.csv` in `DEST/.pef-tui`."""

from __future__ import annotations

import os

from pef_tui.filesystem.constants import STATE_DIR

ALBUMS_JSON = f"{STATE_DIR}/albums.json"
"""Path, below DEST, of the list of albums as JSON."""
ALBUMS_CSV = f"{STATE_DIR}/albums.csv"
"""Path, below DEST, of the list of albums as CSV: one row for each file in each album."""


def album_files_state(dest: str) -> tuple[int, ...]:
    """Return size and times (of modification and of change, in nanoseconds) of both files; -1 for a missing file.

    If there is no `albums.json`, the other file is not looked up.
    """
    state: list[int] = []
    for path in (ALBUMS_JSON, ALBUMS_CSV):
        try:
            status = os.lstat(os.path.join(dest, path))
        except (FileNotFoundError, NotADirectoryError):
            return (*state, -1)
        else:
            state += (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return tuple(state)
