"""Recognize the output folder of an earlier run, whose files are no part of an export."""

from __future__ import annotations

import os

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.manifest.folder import MANIFEST_NAME
from pef_tui.manifest.origin import ORIGIN

EARLIER_OUTPUT = f"the output folder of an earlier run (it has {STATE_DIR}), left out"


def is_earlier_output(folder: str) -> bool:
    """Return whether `folder` was the output folder of a run that was not in place.

    A folder that a run changed in place has a `STATE_DIR` too, but its files are those of the export.
    """
    state = os.path.join(folder, STATE_DIR)
    return os.path.lexists(os.path.join(state, MANIFEST_NAME)) and not any(
        os.path.lexists(os.path.join(state, name)) for name in (ORIGIN, "undo")
    )
