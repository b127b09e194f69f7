"""Tell from the end of an archive whether it is complete. Its members are not read."""

from __future__ import annotations

import os
from typing import Literal

from pef_tui.sources.zip_directory import NoDirectory, directory_bounds

PartState = Literal["complete", "cut off", ""]
"""State of an archive. A zip archive is `complete` if it ends with its directory (the list of its members), else
`cut off`. "": unknown, because the archive has another format or cannot be opened."""


def part_state(path: str) -> PartState:
    """Return the state of an archive. A `cut off` zip archive was not downloaded completely."""
    if not path.lower().endswith(".zip"):
        return ""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # the survey reports it
        return ""
    try:
        directory_bounds(descriptor)
    except NoDirectory:
        return "cut off"
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return "complete"
