"""In place, a file that needs no tags gets its time, and nothing else of it is touched."""

from __future__ import annotations

import os

from pef_tui.write.copies import Copy
from pef_tui.write.dest import Dest, Outside, components
from pef_tui.write.replacing import FAT_NS


def retime(copy: Copy, place: Dest) -> None:
    """Give the original the time of its Plan; a failure where it is not what the scan saw."""
    if copy.word == "failed":
        return
    media, moment = copy.plan.match.media, copy.plan.mtime_ns
    try:
        folder, name = components(copy.plan.output or "")
        with place.folder(folder, create=False) as fd:
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if found.st_size != media.size or abs(found.st_mtime_ns - media.mtime_ns) > FAT_NS:
                copy.leave()
                return
            os.utime(name, ns=(found.st_atime_ns, moment), dir_fd=fd, follow_symlinks=False)
            copy.mtime_ns = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mtime_ns
            copy.size, copy.placed = found.st_size, True
    except (OSError, OverflowError, Outside) as error:
        copy.fail(f"its modification time cannot be set: {error}", temporary=True)
