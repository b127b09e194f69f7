"""The folder `DEST/.pef-tui`, which contains the manifest and the lock."""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from pef_tui.filesystem.constants import STATE_DIR
from pef_tui.system_calls import sync_file

MANIFEST_NAME = "manifest"


def open_state_dir(dest: str, *, create: bool) -> int | None:
    """Return a descriptor of `DEST/.pef-tui`. Raises OSError.

    If the folder is missing, `create` decides: True creates it, False returns None. A symbolic link is not followed: it
    could lead out of DEST.
    """
    path = os.path.join(dest, STATE_DIR)
    if create:
        os.makedirs(dest, exist_ok=True)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        if create:
            raise
        return None


def sync_folder(fd: int) -> None:
    """Sync the names in an open folder (descriptor `fd`), so that a crash does not undo renames. Raises OSError.

    Do nothing on file systems without this call.
    """
    try:
        sync_file(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
